"""Payloads, merging, outcomes, selectors. The sequence cases in ../vectors try the same on whole sequences."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway_core.keptn import event
from slipway_core.keptn.event import FinishedTask, Outcome, Scope, SequenceOutcome

SCOPE = Scope("shop", "dev", "carts")
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=3))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def finished(name="test", result="pass", status="succeeded", **data):
    """Return a task that one executor finished."""
    return FinishedTask(name, ({"result": result, "status": status, **data},))


def outcome(result="pass", **tasks):
    """Return the outcome of a sequence; underscores in task names stand for hyphens."""
    return SequenceOutcome(result, "succeeded", {name.replace("_", "-"): value for name, value in tasks.items()})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, {"a": 1}, {"a": 1}), (None, "x", "x"), (None, None, None),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, {"a": 1, "b": 3, "c": 4}),
        ([1], [2, 3], [2, 3, 1]), ([1], [1], [1, 1]),
        ("x", "y", "y"), ("x", None, ""),
        ({"a": 1}, None, {"a": 1}), ([1], None, [1]),
        ({"a": 1}, "x", "x"), ([1], 5, 5), ("x", [1], [1]), ("x", {"a": 1}, {"a": 1}), ("x", 5, 5),
        (5, 6, 6), (5, "x", "x"), (5, {"a": 1}, {"a": 1}), (5, None, None), (True, False, False), (False, None, None),
    ],
)  # fmt: skip
def test_merging_follows_the_table(old, new, expected):
    """sequences.md 2.5 with decisions.md: R15, R17, and R16 turned round: the newest number wins."""
    assert {"k": expected} == event.merge({"k": old}, {"k": new})


@given(MAPPINGS, MAPPINGS)
def test_merging_changes_nothing_that_was_given(old, new):
    """decisions.md: payloads are built afresh."""
    before = copy.deepcopy((old, new))
    _scribble(event.merge(old, new))
    assert before == (old, new)


@given(MAPPINGS, MAPPINGS)
def test_the_newest_plain_value_wins(old, new):
    """Whatever stood there before, save null on text, lists and mappings."""
    merged = event.merge(old, new)
    for key, value in new.items():
        if isinstance(value, bool | int | float | str):
            assert value == merged[key]


@given(st.lists(PLAIN), st.lists(PLAIN))
def test_lists_join_newest_first(old, new):
    """R15."""
    assert {"k": new + old} == event.merge({"k": old}, {"k": new})


@given(MAPPINGS)
def test_merging_with_nothing_changes_nothing(data):
    """On either side."""
    assert data == event.merge(data, {})
    assert data == event.merge({}, data)


def _scribble(value):
    if isinstance(value, dict):
        for part in value.values():
            _scribble(part)
        value["scribble"] = 1
    elif isinstance(value, list):
        for part in value:
            _scribble(part)
        value.append("scribble")


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([("pass", "succeeded")], ("pass", "succeeded")),
        ([("pass", "succeeded"), ("warning", "succeeded")], ("warning", "succeeded")),  # R23
        ([("pass", "succeeded"), ("fail", "succeeded")], ("fail", "succeeded")),  # R24
        ([(None, "succeeded")], ("fail", "succeeded")),  # R25
        ([("ok", "succeeded")], ("fail", "succeeded")),  # R25
        ([("pass", "weird")], ("fail", "unknown")),  # R25
        ([("pass", None)], ("fail", "unknown")),
        ([("pass", "errored")], ("fail", "errored")),  # R26, with decisions.md
        ([("pass", "succeeded"), ("pass", "errored"), ("pass", "aborted")], ("fail", "errored")),
        ([("pass", "aborted")], ("pass", "aborted")),  # R27
        ([("warning", "aborted"), ("pass", "succeeded")], ("warning", "aborted")),
        ([], ("fail", "errored")),
    ],
)
def test_a_task_ends_as_its_worst_executor(reports, expected):
    """R23 to R27."""
    data = [{"result": result, "status": status} for result, status in reports]
    assert Outcome(*expected) == event.aggregate(data)


@pytest.mark.parametrize(
    ("result", "status", "stops"),
    [
        ("pass", "succeeded", False), ("warning", "succeeded", False), ("pass", "aborted", False),
        ("fail", "succeeded", True), ("pass", "errored", True),
    ],
)  # fmt: skip
def test_fail_and_errored_stop_a_sequence(result, status, stops):
    """sequences.md 3.3: R23, R24, R26, R27."""
    assert stops == Outcome(result, status).stops


def test_a_sequence_ends_as_its_last_task():
    """R28, R29."""
    ended = event.sequence_outcome([finished("evaluation", "warning"), finished("release", "pass")])
    assert SequenceOutcome("pass", "succeeded", {"evaluation": "warning", "release": "pass"}) == ended
    assert "warning" == event.sequence_outcome([finished("evaluation", "warning")]).result


def test_of_a_repeated_task_the_last_run_counts():
    """R8 with decisions.md."""
    ended = event.sequence_outcome([finished("test", "warning"), finished("test", "pass")])
    assert {"test": "pass"} == ended.tasks


def test_an_aborted_sequence_is_a_failed_one_that_nothing_follows():
    """R33 as decisions.md has it."""
    ended = event.sequence_outcome([finished()], aborted=True)
    assert ("fail", "aborted") == (ended.result, ended.status)
    assert not event.matches({"result": "fail"}, ended, aborted=True)
    assert not event.matches(None, ended, aborted=True)


def test_a_sequence_of_which_nothing_ran_is_errored():
    """R7."""
    assert SequenceOutcome("fail", "errored", {}) == event.sequence_outcome([])


@pytest.mark.parametrize(
    ("selector", "ended", "fires"),
    [
        (None, outcome("pass"), True), (None, outcome("warning"), True), (None, outcome("fail"), False),  # R36, R29
        ({}, outcome("warning"), True),  # R41
        ({"result": "fail"}, outcome("fail"), True), ({"result": "fail"}, outcome("pass"), False),  # R37, R24
        ({"result": "failed"}, outcome("fail"), True),  # R37 with decisions.md
        ({"result": "pass"}, outcome("warning"), False),  # R29
        ({"evaluation.result": "fail"}, outcome("fail", evaluation="fail"), True),  # R38
        ({"evaluation.result": "failed"}, outcome("fail", evaluation="fail"), True),
        ({"evaluation.result": "fail"}, outcome("fail", deployment="fail"), False),  # R38
        ({"evaluation.result": "pass"}, outcome("pass", evaluation="pass", release="pass"), True),  # R39, decisions.md
        ({"evaluation.result": "pass"}, outcome("pass", evaluation="pass"), True),
        ({"evaluation.result": "pass"}, outcome("fail", evaluation="pass", release="fail"), False),  # decisions.md
        ({"evaluation.result": "warning"}, outcome("fail", evaluation="warning", release="fail"), False),
        ({"evaluation.result": "warning"}, outcome("pass", evaluation="warning", release="pass"), True),
        ({"result": "pass", "evaluation.result": "fail"}, outcome("pass", evaluation="pass"), True),  # R40
        ({"result": "pass", "evaluation.result": "fail"}, outcome("fail", evaluation="fail"), True),  # R40
        ({"result": "pass", "evaluation.result": "fail"}, outcome("fail", release="fail"), False),
        ({"foo": "bar"}, outcome("pass"), False),  # R41
        ({"get-action.result": "fail"}, outcome("fail", get_action="fail"), True),
        ({"result": "Pass"}, outcome("pass"), False),
    ],
)  # fmt: skip
def test_a_trigger_item_fires_as_its_selector_says(selector, ended, fires):
    """R36 to R41."""
    assert fires == event.matches(selector, ended)


def test_input_values_reach_every_task_and_stage():
    """R11."""
    data = {"configurationChange": {"values": {"image": "x:1"}}}
    task = event.task_input(data, SCOPE, [finished()], None, "release")
    follower = event.follow_up_data(data, SCOPE, [finished()], "production")
    assert data["configurationChange"] == task["configurationChange"] == follower["configurationChange"]


def test_properties_win_over_input():
    """R12."""
    data = {"deployment": {"deploymentstrategy": "", "other": 1}}
    task = event.task_input(data, SCOPE, [], {"deploymentstrategy": "direct"}, "deployment")
    assert {"deploymentstrategy": "direct", "other": 1} == task["deployment"]


def test_properties_of_one_task_are_not_seen_by_the_next():
    """R13: only what was reported travels."""
    event.task_input({}, SCOPE, [], {"foo": 1}, "a")
    assert "a" not in event.task_input({}, SCOPE, [finished("a")], None, "b")


def test_no_properties_leave_no_block():
    """R9; an empty mapping leaves an empty block."""
    assert "a" not in event.task_input({}, SCOPE, [], None, "a")
    assert {} == event.task_input({}, SCOPE, [], {}, "a")["a"]


def test_what_was_reported_is_seen_and_the_message_is_blanked():
    """R14."""
    task = event.task_input({}, SCOPE, [finished("a", message="done", a={"bar": "x"})], None, "b")
    assert ("x", "") == (task["a"]["bar"], task["message"])


def test_the_newest_score_is_seen():
    """R16 as decisions.md has it."""
    data = {"evaluation": {"score": 100, "result": "pass"}}
    reported = finished("evaluation", evaluation={"score": 50, "result": "warning"})
    assert {"score": 50, "result": "warning"} == event.task_input(data, SCOPE, [reported], None, "x")["evaluation"]


def test_reports_of_two_executors_are_both_seen():
    """R18."""
    two = FinishedTask("a", ({"a": {"x": 1}}, {"a": {"y": 2}}))
    assert {"x": 1, "y": 2} == event.task_input({}, SCOPE, [two], None, "b")["a"]


def test_labels_gather():
    """R19."""
    data = {"labels": {"a": "1"}}
    labelled = [finished(labels={"b": "2"})]
    assert {"a": "1", "b": "2"} == event.task_input(data, SCOPE, labelled, None, "x")["labels"]
    assert {"a": "1", "b": "2"} == event.follow_up_data(data, SCOPE, labelled, "production")["labels"]


def test_the_first_task_sees_a_result_only_if_the_event_had_one():
    """R21, R22."""
    assert "result" not in event.task_input({}, SCOPE, [], None, "a")
    follower = event.follow_up_data({}, SCOPE, [finished(result="warning")], "production")
    task = event.task_input(follower, SCOPE, [], None, "a")
    assert ("warning", "succeeded") == (task["result"], task["status"])


def test_a_rollback_inherits_the_failure():
    """R45."""
    data = {"configurationChange": {"values": {"image": "x:1"}}}
    follower = event.follow_up_data(data, SCOPE, [finished("deployment", "fail")], "dev")
    assert ("fail", data["configurationChange"]) == (follower["result"], follower["configurationChange"])


def test_the_scope_wins_over_the_data():
    """sequences.md 2.4, step 2; a follower gets its own stage."""
    data = {"project": "other", "stage": "other", "service": "other"}
    assert {"project": "shop", "stage": "dev", "service": "carts"} == event.task_input(data, SCOPE, [], None, "a")
    assert "production" == event.follow_up_data(data, SCOPE, [], "production")["stage"]


def test_a_finished_sequence_carries_no_task_blocks():
    """R35; labels and message are those of the last report."""
    tasks = [finished("a", labels={"a": "1"}), finished("b", labels={"b": "2"}, message="done", b={"x": 1})]
    expected = {**SCOPE._asdict(), "labels": {"b": "2"}, "message": "done", "status": "succeeded", "result": "pass"}
    assert expected == event.finished_data({}, SCOPE, tasks, event.sequence_outcome(tasks))


def test_a_sequence_that_could_not_start_keeps_its_labels():
    """R7, as the sequence cases have it."""
    data = event.finished_data({"labels": {"a": "1"}}, SCOPE, [], event.sequence_outcome([]))
    assert ({"a": "1"}, "errored", "fail") == (data["labels"], data["status"], data["result"])


@given(MAPPINGS, st.lists(MAPPINGS, max_size=3), MAPPINGS)
def test_building_a_payload_changes_nothing_that_was_given(data, reports, properties):
    """decisions.md: Keptn changed earlier tasks' data in place; we never do."""
    before = copy.deepcopy((data, reports, properties))
    done = [FinishedTask("a", tuple(reports))]
    _scribble(event.task_input(data, SCOPE, done, properties, "a"))
    _scribble(event.follow_up_data(data, SCOPE, done, "x"))
    assert before == (data, reports, properties)
