"""How a sequence ended."""

from types import SimpleNamespace

import pytest
from slipway.operators.sequence import SequenceResult
from slipway_core.records import Cancellation

from tests.slipway.conftest import NOON, START

TASKS = [("deployment", "deployment"), ("test", "test")]


def result_of(ti, **states):
    """Let the sequence end with these states of its tasks."""
    ti.states = {"slipway_begin": "success", **states}
    ti.task_id = "slipway_result"
    SequenceResult(task_id="slipway_result", tasks=TASKS).execute({"ti": ti, "dag_run": SimpleNamespace(**START)})
    return ti.pushed("finished")


def test_the_result_is_that_of_the_last_task(ti):
    """A warning before it is history (sequences.md 3.3)."""
    ti.put("deployment", "finished", {"result": "warning", "status": "succeeded"})
    ti.put("test", "finished", {"result": "pass", "status": "succeeded", "test": {"requests": 9}})
    finished = result_of(ti, deployment="success", test="success")
    assert {"result": "pass", "status": "succeeded", "tasks": {"deployment": "warning", "test": "pass"}} == (
        finished["outcome"]
    )
    assert {"requests": 9} == finished["payload"]["test"]
    assert ("ctx-1", "qa", "pass") == (finished["context"], finished["payload"]["stage"], finished["payload"]["result"])
    assert "test" not in finished["data"]


def test_a_failed_task_ends_the_sequence(ti):
    """What is behind it has not run."""
    ti.put("deployment", "finished", {"result": "fail", "status": "errored", "message": "no chart"})
    finished = result_of(ti, deployment="failed", test="upstream_failed")
    assert {"result": "fail", "status": "errored", "tasks": {"deployment": "fail"}} == finished["outcome"]
    assert "no chart" == finished["data"]["message"]


def test_a_task_marked_as_success_passes_whatever_its_report_says(ti):
    """The state is the truth."""
    ti.put("test", "finished", {"result": "fail", "status": "succeeded"})
    assert "pass" == result_of(ti, deployment="success", test="success")["outcome"]["result"]


def test_a_task_behind_a_failed_one_does_not_count_when_marked(ti):
    """Somebody marked it before it was reached: the failure stays one."""
    assert "fail" == result_of(ti, deployment="failed", test="success")["outcome"]["result"]


@pytest.mark.parametrize("state", ["upstream_failed", "skipped", None])
def test_a_task_that_did_not_run_never_passes(ti, state):
    """Its wait has failed, or somebody skipped it: an earlier success must not let the release through."""
    finished = result_of(ti, deployment="success", test=state)
    assert ("fail", "errored") == (finished["outcome"]["result"], finished["outcome"]["status"])


def test_refused_input_leaves_no_result(make_ti):
    """Nothing has run, so nothing follows."""
    ti = make_ti()
    assert None is result_of(ti, slipway_begin="failed", deployment="upstream_failed")


def test_a_sequence_that_was_cancelled_says_so(ti, records):
    """Result fail, status aborted, who and why (decisions on R33)."""
    records.cancellations.store(Cancellation("ctx-1", "", NOON, "ann", "wrong image"))
    finished = result_of(ti, deployment="failed", test="upstream_failed")
    assert ("fail", "aborted") == (finished["data"]["result"], finished["data"]["status"])
    assert "Cancelled by ann at 2024-01-01 12:00:00 UTC: wrong image" == finished["over"] == finished["data"]["message"]


def test_a_sequence_that_came_to_its_end_was_not_cancelled(ti, records):
    """The order came too late."""
    records.cancellations.store(Cancellation("ctx-1", "", NOON, "ann"))
    finished = result_of(ti, deployment="success", test="success")
    assert ("pass", "") == (finished["outcome"]["result"], finished["over"])
