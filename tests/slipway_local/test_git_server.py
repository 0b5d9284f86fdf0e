"""The embedded Git remote: git itself behind a token, and projects published from it."""

import subprocess
import threading

import httpx
import pytest
from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.remote.address import commit_page
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Credentials
from slipway_local.errors import LocalError
from slipway_local.git_server import GitServer, make_repository

from tests.slipway_core.publish.remote.conftest import OURS, GitWorld, Remote, by_branches

TOKEN = "t0ken-of-the-test"


@pytest.fixture
def server(tmp_path):
    """A Git server on a free port, with one repository `shop`."""
    repositories = tmp_path / "repositories"
    with GitServer(repositories, TOKEN, 0) as running:
        make_repository(repositories, "shop")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def shop(server):
    """The repository, written to past the server."""
    remote = Remote.__new__(Remote)
    remote.folder = server.repositories / "shop.git"
    return remote


def mirror(server, tmp_path, password=TOKEN):
    """Return a mirror of the repository."""
    return Mirror(tmp_path / "mirror", f"{server.address}/shop.git", Credentials(user="me", password=password))


def test_a_project_is_published_over_http_with_a_token(server, shop, tmp_path):
    """As from any hosted Git; both a branch per stage and a new commit."""
    by_branches(shop)
    world = GitWorld(tmp_path)
    world.list(shop={"remote": f"{server.address}/shop.git", "connection": "git_shop"})
    world.credentials = {"git_shop": Credentials(server.address, "me", TOKEN)}
    assert {"shop": "published"} == world.states()
    shop.commit({"carts/values.yaml": "replicaCount: 2\n"}, "production")
    assert {"shop": "published"} == world.states()
    assert "stages/production/carts/values.yaml" in world.files("shop")


def test_a_wrong_token_is_said_so_and_never_shown(server, shop, tmp_path):
    """Neither the wrong one nor the right one; the last good tree goes on."""
    shop.commit(OURS)
    world = GitWorld(tmp_path)
    world.list(shop={"remote": f"{server.address}/shop.git", "connection": "git_shop"})
    world.credentials = {"git_shop": Credentials(server.address, "me", TOKEN)}
    world.publish()
    world.credentials = {"git_shop": Credentials(server.address, "me", "wr0ng-token")}
    world.projects._asked_at = float("-inf")
    assert {"shop": "refused"} == world.states()
    assert "the remote refused the user or the token" in world.refusal()
    assert sorted(OURS) == world.files("shop")
    written = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())
    assert b"wr0ng-token" not in written
    assert TOKEN.encode() not in written


def test_a_token_is_in_no_argument_of_git(server, shop, tmp_path, monkeypatch):
    """Everybody on the machine can read those."""
    shop.commit(OURS)
    seen, real = [], subprocess.Popen

    def watching(argv, **others):
        seen.append(" ".join(map(str, argv)))
        return real(argv, **others)

    monkeypatch.setattr(subprocess, "Popen", watching)
    assert {"main": shop.head()} == mirror(server, tmp_path).heads()
    assert [one for one in seen if "ls-remote" in one]
    assert not [one for one in seen if TOKEN in one]


def test_a_large_push_goes_through_and_a_late_one_does_not(server, shop, tmp_path):
    """Git sends what is large in chunks."""
    first = shop.commit(OURS)
    pushing = mirror(server, tmp_path)
    pushing.fetch(["main"])
    store = pushing.store
    import random

    blob = store.add_text(random.Random(1).randbytes(3_000_000))
    tree = {**store.tree(first), "carts/big.bin": store.tree(first)["shipyard.yaml"]._replace(blob=blob)}
    made = store.make_commit(tree, first, "big")
    pushing.push({"main": (first, made)})
    assert made == shop.head()
    with pytest.raises(RemoteFailed, match="somebody else pushed meanwhile"):
        pushing.push({"main": (first, store.make_commit(store.tree(first), first, "late"))})


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/shop.git/info/refs?service=git-upload-pack", {}, 401),
        ("/shop.git/info/refs?service=git-upload-pack", {"Authorization": "Basic %%%"}, 401),
        ("/shop.git/info/refs?service=git-upload-pack", {"Authorization": f"Bearer {TOKEN}"}, 401),
        ("/", {"user": "me"}, 404),
        ("/../secrets.json", {"user": "me"}, 404),
        ("/shop.git/config", {"user": "me"}, 404),
        ("/other.git/info/refs?service=git-upload-pack", {"user": "me"}, 404),
        ("/shop.git/info/refs?service=git-upload-pack", {"user": "me"}, 200),
    ],
)
def test_only_repositories_are_served_and_only_with_the_token(server, path, headers, status):
    """Nothing of the machine besides."""
    auth = (headers.pop("user"), TOKEN) if "user" in headers else None
    answer = httpx.get(httpx.URL(f"{server.address}/").copy_with(raw_path=path.encode()), headers=headers, auth=auth)
    assert status == answer.status_code


def test_it_listens_on_this_machine_only(server):
    """Nobody else can try tokens."""
    assert "127.0.0.1" == server.server_address[0]


@pytest.mark.parametrize("name", ["", "../x", ".x", "a/b", "a b"])
def test_a_repository_needs_a_plain_name(tmp_path, name):
    """It becomes a folder and an address."""
    with pytest.raises(LocalError, match="cannot be the name"):
        make_repository(tmp_path, name)


def test_the_page_of_a_commit_shows_what_it_changed(server, shop):
    """Where a run's link leads; like everything else, only with the token."""
    shop.commit({"carts/values.yaml": "replicaCount: 1\n"})
    commit = shop.commit({"carts/values.yaml": "replicaCount: 2\n"})
    page = commit_page(f"{server.address}/shop.git", commit)
    shown = httpx.get(page, auth=("me", TOKEN), trust_env=False)
    assert (200, True) == (shown.status_code, "+replicaCount: 2" in shown.text)
    assert 401 == httpx.get(page, trust_env=False).status_code
    for wrong in (f"{page[:-40]}{'0' * 40}", page.replace("/shop/", "/other/")):
        assert 404 == httpx.get(wrong, auth=("me", TOKEN), trust_env=False).status_code
