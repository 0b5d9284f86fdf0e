"""What the account of a stage may do."""

import pytest
from slipway_cluster.access import RULES, account_objects, namespace_of

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
