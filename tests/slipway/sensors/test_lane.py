"""Waiting for a lane."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred
from slipway import lane
from slipway.sensors.lane import LaneSensor, SequenceOver
from slipway.task_report import TaskFailed
from slipway_core.keptn.lanes import LATEST_WINS, PARKED, RUNNING, WAITING, Entry, Place, Run, Standing
from slipway_core.records import Cancellation, RecordsUnavailable

from tests.slipway.conftest import NOON, START

HERE = Run("shop.qa.delivery", "manual__1")
OTHER = Run("shop.qa.delivery", "manual__0")
CARTS = Place("shop", "qa", "carts")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def context(context, ti):
    """What `execute` gets in the lane's task."""
    ti.task_id = "slipway_lane"
    return context


@pytest.fixture
def held(records):
    """Another run that holds the lane."""
    records.lanes.enter(CARTS, Entry(OTHER, "ctx-0", NOON - MINUTE))
    assert Standing(RUNNING) == records.lanes.take(OTHER)


def test_a_free_lane_is_taken_at_once(context, records):
    """And taken once: a retry goes on."""
    for _ in range(2):
        LaneSensor(task_id="slipway_lane").execute(context)
        assert Standing(RUNNING) == records.lanes.standing(HERE)


def test_a_lane_that_is_held_is_waited_for_without_a_worker(context, records, held):
    """The page links to the run ahead."""
    with pytest.raises(TaskDeferred) as deferred:
        LaneSensor(task_id="slipway_lane").execute(context)
    assert (HERE, "execute") == (deferred.value.trigger.awaited, deferred.value.method_name)
    assert None is deferred.value.timeout
    assert context["ti"].pushed("run_ahead").endswith("/dags/shop.qa.delivery/runs/manual__0")
    records.lanes.leave(OTHER)
    LaneSensor(task_id="slipway_lane").execute(context, event="changed")
    assert Standing(RUNNING) == records.lanes.standing(HERE)


def test_an_older_run_that_waits_ends_when_the_latest_wins(context, records, held):
    """With a message that names the newer one."""
    with pytest.raises(TaskDeferred):
        LaneSensor(task_id="slipway_lane", policy=LATEST_WINS).execute(context)
    newer = Run("shop.qa.delivery", "manual__2")
    records.lanes.enter(CARTS, Entry(newer, "ctx-2", NOON + MINUTE), LATEST_WINS)
    with pytest.raises(SequenceOver, match=r"A newer run goes instead of this one .*: manual__2 of shop\.qa"):
        LaneSensor(task_id="slipway_lane", policy=LATEST_WINS).execute(context, event="changed")


def test_a_run_that_was_cancelled_before_it_began_does_not_begin(context, records):
    """It is not tried again."""
    records.cancellations.store(Cancellation("ctx-1", "qa", NOON + MINUTE, "ann"))
    with pytest.raises(SequenceOver, match="Cancelled by ann"):
        LaneSensor(task_id="slipway_lane").execute(context)


def test_a_run_that_is_cleared_after_it_was_cancelled_begins(context, records):
    """It counts as triggered when it was started anew."""
    records.cancellations.store(Cancellation("ctx-1", "qa", NOON + MINUTE, "ann"))
    again = {**START, "clear_number": 1, "start_date": NOON + 2 * MINUTE}
    LaneSensor(task_id="slipway_lane").execute({**context, "dag_run": SimpleNamespace(**again)})
    assert Standing(RUNNING) == records.lanes.standing(HERE)


def test_records_that_are_away_are_asked_again(context, monkeypatch, tmp_path):
    """Not an outcome: nothing is deployed beside another run meanwhile."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}")
    with pytest.raises(RecordsUnavailable):
        LaneSensor(task_id="slipway_lane").execute(context)


def test_input_that_was_marked_by_hand_is_said(context, make_ti):
    """There is no service to wait for."""
    with pytest.raises(TaskFailed, match="Clear it instead"):
        LaneSensor(task_id="slipway_lane").execute({**context, "ti": make_ti("slipway_lane")})


def test_a_parked_run_holds_no_lane_and_comes_back(context, records):
    """As an approval does it."""
    LaneSensor(task_id="slipway_lane").execute(context)
    lane.park(context)
    assert PARKED == records.lanes.standing(HERE).state
    LaneSensor(task_id="slipway_lane_1").execute(context)
    assert Standing(RUNNING) == records.lanes.standing(HERE)


def test_a_task_of_somebody_elses_dag_parks_nothing(context, make_ti, monkeypatch, tmp_path):
    """It needs no records at all."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}")
    lane.park({**context, "ti": make_ti("approval")})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, NOON),
        ({"clear_number": 1}, NOON + MINUTE),
        ({"run_type": "backfill"}, NOON + MINUTE),
        ({"run_type": "backfill", "start_date": None}, NOON),
    ],
)
def test_a_run_counts_from_its_trigger(changed, expected):
    """One that runs for a day in the past, or anew, does not jump the queue."""
    run = SimpleNamespace(**{**START, "start_date": NOON + MINUTE, **changed})
    assert expected == lane.triggered_at(run)


def test_those_who_wait_know_how_many_are_before_them(records, held, context):
    """A hundred may wait."""
    for number in range(100):
        run = Run("shop.qa.delivery", f"later {number}")
        records.lanes.enter(CARTS, Entry(run, f"ctx later {number}", NOON + number * MINUTE))
    standings = records.lanes.standings()
    assert (WAITING, 100) == standings[Run("shop.qa.delivery", "later 99")][:2]
