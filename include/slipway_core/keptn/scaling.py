"""What a scaling action asks for: set the count of replicas, or change it (jobs.md 2 and 3.3, R64 to R68 there)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from slipway_core.keptn.problems import InvalidEvent

# The chart value by which nearly every chart sets its count of replicas.
VALUE = "replicaCount"
FIELD = "action.value"
_NUMBER = re.compile(r"([+-]?)([0-9]{1,6})")
_FORM = 'write "2" to set, "+1" to add, "-1" to take away, in quotes'


class Change(NamedTuple):
    """A new count of replicas, or a difference to the one there is.

    :param number: of replicas; may be negative when it is a difference
    :param adds: whether it is a difference
    """

    number: int
    adds: bool

    def applied_to(self, count: int) -> int:
        """Return the count that is wanted where there are so many now."""
        return count + self.number if self.adds else self.number


def read_change(value: Any, plain_adds: bool = False) -> Change:
    """Read the value of an action; raises :class:`InvalidEvent` naming the field.

    :param value: text such as ``"2"``, ``"+1"``, ``"-1"``, or a whole number
    :param plain_adds: a number without a sign is added, as the older action ``scaling`` wants it
    """
    text = str(int(value)) if _is_whole(value) else value
    found = _NUMBER.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise InvalidEvent(FIELD, f"{value!r} is no number of replicas: {_FORM}")
    sign, digits = found.groups()
    return Change(int(f"{sign}{digits}"), bool(sign) or plain_adds)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
