"""``DelaySensor``: holds a task back for a while after the one before (``triggeredAfter``, sequences.md R51)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, timezone

from slipway.kept import keep, kept
from slipway.sensors.waiting import wait_until

STORED = "until"


class DelaySensor(BaseSensorOperator):
    """Wait, without a worker, until some time after its own first start.

    :param delay: how long to wait; a retry does not begin anew.
    """

    def __init__(self, *, delay: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delay = delay

    def execute(self, context: Any) -> None:
        """Wait out what is left of the delay."""
        until = kept(context, STORED) or keep(context, STORED, (timezone.utcnow() + self.delay).isoformat())
        wait_until(self, timezone.parse(until))

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """End the wait."""
