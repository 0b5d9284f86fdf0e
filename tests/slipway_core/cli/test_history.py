"""`slipway history` and `slipway invalidate`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from slipway_core.cli.main import cli
from slipway_core.keptn.problems import SlipwayError
from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.inputs import read_history
from slipway_core.quality_gate.values import Answer, Scope, SliValue
from slipway_core.records import NewEvaluation, open_records

SLO = "objectives: [{sli: time, pass: [{criteria: ['<100']}]}]\ntotal_score: {pass: '90%'}\n"


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """Three evaluations of two stages; the last one failed."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")
    evaluations = open_records().evaluations
    stored = []
    for number, (stage, value) in enumerate([("qa", 50.0), ("production", 60.0), ("qa", 700.0)]):
        data = evaluate(Scope("shop", stage, "carts"), SLO, Answer((SliValue("time", value, True),)), []).data()
        time = datetime(2024, 1, 1, 10, number, tzinfo=UTC)
        new = NewEvaluation(context="c", data=data, started=time - timedelta(seconds=1), finished=time)
        stored.append(evaluations.store(new))
    return stored


def run(*arguments):
    """Run the command line; return exit code and output."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    if isinstance(result.exception, SlipwayError):
        return 1, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_history_lists_the_newest_first(stored):
    """With what people look for in one line each."""
    code, output = run("history", "shop")
    lines = [line.split() for line in output.splitlines() if line.strip() and "─" not in line]
    expected = [
        ["id", "time", "stage", "service", "result", "score", "invalidated"],
        [stored[2].id[:8], "2024-01-01", "10:02:00", "qa", "carts", "fail", "0"],
        [stored[1].id[:8], "2024-01-01", "10:01:00", "production", "carts", "pass", "100"],
        [stored[0].id[:8], "2024-01-01", "10:00:00", "qa", "carts", "pass", "100"],
        ["Times", "are", "UTC."],
    ]
    assert (0, expected) == (code, lines)


def test_history_picks_stage_and_number(stored):
    """And names the project where none was said."""
    _, output = run("history", "--stage", "qa", "--limit", "1")
    assert ("shop" in output, stored[2].id[:8] in output, stored[0].id[:8] in output) == (True, True, False)
    assert "No evaluation is there yet." in run("history", "elsewhere")[1]


def test_json_is_what_verdict_reads(stored):
    """The invalidated one is known as such."""
    run("invalidate", stored[2].id, "--why", "no network")
    _, output = run("history", "shop", "--stage", "qa", "--format", "json")
    read = list(read_history(output.splitlines(), Scope("shop", "qa", "carts"), "history.jsonl"))
    expected = [(stored[2].id, stored[2].finished, "fail", True), (stored[0].id, stored[0].finished, "pass", False)]
    assert expected == [(one.id, one.time, one.result, one.invalidated) for one in read]
    assert "no network" == json.loads(output.splitlines()[0])["invalidation"]["why"]


def test_invalidate_takes_the_short_id_and_says_what_it_took(stored, monkeypatch):
    """A second time says who was first."""
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    code, output = run("invalidate", stored[0].id[:8], "--why", "no [red]network")
    assert (0, f"shop/qa/carts {stored[0].id} (pass, score 100) is out of later baselines.\n") == (code, output)
    assert "was taken out already, by ann on " in run("invalidate", stored[0].id[:8], "--why", "again")[1]
    assert "ann: no [red]network" in run("history", "shop")[1]


def test_invalidate_needs_a_reason_and_an_id_that_is_there(stored):
    """Each is said."""
    assert "Missing option '--why'" in run("invalidate", stored[0].id)[1]
    assert "say why in a few words" in run("invalidate", stored[0].id, "--why", " ")[1]
    assert (1, True) == ((found := run("invalidate", "00000000-x", "--why", "w"))[0], "slipway history" in found[1])


@pytest.mark.parametrize("command", ["history", "invalidate"])
def test_the_help_has_examples(command):
    """Help that teaches."""
    code, output = run(command, "--help")
    assert (0, True) == (code, f"./slipway {command} " in output)
