"""One running sequence per project, stage and service, on a running Airflow (sequences.md R46 to R49)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from slipway_cluster import processes
from slipway_core.keptn.lanes import PARKED, RUNNING, WAITING, Run, Standing
from slipway_core.records import Records, open_records
from slipway_local import sessions
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import answer, approval_of_run, open_approvals
from slipway_local.cancel import cancel

from tests.end_to_end.conftest import within

PROJECT = "e2elanes"
# Nothing in it touches a cluster; what takes time is a delay.
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: {PROJECT}
spec:
  stages:
    - name: qa
      sequences:
        - name: delivery
          tasks:
            - name: release
              triggeredAfter: 12s
        - name: announce
          tasks:
            - name: release
        - name: rollback
          triggeredOn:
            - event: qa.delivery.finished
              selector:
                match:
                  result: fail
          tasks:
            - name: release
    - name: production
      sequences:
        - name: delivery
          tasks:
            - name: approval
            - name: release
"""
QA, ANNOUNCE, ROLLBACK = (f"{PROJECT}.qa.{name}" for name in ("delivery", "announce", "rollback"))
PRODUCTION = f"{PROJECT}.production.delivery"
# A service each test, so that none meets the lanes of another.
SERVICES = ("order", "beside", "approval", "failing", "marked", "deleted", "cancelled", "cleared", "kept", "restarted")
SETTLED = 3.0  # Airflow loses a task now and then that is answered the moment it begins to wait


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project of two stages and many services."""
    for service in SERVICES:
        (sources / PROJECT / service).mkdir(parents=True, exist_ok=True)
        (sources / PROJECT / service / "values.yaml").write_text("")
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    for dag_id in (QA, ANNOUNCE, ROLLBACK, PRODUCTION):
        api.wait_for_dag(dag_id)


@pytest.fixture(scope="module")
def records(airflow: LocalAirflow) -> Records:
    """Return the records of the test's Airflow."""
    return open_records((airflow.folder / "records-url").read_text())


def start(api: AirflowApi, dag_id: str, service: str) -> Run:
    """Start a run by hand."""
    return Run(dag_id, api.trigger(dag_id, {"service": service})["dag_run_id"])


def tasks(api: AirflowApi, run: Run) -> dict[str, Mapping[str, Any]]:
    """Return the tasks of a run by their ids."""
    return {task["task_id"]: task for task in api.task_instances(*run)}


def state_of(records: Records, run: Run) -> str:
    """Return the state of a run in its lane; empty when it is in none."""
    standing = records.lanes.standing(run)
    return standing.state if standing else ""


def held(api: AirflowApi, run: Run, first: str = "slipway_wait_0") -> tuple[datetime, datetime]:
    """Return from when until when a run worked: its first task behind the lane, and the end of its last one."""
    found = tasks(api, run)
    return (
        datetime.fromisoformat(found[first]["start_date"]),
        datetime.fromisoformat(found["slipway_finish"]["end_date"]),
    )


def followers(api: AirflowApi, run: Run) -> list[Run]:
    """Return the rollbacks that a run has started."""
    parents = {
        one["dag_run_id"]: (((one["conf"] or {}).get("slipway") or {}).get("parent") or {}).get("run_id")
        for one in api.dag_runs(ROLLBACK)
    }
    return [Run(ROLLBACK, name) for name, parent in parents.items() if parent == run.run_id]


def ends(api: AirflowApi, *runs: Run) -> list[str]:
    """Wait for the end of runs and return their states."""
    return [api.wait_for_run(*run, timeout=240)["state"] for run in runs]


