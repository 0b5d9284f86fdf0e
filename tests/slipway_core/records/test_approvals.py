"""Questions to people, and their answers."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from slipway_core.records import Decision, NewApproval, NoSuchRecord, TaskRun

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
YES = Decision("approve", "ann", NOON, "answer", "looks good")
NO = Decision("decline", "bob", NOON + timedelta(minutes=1), "mark")


def question(number=0, service="carts", attempt="0"):
    """Return a question, asked a minute after the one with the number before."""
    return NewApproval(
        context=f"context-{number}",
        project="shop",
        stage="production",
        service=service,
        run=TaskRun("shop.production.delivery", f"run {number}", "approval", attempt),
        asked=NOON + timedelta(minutes=number),
        evidence={"image": "carts:1", "running": None, "load": {"p95": 0.25}},
    )


def test_a_question_comes_back_open(records):
    """With its evidence."""
    asked = records.approvals.ask(question())
    assert asdict(question()) == {name: value for name, value in asdict(asked).items() if name in asdict(question())}
    assert asked.decision is None
    assert asked == records.approvals.get(asked.id) == records.approvals.of_task(asked.run)
    assert (asked,) == records.approvals.find(open_only=True)


def test_a_retry_sees_the_answer_already_given(records):
    """It asks the same question, and finds it answered."""
    records.approvals.decide(records.approvals.ask(question()).id, YES)
    assert YES == records.approvals.ask(question()).decision
    assert records.approvals.ask(question(attempt="1")).decision is None


def test_a_second_answer_changes_nothing(records):
    """Whoever gives it learns which one holds."""
    asked = records.approvals.ask(question())
    first, second = (records.approvals.decide(asked.id, decision) for decision in (YES, NO))
    assert (True, False) == (first.changed, second.changed)
    assert YES == second.approval.decision
    assert () == records.approvals.find(open_only=True)


def test_a_mark_afterwards_overrules_and_keeps_what_it_overruled(records):
    """The state in Airflow is the truth; the record says who said what before."""
    asked = records.approvals.ask(question())
    records.approvals.decide(asked.id, YES)
    done = records.approvals.decide(asked.id, NO, overrule=True)
    assert (True, NO, (YES,)) == (done.changed, done.approval.decision, done.approval.overruled)
    again = records.approvals.decide(asked.id, NO._replace(by="eve"), overrule=True)
    assert (False, NO) == (again.changed, again.approval.decision)


def test_superseding_declines_older_open_ones_of_the_same_service(records):
    """Answered ones, newer ones and other services are left alone."""
    answered, older, newer, newest = (records.approvals.ask(question(number)) for number in range(4))
    other = records.approvals.ask(question(0, service="orders", attempt="other"))
    records.approvals.decide(answered.id, YES)
    [declined] = records.approvals.supersede(newer.id)
    assert (older.id, newer.id) == (declined.id, declined.superseded_by)
    assert ("decline", "superseded") == (declined.decision.choice, declined.decision.how)
    assert {newer.id, newest.id, other.id} == {one.id for one in records.approvals.find(open_only=True)}


def test_several_open_approvals_are_independent(records):
    """An answer to one leaves the other open (sequences.md R48)."""
    one, other = (records.approvals.ask(question(number)) for number in range(2))
    records.approvals.decide(other.id, YES)
    assert (one,) == records.approvals.find("shop", "production", "carts", open_only=True)


def test_an_unknown_id_is_said(records):
    """And nothing is stored for it."""
    for do in (records.approvals.get, records.approvals.supersede, lambda name: records.approvals.decide(name, YES)):
        with pytest.raises(NoSuchRecord, match="no approval 'nothing'"):
            do("nothing")


def test_pruning_leaves_open_approvals(records):
    """However long they have been waiting."""
    decided, waiting = (records.approvals.ask(question(number)) for number in range(2))
    records.approvals.decide(decided.id, YES)
    assert (0, 1, 0, 0) == records.prune(older_than_days=30)
    assert (waiting,) == records.approvals.find()
