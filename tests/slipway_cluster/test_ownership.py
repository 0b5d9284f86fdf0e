"""One cluster a machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_cluster import network, ownership, processes, teardown
from slipway_cluster.target import NoCluster


@pytest.fixture(autouse=True)
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A machine of the test's own: nothing real is looked at or stopped; returns the folders that were."""
    folders: list[Path] = []

    def stop_everything(folder: Path) -> None:
        folders.append(folder)
        ownership.OWNER.unlink(missing_ok=True)

    mine = str(tmp_path)
    real = processes.marked_folders
    monkeypatch.setattr(
        processes,
        "marked_folders",
        lambda: {folder: pids for folder, pids in real().items() if str(folder).startswith(mine)},
    )
    monkeypatch.setattr(ownership, "OWNER", tmp_path / "run" / "owner.json")
    monkeypatch.setattr(network, "has_foreign_kubernetes_rules", lambda: False)
    monkeypatch.setattr(teardown, "stop_everything", stop_everything)
    return folders


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """The living cluster of another checkout."""
    folder = tmp_path / "other" / ".slipway" / "cluster"
    folder.mkdir(parents=True)
    processes.start(["sleep", "60"], name="kubelet", folder=folder)
    yield folder
    processes.stop("kubelet", folder, grace=1.0)


def test_a_living_cluster_of_another_checkout_is_left_alone(tmp_path: Path, other: Path, stopped: list[Path]) -> None:
    """The error is one line: where it is, how to stop it, how to take over."""
    with pytest.raises(NoCluster) as refused:
        ownership.claim(tmp_path / "cluster")
    assert "\n" not in str(refused.value)
    assert f"{tmp_path}/other/slipway cluster delete" in str(refused.value)
    assert "--take-over" in str(refused.value)
    assert [] == stopped


def test_taking_over_stops_it(tmp_path: Path, other: Path, stopped: list[Path]) -> None:
    """Only when asked to."""
    ownership.claim(tmp_path / "cluster", take_over=True)
    assert [other] == stopped
    assert tmp_path / "cluster" == ownership.owner()


def test_what_a_dead_cluster_left_over_is_removed(tmp_path: Path, stopped: list[Path]) -> None:
    """Its folder owns the machine, but none of its parts lives."""
    ownership.claim(tmp_path / "dead")
    ownership.claim(tmp_path / "cluster")
    assert [tmp_path / "dead"] == stopped


def test_a_cluster_whose_checkout_is_gone_is_removed(tmp_path: Path, stopped: list[Path]) -> None:
    """Its processes still live, and are found by their mark."""
    gone = tmp_path / "gone"
    gone.mkdir()
    processes.start(["sleep", "60"], name="kubelet", folder=gone)
    pids = processes.marked(gone)
    try:
        for file in sorted(gone.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        gone.rmdir()
        ownership.claim(tmp_path / "cluster")
        assert [gone] == stopped
    finally:
        processes.end(pids, grace=1.0)


def test_releasing_leaves_the_network_to_a_living_owner(tmp_path: Path, other: Path, stopped: list[Path]) -> None:
    """`down` here must not cut off the cluster that runs there."""
    ownership.release(tmp_path / "cluster")
    assert [] == stopped


def test_another_kubernetes_is_not_disturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rules would be taken for ours when ours are removed."""
    monkeypatch.setattr(network, "has_foreign_kubernetes_rules", lambda: True)
    with pytest.raises(NoCluster, match="another Kubernetes runs"):
        ownership.claim(tmp_path / "cluster")
