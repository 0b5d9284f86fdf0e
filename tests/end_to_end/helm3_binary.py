"""Helm 3, built once from the module beside this file and kept in the cache; the embedded cluster carries Helm 4."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from slipway_cluster.places import cache_dir
from slipway_cluster.toolchain import go_argv, go_env

MODULE = Path(__file__).with_name("helm3")
COMMAND = "helm.sh/helm/v3/cmd/helm"


def helm3() -> Path:
    """Return the binary; the first time takes some minutes, and the module proxy of Go."""
    digest = hashlib.sha256(b"".join((MODULE / name).read_bytes() for name in ("go.mod", "go.sum"))).hexdigest()
    folder = cache_dir() / "helm3" / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "helm"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            draft = folder / "helm.new"
            environment = {**os.environ, **go_env(), "CGO_ENABLED": "0"}
            argv = [*go_argv(), "build", "-trimpath", "-ldflags", "-s -w", "-o", str(draft), COMMAND]
            subprocess.run(argv, cwd=MODULE, env=environment, check=True)
            draft.replace(binary)
    return binary
