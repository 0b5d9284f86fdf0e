"""What every task takes and hands in: payloads and reports that cannot be used."""

import pytest
from slipway.task_report import Seat, TaskFailed, TaskReport, hand_in, take_payload


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"labels": {"b": 2}}, "labels.b: must be text, not a number"),
        ({"labels": "bare"}, "labels: must be a mapping of text to text"),
        ({"labels": ["a"]}, "labels: must be a mapping of text to text"),
    ],
)
def test_a_report_with_labels_that_are_no_text_fails_its_task(ti, begin, data, words):
    """R20: followers get the labels that the task was given, and the reason."""
    with pytest.raises(TaskFailed, match="its report cannot be used"):
        hand_in(ti, begin, TaskReport(data=data))
    reported = ti.pushed("finished")
    assert ("fail", "errored", begin["labels"]) == (reported["result"], reported["status"], reported["labels"])
    assert words in reported["message"]


def test_a_report_whose_result_is_no_text_fails_its_task(ti, begin):
    """It is not tried again, as a fault of the ground would be."""
    with pytest.raises(TaskFailed, match="result: must be text, not a list"):
        hand_in(ti, begin, TaskReport(result=["pass"]))


def test_a_report_adds_its_labels_instead_of_those_given(ti, begin):
    """R19: the merge keeps both for later tasks."""
    hand_in(ti, begin, TaskReport(data={"labels": {"b": "2"}}))
    payload = Seat("test", None, (("deployment", "deployment"),)).payload(ti)
    assert {**begin["labels"], "b": "2"} == payload["labels"]


@pytest.mark.parametrize("labels", [{"b": 2}, "bare", []])
def test_a_payload_with_labels_that_are_no_text_is_refused_before_the_work(ti, begin, labels):
    """R20, for an operator in a DAG of somebody's own."""
    with pytest.raises(TaskFailed, match="Task 'deployment': its payload cannot be used: labels"):
        take_payload(ti, None, {**begin, "labels": labels})
    assert None is ti.pushed("triggered")
