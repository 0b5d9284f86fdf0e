"""Properties of a task that are proven to fail every run of it; better known when the project is published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from slipway_core.keptn import deployment
from slipway_core.keptn.plan import IMPLICIT as EVALUATION
from slipway_core.keptn.shipyard import Task
from slipway_core.quality_gate.window import InvalidWindow, of_task


def wrong_properties(task: Task) -> tuple[str, str] | None:
    """Return what is wrong with a task's properties and what to do, or ``None``."""
    properties = task.properties or {}
    if task.name == "deployment" and (wrong := deployment.wrong_strategy(properties.get("deploymentstrategy"))):
        return wrong, deployment.ADVICE
    if task.name == EVALUATION and (wrong := _wrong_window(properties)):
        return f"this evaluation can never work: {wrong}.", "Write 'timeframe: 5m', or leave the window to the test."
    return None


def _wrong_window(properties: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the window that a shipyard names; input can add to it, but not mend it (R70)."""
    if not properties.get("timeframe") and not (properties.get("start") and properties.get("end")):
        return None
    try:
        of_task(properties, {}, datetime.now(UTC))
    except InvalidWindow as error:
        return str(error).removesuffix(".")
    return None
