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

RESERVED = ("kube-", "openshift-")  # namespaces of Kubernetes and OpenShift themselves
_MANAGED_BY = "app.kubernetes.io/managed-by"
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


class NotOurs(NoCluster):
    """A namespace was made by somebody else; the message says how to adopt it."""


def namespace_of(project: str, stage: str) -> str:
    """Return the namespace of a stage: `<project>-<stage>`.

    :raises ValueError: that is no name for a namespace, or for one of the cluster's own.
    """
    name = f"{project}-{stage}"
    if len(name) > 63 or not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name):
        raise ValueError(
            f"{name!r} cannot be a namespace: up to 63 small letters, digits and '-', beginning and ending with a "
            "letter or digit. Rename project or stage."
        )
    if name.startswith(RESERVED):
        raise ValueError(f"{name!r} would be a namespace of the cluster's own. Rename the project.")
    return name


def grant(target: Target, project: str, stage: str, *, adopt: bool = False) -> dict[str, Any]:
    """Make namespace, account, role and token of a stage if they are missing; return a kubeconfig for the account.

    :param adopt: work in a namespace that somebody else made, too; from then on it needs no adopting.
    :raises NoCluster: the cluster does not answer, or refuses.
    :raises NotOurs: the namespace is somebody else's, and is not to be adopted.
    :raises ValueError: project and stage make no name for a namespace.
    """
    namespace = namespace_of(project, stage)
    objects = account_objects(namespace)
    found = read(target, "namespace", namespace)
    if not found:
        objects.insert(0, _namespace(namespace))
    elif not adopt and not _is_ours(target, found):
        raise NotOurs(
            f"the namespace {namespace} of {target} was there before Slipway, so nothing is deployed into it unasked. "
            f"To have it done all the same: ./slipway cluster grant {project} {stage}"
        )
    apply(target, objects)
    return _kubeconfig(target, namespace, _token(target, namespace))


def account_objects(namespace: str) -> list[dict[str, Any]]:
    """Return the account of a namespace with its role and token, as Kubernetes objects."""
    rbac = "rbac.authorization.k8s.io"

    def named(kind: str, version: str, name: str, **rest: object) -> dict[str, Any]:
        metadata = {"name": name, "namespace": namespace, "labels": {_MANAGED_BY: "slipway"}}
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


def _is_ours(target: Target, namespace: dict[str, Any]) -> bool:
    """Say whether we made a namespace or adopted it. Adopting sets no label: that may be another tool's mark."""
    name = namespace["metadata"]["name"]
    if _carries_label(namespace):
        return True
    account = read(target, "serviceaccount", ACCOUNT, f"--namespace={name}")
    return account is not None and _carries_label(account)


def _carries_label(found: dict[str, Any]) -> bool:
    return (found["metadata"].get("labels") or {}).get(_MANAGED_BY) == "slipway"


def _namespace(name: str) -> dict[str, Any]:
    labels = {
        _MANAGED_BY: "slipway",
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
