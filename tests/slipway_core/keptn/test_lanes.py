"""Lanes, as rules and as a model of everything that may happen in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from slipway_core.keptn import lanes
from slipway_core.keptn.lanes import (
    FIFO,
    LATEST_WINS,
    PARKED,
    POLICIES,
    RUNNING,
    SUPERSEDED,
    WAITING,
    Entry,
    Run,
    Standing,
)

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


def entry(name, minute=0, sequence="delivery", context=None):
    """Return a run that was triggered some minutes after noon."""
    return Entry(Run(f"shop.qa.{sequence}", name), context or f"context of {name}", NOON + timedelta(minutes=minute))


def lane_of(*entries, policy=FIFO):
    """Return a lane that the runs entered one after the other."""
    lane = ()
    for one in entries:
        lane = lanes.enter(lane, one, policy)
    return lane


def states(lane):
    """Return the state of each run by its name."""
    return {one.run.run_id: one.state for one in lane}


A, B, C = entry("a", 0), entry("b", 1), entry("c", 2)


def test_the_second_waits_until_the_first_has_left():
    """R46: by the time of their triggers; whatever its sequence is called, R47."""
    b = entry("b", 1, "rollback")
    lane = lanes.take(lanes.take(lane_of(A, b), b.run), A.run)
    assert {"a": RUNNING, "b": WAITING} == states(lane)
    assert Standing(WAITING, 1, A.run) == lanes.standing(lane, b.run)
    lane = lanes.take(lanes.leave(lane, A.run), b.run)
    assert {"b": RUNNING} == states(lane)


def test_who_was_triggered_first_goes_first_although_it_came_later():
    """The first task of a run may be slow."""
    lane = lanes.take(lane_of(C, B), C.run)
    assert {"b": WAITING, "c": WAITING} == states(lane)
    assert Standing(WAITING, 1) == lanes.standing(lane, B.run)
    assert Standing(WAITING, 2, B.run) == lanes.standing(lane, C.run)


def test_who_waits_for_a_person_holds_nobody_up_and_comes_back_by_its_first_trigger():
    """R48, and sequences.md 5: after an approval the next task waits until no other runs."""
    lane = lanes.take(lane_of(A, B, C), A.run)
    lane = lanes.take(lanes.park(lane, A.run), B.run)
    assert {"a": PARKED, "b": RUNNING, "c": WAITING} == states(lane)
    lane = lanes.take(lanes.enter(lane, A), A.run)
    assert {"a": WAITING, "b": RUNNING, "c": WAITING} == states(lane)
    lane = lanes.take(lanes.leave(lane, B.run), C.run)
    assert {"a": RUNNING, "c": WAITING} == states(lanes.take(lane, A.run))


def test_a_delivery_that_waits_goes_before_the_rollback_of_one_that_fails():
    """R49: the rollback was triggered later, also where it belongs to the context that ran."""
    lane = lanes.take(lane_of(A, B), A.run)
    back = entry("back", 2, "rollback", context=A.context)
    lane = lanes.leave(lanes.enter(lane, back), A.run)
    assert {"b": WAITING, "back": WAITING} == states(lanes.take(lane, back.run))
    assert {"b": RUNNING, "back": WAITING} == states(lanes.take(lane, B.run))


def test_entering_twice_changes_nothing():
    """R50, and every retry."""
    lane = lanes.take(lane_of(A, B), A.run)
    assert lane == lanes.enter(lanes.enter(lane, A), B)


def test_the_latest_wins_among_those_that_wait():
    """The one that runs is left alone; each loser knows who goes instead of it."""
    lane = lanes.take(lane_of(A, policy=LATEST_WINS), A.run)
    for one in (B, C):
        lane = lanes.enter(lane, one, LATEST_WINS)
    assert {"a": RUNNING, "b": SUPERSEDED, "c": WAITING} == states(lane)
    assert C.run == lanes.standing(lane, B.run).superseded_by
    assert {"c": RUNNING} == states(lanes.take(lanes.leave(lanes.leave(lane, A.run), B.run), C.run))


def test_one_that_comes_late_does_not_win_over_a_later_trigger():
    """The trigger decides, not the arrival."""
    assert {"b": SUPERSEDED, "c": WAITING} == states(lane_of(C, B, policy=LATEST_WINS))


@pytest.mark.parametrize(
    "other", [entry("x", 1, "rollback"), entry("x", 1, context=A.context)], ids=["another sequence", "the same context"]
)
def test_the_latest_wins_over_no(other):
    """A rollback replaces no delivery, and a context does not replace itself (R44: it may run twice)."""
    assert {"a": WAITING, "x": WAITING} == states(lane_of(A, other, policy=LATEST_WINS))


def test_the_latest_does_not_win_over_one_that_a_person_approved():
    """It has begun already."""
    lane = lanes.park(lanes.take(lane_of(A), A.run), A.run)
    lane = lanes.enter(lanes.take(lanes.enter(lane, B), B.run), A)
    assert {"a": WAITING, "b": RUNNING, "c": WAITING} == states(lanes.enter(lane, C, LATEST_WINS))


class LaneMachine(RuleBasedStateMachine):
    """Runs of two lanes come, look for their turn, ask people, die and end, in any order."""

    policies = st.sampled_from(POLICIES)
    keys = st.sampled_from(["carts", "orders"])

    def __init__(self):
        super().__init__()
        self.lanes = {"carts": (), "orders": ()}
        self.count = 0

    def change(self, key, lane):
        """Replace a lane; what runs now and did not before got its turn in order."""
        before = self.lanes[key]
        was = {one.run: one for one in before}
        for one in lane:
            if one.state == RUNNING and was[one.run].state != RUNNING:
                assert one.order == min(other.order for other in before if other.state == WAITING)
                assert RUNNING not in {other.state for other in before}
        self.lanes[key] = lane

    def some(self, data, key, *wanted):
        """Draw a run that is in one of the states."""
        found = [one for one in self.lanes[key] if one.state in wanted]
        return data.draw(st.sampled_from(found)) if found else None

    @rule(key=keys, minute=st.integers(0, 20), policy=policies, sequence=st.integers(0, 1), context=st.integers(0, 3))
    def come(self, key, minute, policy, sequence, context):
        """A run enters; others may have been triggered later."""
        self.count += 1
        new = entry(f"run {self.count}", minute, f"sequence {sequence}", f"context {context}")
        self.change(key, lanes.enter(self.lanes[key], new, policy))

    @rule(key=keys, data=st.data())
    def look(self, key, data):
        """One that waits tries to take its turn."""
        if one := self.some(data, key, WAITING):
            self.change(key, lanes.take(self.lanes[key], one.run))

    @rule(key=keys, data=st.data())
    def ask(self, key, data):
        """One that runs waits for a person."""
        if one := self.some(data, key, RUNNING):
            self.change(key, lanes.park(self.lanes[key], one.run))

    @rule(key=keys, data=st.data(), policy=policies)
    def again(self, key, data, policy):
        """One that is there already enters again: an answer came, or a task is tried again."""
        if one := self.some(data, key, WAITING, RUNNING, PARKED, SUPERSEDED):
            self.change(key, lanes.enter(self.lanes[key], one, policy))

    @rule(key=keys, data=st.data())
    def end(self, key, data):
        """One leaves, in whatever state it is: it ended, was cancelled, or died and somebody found out."""
        if one := self.some(data, key, WAITING, RUNNING, PARKED, SUPERSEDED):
            self.change(key, lanes.leave(self.lanes[key], one.run))

    @precondition(lambda self: any(self.lanes.values()))
    @rule()
    def drain(self):
        """From here everybody comes to their turn and to their end."""
        for key in self.lanes:
            for one in self.lanes[key]:
                if one.state == PARKED:
                    self.change(key, lanes.enter(self.lanes[key], one))
            while self.lanes[key]:
                gone = [one for one in self.lanes[key] if one.state in (RUNNING, SUPERSEDED)]
                if not gone:
                    for one in self.lanes[key]:
                        self.change(key, lanes.take(self.lanes[key], one.run))
                    gone = [one for one in self.lanes[key] if one.state == RUNNING]
                assert gone, f"the lane is stuck: {self.lanes[key]}"
                for one in gone:
                    self.change(key, lanes.leave(self.lanes[key], one.run))

    @invariant()
    def one_runs(self):
        """At most, in each lane."""
        for lane in self.lanes.values():
            assert [one.state for one in lane].count(RUNNING) <= 1

    @invariant()
    def places_have_no_gap(self):
        """Each knows who is just before it."""
        for lane in self.lanes.values():
            waiting = sorted((one.place, one.ahead) for one in lanes.standings(lane).values() if one.state == WAITING)
            assert list(range(1, len(waiting) + 1)) == [place for place, _ in waiting]

    @invariant()
    def only_what_has_not_begun_is_superseded(self):
        """And by a run of another context."""
        for lane in self.lanes.values():
            for one in lane:
                assert (one.state == SUPERSEDED) == (one.superseded_by is not None)
                assert one.state != SUPERSEDED or not one.begun


TestLaneMachine = LaneMachine.TestCase
TestLaneMachine.settings = settings(max_examples=2000, stateful_step_count=12, deadline=None, derandomize=True)
