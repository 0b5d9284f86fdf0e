"""`release` and the arguments of all operators."""

import importlib

import pytest
from slipway.operators.release import ReleaseOperator
from slipway.operators.task import Seat, TaskFailed

OPERATORS = [
    ("slipway.operators.helm_deploy", "HelmDeployOperator", {}),
    ("slipway.operators.helm_rollback", "HelmRollbackOperator", {}),
    ("slipway.operators.locust", "LocustOperator", {}),
    ("slipway.operators.release", "ReleaseOperator", {}),
    ("slipway.operators.sequence", "BeginSequence", {"project": "p", "stage": "s", "services": ["a"]}),
    ("slipway.operators.sequence", "SequenceResult", {"tasks": []}),
    ("slipway.operators.sequence", "FinishSequence", {}),
    ("slipway.handover", "StartFollower", {"trigger_dag_id": "d", "follower_stage": "s", "item": 0}),
]


@pytest.mark.parametrize(("module", "name", "arguments"), OPERATORS)
def test_all_template_fields_exist(module, name, arguments):
    """Airflow reads each by its name before a task starts; arguments are given by keyword only."""
    operator_class = getattr(importlib.import_module(module), name)
    operator = operator_class(task_id="t", **arguments)
    assert [] == [one for one in operator_class.template_fields if not hasattr(operator, one)]
    with pytest.raises(TypeError):
        operator_class("t")


@pytest.mark.parametrize("result", ["pass", "warning"])
def test_release_passes_on_the_result_that_came_in(ti, context, begin, result):
    """A direct deployment is released already (decisions.md)."""
    ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "result": result}})
    assert result == ReleaseOperator(task_id="release", seat=Seat("release")).execute(context)["result"]


def test_release_without_a_result_passes(context):
    """As the first task of a sequence started by hand."""
    assert "pass" == ReleaseOperator(task_id="release", seat=Seat("release")).execute(context)["result"]


def test_release_after_a_failure_fails(ti, context, begin):
    """A sequence that a selector on fail started."""
    ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "result": "fail"}})
    with pytest.raises(TaskFailed):
        ReleaseOperator(task_id="release", seat=Seat("release")).execute(context)
