"""The command line `./slipway cluster`."""

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from slipway_cluster import access, commands
from slipway_cluster.commands import cluster
from slipway_cluster.target import embedded_target


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder of the test's own."""
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path))


@pytest.mark.parametrize("command", ["up", "down", "delete"])
def test_without_root_one_line_says_what_to_do(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, exit code 1."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    result = CliRunner().invoke(cluster, [command])
    assert 1 == result.exit_code
    assert "needs root" in result.output
    assert "./slipway cluster use" in result.output


@pytest.mark.parametrize("command", ["up", "down", "delete", "status"])
def test_every_command_says_which_cluster_it_works_on(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it does anything."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "Cluster: slipway-embedded" in CliRunner().invoke(cluster, [command]).output.splitlines()[0]


def test_use_wants_file_and_context() -> None:
    """A file alone could mean its current context, which changes behind one's back."""
    result = CliRunner().invoke(cluster, ["use", "--kubeconfig", "f"])
    assert 2 == result.exit_code
    assert "--context" in result.output


def test_status_of_a_cluster_that_is_down_says_how_to_start_it() -> None:
    """And the exit code tells scripts."""
    result = CliRunner().invoke(cluster, ["status"])
    assert 1 == result.exit_code
    assert "./slipway cluster up" in result.output


def test_grant_adopts_a_namespace_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person asked for it by name; the publisher may not."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(access, "grant", lambda *_, **options: asked.update(options) or {})
    monkeypatch.setattr(commands, "current_target", embedded_target)
    result = CliRunner().invoke(cluster, ["grant", "shop", "qa"])
    assert (0, {"adopt": True}) == (result.exit_code, asked)
