"""Projects in Git, published end to end: each layout, each fault."""

import threading

import pytest
from slipway_core.publish import load
from slipway_core.publish.remote.keeper import GitProjects
from slipway_core.publish.remote.records import Credentials

from tests.slipway_core.publish.remote.conftest import CARTS, FOLDERS, OURS, SHIPYARD, by_branches, git


@pytest.fixture
def shop(world):
    """A remote in our own layout, published once."""
    remote = world.remote()
    remote.commit(OURS)
    world.list(shop={"remote": remote.folder})
    assert {"shop": "published"} == world.states()
    return remote


@pytest.fixture
def by_branch(world):
    """A remote with a branch per stage, published once."""
    remote = by_branches(world.remote())
    world.list(shop={"remote": remote.folder})
    assert {"shop": "published"} == world.states()
    return remote


def source(world, project="shop"):
    """Return what the published tree says a project was made from."""
    return load.project_source(world.tree(), project)


def test_our_own_layout_is_taken_as_it_is(world, shop):
    """And its commit is recorded."""
    assert sorted(OURS) == world.files("shop")
    expected = {"remote": str(shop.folder), "branch": "main", "layout": "stages", "commits": {"main": shop.head()}}
    assert expected == source(world)


def test_a_branch_per_stage_is_laid_out_as_ours(world):
    """Keptn's default (sequences.md 8.2): stages become folders, its own metadata stays behind."""
    remote = by_branches(world.remote())
    world.list(shop={"remote": remote.folder})
    assert {"shop": "published"} == world.states()
    files = [
        f"stages/{stage}/carts/{name}"
        for stage in ("production", "qa")
        for name in ("charts/carts.tgz", "metadata.yaml")
    ]
    assert ["shipyard.yaml", *files] == world.files("shop")
    commits = {branch: remote.head(branch) for branch in ("main", "qa", "production")}
    assert ("branches", commits) == tuple(source(world)[key] for key in ("layout", "commits"))


def test_stages_in_folders_are_laid_out_as_ours(world):
    """Keptn's other layout, whatever its metadata says (jobs.md 6)."""
    remote = world.remote()
    remote.commit(FOLDERS)
    world.list(shop={"remote": remote.folder})
    assert {"shop": "published"} == world.states()
    files = ["carts/charts/carts.tgz", "carts/metadata.yaml"]
    expected = ["prometheus/sli.yaml", "shipyard.yaml", "stages/production/carts/charts/carts.tgz"]
    assert [*expected, *(f"stages/qa/{one}" for one in files)] == world.files("shop")


def test_every_level_of_an_sli_is_published(world):
    """R75: a gate merges project, stage and service, so all three must be there."""
    remote = world.remote()
    remote.commit(FOLDERS)
    text = "spec_version: '1.0'\nindicators:\n  {}: x\n"
    levels = {"qa/prometheus/sli.yaml": "b", "qa/carts/prometheus/sli.yaml": "a"}
    remote.commit({f".keptn-stages/{path}": text.format(name) for path, name in levels.items()})
    world.list(shop={"remote": remote.folder})
    world.publish()
    assert {"prometheus/sli.yaml", *(f"stages/{path}" for path in levels)} <= set(world.files("shop"))


def test_a_folder_inside_a_repository_can_be_a_project(world):
    """What lies beside it is nobody's business."""
    remote = world.remote()
    remote.commit(
        {"README.md": "hello", "src/main.go": "package main", **{f"delivery/{k}": v for k, v in OURS.items()}}
    )
    world.list(shop={"remote": remote.folder, "folder": "delivery"})
    assert {"shop": "published"} == world.states()
    assert sorted(OURS) == world.files("shop")


def test_a_new_commit_is_taken_in(world, shop):
    """On any branch that matters; standing still fetches nothing."""
    before = world.projects.state()
    assert {"shop": "unchanged"} == world.states()
    assert before.projects["shop"] is world.projects.state().projects["shop"]
    made = shop.commit({"carts/new.yaml": "a: 1\n"})
    assert {"shop": "published"} == world.states()
    assert "carts/new.yaml" in world.files("shop")
    assert {"main": made} == source(world)["commits"]


def test_a_commit_on_a_stage_branch_is_taken_in(world):
    """As Keptn's own API commits there."""
    remote = by_branches(world.remote())
    world.list(shop={"remote": remote.folder})
    world.publish()
    remote.commit({"carts/values.yaml": "replicaCount: 2\n"}, "qa")
    assert {"shop": "published"} == world.states()
    assert "stages/qa/carts/values.yaml" in world.files("shop")


