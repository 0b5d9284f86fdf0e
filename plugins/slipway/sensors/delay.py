"""``DelaySensor``: holds a task back for a while after the one before (``triggeredAfter``, sequences.md R51)."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseSensorOperator, timezone

STORED = "until"
# A trigger that fires at once may meet a scheduler that has not seen the worker leave yet, and the task fails.
SHORTEST_DEFERRAL = 8.0


class DelaySensor(BaseSensorOperator):
    """Wait, without a worker, until some time after its own first start.

    :param delay: how long to wait; a retry does not begin anew.
    """

    def __init__(self, *, delay: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delay = delay

    def execute(self, context: Any) -> None:
        """Wait out what is left of the delay."""
        until = self._until(context)
        left = (until - timezone.utcnow()).total_seconds()
        if left <= 0:
            return
        if left < SHORTEST_DEFERRAL:
            time.sleep(left)
            return
        self.log.info("Waiting until %s", until.isoformat(timespec="seconds"))
        self.defer(trigger=DateTimeTrigger(moment=until), method_name="execute_complete")

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """End the wait."""

    def _until(self, context: Any) -> datetime:
        store = context["task_state_store"]
        # Kept over retries; a cleared run waits anew.
        key = f"{STORED}-{getattr(context['dag_run'], 'clear_number', 0)}"
        stored = store.get(key)
        if stored is None:
            stored = (timezone.utcnow() + self.delay).isoformat()
            store.set(key, stored)
        return timezone.parse(str(stored))
