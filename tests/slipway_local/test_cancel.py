"""Ending what runs for a context, with a stand-in for Airflow."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from slipway_core.keptn.lanes import Entry, Place, Run
from slipway_core.records import Records
from slipway_local import cancel as module
from slipway_local.api import AirflowApi
from slipway_local.cancel import NothingToCancel, cancel
from slipway_local.errors import ApiError, NotReady

QA, PRODUCTION = Run("shop.qa.delivery", "one"), Run("shop.production.delivery", "two")


class Airflow:
    """Knows runs and the states of their tasks; a run ends, and leaves its lane, when a task was marked as failed."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.runs: dict[Run, dict[str, str]] = {}
        self.marked: list[tuple[str, str]] = []
        self.note = ""
        self.obeys = True
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/").split("/")
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "token"})
        run = Run(path[1], path[3])
        if run not in self.runs or self.status != 200:
            return httpx.Response(404 if self.status == 200 else self.status, json={"detail": "Airflow's own words"})
        tasks = self.runs[run]
        if request.method == "PATCH":
            return self._mark(run, path[5], json.loads(request.content))
        if len(path) == 4:
            return httpx.Response(200, json={"state": tasks.get("", "running")})
        found = [{"task_id": name, "state": state, "start_date": None} for name, state in tasks.items() if name]
        return httpx.Response(200, json={"task_instances": found, "total_entries": len(found)})

    def _mark(self, run: Run, task: str, body: dict[str, Any]) -> httpx.Response:
        assert body["new_state"] == "failed"
        self.note = body["note"]
        self.marked.append((run.run_id, task))
        if self.obeys:
            self.runs[run][task] = "failed"
            self.records.lanes.leave(run)
        return httpx.Response(200, json={})


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """Return records with two sequences of one context, in two stages."""
    records = Records(f"sqlite:///{tmp_path / 'records.db'}")
    for run, stage in ((QA, "qa"), (PRODUCTION, "production")):
        records.lanes.enter(Place("shop", stage, "carts"), Entry(run, "ctx", datetime.now(UTC)))
    return records


@pytest.fixture
def airflow(records: Records, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    """Return an Airflow in which both work on something."""
    monkeypatch.setattr(module, "_QUIET", 0.05)
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.01)
    airflow = Airflow(records)
    ours = {"slipway_begin": "success", "slipway_result": "none", "slipway_finish": "none"}
    airflow.runs[QA] = {**ours, "deployment": "success", "test": "running", "release": "none"}
    airflow.runs[PRODUCTION] = {**ours, "slipway_lane": "deferred"}
    return airflow


@pytest.fixture
def end(airflow: Airflow, records: Records) -> Callable[..., list[Run]]:
    """Cancel as user ann."""
    api = AirflowApi("http://airflow", "ann", "secret", transport=httpx.MockTransport(airflow))
    return lambda *arguments, **options: cancel(api, records, *arguments, **{"timeout": 5.0, **options})


def test_what_runs_and_what_waits_is_stopped(end, airflow, records):
    """By marking what Airflow works on, and nothing else; who and why stand on the task."""
    told: list[str] = []
    assert {QA, PRODUCTION} == set(end("ctx", why="wrong image", progress=told.append))
    assert {("one", "test"), ("two", "slipway_lane")} == set(airflow.marked)
    assert airflow.note.startswith("Cancelled by ann at ")
    assert airflow.note.endswith(": wrong image")
    assert "Ending http://airflow/dags/shop.qa.delivery/runs/one" in told
    assert () == records.lanes.all()


def test_the_order_is_recorded_before_anything_is_stopped(end, airflow, records):
    """A run that fails must know why, and one that was triggered before must not begin."""
    airflow.status = 503
    with pytest.raises(ApiError):
        end("ctx")
    assert records.cancellations.of("ctx", "qa", datetime.now(UTC) - timedelta(minutes=1))


def test_a_stage_may_be_named(end, airflow, records):
    """The others go on."""
    assert [PRODUCTION] == end("ctx", "production")
    assert [("two", "slipway_lane")] == airflow.marked
    assert [QA] == [kept.entry.run for kept in records.lanes.all()]


def test_a_run_that_has_ended_or_is_deleted_leaves_its_lane(end, airflow, records):
    """There is nothing to stop."""
    airflow.runs[QA][""] = "failed"
    del airflow.runs[PRODUCTION]
    assert {QA, PRODUCTION} == set(end("ctx"))
    assert ([], ()) == (airflow.marked, records.lanes.all())


def test_a_run_that_does_not_end_is_named(end, airflow):
    """With its page."""
    airflow.obeys = False
    with pytest.raises(NotReady, match=r"http://airflow/dags/shop.qa.delivery/runs/one"):
        end("ctx", timeout=0.1)


def test_nothing_to_cancel_is_said(end):
    """Most often it is a slip of the hand."""
    with pytest.raises(NothingToCancel, match="No sequence of context other in stage 'qa' runs or waits"):
        end("other", "qa")
