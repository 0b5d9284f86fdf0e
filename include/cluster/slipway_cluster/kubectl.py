"""Calls of kubectl for the few things that the driver asks of a cluster itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from slipway_cluster.target import NoCluster, Target, kubectl_argv


def kubectl(target: Target, *words: str, stdin: str | None = None, timeout: float = 60.0) -> str:
    """Call kubectl and return what it prints.

    :param timeout: seconds.
    :raises NoCluster: it failed; the message has the context and what it said.
    """
    argv = [*kubectl_argv(target), f"--request-timeout={timeout:.0f}s", *words]
    try:
        result = subprocess.run(argv, capture_output=True, text=True, input=stdin, check=False)
    except FileNotFoundError as error:
        raise NoCluster("kubectl is not built yet. Run: ./slipway cluster up") from error
    if result.returncode != 0:
        raise NoCluster(f"kubectl {' '.join(words[:3])} failed on {target}: {result.stderr.strip()}")
    return result.stdout


def read(target: Target, *words: str) -> Any:
    """Return objects of the cluster, or None when there are none of that name."""
    answer = kubectl(target, "get", *words, "--output=json", "--ignore-not-found")
    return json.loads(answer) if answer.strip() else None


def apply(target: Target, objects: Sequence[dict[str, Any]]) -> None:
    """Create or update objects."""
    manifest = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    kubectl(target, "apply", "--filename=-", stdin=json.dumps(manifest))
