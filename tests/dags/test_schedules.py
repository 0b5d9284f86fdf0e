"""Schedules of a slipway.yaml: a DAG for each, and for each service."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction

SHIPYARD = """
apiVersion: spec.keptn.sh/0.2.2
spec:
  stages:
    - name: qa
      sequences: [{name: nightly, tasks: [{name: release}]}]
    - name: production
      sequences: [{name: nightly, tasks: [{name: release}]}]
"""
SETTINGS = """
stages:
  qa:
    schedules:
      - {sequence: nightly, cron: "0 2 * * *", timezone: Europe/Berlin, timeframe: 30m, services: [carts]}
      - {sequence: nightly, cron: "@hourly", timeframe: 1h}
"""
FIRST = "shop.qa.nightly.schedule-1-carts"
SECOND = ["shop.qa.nightly.schedule-2-carts", "shop.qa.nightly.schedule-2-orders"]


@pytest.fixture
def tree(tmp_path, publish):
    """A published project with two schedules."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shipyard.yaml").write_text(SHIPYARD)
    (folder / "slipway.yaml").write_text(SETTINGS)
    return publish(folder)


def test_each_schedule_and_service_has_a_dag(tree, load):
    """Beside those of the sequences."""
    bag = load(tree)
    assert ({}, {}) == (bag.import_errors, bag.captured_warnings)
    assert {"shop.qa.nightly", "shop.production.nightly", FIRST, *SECOND} == set(bag.dags)


def test_a_schedule_is_found_by_its_names_and_never_overtakes_itself(tree, load):
    """Airflow makes up no runs that were missed."""
    dag = load(tree).dags[FIRST]
    assert {"shop", "qa", "nightly", "carts", "schedule"} == set(dag.tags)
    assert "shop.qa.nightly of carts, 0 2 * * * Europe/Berlin" == dag.dag_display_name
    assert (1, False, False) == (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation)


def test_a_schedule_has_the_tasks_of_its_sequence(tree, load):
    """In the same order; only its begin is another."""
    dags = load(tree).dags
    tasks, scheduled = (
        [(task.task_id, task.upstream_task_ids) for task in dags[one].topological_sort()]
        for one in ("shop.qa.nightly", FIRST)
    )
    assert tasks == scheduled
    assert "BeginScheduled" == type(dags[FIRST].get_task("slipway_begin")).__name__


def timetable(dag):
    """Return a DAG's timetable as the scheduler has it."""
    return DagSerialization.from_dict(DagSerialization.to_dict(dag)).timetable


@pytest.mark.parametrize(("month", "hour"), [(1, 1), (7, 0)])
def test_the_clock_is_read_where_the_schedule_says_and_the_window_looks_back(tree, load, month, hour):
    """Also when the clocks change in between: two in Berlin stays two in Berlin."""
    since = TimeRestriction(datetime(2026, month, 1, 12, tzinfo=UTC), None, True)
    after = timetable(load(tree).dags[FIRST]).next_dagrun_info(last_automated_data_interval=None, restriction=since)
    end = datetime(2026, month, 2, hour, tzinfo=UTC)
    assert (end - timedelta(minutes=30), end) == tuple(after.data_interval)


def test_no_run_is_made_for_a_moment_before_the_schedule_was_there(tree, load):
    """Nothing ran then that could be judged."""
    never = TimeRestriction(None, None, False)
    first = timetable(load(tree).dags[SECOND[0]]).next_dagrun_info(last_automated_data_interval=None, restriction=never)
    assert first.run_after > datetime.now(UTC)


@pytest.mark.parametrize("asked", [FIRST, SECOND[1], "shop.qa.nightly"])
def test_a_task_start_builds_only_its_own_dag(tree, load, monkeypatch, asked):
    """A schedule's too."""
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", asked)
    assert [asked] == list(load(tree).dags)


@pytest.mark.parametrize(("project", "loaded"), [("tour", "False"), ("shop", "True")])
def test_only_a_project_with_schedules_pays_for_them(tree, publish, project, loaded):
    """Nothing of it is imported otherwise."""
    tree = tree if project == "shop" else publish("tour", folder="other")
    code = (
        "import sys; from pathlib import Path; from slipway.sequence_dag import published_dags\n"
        "assert published_dags(Path(sys.argv[1]))\n"
        "print('slipway.schedule_dag' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tree], capture_output=True, text=True, check=True, env=os.environ
    )
    assert loaded == done.stdout.splitlines()[-1]
