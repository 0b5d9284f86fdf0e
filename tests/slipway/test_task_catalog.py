"""Which operator takes which task."""

from datetime import timedelta
from pathlib import Path

import pytest
from slipway import task_catalog
from slipway.operators.task import Seat
from slipway_core.keptn.settings import (
    ApprovalSettings,
    EvaluationSettings,
    HealingSettings,
    LoadSettings,
    SourceSettings,
    StageSettings,
)


@pytest.mark.parametrize(
    ("task", "operator"),
    [
        ("action", "ActionOperator"),
        ("approval", "ApprovalSensor"),
        ("deployment", "HelmDeployOperator"),
        ("evaluation", "SLOSensor"),
        ("get-action", "GetActionOperator"),
        ("scale-back", "ScaleBackOperator"),
        ("test", "LocustOperator"),
        ("release", "ReleaseOperator"),
        ("rollback", "HelmRollbackOperator"),
    ],
)
def test_each_task_has_its_operator(task, operator):
    """Found by its entry point; seat and id are handed on."""
    seat = Seat(task, {"a": 1})
    arguments = {"task_id": f"{task}.2", "task_display_name": task}
    built = task_catalog.builder(task)(task_catalog.TaskPlace(seat, arguments, Path("/projects/shop")))
    assert (operator, f"{task}.2", seat) == (type(built).__name__, built.task_id, built.seat)


def test_a_task_that_nothing_handles_names_what_is_known():
    """A last guard: publishing refuses it before."""
    with pytest.raises(LookupError, match=r"'dance'; known tasks: .*deployment.*test"):
        task_catalog.builder("dance")


def built(task, settings):
    """Return the operator of a task in a stage with settings."""
    place = task_catalog.TaskPlace(Seat(task), {"task_id": task}, Path("/projects/shop"), settings)
    return task_catalog.builder(task)(place)


@pytest.mark.parametrize("task", ["deployment", "rollback", "test"])
def test_what_works_on_the_cluster_gets_the_connection_of_the_stage(task):
    """Without one it finds the stage's own."""
    ours = built(task, StageSettings(connection="ours"))
    assert ("ours", "") == (ours.kubernetes_conn_id, built(task, StageSettings()).kubernetes_conn_id)
    assert "/projects/shop" == ours.files


def test_load_tests_get_the_limits_of_the_stage():
    """Else the workload's, and one hour."""
    strict, plain = (built("test", StageSettings(test=one)) for one in (LoadSettings(0.0, 60.0), LoadSettings()))
    assert (0.0, 60.0) == (strict.accepted_failure_ratio, strict.longest_run)
    assert (None, 3600.0) == (plain.accepted_failure_ratio, plain.longest_run)


def test_approvals_get_expiry_and_people_of_the_stage():
    """Else anybody may answer, at any time."""
    settings = StageSettings(approval=ApprovalSettings(("alice",), 3600.0, True))
    asked, open_to_all = built("approval", settings), built("approval", StageSettings())
    assert (timedelta(hours=1), ("alice",), True) == (asked.response_timeout, asked.approvers, asked.supersede)
    assert (None, (), False) == (open_to_all.response_timeout, open_to_all.approvers, open_to_all.supersede)


def test_gates_get_the_source_of_the_stage():
    """Else the usual connection, and the folder of sli.yaml tells what kind of source it is."""
    settings = StageSettings(evaluation=EvaluationSettings(SourceSettings("prometheus", "ours"), 20.0))
    told, plain = built("evaluation", settings), built("evaluation", StageSettings())
    assert ("prometheus", "ours", 20) == (told.source, told.prometheus_conn_id, told.scrape_delay.total_seconds())
    assert ("", "prometheus_default", 15) == (
        plain.source,
        plain.prometheus_conn_id,
        plain.scrape_delay.total_seconds(),
    )


@pytest.mark.parametrize(
    ("action", "operator", "told"),
    [
        ("scale", "HelmScaleOperator", {"plain_adds": False, "max_replicas": 4}),
        ("scaling", "HelmScaleOperator", {"plain_adds": True, "max_replicas": 4}),
        ("rollback", "HelmRollbackOperator", {}),
    ],
)
def test_each_action_has_its_operator(action, operator, told):
    """Found by its entry point, and told the limits and the connection of the stage."""
    healing = HealingSettings(max_replicas=4, actions_per_hour=1)
    task = built("action", StageSettings(connection="ours", healing=healing))
    handler = task.handler(action)
    assert (healing, operator, "ours") == (task.limits, type(handler).__name__, handler.kubernetes_conn_id)
    assert told == {name: getattr(handler, name) for name in told}


def test_an_action_that_nothing_handles_names_what_is_known():
    """And how to add one."""
    with pytest.raises(LookupError, match=r"'dance'; known actions: rollback, scale, scaling\. .*'slipway\.actions'"):
        built("action", StageSettings()).handler("dance")
