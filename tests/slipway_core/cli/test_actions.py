"""`slipway actions`."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from slipway_core.cli.main import cli
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import NewAction, Scaled, TaskRun, open_records


def run(*arguments):
    """Return what the command prints."""
    result = CliRunner().invoke(cli, ["actions", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def taken(tmp_path, monkeypatch):
    """An action that was done."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")
    actions = open_records().actions
    new = NewAction(
        context="c",
        project="shop",
        stage="qa",
        service="carts",
        run=TaskRun("shop.qa.remediation", "one", "action"),
        action="scale",
        value="+1",
        asked=datetime(2024, 1, 1, 10, tzinfo=UTC),
    )
    asked = actions.ask(new, HealingSettings())
    actions.finish(asked.id, "done", "Deployment carts: 1 → 2 replicas.", Scaled(1, 2, True))


def test_actions_are_listed_with_what_became_of_them(taken):
    """One line each."""
    output = run()
    for word in ("2024-01-01 10:00:00", "shop", "carts", "scale", "+1", "done", "1 → 2 replicas"):
        assert word in output
    assert "No action was asked for yet." in run("blog")


def test_actions_come_as_json_too(taken):
    """With the run that they belong to."""
    one = json.loads(run("shop", "--format", "json"))
    assert ("scale", "+1", "done", {"before": 1, "after": 2, "by_values": True}) == (
        one["action"], one["value"], one["state"], one["replicas"],
    )  # fmt: skip
    assert "shop.qa.remediation" == one["run"]["dag_id"]
