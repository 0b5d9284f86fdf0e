"""A project read and written by SSH with a key, from a real sshd on 127.0.0.1."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.places import GitPlace
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import GitProject

from tests.end_to_end.sshd import Sshd, new_key
from tests.slipway_core.publish.remote.conftest import GitWorld, Remote, by_branches


@pytest.fixture
def world(tmp_path: Path, sshd: Sshd) -> GitWorld:
    """A project with a branch per stage, listed with its address by SSH."""
    made = GitWorld(tmp_path)
    by_branches(Remote(tmp_path / "shop.git"))
    made.list(shop={"remote": sshd.address(tmp_path / "shop.git"), "connection": "git_shop"})
    made.credentials = {"git_shop": sshd.credentials}
    return made


def test_a_project_is_published_by_ssh_with_a_key(
    world: GitWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the key is nowhere afterwards."""
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    assert world.states() == {"shop": "published"}
    assert "stages/qa/carts/charts/carts.tgz" in world.files("shop")
    key = world.credentials["git_shop"].private_key.encode()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key in path.read_bytes()]
    assert not list((tmp_path / "scratch").iterdir())


def test_an_unknown_host_key_is_refused(world: GitWorld, sshd: Sshd, tmp_path: Path) -> None:
    """With what to do; the last good tree goes on."""
    world.publish()
    other = new_key(tmp_path / "other").with_suffix(".pub").read_text()
    for known, said in (
        ("# none", "is not known"),
        (f"[127.0.0.1]:{sshd.port} {other}", "is not the one that is known"),
    ):
        world.credentials = {"git_shop": sshd.credentials._replace(known_hosts=known)}
        world.projects._asked_at = float("-inf")
        assert world.states() == {"shop": "refused"}
        assert f"the host key of the remote {said}" in world.refusal()
    assert "shipyard.yaml" in world.files("shop")


def test_a_wrong_key_is_refused(world: GitWorld, sshd: Sshd, tmp_path: Path) -> None:
    """Nobody is asked for a password, and the key is not shown."""
    other = new_key(tmp_path / "other").read_text()
    world.credentials = {"git_shop": sshd.credentials._replace(private_key=other)}
    assert world.states() == {"shop": "refused"}
    assert "the remote refused the SSH key" in world.refusal()
    world.credentials = {"git_shop": sshd.credentials._replace(private_key="no key at all")}
    world.projects._asked_at = float("-inf")
    assert world.states() == {"shop": "refused"}
    assert "the private key cannot be read" in world.refusal()


def test_a_project_is_changed_by_ssh(world: GitWorld, sshd: Sshd, tmp_path: Path) -> None:
    """R71: a new service in every stage, in one push."""
    project = GitProject("shop", sshd.address(tmp_path / "shop.git"), "main", "git_shop", "", 1)
    place = GitPlace(project, Mirror(tmp_path / "mirror", project.remote, sshd.credentials))
    place.change(lambda view: operations.create_services(view, ["api"]), "api")
    assert world.states() == {"shop": "published"}
    assert {f"stages/{stage}/api/metadata.yaml" for stage in ("qa", "production")} <= set(world.files("shop"))


def test_a_host_that_is_away_is_said_so(sshd: Sshd, tmp_path: Path) -> None:
    """Port 1 of this machine has nobody."""
    with pytest.raises(RemoteFailed, match="the remote does not answer"):
        Mirror(tmp_path / "mirror", "ssh://root@127.0.0.1:1/shop.git", sshd.credentials).heads()
