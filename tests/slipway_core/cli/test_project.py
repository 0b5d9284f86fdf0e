"""`slipway project …` and `slipway import`."""

import pytest
from click.testing import CliRunner
from slipway_core.cli import import_project, project
from slipway_core.cli.main import cli
from slipway_core.keptn.problems import SlipwayError
from slipway_core.publish.remote.listing import read_list

from tests.slipway_core.publish.remote.conftest import FOLDERS, OURS, SHIPYARD, STAGES, Remote, by_branches, git

HANDLED = {"deployment", "test"}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """An empty folder of projects, and tasks that are handled."""
    monkeypatch.setattr(project, "handled_tasks", lambda: HANDLED)
    monkeypatch.setattr(import_project, "handled_tasks", lambda: HANDLED)
    folder = tmp_path / "projects"
    folder.mkdir()
    (tmp_path / "shipyard.yaml").write_text(SHIPYARD)
    return folder


@pytest.fixture
def run(sources, tmp_path, monkeypatch):
    """Run a command; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def go(*arguments, **options):
        result = CliRunner().invoke(cli, [*map(str, arguments), "--sources", str(sources)], **options)
        if isinstance(result.exception, SlipwayError):  # as main() shows it
            return 1, str(result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return go


@pytest.fixture
def remote(tmp_path):
    """An empty repository."""
    return Remote(tmp_path / "origin.git")


def test_a_project_in_a_folder_from_its_making_to_its_end(run, sources, tmp_path):
    """Made, filled, checked, listed, deleted."""
    assert (0, "made  shipyard.yaml\nmade  carts/metadata.yaml\n") == run(
        "project", "create", "shop", "--shipyard", "shipyard.yaml", "--service", "carts"
    )
    (tmp_path / "values.yaml").write_text("replicaCount: 1\n")
    code, said = run(
        "project", "add-resource", "shop", "--resource", "./values.yaml", "--service", "carts", "--stage", "qa"
    )
    assert (0, "written  stages/qa/carts/values.yaml\n") == (code, said)
    code, said = run("project", "check", "shop")
    assert 0 == code
    assert "shop/shipyard.yaml: valid shipyard" in said
    assert f"shop     {sources / 'shop'}" in run("project", "list")[1]
    assert 1 == run("project", "delete", "shop", input="n\n")[0]
    assert 0 == run("project", "delete", "shop", "--service", "carts")[0]
    assert 0 == run("project", "delete", "shop", "--yes")[0]
    assert not (sources / "shop").exists()


def test_a_project_in_git_from_its_making_to_its_end(run, sources, remote, tmp_path):
    """The remote keeps everything (sequences.md 8.1)."""
    code, said = run(
        "project", "create", "shop", "--shipyard", "shipyard.yaml", "--remote", remote.folder, "--service", "a"
    )
    assert (0, "made  shipyard.yaml (branch main)") == (code, said.splitlines()[0])
    assert ["a/metadata.yaml", "shipyard.yaml"] == remote.paths()
    (tmp_path / "sli.yaml").write_text("spec_version: '1.0'\nindicators: {a: x}\n")
    added = ["--resource", "sli.yaml", "--resourceUri", "prometheus/sli.yaml"]
    assert 0 == run("project", "add-resource", "shop", *added)[0]
    assert "prometheus/sli.yaml" in remote.paths()
    assert 0 == run("project", "check", "shop")[0]
    assert str(remote.folder) in run("project", "list")[1]
    assert "its Git remote is as it was" in run("project", "delete", "shop")[1]
    assert () == read_list(sources / "git.yaml").projects
    assert "a/metadata.yaml" in remote.paths()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["create", "shop"], "Say --shipyard FILE"),
        (["create", "shop", "--shipyard", "gone.yaml"], "gone.yaml cannot be read"),
        (["create", "Shop", "--shipyard", "shipyard.yaml"], "cannot be the name of a project"),
        (["create", "shop", "--service", "a"], "There is no project 'shop'. There are: none."),
        (["create", "shop", "--service", "a", "--remote", "x"], "Where a project lives is said when it is made"),
        (["delete", "shop"], "There is no project 'shop'"),
        (["add-resource", "shop", "--resource", "gone.yaml"], "gone.yaml cannot be read"),
        (["check", "shop"], "There is no project 'shop'"),
        (["create", "shop", "--shipyard", "shipyard.yaml", "--remote", "ext::date"], "of a kind that is not taken"),
        (["create", "shop", "--shipyard", "shipyard.yaml", "--remote", "gone.git"], "there is no Git repository"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(run, sources, arguments, said):
    """With what to do."""
    code, text = run("project", *arguments)
    assert code
    assert said in text
    assert [] == [path for path in sources.iterdir() if path.name != "git.yaml"]
    assert () == read_list(sources / "git.yaml").projects


def test_a_wrong_entry_of_the_list_is_in_nobody_elses_way(run, sources, remote):
    """It is listed with what is wrong, and can be deleted."""
    create = ["project", "create", "shop", "--shipyard", "shipyard.yaml"]
    assert "folder '../x' leads astray" in run(*create, "--remote", remote.folder, "--folder", "../x")[1]
    assert "" == remote.head()
    (sources / "git.yaml").write_text("projects:\n  blog: {remote: /srv/blog.git, folder: ../x}\n  '[/x]': {}\n")
    assert 0 == run(*create, "--service", "carts")[0]
    code, said = run("project", "list")
    assert 0 == code
    assert "blog     refused: folder '../x' leads astray." in said
    assert "[/x]     refused: '[/x]' cannot be the name of a project." in said
    assert 0 == run("project", "add-resource", "shop", "--resource", "shipyard.yaml")[0]
    assert "git.yaml, line 2: folder '../x' leads astray" in run("project", "check", "blog")[1]
    assert "git.yaml, line 2: folder '../x' leads astray" in run("project", "delete", "blog", "--service", "a")[1]
    assert "There is a project 'blog' already" in run("project", "create", "blog", "--shipyard", "shipyard.yaml")[1]
    assert (0, f"{sources / 'git.yaml'} no longer names blog; its Git remote is as it was.\n") == run(
        "project", "delete", "blog"
    )


@pytest.mark.parametrize("service", ["a/b", ".git"])
def test_a_project_is_not_made_when_one_of_its_services_cannot_be(run, sources, service):
    """No half of it is left behind."""
    create = ["project", "create", "shop", "--shipyard", "shipyard.yaml", "--service", "carts"]
    code, said = run(*create, "--service", service)
    assert 1 == code
    assert f"Service '{service}'" in said
    assert [] == list(sources.iterdir())


def test_a_project_is_made_once(run, remote):
    """409 in Keptn (sequences.md 8.1): for folders, for the list, and for a remote that holds one."""
    create = ["project", "create", "shop", "--shipyard", "shipyard.yaml"]
    assert 0 == run(*create)[0]
    assert "There is a project 'shop' already" in run(*create)[1]
    remote.commit(OURS)
    code, said = run("project", "create", "other", "--shipyard", "shipyard.yaml", "--remote", remote.folder)
    assert 1 == code
    assert "Take the project over with `./slipway import`" in said


def test_a_repository_of_keptns_is_taken_over_where_it_is(run, sources, remote):
    """Line by line: kept, changed and why; the project is called as Keptn called it."""
    by_branches(remote)
    remote.commit({"metadata.yaml": "projectName: sockshop\n"})
    code, said = run("import", remote.folder)
    assert 0 == code
    lines = said.splitlines()
    assert "kept     sockshop/shipyard.yaml" in lines
    moved = "is read as stages/qa/carts/charts/carts.tgz: a stage is a folder here, not a branch"
    assert f"changed  sockshop/carts/charts/carts.tgz (branch qa): {moved}" in lines
    assert "changed  sockshop/metadata.yaml: is left out: only Keptn's own store needed it" in lines
    assert ["sockshop"] == [one.name for one in read_list(sources / "git.yaml").projects]
    assert 0 == run("project", "check", "sockshop")[0]


def test_a_stage_without_a_branch_is_noted(run, remote):
    """It may be new; or somebody forgot to push its branch."""
    by_branches(remote, stages={"qa": STAGES["qa"]})
    code, said = run("import", remote.folder, "--name", "shop", "--dry-run")
    assert 0 == code
    assert "note     shop/shipyard.yaml: stage 'production' has no branch, and so no files of its own. Push" in said
    assert "stage 'qa'" not in said


def test_a_clone_without_the_branches_of_stages_is_refused(run, sources, remote, tmp_path):
    """Git clones one branch, and only follows the others; once they are made, all is there."""
    by_branches(remote)
    git("clone", "--quiet", remote.folder, tmp_path / "clone")
    code, said = run("import", "clone", "--name", "shop")
    assert 1 == code
    assert "clone: it is a clone, and has no branches of its own for the stages qa, production." in said
    assert "`git branch qa origin/qa`; `git branch production origin/production`" in said
    assert [] == list(sources.iterdir())
    for stage in STAGES:
        git("-C", tmp_path / "clone", "branch", stage, f"origin/{stage}")
    assert 0 == run("import", "clone", "--name", "shop")[0]


def test_a_clone_with_stages_in_folders_is_taken_over(run, remote, tmp_path):
    """Branches called as stages mean nothing there."""
    remote.commit(OURS)
    remote.commit(OURS, "qa")
    git("clone", "--quiet", remote.folder, tmp_path / "clone")
    assert 0 == run("import", "clone", "--name", "shop")[0]


def test_a_plain_folder_of_keptns_is_copied(run, sources, tmp_path):
    """Laid out as ours are."""
    backup = tmp_path / "backup"
    for path, content in FOLDERS.items():
        (backup / path).parent.mkdir(parents=True, exist_ok=True)
        (backup / path).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert 0 == run("import", backup, "--dry-run")[0]
    assert [] == list(sources.iterdir())
    assert 0 == run("import", "backup", "--name", "shop")[0]
    assert (sources / "shop/stages/production/carts/charts/carts.tgz").is_file()
    assert 0 == run("project", "check", "shop")[0]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"shipyard.yaml": SHIPYARD.replace("0.2.2", "0.1.9")}, "refused  shop/shipyard.yaml, line 1: "),
        ({"shipyard.yaml": SHIPYARD.replace("deployment", "unknown")}, "nothing handles the task 'unknown'"),
        ({"metadata.yaml": ("160000", "1" * 40)}, "refused  shop/metadata.yaml: it is a submodule"),
        ({"shipyard.yaml": ("160000", "1" * 40)}, "refused  shop/shipyard.yaml: it is a submodule"),
        ({"carts/a.yaml": ("120000", "a.yaml")}, "refused  shop/carts/a.yaml: it is a link that leads in a circle"),
        ({"carts/lib": ("160000", "1" * 40)}, "refused  shop/carts/lib: it is a submodule"),
        ({"carts/values.yaml": "<<<<<<< a\n=======\n>>>>>>> b\n"}, "values.yaml, line 1: a merge conflict"),
    ],
)
def test_nothing_is_taken_over_when_anything_is_refused(run, sources, remote, files, said):
    """Each refusal with its reason."""
    remote.commit({**OURS, **files})
    code, text = run("import", remote.folder, "--name", "shop")
    assert 1 == code
    assert said in text
    assert [] == list(sources.iterdir())


def test_an_account_has_one_line_for_a_file_whatever_its_name(run, remote, tmp_path):
    """A name could else say anything, in the words of the account."""
    by_branches(remote)
    remote.commit({'"a\\nkept     shop/b"': "x"})
    remote.commit({'"\\377\\nkept     shop/b"': "x"}, "qa")
    said = run("import", remote.folder, "--name", "shop")[1]
    assert "kept     shop/a?kept     shop/b" in said.splitlines()
    assert "kept     shop/b" not in said.splitlines()
    folder = tmp_path / "plain"
    (folder / "a\nkept     shop").mkdir(parents=True)
    (folder / "a\nkept     shop/b").touch()
    (folder / "shipyard.yaml").write_text(SHIPYARD)
    assert "kept     shop/b" not in run("import", folder, "--name", "shop")[1].splitlines()


def test_the_default_branch_is_the_repositorys_own(run, sources, remote):
    """Keptn's was `master` (jobs.md 6)."""
    remote.commit(OURS, "master")
    git("--git-dir", remote.folder, "symbolic-ref", "HEAD", "refs/heads/master")
    assert 0 == run("import", remote.folder, "--name", "shop")[0]
    assert ["master"] == [one.branch for one in read_list(sources / "git.yaml").projects]


def test_what_is_neither_folder_nor_repository_is_said_so(run):
    """Before anything is asked."""
    assert "there is no such folder" in run("import", "gone")[1]
