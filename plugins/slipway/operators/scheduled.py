"""The begin of a sequence that starts by the clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from slipway_core.keptn import incoming
from slipway_core.quality_gate import window

from slipway.operators.sequence import BeginSequence


class BeginScheduled(BeginSequence):
    """Give a sequence one fixed service, and the run's data interval as the window of its evaluation.

    Never the present time: a backfill judges the past. A run that somebody starts by hand without a logical date has
    no interval; it looks back from the moment for which it was started.

    :param service: the service.
    :param timeframe: how long the window is.
    """

    def __init__(self, *, service: str, timeframe: timedelta, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.service = service
        self.timeframe = timeframe

    def _own_input(self, context: Any) -> dict[str, Any]:
        run = context["dag_run"]
        end = run.data_interval_end or run.run_after
        start = run.data_interval_start if run.data_interval_end else end - self.timeframe
        data = incoming.trigger_data_from_form(self.project, self.stage, self._known_service(self.service))
        return {
            **data,
            "evaluation": {"start": window.written(start.astimezone(UTC)), "end": window.written(end.astimezone(UTC))},
        }

    def _check_place(self, given: Mapping[str, Any]) -> None:
        super()._check_place(given)
        self._check_own(given, "service", self.service)
