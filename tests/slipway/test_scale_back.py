"""Starting the way back."""

from datetime import timedelta

import pytest
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowSkipException, DagRunTriggerException
from slipway.scale_back import StartScaleBack
from slipway_core.keptn.settings import HealingSettings
from slipway_core.quality_gate.window import instant
from slipway_core.records import NewAction, Scaled, TaskRun

AFTER = timedelta(minutes=30)


@pytest.fixture
def healed(records):
    """A chain of runs gave carts two replicas; return the id of its action."""
    new = NewAction(
        context="c",
        project="shop",
        stage="qa",
        service="carts",
        run=TaskRun("shop.qa.remediation", "one", "action"),
        action="scale",
        value="+1",
        asked=timezone.utcnow(),
    )
    asked = records.actions.ask(new, HealingSettings())
    records.actions.finish(asked.id, "done", "", Scaled(1, 2, True))
    return asked.id


@pytest.fixture
def start(context, ti, begin):
    """Start the way back at the end of a sequence; return what Airflow is asked for."""

    def go(chain="c", **payload):
        finished = {"context": chain, "payload": {**begin, **payload}}
        ti.put("slipway_result", "finished", finished)
        operator = StartScaleBack(
            task_id=ti.task_id, trigger_dag_id="shop.qa.scale-back", follower_stage="qa", after=AFTER
        )
        with pytest.raises(DagRunTriggerException) as asked:
            operator.execute(context)
        return asked.value

    return go


def test_the_run_waits_in_airflow_and_judges_the_time_until_it_begins(start, healed, ti):
    """No worker waits: the run is not due yet. It keeps the context, so the chain stays visible."""
    asked = start(evaluation={"result": "fail"})
    handover = asked.conf["slipway"]
    assert ("shop.qa.scale-back", "c") == (asked.trigger_dag_id, handover["context"])
    assert {"action": healed} == handover["payload"]["scale-back"]
    begun, ended = (instant(handover["payload"]["evaluation"][name]) for name in ("start", "end"))
    assert AFTER == ended - begun
    assert abs(asked.run_after - ended) < timedelta(seconds=1)
    assert asked.dag_run_id in ti.pushed("started_run").replace("%3A", ":")


def test_objectives_that_did_not_hold_get_another_time(start, healed):
    """The same action's way back starts itself again."""
    assert start(**{"scale-back": {"action": healed}})


def test_a_count_that_did_not_get_ready_has_a_way_back_too(start, records, healed):
    """The action failed, and its sequence with it; what it changed is there all the same."""
    records.actions.finish(healed, "failed", "not ready")
    assert {"action": healed} == start(result="fail").conf["slipway"]["payload"]["scale-back"]


@pytest.mark.parametrize(("chain", "payload"), [("other", {}), ("c", {"scale-back": {"action": "an older one"}})])
def test_what_another_action_scaled_is_its_own_business(start, healed, chain, payload):
    """Each has one way back."""
    with pytest.raises(AirflowSkipException):
        start(chain, **payload)


def test_without_a_healed_count_nothing_is_started(start, records, healed):
    """It was scaled back, or nothing was scaled."""
    records.actions.settle("shop", "qa", "carts")
    with pytest.raises(AirflowSkipException, match="Nothing that this chain"):
        start()


def test_a_cancelled_remediation_starts_no_way_back(start, healed, ti, begin, context):
    """Nothing follows what somebody ended (decisions.md, R33)."""
    ti.put("slipway_result", "finished", {"context": "c", "payload": dict(begin), "over": "Cancelled by ann."})
    operator = StartScaleBack(task_id="t", trigger_dag_id="shop.qa.scale-back", follower_stage="qa", after=AFTER)
    with pytest.raises(AirflowSkipException, match="Nothing follows"):
        operator.execute(context)


def test_what_is_judged_then_is_not_said_to_be_the_revision_of_now(start, healed):
    """A delivery may have replaced it meanwhile."""
    asked = start(deployment={"release": "carts", "revision": 5, "image": "carts:1"})
    assert {"image": "carts:1"} == asked.conf["slipway"]["payload"]["deployment"]
