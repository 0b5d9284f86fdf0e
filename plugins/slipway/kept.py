"""What a task keeps over its tries, and its name in the records: a retry goes on where the try before stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway_core.records import TaskRun


def kept(context: Any, name: str) -> Any:
    """Return what an earlier try of this task kept under a name; ``None`` when it kept nothing."""
    return context["task_state_store"].get(f"{name}-{clear_number(context)}")


def keep(context: Any, name: str, value: Any) -> Any:
    """Keep a value over the tries of this task, and return it; a cleared run begins anew, so its keys are others.

    :param value: something that JSON can hold.
    """
    context["task_state_store"].set(f"{name}-{clear_number(context)}", value)
    return value


def clear_number(context: Any) -> int:
    """Return how often the run was cleared."""
    return int(getattr(context["dag_run"], "clear_number", 0) or 0)


def task_run(context: Any) -> TaskRun:
    """Return the running task as the records know it: the same over its tries, another one in a cleared run."""
    from slipway_core.records import TaskRun

    ti = context["ti"]
    return TaskRun(ti.dag_id, ti.run_id, ti.task_id, str(clear_number(context)))
