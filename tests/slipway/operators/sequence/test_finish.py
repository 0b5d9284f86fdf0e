"""The end of a run."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException
from slipway.operators.sequence import FinishSequence
from slipway_core.keptn.lanes import RUNNING, Entry, Place, Run, Standing
from slipway_core.records import Cancellation

from tests.slipway.conftest import NOON, START

RUN = Run("shop.qa.delivery", "manual__1")


def finish(ti, outcome=None, over="", **states):
    """Run the last task."""
    ti.states = {"slipway_begin": "success", "slipway_result": "success", **states}
    ti.put(
        "slipway_result", "finished", outcome and {"outcome": {"result": outcome, "status": "succeeded"}, "over": over}
    )
    ti.task_id = "slipway_finish"
    FinishSequence(task_id="slipway_finish").execute({"ti": ti, "dag_run": SimpleNamespace(**START)})


@pytest.mark.parametrize("outcome", ["pass", "warning"])
def test_a_good_sequence_ends_green(ti, outcome):
    """Skipped handovers are no failure."""
    finish(ti, outcome, deployment="success", slipway_follow_0="skipped")


@pytest.mark.parametrize(
    ("outcome", "states", "named"),
    [
        ("fail", {"deployment": "failed", "test": "upstream_failed"}, "deployment"),
        ("pass", {"deployment": "success", "slipway_follow_0": "failed"}, "slipway_follow_0"),
        ("fail", {"deployment": "skipped"}, "fail"),
        (None, {"slipway_begin": "failed", "deployment": "upstream_failed"}, "slipway_begin"),
        (None, {"deployment": "skipped", "slipway_result": "skipped"}, "ended before"),
    ],
)
def test_a_run_in_which_something_failed_ends_red(ti, outcome, states, named):
    """Also one that somebody marked as failed while nothing ran."""
    with pytest.raises(AirflowFailException, match=named):
        finish(ti, outcome, **states)


def test_a_run_that_somebody_marked_as_success_ends_green(ti):
    """Marked tasks leave no XComs."""
    finish(ti, None, deployment="success", test="success")


def test_the_end_frees_the_lane_however_it_is(ti, records):
    """Also when the sequence failed; the reason of one that was cancelled is said."""
    for outcome, over in (("fail", "Cancelled by ann."), ("fail", ""), ("pass", "")):
        records.lanes.enter(Place("shop", "qa", "carts"), Entry(RUN, "ctx-1", NOON))
        assert Standing(RUNNING) == records.lanes.take(RUN)
        if outcome == "pass":
            finish(ti, outcome, deployment="success")
        else:
            with pytest.raises(AirflowFailException, match=over or "deployment"):
                finish(ti, outcome, over, deployment="failed")
        assert () == records.lanes.all()


def test_a_sequence_ends_well_although_the_records_are_away(ti, monkeypatch, tmp_path):
    """Whoever waits for the lane frees it."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}")
    finish(ti, "pass", deployment="success")


def test_a_run_that_never_got_its_lane_says_why(ti, records):
    """Airflow passes over the result then."""
    records.cancellations.store(Cancellation("ctx-1", "", NOON, "ann"))
    with pytest.raises(AirflowFailException, match=r"The sequence was ended\. Cancelled by ann"):
        finish(ti, None, slipway_lane="failed", slipway_result="upstream_failed")
