"""Which cluster is worked on."""

from pathlib import Path

import pytest
from slipway_cluster import target
from slipway_cluster.target import NoCluster, chosen_target, current_target, helm_argv, kubectl_argv, use, use_embedded

MINE = """apiVersion: v1
kind: Config
contexts:
- {name: staging, context: {cluster: c, user: u}}
- {name: production, context: {cluster: c, user: u}}
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own."""
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """A user's own kubeconfig with two contexts."""
    file = tmp_path / "mine.yaml"
    file.write_text(MINE)
    return file


def test_a_kubeconfig_in_the_environment_chooses_nothing(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be somebody's production."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert chosen_target().embedded
    assert "slipway-embedded" == chosen_target().context


def test_use_chooses_until_the_embedded_one_is_chosen_again(kubeconfig: Path) -> None:
    """The choice is kept in the state folder."""
    use(kubeconfig, "staging")
    assert (kubeconfig, "staging", False) == (
        current_target().kubeconfig,
        current_target().context,
        current_target().embedded,
    )
    use_embedded()
    assert chosen_target().embedded


def test_an_unknown_context_is_refused_with_the_known_ones(kubeconfig: Path) -> None:
    """A typing error must not end in another cluster."""
    with pytest.raises(NoCluster, match="no context 'stagin'; it has: staging, production"):
        use(kubeconfig, "stagin")


@pytest.mark.parametrize("text", ["", "- a list", "contexts: 5", "{"])
def test_a_file_that_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    """With one error, whatever is in it."""
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    with pytest.raises(NoCluster):
        use(file, "staging")


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(NoCluster, match=r"none\.yaml: No such file"):
        use(tmp_path / "none.yaml", "staging")


def test_without_a_cluster_the_error_says_how_to_start_one() -> None:
    """In one line."""
    with pytest.raises(NoCluster, match=r"\./slipway cluster up"):
        current_target()


def test_a_damaged_choice_is_not_taken_for_the_embedded_cluster(state: Path) -> None:
    """Guessing could deploy to the wrong place."""
    state.mkdir()
    (state / "target.json").write_text("{")
    with pytest.raises(NoCluster, match="Choose again"):
        chosen_target()


def test_kubectl_and_helm_are_told_file_and_context(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So nothing else can decide."""
    monkeypatch.setattr(target, "cluster_bin", lambda: Path("/bin"))
    chosen = use(kubeconfig, "staging")
    assert ["/bin/kubectl", f"--kubeconfig={kubeconfig}", "--context=staging"] == kubectl_argv(chosen)
    assert ["/bin/helm", f"--kubeconfig={kubeconfig}", "--kube-context=staging"] == helm_argv(chosen)
