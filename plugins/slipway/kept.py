"""What a task keeps over its tries: a retry goes on where the try before stopped."""

from __future__ import annotations

from typing import Any


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