def test_a_broken_shipyard_in_git_keeps_the_last_good_tree(world, shop):
    """With file and line, as for a folder."""
    shop.commit({"shipyard.yaml": SHIPYARD.replace("0.2.2", "0.1.9")})
    assert {"shop": "refused"} == world.states()
    assert "shop/shipyard.yaml, line 1" in world.refusal()
    assert sorted(OURS) == world.files("shop")
    assert source(world)["commits"]["main"] != shop.head()


def test_a_problem_names_the_file_as_it_is_called_in_git(world):
    """Nobody knows the folder it was laid out in."""
    remote = by_branches(world.remote())
    remote.commit({"carts/slo.yaml": "objectives: {}\n"}, "qa")
    world.list(shop={"remote": remote.folder})
    assert {"shop": "refused"} == world.states()
    assert "shop/carts/slo.yaml (branch qa)" in world.refusal()


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (
            "carts/conflict.yaml",
            "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n",
            "conflict.yaml, line 2: a merge",
        ),
        ("carts/lib", ("160000", "1" * 40), "shop/carts/lib: it is a submodule"),
        ("carts/passwd", ("120000", "../../../etc/passwd"), "a link that leads out of the repository"),
        ("carts/root", ("120000", "/etc"), "a link that leads out of the repository"),
        ("carts/circle.yaml", ("120000", "circle.yaml"), "a link that leads in a circle"),
        ("shipyard.yaml", ("120000", "carts/shipyard.yaml"), "shop/shipyard.yaml: it is a link; a shipyard"),
        ("shipyard.yaml", ("160000", "1" * 40), "shop/shipyard.yaml: it is a submodule"),
        ("carts/a..b", "x", "its name holds '..'"),
        ("carts/big.bin", b"\0" * 20_000_001, "it is too large: 20 MB"),
        ("carts/chart.tgz", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "lies in Git LFS"),
        ("carts/new\tname", "x", "a character that cannot be printed"),
    ],
)
def test_what_must_not_be_published_refuses_its_project_only(world, shop, path, content, said):
    """The last good tree goes on, the other project is taken in."""
    other = world.remote("other")
    other.commit(OURS)
    world.list(shop={"remote": shop.folder}, other={"remote": other.folder})
    quoted = f'"{path}"'.replace("\t", "\\t") if "\t" in path else path
    shop.commit({quoted: content})
    assert {"shop": "refused", "other": "published"} == world.states()
    assert said in world.refusal()
    assert sorted(OURS) == world.files("shop")


@pytest.mark.parametrize("content", ["x", ("120000", "carts")])
def test_a_file_where_the_stages_come_to_lie_is_refused(world, by_branch, content):
    """Each branch is good alone, but they become one folder."""
    by_branch.commit({"stages": content})
    assert {"shop": "refused"} == world.states()
    assert "shop/stages: it is no folder, but other files of the project come to lie below this" in world.refusal()


def test_a_link_inside_the_repository_is_kept(world, shop):
    """As a link."""
    shop.commit({"carts/same.yaml": ("120000", "../stages/production/carts/values.yaml")})
    assert {"shop": "published"} == world.states()
    assert "replicaCount: 2\n" == (world.tree() / "projects/shop/carts/same.yaml").read_text()


def test_a_vanished_branch_keeps_the_last_good_tree(world, shop):
    """The message names the branches that there are."""
    shop.commit(OURS, "develop")
    (shop.folder / "refs/heads/main").unlink()
    assert {"shop": "refused"} == world.states()
    assert "git.yaml, line 2: project 'shop'" in world.refusal()
    assert "there is no branch 'main'.\nIts branches: develop." in world.refusal()


@pytest.mark.parametrize("gone", [["qa"], ["qa", "production"]])
def test_a_vanished_stage_branch_keeps_the_last_good_tree(world, by_branch, gone):
    """A gate without files would let everything pass."""
    before = world.files("shop")
    for stage in gone:
        git("--git-dir", by_branch.folder, "branch", "-D", stage)
    by_branch.commit({"carts/values.yaml": "a: 1\n"})  # with a service, so that nothing else is wrong
    assert {"shop": "refused"} == world.states()
    for stage in gone:
        assert f"stage '{stage}' was published from the branch '{stage}'" in world.refusal()
        assert f"Push the branch '{stage}' again" in world.refusal()
    assert before == world.files("shop")
    world.projects = GitProjects(world.sources, world.folder / "another-git", lambda ids: {})
    assert {"shop": "refused"} == world.states()
    for stage in gone:
        by_branch.commit(CARTS, stage)
    assert {"shop": "published"} == world.states()


