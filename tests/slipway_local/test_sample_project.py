"""The sample's repository follows the checkout, and never loses what others committed."""

from __future__ import annotations

import json
import subprocess

import pytest
from slipway_local import sample_project
from slipway_local.airflow import LocalAirflow
from slipway_local.sample_project import FOLDER
from slipway_local.settings import settings


def git(airflow: LocalAirflow, *words: str) -> str:
    """Ask the sample's repository."""
    argv = ["git", "-C", str(airflow.repositories / "fulltour.git"), *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_the_sample_is_in_its_repository_as_it_is_in_the_checkout(described: LocalAirflow) -> None:
    """Each file once; a second start adds no commit."""
    sample_project.fill(described, print)
    sample_project.fill(described, print)
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    assert there == set(git(described, "ls-tree", "-r", "--name-only", "main").split())
    assert (FOLDER / "shipyard.yaml").read_text() == git(described, "show", "main:shipyard.yaml")
    assert "1" == git(described, "rev-list", "--count", "main").strip()


def test_a_changed_sample_is_a_commit_more(described: LocalAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a pull of a newer Slipway; files that are gone, go."""
    sample_project.fill(described, print)
    monkeypatch.setattr(sample_project, "FOLDER", FOLDER / "helloservice")
    sample_project.fill(described, print)
    assert "slo.yaml" in git(described, "ls-tree", "-r", "--name-only", "main").split()
    assert "shipyard.yaml" not in git(described, "ls-tree", "-r", "--name-only", "main").split()
    assert "2" == git(described, "rev-list", "--count", "main").strip()


def test_commits_of_others_stay(described: LocalAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries something out in the sample does not lose it at the next start."""
    sample_project.fill(described, print)
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
    commit = git(described, *identity, "commit-tree", "main^{tree}", "-p", "main", "-m", "mine").strip()
    git(described, "update-ref", "refs/heads/main", commit)
    said: list[str] = []
    monkeypatch.setattr(sample_project, "FOLDER", FOLDER / "helloservice")
    sample_project.fill(described, said.append)
    assert commit == git(described, "rev-parse", "main").strip()
    assert "commits of yours" in said[0]


def test_its_connection_names_the_repository(described: LocalAirflow) -> None:
    """So that the list of projects in Git holds no port."""
    connection = json.loads(settings(described)["AIRFLOW_CONN_SLIPWAY_SAMPLE"])
    assert ("git", f"{described.git_address}/fulltour.git") == (connection["conn_type"], connection["host"])
