"""What the account of a stage may do."""

import json
from pathlib import Path
from typing import Any

import pytest
from slipway_cluster import access
from slipway_cluster.access import ACCOUNT, RULES, NotOurs, account_objects, grant, namespace_of
from slipway_cluster.target import Target

RIGHTS = {
    (group, resource, verb)
    for rule in RULES
    for group in rule["apiGroups"]
    for resource in rule["resources"]
    for verb in rule["verbs"]
}


@pytest.mark.parametrize(
    "right",
    [
        ("apps", "deployments", "create"),
        ("apps", "deployments/scale", "patch"),
        ("", "secrets", "create"),  # Helm keeps its releases there
        ("", "pods", "list"),
        ("", "pods/log", "get"),
        ("batch", "jobs", "delete"),
        ("", "namespaces", "get"),
    ],
)
def test_a_deployer_can_deploy(right: tuple[str, str, str]) -> None:
    """What Helm and an ordinary chart need."""
    assert right in RIGHTS


def test_a_deployer_cannot_gain_rights() -> None:
    """No roles, no tokens, no shell in a pod, nobody else's name, nothing by wildcard."""
    resources = {resource for _, resource, _ in RIGHTS}
    assert not resources & {"pods/exec", "pods/attach", "serviceaccounts/token", "roles", "rolebindings", "*"}
    assert not {verb for _, _, verb in RIGHTS} & {"impersonate", "bind", "escalate", "*"}
    assert {("", "namespaces", "get")} == {right for right in RIGHTS if right[1] == "namespaces"}


def test_everything_is_bound_to_one_namespace() -> None:
    """No cluster-wide role or binding among the objects."""
    objects = account_objects("fulltour-qa")
    assert {"ServiceAccount", "Role", "RoleBinding", "Secret"} == {entry["kind"] for entry in objects}
    assert {"fulltour-qa"} == {entry["metadata"]["namespace"] for entry in objects}


def test_the_namespace_is_project_and_stage() -> None:
    """As Keptn's Helm service did."""
    assert "fulltour-qa" == namespace_of("fulltour", "qa")


@pytest.mark.parametrize(
    ("project", "stage"), [("Full", "qa"), ("a", "b_c"), ("-a", "b"), ("x" * 61, "qa"), ("a", "b\n")]
)
def test_names_that_make_no_namespace_are_refused(project: str, stage: str) -> None:
    """With a word on what a namespace may be called."""
    with pytest.raises(ValueError, match="cannot be a namespace"):
        namespace_of(project, stage)


@pytest.mark.parametrize("project", ["kube", "kube-node", "openshift"])
def test_the_clusters_own_namespaces_are_refused(project: str) -> None:
    """Project `kube` with a stage `system` would get rights in kube-system."""
    with pytest.raises(ValueError, match="cluster's own"):
        namespace_of(project, "system")


class Cluster:
    """Stands in for kubectl: objects by kind, and what was applied."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {"secret": {"data": {"token": "dA=="}}}
        self.applied: list[str] = []

    def read(self, _: Target, kind: str, *words: str) -> Any:
        """Return the object of a kind."""
        return self.objects.get(kind)

    def apply(self, _: Target, objects: list[dict[str, Any]]) -> None:
        """Keep what is applied."""
        self.applied += [one["kind"] for one in objects]
        self.objects |= {one["kind"].lower(): one for one in objects if one["kind"] != "Secret"}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Put the stand-in in kubectl's place."""
    made = Cluster()
    monkeypatch.setattr(access, "read", made.read)
    monkeypatch.setattr(access, "apply", made.apply)
    monkeypatch.setattr(access, "kubectl", lambda *_, **__: json.dumps({"clusters": [{"cluster": {}}]}))
    return made


TARGET = Target(Path("k"), "stand-in", embedded=True)
FOREIGN = {"metadata": {"name": "shop-qa", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}


def test_a_namespace_that_is_missing_is_made_and_then_known_as_ours(cluster: Cluster) -> None:
    """Granting again changes nothing."""
    grant(TARGET, "shop", "qa")
    config = grant(TARGET, "shop", "qa")
    assert "Namespace" in cluster.applied
    assert ACCOUNT == config["users"][0]["name"]


def test_a_namespace_of_somebody_else_is_not_taken_unasked(cluster: Cluster) -> None:
    """Nothing is applied, and the message says how to adopt it."""
    cluster.objects["namespace"] = FOREIGN
    with pytest.raises(NotOurs, match=r"\./slipway cluster grant shop qa"):
        grant(TARGET, "shop", "qa")
    assert [] == cluster.applied


def test_an_adopted_namespace_is_taken_from_then_on(cluster: Cluster) -> None:
    """And keeps its own labels: they may be another tool's."""
    cluster.objects["namespace"] = FOREIGN
    grant(TARGET, "shop", "qa", adopt=True)
    grant(TARGET, "shop", "qa")
    assert "Namespace" not in cluster.applied
