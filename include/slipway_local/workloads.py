"""What runs in a namespace, asked of the cluster itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from slipway_local.errors import LocalError


@dataclass(frozen=True)
class Workload:
    """One Deployment: its image, and how many of its replicas are wanted and ready."""

    name: str
    image: str
    wanted: int
    ready: int


def workloads(namespace: str) -> list[Workload]:
    """Return the Deployments of a namespace."""
    from slipway_cluster.target import current_target, kubectl_argv

    argv = [*kubectl_argv(current_target()), "get", "deployments", "--namespace", namespace, "--output", "json"]
    answer = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    if answer.returncode:
        raise LocalError(f"The cluster did not say what runs in {namespace}: {answer.stderr.strip()}")
    return [
        Workload(
            name=item["metadata"]["name"],
            image=item["spec"]["template"]["spec"]["containers"][0]["image"],
            wanted=item["spec"].get("replicas", 1),
            ready=item.get("status", {}).get("readyReplicas", 0),
        )
        for item in json.loads(answer.stdout)["items"]
    ]
