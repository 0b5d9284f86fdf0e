"""Runs that are taken up again after they had ended, or while a person was asked."""

import pytest
from airflow.sdk.exceptions import AirflowFailException
from slipway.hooks import slipway_api
from slipway.operators.sequence import FinishSequence, SequenceResult
from slipway.operators.task import Seat
from slipway.reopened import RunReopened

EARLIER = (("deployment", "deployment"),)
TASKS = [("deployment", "deployment"), ("test", "test")]


@pytest.fixture
def again(monkeypatch):
    """What Airflow was asked to run again."""
    asked = []

    class Api:
        def run_again(self, dag_id, run_id, task_id):
            asked.append((dag_id, run_id, task_id))

    monkeypatch.setattr(slipway_api, "SlipwayApi", Api)
    return asked


def test_behind_a_task_that_was_marked_after_the_end_the_result_is_worked_out_again(ti, again):
    """With its lane, which the run has left: Airflow itself clears neither."""
    ti.states = {"deployment": "success", "test": "running", "slipway_result": "success"}
    with pytest.raises(RunReopened, match="when it has its lane"):
        Seat("test", None, EARLIER).payload(ti)
    assert [(ti.dag_id, ti.run_id, "slipway_result")] == again


def test_no_outcome_is_made_of_it(again):
    """Airflow tries the task again."""
    assert not issubclass(RunReopened, AirflowFailException)


def test_an_approval_that_waits_asks_again_behind_a_task_that_was_cleared(ti, again):
    """Else the lane would be held until somebody answers, and the answer would be to what was before."""
    ti.states = {"deployment": "running", "approval": "awaiting_input"}
    with pytest.raises(RunReopened, match="approval"):
        Seat("deployment").payload(ti)
    assert [(ti.dag_id, ti.run_id, "approval")] == again


@pytest.mark.parametrize("result", [None, "upstream_failed", "failed"])
def test_a_task_before_the_end_goes_on(ti, again, result):
    """What has failed is cleared by Airflow."""
    ti.states = {"deployment": "success", "test": "running", "slipway_result": result}
    assert "pass" == Seat("test", None, EARLIER).payload(ti)["result"]
    assert [] == again


def end(ti, context, **states):
    """Run the last task."""
    ti.states = {"slipway_begin": "success", "slipway_result": "success", **states}
    ti.task_id = "slipway_finish"
    FinishSequence(task_id="slipway_finish").execute(context)


@pytest.fixture
def ended(ti, context):
    """A sequence whose last task has failed."""
    ti.states, ti.task_id = {"deployment": "success", "test": "failed"}, "slipway_result"
    SequenceResult(task_id="slipway_result", tasks=TASKS).execute(context)
    with pytest.raises(AirflowFailException, match="test"):
        end(ti, context, deployment="success", test="failed")


def test_a_last_task_that_was_marked_after_the_end_has_the_result_worked_out_again(ti, context, again, ended):
    """Behind it only the run's own last task is left to see it."""
    with pytest.raises(RunReopened):
        end(ti, context, deployment="success", test="success")
    assert [(ti.dag_id, ti.run_id, "slipway_result")] == again


def test_the_lane_that_such_a_run_has_entered_again_is_not_left(ti, context, again, ended, monkeypatch):
    """Its first task may be quicker than its last one."""
    monkeypatch.setattr("slipway.lane.leave", lambda context: pytest.fail("left"))
    with pytest.raises(RunReopened):
        end(ti, context, deployment="success", test="success")


def test_a_result_that_counts_the_mark_ends_the_run(ti, context, again, ended):
    """Once only."""
    ti.states, ti.task_id = {"deployment": "success", "test": "success"}, "slipway_result"
    SequenceResult(task_id="slipway_result", tasks=TASKS).execute(context)
    end(ti, context, deployment="success", test="success")
    assert [] == again
