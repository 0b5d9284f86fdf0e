"""Real Git repositories on local paths, and a small world that publishes from them."""

import os
import subprocess
from pathlib import Path

import pytest
from slipway_core.publish import load
from slipway_core.publish.publisher import publish_once
from slipway_core.publish.remote.keeper import GitProjects

FIXTURE = Path(__file__).parents[2] / "fixtures" / "project"
SHIPYARD = (FIXTURE / "shipyard.yaml").read_text()
CHART = (FIXTURE / "carts/charts/carts.tgz").read_bytes()
QUIET = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(*arguments, stdin=None):
    """Run git; return what it said."""
    person = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"]
    argv = ["git", *person, *map(str, arguments)]
    return subprocess.run(argv, check=True, capture_output=True, env=QUIET, input=stdin).stdout.decode().strip()


class Remote:
    """A bare repository, written to without a checkout."""

    def __init__(self, folder):
        self.folder = folder
        git("init", "--quiet", "--bare", "--initial-branch=main", folder)

    def commit(self, files, branch="main", message="change"):
        """Put files over those of a branch; content ``None`` removes one. Return the commit."""
        run = ["--git-dir", self.folder]
        index = self.folder / "test-index"
        index.unlink(missing_ok=True)
        before = self.head(branch)
        env_index = {**QUIET, "GIT_INDEX_FILE": str(index)}
        lines = git(*run, "ls-tree", "-r", before).splitlines() if before else []
        lines += [self._line(path, content) for path, content in files.items()]
        stdin = "".join(f"{line}\n" for line in lines).encode()
        argv = ["git", *map(str, run), "update-index", "--index-info"]
        subprocess.run(argv, check=True, env=env_index, input=stdin, capture_output=True)
        argv = ["git", *map(str, run), "write-tree"]
        tree = subprocess.run(argv, check=True, env=env_index, capture_output=True).stdout.decode().strip()
        parents = ["-p", before] if before else []
        made = git(*run, "commit-tree", tree, *parents, "-m", message)
        git(*run, "update-ref", f"refs/heads/{branch}", made)
        return made

    def head(self, branch="main"):
        """Return the newest commit of a branch; empty when there is none."""
        return git("--git-dir", self.folder, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def paths(self, branch="main"):
        """Return the files of a branch."""
        return git("--git-dir", self.folder, "ls-tree", "-r", "--name-only", branch).splitlines()

    def text(self, path, branch="main"):
        """Return the text of a file."""
        return git("--git-dir", self.folder, "show", f"{branch}:{path}")

    def _line(self, path, content):
        if content is None:
            return f"0 {'0' * 40}\t{path}"
        mode, content = content if isinstance(content, tuple) else ("100644", content)
        if mode == "160000":
            return f"{mode} {content}\t{path}"
        data = content.encode() if isinstance(content, str) else content
        return f"{mode} {git('--git-dir', self.folder, 'hash-object', '-w', '--stdin', stdin=data)}\t{path}"


class GitWorld:
    """A list of projects in Git, and the published tree."""

    def __init__(self, folder):
        self.folder = folder
        self.sources, self.dags, self.store = folder / "sources", folder / "dags", folder / "published"
        for place in (self.sources, self.dags):
            place.mkdir()
        (self.dags / "deliveries.py").write_text("# airflow dag\n")
        self.projects = GitProjects(self.sources, folder / "published-git", lambda ids: self.credentials)
        self.credentials = {}

    def remote(self, name="origin"):
        """Make a repository."""
        return Remote(self.folder / f"{name}.git")

    def list(self, **entries):
        """Write the list: project → keys and values."""
        lines = ["projects:"]
        for name, entry in entries.items():
            lines += [f"  {name}:", *(f"    {key}: {value}" for key, value in entry.items())]
        (self.sources / "git.yaml").write_text("\n".join(lines) + "\n")

    def publish(self, look=True):
        """Look at the remotes and do one round."""
        if look:
            self.projects.look()
        return publish_once(self.sources, self.dags, self.store, {"deployment"}, self.projects.state())

    def states(self, look=True):
        """Do one round; return the state of each project."""
        return {one.name: one.state for one in self.publish(look).projects}

    def tree(self):
        """Return a checkout of what is published."""
        target = self.folder / f"clone-{len(list(self.folder.glob('clone-*')))}"
        git("clone", "--quiet", self.store, target)
        return target

    def files(self, project):
        """Return the published files of a project."""
        folder = self.tree() / "projects" / project
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())

    def refusal(self, project="shop"):
        """Return what the published tree says about a refused project."""
        (found,) = [one for one in load.refusals(self.tree()) if one.project == project]
        return load.render_refusals([found])


@pytest.fixture
def world(tmp_path):
    """No project yet."""
    return GitWorld(tmp_path)


OURS = {
    "shipyard.yaml": SHIPYARD,
    "carts/charts/carts.tgz": CHART,
    "stages/production/carts/values.yaml": "replicaCount: 2\n",
}
FOLDERS = {
    "shipyard.yaml": SHIPYARD,
    "metadata.yaml": "isUsingDirectoryStructure: false\n",
    "prometheus/sli.yaml": "spec_version: '1.0'\nindicators:\n  a: project\n",
    ".keptn-stages/qa/metadata.yaml": "stagename: qa\n",
    ".keptn-stages/qa/carts/metadata.yaml": "servicename: carts\n",
    ".keptn-stages/qa/carts/charts/carts.tgz": CHART,
    ".keptn-stages/production/metadata.yaml": "stagename: production\n",
    ".keptn-stages/production/carts/charts/carts.tgz": CHART,
}


CARTS = {"carts/metadata.yaml": "servicename: carts\n", "carts/charts/carts.tgz": CHART}
STAGES = dict.fromkeys(("qa", "production"), CARTS)


def by_branches(remote, shipyard=SHIPYARD, stages=STAGES):
    """Write a repository as Keptn made it by default: stage branches are older than the shipyard.

    :param stages: stage → files of its branch
    """
    remote.commit({"metadata.yaml": "isUsingDirectoryStructure: false\n"})
    for stage, files in stages.items():
        git("--git-dir", remote.folder, "update-ref", f"refs/heads/{stage}", remote.head())
        remote.commit(files, stage)
    remote.commit({"shipyard.yaml": shipyard})
    return remote
