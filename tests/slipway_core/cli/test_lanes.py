"""`slipway lanes`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from slipway_core.cli.main import cli
from slipway_core.keptn.lanes import Entry, Place, Run
from slipway_core.records import open_records

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Empty records."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")
    return open_records().lanes


@pytest.fixture
def busy(kept):
    """A lane with one that runs, two that wait, one that asks a person; and another lane."""
    for number, name in enumerate(["asks", "runs", "second", "first"]):
        minute = {"second": 9}.get(name, number)
        run = Run("shop.qa.delivery", name)
        kept.enter(Place("shop", "qa", "carts"), Entry(run, f"ctx-{name}", NOON + timedelta(minutes=minute)))
        kept.take(run)
        if name == "asks":
            kept.park(run)
    kept.enter(Place("shop", "production", "carts"), Entry(Run("shop.production.delivery", "other"), "ctx", NOON))


def run(*arguments):
    """Return the lines of the output."""
    result = CliRunner().invoke(cli, ["lanes", *arguments])
    assert 0 == result.exit_code, result.output
    return [line.split() for line in result.output.splitlines() if line.strip() and "─" not in line]


def test_each_run_is_listed_at_its_place(busy):
    """Lane by lane, with what `./slipway cancel` needs."""
    lines = [line[:-2] for line in run("shop", "--stage", "qa")[1:-1]]
    assert [
        ["shop/qa/carts", "waits", "for", "a", "person", "shop.qa.delivery", "asks", "ctx-asks"],
        ["shop/qa/carts", "runs", "shop.qa.delivery", "runs", "ctx-runs"],
        ["shop/qa/carts", "waits,", "1", "shop.qa.delivery", "first", "ctx-first"],
        ["shop/qa/carts", "waits,", "2", "shop.qa.delivery", "second", "ctx-second"],
    ] == lines


def test_programs_read_it_as_json(busy):
    """One object a line, over all lanes."""
    result = CliRunner().invoke(cli, ["lanes", "--format", "json"])
    found = {one["run_id"]: one for one in map(json.loads, result.output.splitlines())}
    assert {"asks", "runs", "first", "second", "other"} == set(found)
    first = found["first"]
    assert ("waiting", 1, {"dag_id": "shop.qa.delivery", "run_id": "runs"}) == (
        first["state"],
        first["place"],
        first["ahead"],
    )


def test_nothing_is_said_to_be_nothing(kept):
    """Instead of an empty table."""
    assert [["No", "sequence", "runs", "or", "waits."]] == run()