def test_runs_of_one_service_work_one_after_the_other(api: AirflowApi, records: Records) -> None:
    """R46: in the order of their triggers, whatever the sequence is called (R47). Waiting holds no worker."""
    first = start(api, QA, "order")
    assert within(60, lambda: state_of(records, first) == RUNNING)
    second, third = start(api, QA, "order"), start(api, ANNOUNCE, "order")
    assert within(60, lambda: records.lanes.standing(third) == Standing(WAITING, 2, second))
    assert within(30, lambda: tasks(api, second)["slipway_lane"]["state"] == "deferred")
    link = f"dags/{second.dag_id}/dagRuns/{second.run_id}/taskInstances/slipway_lane/links"
    assert first.run_id in api.get(link)["extra_links"]["Run ahead"]
    assert ends(api, first, second, third) == ["success"] * 3
    spans = [held(api, first), held(api, second), held(api, third, "release")]
    for before, after in pairwise(spans):
        assert before[1] <= after[0]
        print(f"Lane freed → next task runs: {(after[0] - before[1]).total_seconds():.1f} s")
    assert "Place 1 in the lane" in api.logs(*second, "slipway_lane")
    assert [state_of(records, run) for run in (first, second, third)] == [""] * 3


def test_another_stage_is_not_held_up(api: AirflowApi, records: Records) -> None:
    """R47; another service is not, either."""
    here = start(api, QA, "beside")
    assert within(60, lambda: state_of(records, here) == RUNNING)
    there, other = start(api, PRODUCTION, "beside"), start(api, ANNOUNCE, "cleared")
    assert within(30, lambda: state_of(records, there) in (RUNNING, PARKED))
    assert ends(api, other) == ["success"]
    assert state_of(records, here) == RUNNING
    api.patch(f"dags/{PRODUCTION}/dagRuns/{there.run_id}", {"state": "failed"})
    assert ends(api, here, there) == ["success", "failed"]
    assert within(30, lambda: state_of(records, there) == "")


def test_who_waits_for_a_person_is_overtaken(api: AirflowApi, records: Records) -> None:
    """R48: two approvals are open at once, and the newer one may be released first."""
    older, newer = (start(api, PRODUCTION, "approval") for _ in range(2))
    assert within(90, lambda: all(open_approvals(api, *run) for run in (older, newer)))
    assert {PARKED} == {state_of(records, run) for run in (older, newer)}
    for run in (newer, older):
        time.sleep(SETTLED)
        answer(api, approval_of_run(api, *run), "Approve")
        assert ends(api, run) == ["success"]
        assert tasks(api, run)["slipway_lane_1"]["state"] == "success"


def test_a_delivery_that_waits_goes_before_the_rollback_of_the_one_that_failed(
    api: AirflowApi, records: Records
) -> None:
    """R49."""
    failing = start(api, QA, "failing")
    assert within(60, lambda: tasks(api, failing)["slipway_wait_0"]["state"] == "deferred")
    waiting = start(api, QA, "failing")
    assert within(60, lambda: records.lanes.standing(waiting) == Standing(WAITING, 1, failing))
    path = f"dags/{QA}/dagRuns/{failing.run_id}/taskInstances/slipway_wait_0"
    api.patch(path, {"new_state": "failed"})
    assert ends(api, failing, waiting) == ["failed", "success"]
    [back] = followers(api, failing)
    assert ends(api, back) == ["failed"]  # a release passes on the result that came in
    assert held(api, waiting)[1] <= held(api, back, "release")[0]


def test_a_run_that_is_marked_frees_its_lane(api: AirflowApi, records: Records) -> None:
    """Also one that waits."""
    first, second, third = (start(api, QA, "marked") for _ in range(3))
    assert within(90, lambda: records.lanes.standing(third) == Standing(WAITING, 2, second))
    assert within(30, lambda: tasks(api, third)["slipway_lane"]["state"] == "deferred")
    api.patch(f"dags/{QA}/dagRuns/{second.run_id}", {"state": "failed"})
    api.patch(f"dags/{QA}/dagRuns/{first.run_id}", {"state": "failed"})
    assert within(30, lambda: state_of(records, third) == RUNNING)
    assert ends(api, first, second, third) == ["failed", "failed", "success"]


