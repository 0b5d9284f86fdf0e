"""A project read and written by SSH with a key, from a real sshd on 127.0.0.1."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.places import GitPlace
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Credentials, GitProject

from tests.end_to_end.conftest import cannot, within
from tests.slipway_core.publish.remote.conftest import GitWorld, Remote, by_branches


class Sshd(NamedTuple):
    """A running sshd that lets one key in."""

    port: int
    credentials: Credentials


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Start an sshd with keys of its own, for git alone."""
    if os.geteuid() != 0:
        cannot("an sshd that lets root in needs root")
    from slipway_cluster.debian import install_tools

    install_tools(["openssh-server", "openssh-client"])
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own empty folder; its service would have made it
    folder = tmp_path_factory.mktemp("sshd")
    host, user = new_key(folder / "host"), new_key(folder / "user")
    only_git = 'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\""'
    (folder / "authorized").write_text(f"{only_git} {user.with_suffix('.pub').read_text()}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host}\nAuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\n"
        "UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
    )
    argv = ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "config"]
    with (folder / "log").open("wb") as log, subprocess.Popen(argv, stderr=log) as process:
        assert within(10, lambda: listens(port)), (folder / "log").read_text()
        known = f"[127.0.0.1]:{port} {host.with_suffix('.pub').read_text()}"
        yield Sshd(port, Credentials(private_key=user.read_text(), known_hosts=known))
        process.terminate()


def new_key(path: Path) -> Path:
    """Make a key pair without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def listens(port: int) -> bool:
    """Say whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def world(tmp_path: Path, sshd: Sshd) -> GitWorld:
    """A project with a branch per stage, listed with its address by SSH."""
    made = GitWorld(tmp_path)
    by_branches(Remote(tmp_path / "shop.git"))
    made.list(shop={"remote": address(sshd, tmp_path), "connection": "git_shop"})
    made.credentials = {"git_shop": sshd.credentials}
    return made


def address(sshd: Sshd, folder: Path) -> str:
    """Return the repository's address."""
    return f"ssh://root@127.0.0.1:{sshd.port}{folder}/shop.git"


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
    project = GitProject("shop", address(sshd, tmp_path), "main", "git_shop", "", 1)
    place = GitPlace(project, Mirror(tmp_path / "mirror", project.remote, sshd.credentials))
    place.change(lambda view: operations.create_services(view, ["api"]), "api")
    assert world.states() == {"shop": "published"}
    assert {f"stages/{stage}/api/metadata.yaml" for stage in ("qa", "production")} <= set(world.files("shop"))


def test_a_host_that_is_away_is_said_so(sshd: Sshd, tmp_path: Path) -> None:
    """Port 1 of this machine has nobody."""
    with pytest.raises(RemoteFailed, match="the remote does not answer"):
        Mirror(tmp_path / "mirror", "ssh://root@127.0.0.1:1/shop.git", sshd.credentials).heads()
