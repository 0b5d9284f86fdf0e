"""Waiting until a moment, without a worker: what sensors with an end that is known share."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import timezone

# A trigger that fires at once may meet a scheduler that has not seen the worker leave yet, and the task fails.
SHORTEST_DEFERRAL = 8.0  # seconds


def wait_until(sensor: Any, moment: datetime) -> None:
    """Return when a moment has come; a longer wait ends this call by a deferral to ``execute_complete``.

    :param sensor: the operator that waits.
    :param moment: absolute, so that a restart of the triggerer does not begin anew.
    """
    left = (moment - timezone.utcnow()).total_seconds()
    if left <= 0:
        return
    if left < SHORTEST_DEFERRAL:
        time.sleep(left)
        return
    sensor.log.info("Waiting until %s", moment.isoformat(timespec="seconds"))
    sensor.defer(trigger=DateTimeTrigger(moment=moment), method_name="execute_complete")