def test_a_run_that_is_gone_frees_its_lane(api: AirflowApi, records: Records) -> None:
    """Whoever waits finds out; here by a run that holds a lane in the records only."""
    gone, waiting = start(api, ANNOUNCE, "deleted"), None
    assert ends(api, gone) == ["success"]
    api.delete(f"dags/{ANNOUNCE}/dagRuns/{gone.run_id}")
    first = start(api, QA, "deleted")
    assert within(60, lambda: state_of(records, first) == RUNNING)
    [kept] = [one for one in records.lanes.all() if one.entry.run == first]
    # As a worker and a scheduler leave it that are killed at the worst moment.
    records.lanes.leave(first)
    records.lanes.enter(kept.place, kept.entry._replace(run=gone))
    assert records.lanes.take(gone) == Standing(RUNNING)
    waiting = start(api, ANNOUNCE, "deleted")
    assert within(60, lambda: state_of(records, waiting) == WAITING)
    assert ends(api, waiting, first) == ["success", "success"]
    assert state_of(records, gone) == ""


def test_a_context_that_is_cancelled_ends_and_nothing_follows(api: AirflowApi, records: Records) -> None:
    """Result fail, status aborted (R33); not even the rollback comes, and the lane is free."""
    running, waiting = (start(api, QA, "cancelled") for _ in range(2))
    assert within(60, lambda: records.lanes.standing(waiting) == Standing(WAITING, 1, running))
    assert within(60, lambda: tasks(api, running)["slipway_wait_0"]["state"] == "deferred")
    context = api.xcom(*running, "slipway_begin", "triggered")["context"]
    assert cancel(api, records, context, why="wrong image") == [running]
    assert ends(api, running, waiting) == ["failed", "success"]
    finished = api.xcom(*running, "slipway_result", "finished")
    assert (finished["data"]["result"], finished["data"]["status"]) == ("fail", "aborted")
    assert "wrong image" in finished["data"]["message"]
    assert followers(api, running) == []


def test_a_task_that_is_cleared_runs_in_its_lane_again(api: AirflowApi, records: Records) -> None:
    """After its sequence has ended: it waits for the one that runs now."""
    ended = start(api, ANNOUNCE, "cleared")
    assert ends(api, ended) == ["success"]
    running = start(api, QA, "cleared")
    assert within(60, lambda: state_of(records, running) == RUNNING)
    body = {"dry_run": False, "dag_run_id": ended.run_id, "task_ids": ["release"], "only_failed": False}
    api.post(f"dags/{ANNOUNCE}/clearTaskInstances", body)
    assert within(60, lambda: records.lanes.standing(ended) == Standing(WAITING, 1, running))
    assert ends(api, running, ended) == ["success", "success"]
    assert held(api, running)[1] <= held(api, ended, "release")[0]
    assert state_of(records, ended) == ""


def test_a_run_keeps_the_tasks_it_began_with(api: AirflowApi, sources: Path) -> None:
    """R52: while it waits for a person the shipyard gets another task."""
    run = start(api, PRODUCTION, "kept")
    assert within(60, lambda: open_approvals(api, *run) != [])
    try:
        (sources / PROJECT / "shipyard.yaml").write_text(f"{SHIPYARD}            - name: release\n")
        added = "release.2"
        assert within(90, lambda: added in {task["task_id"] for task in api.get(f"dags/{PRODUCTION}/tasks")["tasks"]})
        answer(api, approval_of_run(api, *run), "Approve")
        assert ends(api, run) == ["success"]
        assert added not in tasks(api, run)
    finally:
        (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)


def test_a_restart_while_runs_wait_loses_nothing(airflow: LocalAirflow, api: AirflowApi, records: Records) -> None:
    """Scheduler and triggerer are killed and come again; all run, in order."""
    runs = [start(api, QA, "restarted") for _ in range(3)]
    assert within(90, lambda: records.lanes.standing(runs[2]) == Standing(WAITING, 2, runs[1]))
    for part in ("scheduler", "triggerer"):
        leader = sessions.recorded(part, airflow.folder)
        processes.stop(part, airflow.folder, grace=0.1)
        sessions.end_session(leader, grace=0.1)
    airflow.up(print)
    assert ends(api, *runs) == ["success"] * 3
    spans = [held(api, run) for run in runs]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
