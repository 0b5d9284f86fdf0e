"""What the embedded cluster needs inside: CoreDNS's rights, and a node that is Ready."""

from __future__ import annotations

import datetime
import time
from typing import Any

from slipway_cluster.addresses import NODE_NAME
from slipway_cluster.kubectl import apply, read
from slipway_cluster.target import NoCluster, Target

DNS_ROLE = "slipway:coredns"
DNS_RULES = [
    {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]


def ensure_cluster_roles(target: Target) -> None:
    """Let CoreDNS, which is a user of its own, read what it answers from."""
    rbac = "rbac.authorization.k8s.io"
    if read(target, "clusterrolebinding", DNS_ROLE):
        return
    apply(
        target,
        [
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "ClusterRole",
                "metadata": {"name": DNS_ROLE},
                "rules": DNS_RULES,
            },
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": DNS_ROLE},
                "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": DNS_ROLE},
                "subjects": [{"apiGroup": rbac, "kind": "User", "name": "system:coredns"}],
            },
        ],
    )


def wait_ready(target: Target, *, since: float, timeout: float) -> None:
    """Wait until the node says that it is Ready, and said so after `since`.

    :param since: seconds since 1970.
    :param timeout: seconds.
    :raises NoCluster: the time is up.
    """
    deadline = time.monotonic() + timeout
    condition: dict[str, Any] = {}
    while time.monotonic() < deadline:
        condition = ready_condition(read(target, "node", NODE_NAME))
        if condition.get("status") == "True" and _seconds(condition.get("lastHeartbeatTime")) >= int(since):
            return
        time.sleep(0.25)
    raise NoCluster(
        f"the node was not Ready after {timeout:.0f} s: {condition.get('message', 'it did not register')}. "
        "See the log of the kubelet: ./slipway cluster status"
    )


def ready_condition(node: Any) -> dict[str, Any]:
    """Return the condition `Ready` of a node, or an empty one."""
    conditions = ((node or {}).get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == "Ready"), {})


def _seconds(moment: str | None) -> float:
    return datetime.datetime.fromisoformat(moment).timestamp() if moment else -1.0
