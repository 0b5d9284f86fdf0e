"""A small world to publish in: sources with two projects, DAG files, a store; and the real git."""

import shutil
import subprocess
from pathlib import Path

import pytest
from slipway_core.publish import load
from slipway_core.publish.publisher import publish_once

FIXTURE = Path(__file__).parents[1] / "fixtures" / "project"
HANDLED = {"deployment", "evaluation", "test"}


class World:
    """Sources, DAG files and store below one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.sources, self.dags, self.store = folder / "sources", folder / "dags", folder / "state" / "published"
        self.dags.mkdir()
        (self.dags / "deliveries.py").write_text("# airflow dag\n")
        self.add("shop")
        self.add("blog")

    def add(self, name):
        """Add a good project."""
        return Path(shutil.copytree(FIXTURE, self.sources / name))

    def publish(self):
        """Do one round."""
        return publish_once(self.sources, self.dags, self.store, HANDLED)

    def states(self):
        """Do one round; return the state of each project."""
        return {one.name: one.state for one in self.publish().projects}

    def tree(self):
        """Return a fresh clone of what is published, as Airflow would have it."""
        target = self.folder / "clone"
        shutil.rmtree(target, ignore_errors=True)
        self.git("clone", "--quiet", str(self.store), str(target))
        return target

    def commits(self):
        """Return the number of commits."""
        return int(self.git("--git-dir", str(self.store), "rev-list", "--count", "main"))

    def refusal(self, project):
        """Return what the published tree says about a refused project, and its text."""
        (found,) = [one for one in load.refusals(self.tree()) if one.project == project]
        return found, load.render_refusals([found])

    def break_(self, project, text="apiVersion: spec.keptn.sh/0.2.2\nspec:\n  stages: []\n"):
        """Write a shipyard over that of a project."""
        (self.sources / project / "shipyard.yaml").write_text(text)

    @staticmethod
    def git(*arguments):
        """Run git."""
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def world(tmp_path):
    """Two good projects, not published yet."""
    return World(tmp_path)
