"""Which operator takes which task."""

from pathlib import Path

import pytest
from slipway import task_catalog
from slipway.operators.task import Seat


@pytest.mark.parametrize(
    ("task", "operator"),
    [
        ("approval", "ApprovalSensor"),
        ("deployment", "HelmDeployOperator"),
        ("evaluation", "SLOSensor"),
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
