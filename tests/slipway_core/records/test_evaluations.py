"""Stored evaluations."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue
from slipway_core.records import NoSuchRecord, TaskRun

RUN = TaskRun("shop.qa.delivery", "run 1", "evaluation", "0")
PLACE = ("shop", "qa", "carts")


def test_what_was_stored_comes_back(records, judged):
    """Every field, and the result, score and labels of the evaluation's own data."""
    new = judged(7, run=RUN)
    stored = records.evaluations.store(new)
    assert asdict(new) == {name: value for name, value in asdict(stored).items() if name in asdict(new)}
    assert ("pass", 100.0, {"build": "7"}) == (stored.result, stored.score, stored.labels)
    assert stored == records.evaluations.get(stored.id)


def test_times_come_back_in_utc(records, judged):
    """Whatever zone they had."""
    noon = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    stored = records.evaluations.store(replace(judged(), finished=noon))
    assert (noon, UTC) == (stored.finished, stored.finished.tzinfo)


def test_a_time_without_a_zone_is_refused(records, judged):
    """Nobody could tell later what it meant."""
    with pytest.raises(Exception, match="no time zone"):
        records.evaluations.store(replace(judged(), finished=datetime(2024, 1, 1)))


def test_a_retry_does_not_double(records, judged):
    """The same attempt of a task gets what it stored first, even if it measured anew."""
    first = records.evaluations.store(judged(1, run=RUN))
    assert first == records.evaluations.store(judged(2, value=500, run=RUN))
    assert first == records.evaluations.of_task(RUN)
    assert (first,) == records.evaluations.find()


def test_a_cleared_task_stores_again(records, judged):
    """It was asked to judge anew."""
    cleared = RUN._replace(attempt="1")
    assert records.evaluations.of_task(cleared) is None
    ids = {records.evaluations.store(judged(run=run)).id for run in (RUN, cleared)}
    assert ids == {one.id for one in records.evaluations.find()}


def test_what_no_task_did_is_stored_each_time(records, judged):
    """There is nothing to tell a retry by."""
    assert records.evaluations.store(judged()).id != records.evaluations.store(judged()).id


def test_history_is_what_the_judge_takes(records, judged):
    """Field by field, and the judge compares with it."""
    stored = records.evaluations.store(judged(value=50))
    history = [Earlier.of(*past) for past in records.evaluations.history(*PLACE)]
    assert [Earlier(stored.id, stored.finished, "pass", (SliValue("time", 50.0, True),))] == history
    slo = "objectives: [{sli: time, pass: [{criteria: ['<=+10%']}]}]\ntotal_score: {pass: '90%'}\n"
    finished = evaluate(Scope(*PLACE), slo, Answer((SliValue("time", 56.0, True),)), history)
    assert ("fail", (stored.id,)) == (finished.result, tuple(finished.verdict.compared))


def test_history_keeps_every_digit(records, judged):
    """A baseline that is off by one bit is another baseline."""
    values = [0.1 + 0.2, 1e-320, 1.7976931348623157e308, -0.0, 123456789.12345678]
    for number, value in enumerate(values):
        records.evaluations.store(judged(number, value=value))
    assert values == [past.values[0].value for past in reversed(records.evaluations.history(*PLACE))]


def test_history_has_the_newest_of_each_result(records, judged):
    """So that a gate that only counts passes finds them behind many fails; newest first."""
    stored = [records.evaluations.store(judged(n, value=50 if n < 3 else 500)) for n in range(6)]
    expected = [stored[n].id for n in (5, 4, 2, 1)]
    assert expected == [past.id for past in records.evaluations.history(*PLACE, limit=2)]


def test_history_knows_its_place_and_its_time(records, judged):
    """Other stages never count (evaluation.md R31); `before` judges the past."""
    first, second, _ = (records.evaluations.store(judged(n, stage=s)) for n, s in ((1, "qa"), (2, "qa"), (3, "prod")))
    assert [second.id, first.id] == [past.id for past in records.evaluations.history(*PLACE)]
    assert [first.id] == [past.id for past in records.evaluations.history(*PLACE, before=second.finished)]


def test_an_invalidated_evaluation_leaves_the_history_and_stays_in_the_list(records, judged):
    """Evaluation.md R29."""
    stored = records.evaluations.store(judged())
    done = records.evaluations.invalidate(stored.id, "no network", "ann")
    assert ("ann", "no network") == done.invalidated[1:]
    assert () == records.evaluations.history(*PLACE)
    assert (done,) == records.evaluations.find()


def test_who_invalidated_first_stays(records, judged):
    """A second time changes nothing."""
    stored = records.evaluations.store(judged())
    first = records.evaluations.invalidate(stored.id, "no network", "ann")
    assert first == records.evaluations.invalidate(stored.id, "me too", "bob")


def test_an_unknown_or_ambiguous_id_is_said(records, judged):
    """And how to find the right one."""
    stored = records.evaluations.store(judged())
    assert stored == records.evaluations.named(stored.id[:8])
    with pytest.raises(NoSuchRecord, match="slipway history"):
        records.evaluations.invalidate("nothing", "why", "me")
    with pytest.raises(NoSuchRecord, match="no evaluation '%%%%'"):
        records.evaluations.named("%%%%")
    with pytest.raises(NoSuchRecord, match="too short"):
        records.evaluations.named(stored.id[:3])


def test_find_filters_by_what_is_said(records, judged):
    """Nothing said, nothing filtered; pages go on with the last one's time."""
    stored = [records.evaluations.store(judged(n, value=50 + 100 * (n % 2))) for n in range(4)]
    find = records.evaluations.find
    assert [3, 2, 1, 0] == [stored.index(one) for one in find("shop", "qa", "carts")]
    assert [2, 0] == [stored.index(one) for one in find(result="pass")]
    assert [1] == [stored.index(one) for one in find(context="context-1")]
    assert [3, 0] == [stored.index(one) for one in find(ids=[stored[0].id, stored[3].id])]
    assert [1, 0] == [stored.index(one) for one in find(before=stored[2].finished, limit=2)]
    assert () == find("elsewhere")


def test_text_that_no_database_takes_is_stored_nevertheless(records, judged):
    """A NUL or half a surrogate pair must not cost a verdict."""
    stored = records.evaluations.store(replace(judged(), context="a\0b\ud800"))
    assert "a?b?" == stored.context


def test_pruning_leaves_what_baselines_need(records, judged):
    """The newest of each result, however old; and all that is young."""
    old = [records.evaluations.store(judged(n, value=50 if n < 3 else 500)) for n in range(6)]
    young = records.evaluations.store(replace(judged(), finished=datetime.now(UTC)))
    records.evaluations.invalidate(old[5].id, "no network", "ann")
    assert (3, 0, 0, 0) == records.prune(older_than_days=30, keep_last=2)
    assert {young.id, *(old[n].id for n in (2, 3, 4))} == {one.id for one in records.evaluations.find()}