def test_what_a_stage_lost_on_purpose_is_published(world, by_branch):
    """Its files removed by a commit, the stage renamed, or its files put into a folder."""
    by_branch.commit(dict.fromkeys(CARTS), "qa")
    assert {"shop": "published"} == world.states()
    assert not any(path.startswith("stages/qa") for path in world.files("shop"))
    renamed = SHIPYARD.replace("name: production", "name: live").replace("production.", "live.")
    by_branch.commit({"shipyard.yaml": renamed})
    git("--git-dir", by_branch.folder, "branch", "-m", "production", "live")
    assert {"shop": "published"} == world.states()
    git("--git-dir", by_branch.folder, "branch", "-D", "live")
    by_branch.commit({f".keptn-stages/live/{path}": content for path, content in CARTS.items()})
    assert {"shop": "published"} == world.states()


def test_a_remote_that_is_away_keeps_the_last_good_tree_until_it_is_back(world, shop):
    """Nothing has to be restarted."""
    shop.folder.rename(world.folder / "away")
    assert {"shop": "refused"} == world.states()
    assert "there is no Git repository, or none that this user may see" in world.refusal()
    assert sorted(OURS) == world.files("shop")
    (world.folder / "away").rename(shop.folder)
    assert {"shop": "unchanged"} == world.states()
    assert [] == load.refusals(world.tree())


def test_a_host_that_does_not_answer_is_said_so(world):
    """Port 1 of this machine has nobody."""
    world.list(shop={"remote": "http://127.0.0.1:1/shop.git"})
    assert {"shop": "refused"} == world.states()
    assert "http://127.0.0.1:1/shop.git: the remote does not answer." in world.refusal()


def test_what_a_killed_git_left_behind_is_no_obstacle(world, shop):
    """Its locks are removed; a repository of ours that is broken is fetched anew by the next look."""
    mirror = world.folder / "published-git/shop/mirror.git"
    (mirror / "shallow.lock").touch()
    shop.commit({"carts/new.yaml": "a: 1\n"})
    assert {"shop": "published"} == world.states()
    (mirror / "HEAD").write_text("broken")
    shop.commit({"carts/newer.yaml": "a: 1\n"})
    world.projects.look()
    assert {"shop": "published"} == world.states()
    assert "carts/newer.yaml" in world.files("shop")


def test_what_was_not_looked_at_yet_stays_as_it_is(world, shop):
    """After a restart a slow remote must neither end its project nor show as a fault."""
    world.projects._results = {}
    assert {"shop": "unchanged"} == world.states(look=False)
    assert sorted(OURS) == world.files("shop")


def test_a_project_taken_from_the_list_ends(world, shop):
    """The remote keeps all."""
    world.list()
    assert {"shop": "removed"} == world.states()
    assert not (world.tree() / "sources/shop.json").exists()


def test_a_broken_list_ends_no_project(world, shop):
    """It is refused with its line, and what it named goes on."""
    (world.sources / "git.yaml").write_text("projects:\n  shop: [\n")
    assert {"shop": "refused"} == world.states()
    assert "git.yaml, line" in world.refusal()
    assert sorted(OURS) == world.files("shop")


def test_a_project_in_git_and_in_a_folder_is_refused(world, shop):
    """Nobody could say which of the two is meant."""
    (world.sources / "shop").mkdir()
    (world.sources / "shop/shipyard.yaml").write_text(SHIPYARD)
    assert {"shop": "refused"} == world.states()
    assert "is a folder beside this list" in world.refusal()


def test_a_missing_connection_refuses_its_project(world, shop):
    """With what to do in Airflow."""
    world.list(shop={"connection": "git_acme"})
    world.credentials = {"git_acme": "Airflow has no such connection"}
    assert {"shop": "refused"} == world.states()
    assert "connection 'git_acme': Airflow has no such connection." in world.refusal()


def test_the_connection_names_the_remote_when_the_list_does_not(world, shop):
    """As in Airflow's own Git bundle."""
    world.list(shop={"connection": "git_acme"})
    world.credentials = {"git_acme": Credentials(remote=str(shop.folder))}
    assert {"shop": "unchanged"} == world.states()


def test_a_token_is_not_sent_to_another_host(world):
    """The list may be written by others than the connection."""
    world.list(shop={"connection": "git_acme", "remote": "https://evil.example/shop.git"})
    world.credentials = {"git_acme": Credentials("https://git.acme.example/x", "me", "t0ken")}
    assert {"shop": "refused"} == world.states()
    assert "is for https://git.acme.example, not for https://evil.example" in world.refusal()


def test_a_watch_takes_in_commits_by_itself(world, shop):
    """The remotes are looked at by a thread of their own."""
    stop = threading.Event()
    watching = threading.Thread(target=world.projects.keep, args=(stop, 0.02))
    watching.start()
    made = shop.commit({"carts/new.yaml": "a: 1\n"})
    for _ in range(500):
        if (found := world.projects.state().projects["shop"].source) and found.commits["main"] == made:
            break
        stop.wait(0.01)
    stop.set()
    watching.join()
    assert {"main": made} == world.projects.state().projects["shop"].source.commits
