"""Lanes in a database: the same rules, one step at a time, whoever steps."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from slipway_core.keptn import lanes as model
from slipway_core.keptn.lanes import LATEST_WINS, POLICIES, RUNNING, WAITING, Entry, Place, Run, Standing
from slipway_core.records import Records

from tests.slipway_core.records.test_database import in_processes

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
CARTS, ORDERS = Place("shop", "qa", "carts"), Place("shop", "qa", "orders")


def entry(number=0, context=None):
    """Return a run, triggered a minute after the one with the number before."""
    run = Run("shop.qa.delivery", f"run {number}")
    return Entry(run, context or f"context {number}", NOON + timedelta(minutes=number))


def test_a_lane_comes_back_as_it_went_in(records):
    """With who is where, and since when."""
    first, second = entry(0), entry(1)
    assert Standing(WAITING, 1) == records.lanes.enter(CARTS, first)
    assert Standing(RUNNING) == records.lanes.take(first.run)
    assert Standing(WAITING, 1, first.run) == records.lanes.enter(CARTS, second)
    kept = records.lanes.all()
    assert [(CARTS, first.run, RUNNING, 1), (CARTS, second.run, WAITING, 2)] == [
        (one.place, one.entry.run, one.entry.state, one.entry.number) for one in kept
    ]
    assert NOON < kept[0].since <= datetime.now(UTC)
    assert (kept[1],) == records.lanes.all(second.context)
    assert {first.run: Standing(RUNNING), second.run: Standing(WAITING, 1, first.run)} == records.lanes.standings()


def test_other_services_are_not_held_up(records):
    """R47."""
    for place, one in ((CARTS, entry(0)), (ORDERS, entry(1))):
        records.lanes.enter(place, one)
        assert Standing(RUNNING) == records.lanes.take(one.run)


def test_who_is_in_no_lane_is_left_alone(records):
    """Leaving twice is no fault."""
    records.lanes.park(entry().run)
    records.lanes.leave(entry().run)
    assert (None, None) == (records.lanes.take(entry().run), records.lanes.standing(entry().run))


def test_who_was_superseded_knows_by_whom(records):
    """Until it leaves."""
    older, newer = entry(0), entry(1)
    records.lanes.enter(CARTS, older, LATEST_WINS)
    records.lanes.enter(CARTS, newer, LATEST_WINS)
    assert newer.run == records.lanes.standing(older.run).superseded_by
    records.lanes.leave(older.run)
    assert None is records.lanes.standing(older.run)


@pytest.mark.parametrize("seed", range(3))
def test_the_records_do_as_the_model_does(records, seed):
    """Whatever is done, in whatever order."""
    dice, lane = random.Random(seed), ()
    for _ in range(60):
        one, policy = entry(dice.randrange(6), f"context {dice.randrange(3)}"), dice.choice(POLICIES)
        match dice.choice(["enter", "enter", "take", "take", "park", "leave"]):
            case "enter":
                lane = model.enter(lane, one, policy)
                records.lanes.enter(CARTS, one, policy)
            case step:
                lane = getattr(model, step)(lane, one.run)
                getattr(records.lanes, step)(one.run)
        assert sorted(lane) == sorted(kept.entry for kept in records.lanes.all())


def test_many_processes_take_one_turn_at_a_time(url):
    """All come to their end; none runs beside another."""
    Records(url).migrate()

    def work(number):
        mine, run = Records(url, wait=20.0).lanes, entry(number).run
        mine.enter(CARTS, entry(number))
        while mine.take(run) != Standing(RUNNING):
            assert 1 >= Counter(one.state for one in mine.standings().values())[RUNNING]
        mine.leave(run)

    assert [0] * 4 == in_processes(work, 4)
    assert () == Records(url).lanes.all()
