"""A narrow account for one stage: enough to deploy an ordinary application by Helm into one namespace, and no more."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Sequence
from typing import Any

from slipway_cluster.kubectl import apply, kubectl, read
from slipway_cluster.target import NoCluster, Target

ACCOUNT = "slipway-deployer"
TOKEN_SECRET = "slipway-deployer-token"  # noqa: S105 - a name, not a secret

_ALL = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
_READ = ("get", "list", "watch")


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> dict[str, list[str]]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


# No pods/exec, no tokens, no roles: who can write roles can give itself every right of the namespace.
RULES = [
    _rule("", ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"), _ALL),
    _rule("apps", ("daemonsets", "deployments", "replicasets", "statefulsets"), _ALL),
    _rule(
        "apps",
        ("deployments/scale", "replicasets/scale", "statefulsets/scale"),
        ("get", "update", "patch"),
    ),
    _rule("autoscaling", ("horizontalpodautoscalers",), _ALL),
    _rule("batch", ("cronjobs", "jobs"), _ALL),
    _rule("networking.k8s.io", ("ingresses", "networkpolicies"), _ALL),
    _rule("policy", ("poddisruptionbudgets",), _ALL),
    _rule("", ("pods",), (*_READ, "delete")),
    _rule("", ("pods/log",), ("get",)),
    _rule("", ("endpoints", "events"), _READ),
    _rule("discovery.k8s.io", ("endpointslices",), _READ),
    _rule("events.k8s.io", ("events",), _READ),
    _rule("", ("namespaces",), ("get",)),  # a Role reaches its own namespace only
]


def namespace_of(project: str, stage: str) -> str:
    """Return the namespace of a stage: `<project>-<stage>`.

    :raises ValueError: that is no name for a namespace.
    """
    name = f"{project}-{stage}"
    if len(name) > 63 or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name):
        raise ValueError(
            f"{name!r} cannot be a namespace: up to 63 small letters, digits and '-', beginning and ending with a "
            "letter or digit. Rename project or stage."
        )
    return name


def grant(target: Target, project: str, stage: str) -> dict[str, Any]:
    """Make namespace, account, role and token of a stage if they are missing; return a kubeconfig for the account.

    :raises NoCluster: the cluster does not answer, or refuses.
    :raises ValueError: project and stage make no name for a namespace.
    """
    namespace = namespace_of(project, stage)
    objects = account_objects(namespace)
    if not read(target, "namespace", namespace):
        objects.insert(0, _namespace(namespace))
    apply(target, objects)
    return _kubeconfig(target, namespace, _token(target, namespace))


def account_objects(namespace: str) -> list[dict[str, Any]]:
    """Return the account of a namespace with its role and token, as Kubernetes objects."""
    rbac = "rbac.authorization.k8s.io"

    def named(kind: str, version: str, name: str, **rest: object) -> dict[str, Any]:
        metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "slipway"}}
        return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}

    token = named("Secret", "v1", TOKEN_SECRET, type="kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": ACCOUNT}
    return [
        named("ServiceAccount", "v1", ACCOUNT),
        named("Role", f"{rbac}/v1", ACCOUNT, rules=RULES),
        named(
            "RoleBinding",
            f"{rbac}/v1",
            ACCOUNT,
            roleRef={"apiGroup": rbac, "kind": "Role", "name": ACCOUNT},
            subjects=[{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
        ),
        token,
    ]


def _namespace(name: str) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/managed-by": "slipway",
        # Who may make pods may else make one that owns the node. A namespace that was there before keeps its policy.
        "pod-security.kubernetes.io/enforce": "baseline",
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _token(target: Target, namespace: str, timeout: float = 30.0) -> str:
    """Token of the account; a controller fills it into the secret a moment after that was made."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        secret = read(target, "secret", TOKEN_SECRET, f"--namespace={namespace}")
        if secret and "token" in (secret.get("data") or {}):
            return base64.b64decode(secret["data"]["token"]).decode()
        time.sleep(0.2)
    raise NoCluster(
        f"the cluster {target} made no token for {ACCOUNT} in {namespace} within {timeout:.0f} s. "
        "Is its controller manager well? ./slipway cluster status"
    )


def _kubeconfig(target: Target, namespace: str, token: str) -> dict[str, Any]:
    own = json.loads(kubectl(target, "config", "view", "--raw", "--minify", "--flatten", "--output=json"))
    cluster = own["clusters"][0]["cluster"]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": target.context, "cluster": cluster}],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
        "contexts": [
            {
                "name": namespace,
                "context": {"cluster": target.context, "user": ACCOUNT, "namespace": namespace},
            }
        ],
        "current-context": namespace,
    }
