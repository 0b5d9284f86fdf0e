"""Placeholders of a query, `$SERVICE`, `$LABEL.build`, `$DURATION_SECONDS` → values (evaluation.md 10 and 11).

Plain replacement, one placeholder after the other: no escaping, no word boundary, and what one step puts in a later one
may replace. Unknown placeholders stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Map
from datetime import datetime
from typing import NamedTuple


class Context(NamedTuple):
    """What a query may ask for.

    :param deployment: of the event, such as ``direct``; the label `deployment` wins over it (R81)
    :param labels: of the event
    :param filters: of the slo.yaml; they come first and so win over everything (R77)
    """

    project: str
    stage: str
    service: str
    start: datetime
    end: datetime
    deployment: str = ""
    labels: Map[str, str] = {}
    filters: Map[str, str] = {}

    @property
    def deployment_name(self) -> str:
        """What `$DEPLOYMENT` stands for."""
        return self.labels.get("deployment") or self.deployment or "primary"

    @property
    def duration(self) -> str:
        """The window in seconds, rounded up, with the unit: `77s` (R76)."""
        return f"{math.ceil((self.end - self.start).total_seconds())}s"


def fill(query: str, context: Context) -> str:
    """Return a query with its placeholders replaced."""
    for key, value in context.filters.items():
        bare = unquoted(value)
        query = query.replace(f"${key}", bare).replace(f"${key.upper()}", bare)
    for name in ("project", "stage", "service"):
        query = query.replace(f"${name.upper()}", getattr(context, name))
    query = query.replace("$DEPLOYMENT", context.deployment_name)
    for name in sorted(context.labels, key=len, reverse=True):  # `$LABEL.a` would also hit inside `$LABEL.ab`
        query = query.replace(f"$LABEL.{name}", context.labels[name])
    return query.replace("$DURATION_SECONDS", context.duration)


def unquoted(value: str) -> str:
    """Return the value of a filter without its quotes."""
    return value.replace("'", "").replace('"', "")
