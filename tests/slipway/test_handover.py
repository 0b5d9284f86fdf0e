"""A finished sequence starts those that follow it."""

import re

import pytest
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException
from slipway.handover import StartFollower

PAYLOAD = {"project": "shop", "stage": "qa", "service": "carts", "labels": {"build": "42"}, "result": "pass"}
RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]+")  # Airflow's own rule


@pytest.fixture(autouse=True)
def _given(context, ti):
    """Each try of the task gets the same context; no run is there yet."""
    ti.context, ti.get_dr_count = context, lambda dag_id, run_ids: 0


def start(ti, result="pass", selector=None, tasks=None):
    """Run a handover after a sequence with this result; return what it asks of Airflow."""
    with pytest.raises(DagRunTriggerException) as raised:
        follower_of(ti, result, selector, tasks).execute(ti.context)
    return raised.value


def follower_of(ti, result="pass", selector=None, tasks=None):
    """Return the handover after a sequence with this result."""
    outcome = {"result": result, "status": "succeeded", "tasks": tasks or {"deployment": result}}
    ti.put("slipway_result", "finished", {"context": "ctx-1", "outcome": outcome, "payload": PAYLOAD, "data": {}})
    ti.task_id = "slipway_follow_0"
    return StartFollower(
        task_id=ti.task_id,
        trigger_dag_id="shop.production.delivery",
        follower_stage="production",
        item=0,
        selector=selector,
    )


def test_a_matching_sequence_is_started_with_the_whole_payload(ti):
    """In the follower's stage, with the context of the chain and the parent."""
    asked = start(ti)
    assert "shop.production.delivery" == asked.trigger_dag_id
    parent = {"dag_id": "shop.qa.delivery", "run_id": "manual__1", "item": 0}
    handover = {"context": "ctx-1", "payload": {**PAYLOAD, "stage": "production"}, "parent": parent}
    assert timezone.parse(asked.conf["slipway"]["parent"].pop("at")) <= timezone.utcnow()
    assert {"service": "carts", "slipway": handover} == asked.conf
    assert None is asked.logical_date


def test_the_same_start_has_the_same_run_id(ti):
    """R50: so a repeated one is left alone by Airflow."""
    first, second = start(ti), start(ti)
    assert first.dag_run_id == second.dag_run_id
    assert RUN_ID.fullmatch(first.dag_run_id)
    assert first.skip_when_already_exists


def test_a_try_after_one_that_was_killed_ends_well(ti):
    """Whether or not that one had come to the start: Airflow itself would skip a task whose run is there already."""
    first = start(ti)
    runs = []
    ti.get_dr_count = lambda dag_id, run_ids: runs.append((dag_id, run_ids)) or len(runs) - 1
    assert first.dag_run_id == start(ti).dag_run_id
    follower_of(ti).execute(ti.context)
    assert [("shop.production.delivery", [first.dag_run_id])] * 2 == runs


def test_a_cleared_handover_leaves_the_run_to_airflow(ti):
    """It is no other try of the same work: the run that exists is left alone, and the page says so."""
    first = start(ti)
    ti.context["dag_run"].clear_number = 1
    assert first.dag_run_id == start(ti).dag_run_id


def test_another_run_of_the_parent_starts_another_run(ti):
    """A sequence that follows itself needs a second round."""
    first = start(ti)
    ti.run_id = "manual__2"
    assert first.dag_run_id != start(ti).dag_run_id


def test_the_runs_link_to_each_other(ti):
    """By the note on the new one and the link on the task."""
    asked = start(ti)
    assert "Follows [shop.qa.delivery](http://127.0.0.1:8080/dags/shop.qa.delivery/runs/manual__1)" == asked.note
    expected = f"http://127.0.0.1:8080/dags/shop.production.delivery/runs/{asked.dag_run_id}"
    assert expected == ti.pushed("started_run")


def test_the_note_fits_into_airflows_column(ti):
    """At most 1000 characters, with the longest ids there can be."""
    ti.dag_id, ti.run_id = "d" * 250, "r" * 250
    assert len(start(ti).note) < 1000


@pytest.mark.parametrize(
    ("result", "selector", "tasks"),
    [
        ("warning", None, None),
        ("fail", {"result": "fail"}, None),
        ("fail", {"result": "failed"}, None),
        ("pass", {"evaluation.result": "pass"}, {"evaluation": "pass"}),
    ],
)
def test_a_selector_that_matches_starts_the_run(ti, result, selector, tasks):
    """Rules of sequences.md 4 with decisions.md."""
    assert start(ti, result, selector, tasks).dag_run_id


@pytest.mark.parametrize(
    ("result", "selector", "tasks"),
    [
        ("fail", None, None),
        ("pass", {"result": "fail"}, None),
        ("warning", {"result": "pass"}, None),
        ("fail", {"evaluation.result": "pass"}, {"evaluation": "pass"}),
    ],
)
def test_a_selector_that_does_not_match_skips(ti, result, selector, tasks):
    """A failed sequence never starts what asks for pass."""
    with pytest.raises(AirflowSkipException, match=result):
        start(ti, result, selector, tasks)


def test_nothing_follows_a_sequence_that_could_not_begin(make_ti):
    """Its result is empty."""
    follower = StartFollower(task_id="f", trigger_dag_id="shop.production.delivery", follower_stage="p", item=0)
    with pytest.raises(AirflowSkipException, match="could not begin"):
        follower.execute({"ti": make_ti()})


def test_nothing_follows_a_sequence_that_was_cancelled(ti):
    """Not even what waits for a failure (decisions on R33)."""
    outcome = {"result": "fail", "status": "aborted", "tasks": {}}
    finished = {"context": "ctx-1", "outcome": outcome, "payload": PAYLOAD, "data": {}, "over": "Cancelled by ann."}
    ti.put("slipway_result", "finished", finished)
    follower = StartFollower(
        task_id="slipway_follow_0",
        trigger_dag_id="shop.qa.rollback",
        follower_stage="qa",
        item=0,
        selector={"result": "fail"},
    )
    with pytest.raises(AirflowSkipException, match=r"Cancelled by ann\. Nothing follows\."):
        follower.execute({"ti": ti})
