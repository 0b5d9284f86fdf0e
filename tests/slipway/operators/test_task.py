"""The base of all task operators: payload in, report out."""

import pytest
from airflow.sdk.exceptions import AirflowFailException
from slipway.operators.task import Seat, TaskFailed, TaskOperator, TaskReport, finished_task


class Stand(TaskOperator):
    """Reports what it is told."""

    def __init__(self, *, report=None, error=None, **kwargs):
        super().__init__(task_id="deployment", **kwargs)
        self.report, self.error = report, error

    def perform(self, payload, context):
        self.got = payload
        if self.error:
            raise self.error
        return self.report


def test_the_first_task_gets_the_sequences_own_data(ti, begin):
    """With its properties in the block of its name (sequences.md 2.4)."""
    payload = Seat("deployment", {"deploymentstrategy": "direct"}).payload(ti)
    assert {**begin, "deployment": {"deploymentstrategy": "direct"}} == payload


def test_a_later_task_gets_what_earlier_ones_reported(ti):
    """Data, result and status of the last one; its message is emptied (R11, R19)."""
    report = {"result": "warning", "status": "succeeded", "message": "slow", "deployment": {"uri": "http://carts"}}
    ti.put("deployment", "finished", report)
    payload = Seat("test", {"teststrategy": "performance"}, (("deployment", "deployment"),)).payload(ti)
    assert {"uri": "http://carts"} == payload["deployment"]
    assert {"teststrategy": "performance"} == payload["test"]
    assert ("warning", "succeeded", "") == (payload["result"], payload["status"], payload["message"])


def test_properties_of_an_earlier_task_stay_behind(ti):
    """A task's properties are its own (R14)."""
    ti.put("deployment", "finished", {"result": "pass", "status": "succeeded"})
    assert "deployment" not in Seat("test", None, (("deployment", "deployment"),)).payload(ti)


def test_an_earlier_task_that_was_marked_as_success_counts_as_pass(ti):
    """It has no XCom at all."""
    payload = Seat("test", None, (("deployment", "deployment"),)).payload(ti)
    assert ("pass", "succeeded") == (payload["result"], payload["status"])


def test_building_a_payload_changes_nothing_that_is_stored(ti):
    """Asked twice, it says the same; lists do not double (decisions.md)."""
    ti.put("deployment", "finished", {"result": "pass", "status": "succeeded", "deployment": {"names": ["direct"]}})
    seat = Seat("test", {"teststrategy": "x"}, (("deployment", "deployment"),))
    assert seat.payload(ti) == seat.payload(ti)


def test_a_first_task_marked_by_hand_leaves_no_input(make_ti):
    """The message says what to do."""
    with pytest.raises(TaskFailed, match="Clear it instead"):
        Seat("deployment").payload(make_ti())


@pytest.mark.parametrize(
    ("state", "report", "expected"),
    [
        ("success", None, ("pass", "succeeded")),
        ("success", {"result": "warning", "status": "succeeded"}, ("warning", "succeeded")),
        ("success", {"result": "fail", "status": "errored"}, ("pass", "succeeded")),
        ("failed", None, ("fail", "errored")),
        ("failed", {"result": "pass", "status": "succeeded"}, ("fail", "succeeded")),
        ("failed", {"result": "fail", "status": "errored"}, ("fail", "errored")),
    ],
)
def test_the_state_of_a_task_wins_over_its_report(ti, state, report, expected):
    """A person may have marked it since."""
    ti.put("test", "finished", report)
    assert expected == tuple(finished_task(ti, "test", "test", state).outcome)


def test_a_report_carries_scope_and_labels(ti, context, begin):
    """And is both the return value and an XCom."""
    operator = Stand(seat=Seat("deployment"), report=TaskReport(message="done", data={"deployment": {"uri": "u"}}))
    expected = {**begin, "status": "succeeded", "result": "pass", "message": "done", "deployment": {"uri": "u"}}
    assert expected == operator.execute(context)
    assert expected == ti.pushed("finished")
    assert begin == ti.pushed("triggered")


def test_a_bad_outcome_is_reported_before_the_task_fails(ti, context):
    """Followers read it; Airflow does not try again."""
    operator = Stand(seat=Seat("deployment"), report=TaskReport("fail", "too slow"))
    with pytest.raises(AirflowFailException, match="too slow"):
        operator.execute(context)
    assert ("fail", "too slow") == (ti.pushed("finished")["result"], ti.pushed("finished")["message"])


def test_work_that_could_not_be_done_is_reported_as_errored(ti, context):
    """With its message."""
    operator = Stand(seat=Seat("deployment"), error=TaskFailed("no chart"))
    with pytest.raises(TaskFailed):
        operator.execute(context)
    reported = ti.pushed("finished")
    assert ("fail", "errored", "no chart") == (reported["result"], reported["status"], reported["message"])


def test_a_fault_of_the_ground_is_tried_again(ti, context):
    """No report, and no AirflowFailException."""
    with pytest.raises(ConnectionError):
        Stand(seat=Seat("deployment"), error=ConnectionError("away")).execute(context)
    assert None is ti.pushed("finished")


@pytest.mark.parametrize("missing", ["project", "stage", "service"])
def test_a_payload_without_its_scope_is_refused(context, begin, missing):
    """An operator in a DAG of somebody's own names what is missing."""
    del begin[missing]
    with pytest.raises(TaskFailed, match=f"no '{missing}'"):
        Stand(payload=begin).execute(context)
