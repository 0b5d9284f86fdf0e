"""What a source of numbers is: two methods, and the address to name when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from slipway_core.quality_gate.window import instant


@dataclass(frozen=True, slots=True)
class Window:
    """The time that the numbers are of, as moments.

    :param start: its begin, with a time zone
    :param end: its end, with a time zone; an instant query is asked for this very moment
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A window needs moments with a time zone.")

    @classmethod
    def of(cls, start: str, end: str) -> Window:
        """Return the window that two texts stand for; raises `InvalidWindow`."""
        return cls(instant(start), instant(end))

    def seconds_left(self, now: datetime | None = None) -> float:
        """Return how many seconds it still lasts; 0 when it is over."""
        return max(0.0, (self.end - (now or datetime.now(UTC))).total_seconds())


class Reading(NamedTuple):
    """One number, and how it came about.

    :param value: the number
    :param query: as it was sent
    :param at: the moment it was asked for
    :param warnings: what the source said beside its answer
    """

    value: float
    query: str
    at: datetime
    warnings: tuple[str, ...] = ()


class MetricSource(Protocol):
    """Somewhere numbers come from: Prometheus today, others later."""

    @property
    def address(self) -> str:
        """Where it is, for messages; without credentials."""

    async def read(self, query: str, window: Window) -> Reading:
        """Return the one number that a query gives.

        :raises NoNumber: when it gives none: ``NoValue``, ``ManyValues`` or ``QueryRefused``
        :raises SourceUnreachable: when the source does not answer as it should
        """

    async def check(self) -> None:
        """Raise :class:`SourceUnreachable`, saying which address was tried, unless the source answers queries."""
