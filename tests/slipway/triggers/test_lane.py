"""Whoever waits looks for itself."""

import asyncio
import time
from datetime import timedelta

import pytest
from airflow.triggers.base import TaskSuccessEvent
from slipway.triggers import lane
from slipway.triggers.lane import LaneTrigger
from slipway_core.keptn.lanes import LATEST_WINS, RUNNING, Entry, Place, Run, Standing
from slipway_core.records.lanes import Lanes

from tests.slipway.conftest import NOON

CARTS = Place("shop", "qa", "carts")
RUNS = [Run("shop.qa.delivery", f"run {number}") for number in range(100)]
ENTRIES = [Entry(run, f"ctx {number}", NOON + timedelta(minutes=number)) for number, run in enumerate(RUNS)]


@pytest.fixture(autouse=True)
def airflow(monkeypatch):
    """What Airflow says of runs: which of them are alive. Everything happens at once."""
    alive = set(RUNS)

    def count(dag_id, run_ids, states):
        assert ["queued", "running"] == states
        return sum(Run(dag_id, run_id) in alive for run_id in run_ids)

    monkeypatch.setattr(lane.RuntimeTaskInstance, "get_dr_count", staticmethod(count))
    monkeypatch.setattr(lane, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(lane, "ASK_EVERY", 0.02)
    monkeypatch.setattr(lane, "SHORTEST_DEFERRAL", 0.0)
    return alive


def trigger(number):
    return LaneTrigger(**RUNS[number]._asdict(), since=time.time())


async def fired(number):
    """Return the number of a run and its first event."""
    return number, await anext(trigger(number).run())


async def within(awaited, seconds=10.0):
    return await asyncio.wait_for(awaited, seconds)


def enter(records, count, policy="fifo"):
    """Let runs enter; the first takes its turn."""
    records.lanes.enter(CARTS, ENTRIES[0])
    assert Standing(RUNNING) == records.lanes.take(RUNS[0])
    for entry in ENTRIES[1:count]:
        records.lanes.enter(CARTS, entry, policy)


def test_a_trigger_comes_back_from_the_database_as_it_was():
    """A restarted triggerer makes it anew."""
    path, arguments = LaneTrigger(dag_id="d", run_id="r", since=5.0).serialize()
    assert "slipway.triggers.lane.LaneTrigger" == path
    assert (path, arguments) == LaneTrigger(**arguments).serialize()


def test_the_turn_is_taken_when_the_lane_gets_free(records):
    """And the task ends without a worker."""
    enter(records, 2)

    async def story():
        waiting = asyncio.ensure_future(fired(1))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await asyncio.to_thread(records.lanes.leave, RUNS[0])
        return await within(waiting)

    _, event = asyncio.run(story())
    assert isinstance(event, TaskSuccessEvent)
    assert Standing(RUNNING) == records.lanes.standing(RUNS[1])


def test_a_trigger_that_is_made_anew_finds_its_turn_taken(records):
    """The triggerer died between taking it and saying so."""
    enter(records, 1)
    assert isinstance(asyncio.run(within(fired(0)))[1], TaskSuccessEvent)


def test_a_hundred_take_their_turns_in_order(records, monkeypatch):
    """All look with one look."""
    looks = []
    look = Lanes.standings
    monkeypatch.setattr(Lanes, "standings", lambda self: looks.append(1) or look(self))
    enter(records, 100)
    order = []

    async def run(number):
        await fired(number)
        order.append(number)
        await asyncio.to_thread(records.lanes.leave, RUNS[number])

    async def story():
        waiting = asyncio.gather(*(run(number) for number in reversed(range(1, 100))))
        await asyncio.to_thread(records.lanes.leave, RUNS[0])
        await within(waiting, 60.0)

    asyncio.run(story())
    assert list(range(1, 100)) == order
    assert len(looks) < 500


def test_a_run_that_is_gone_frees_its_lane(records, airflow):
    """Deleted, killed, marked: nobody has to tell."""
    enter(records, 2)
    airflow.remove(RUNS[0])
    assert isinstance(asyncio.run(within(fired(1)))[1], TaskSuccessEvent)


def test_one_that_is_gone_while_it_was_next_holds_nobody_up(records, airflow):
    """The second looks after the first."""
    enter(records, 3)
    airflow.remove(RUNS[1])
    records.lanes.leave(RUNS[0])
    assert isinstance(asyncio.run(within(fired(2)))[1], TaskSuccessEvent)


def test_a_run_that_lives_keeps_its_lane(records, airflow, monkeypatch):
    """Also when Airflow cannot say."""
    enter(records, 2)

    def fail(**_):
        raise ConnectionError("away")

    async def story():
        with pytest.raises(TimeoutError):
            await within(fired(1), 0.3)

    asyncio.run(story())
    monkeypatch.setattr(lane.RuntimeTaskInstance, "get_dr_count", staticmethod(fail))
    asyncio.run(story())
    assert Standing(RUNNING) == records.lanes.standing(RUNS[0])


def test_who_is_superseded_or_forgotten_is_woken(records):
    """The task itself says what happened, or enters again."""
    enter(records, 3, LATEST_WINS)
    assert "changed" == asyncio.run(within(fired(1)))[1].payload
    records.lanes.leave(RUNS[2])
    assert "changed" == asyncio.run(within(fired(2)))[1].payload


def test_a_task_is_not_woken_at_once(records, monkeypatch):
    """The scheduler might not have seen the worker leave, and would fail it."""
    monkeypatch.setattr(lane, "SHORTEST_DEFERRAL", 0.4)
    begun = time.monotonic()
    asyncio.run(within(fired(1)))
    assert time.monotonic() - begun >= 0.3


def test_records_that_are_away_are_waited_for(records, monkeypatch):
    """The wait goes on when they are back."""
    enter(records, 2)

    async def story():
        monkeypatch.setenv("SLIPWAY_RECORDS_URL", "sqlite:////proc/nothing/records.db")
        waiting = asyncio.ensure_future(fired(1))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        monkeypatch.setattr(lane, "open_records", lambda: records)
        await asyncio.to_thread(records.lanes.leave, RUNS[0])
        return await within(waiting)

    assert isinstance(asyncio.run(story())[1], TaskSuccessEvent)
