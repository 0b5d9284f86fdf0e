"""The one binary with all parts of Kubernetes, kubectl and Helm: built once per state of its sources, in the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from slipway_cluster.places import cache_dir
from slipway_cluster.toolchain import MODULE, go_argv, go_env

SOURCES = ("main.go", "go.mod", "go.sum")
LINKS = ("kubectl", "helm")


class BuildFailed(Exception):
    """The binary could not be built; the message ends with what the compiler said."""


@cache
def binary_dir() -> Path:
    """Return the folder of `k8s`, `kubectl` and `helm` for the sources of this checkout; they may not be built yet."""
    digest = hashlib.sha256(" ".join(_flags()).encode())
    for name in SOURCES:
        digest.update((MODULE / name).read_bytes())
    return cache_dir() / "bin" / digest.hexdigest()[:16]


def ensure_binary(progress: Callable[[str], None]) -> Path:
    """Build the binary unless the cache has it; return its folder.

    :param progress: gets a line of text when something takes long.
    :raises BuildFailed: the compiler failed.
    :raises NoGo: there is no Go toolchain.
    """
    folder = binary_dir()
    folder.mkdir(parents=True, exist_ok=True)
    binary = folder / "k8s"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            _build(binary, progress)
        for name in LINKS:
            link = folder / name
            if not link.exists():
                link.unlink(missing_ok=True)
                link.symlink_to("k8s")
    return folder


def _build(binary: Path, progress: Callable[[str], None]) -> None:
    began = time.monotonic()
    progress(f"Building Kubernetes {_kubernetes_version()}, kubectl and Helm: once, 5 to 10 minutes on two cores.")
    draft = binary.with_name("k8s.new")
    argv = [*go_argv(), "build", *_flags(), "-o", str(draft), "."]
    environment = {**os.environ, **go_env(), "CGO_ENABLED": "0"}
    result = subprocess.run(argv, cwd=MODULE, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        said = "\n".join(result.stderr.strip().splitlines()[-15:])
        raise BuildFailed(f"`{' '.join(argv)}` failed in {MODULE}:\n{said}")
    draft.replace(binary)
    progress(f"Built in {time.monotonic() - began:.0f} s: {binary}")


def _flags() -> list[str]:
    # Without a version of its own the API server says "v0.0.0-master", and charts with a kubeVersion refuse it.
    version = _kubernetes_version()
    _, minor, _ = version.split(".")
    stamp = {"gitVersion": version, "gitMajor": "1", "gitMinor": minor, "gitTreeState": "clean"}
    package = "k8s.io/component-base/version"
    stamps = " ".join(f"-X {package}.{name}={value}" for name, value in stamp.items())
    return ["-trimpath", "-ldflags", f"-s -w {stamps}"]


def _kubernetes_version() -> str:
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text())
    if found is None:
        raise BuildFailed(f"{MODULE / 'go.mod'} does not name a version of k8s.io/kubernetes.")
    return found[1]
