"""What the judge is given: the numbers of this evaluation, and earlier evaluations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from datetime import datetime
from typing import NamedTuple

NOT_FINITE = "query did not return valid values"


class SliValue(NamedTuple):
    """The value of one indicator, as its source answered.

    :param metric: name of the indicator
    :param value: the number; 0 when there is none
    :param success: whether the source gave a number at all
    :param message: why not
    :param compared_value: the baseline, once it is known
    """

    metric: str
    value: float
    success: bool
    message: str = ""
    compared_value: float = 0.0

    @classmethod
    def of(cls, metric: str, value: float) -> SliValue:
        """Return a value that was read; what is not finite counts as failed, for no verdict can carry it."""
        return cls(metric, float(value), True) if math.isfinite(value) else cls(metric, 0.0, False, NOT_FINITE)


class Earlier(NamedTuple):
    """One earlier evaluation of the same project, stage and service.

    :param id: of its event or record
    :param time: when it finished
    :param result: of the whole evaluation: pass, warning or fail
    :param values: of its indicators; empty for an evaluation that came to no verdict
    :param invalidated: whether somebody took it out of later baselines
    """

    id: str
    time: datetime
    result: str
    values: Sequence[SliValue] = ()
    invalidated: bool = False

    @classmethod
    def of(cls, id: str, time: datetime, result: str, values: Iterable[tuple[str, float, bool, str, float]]) -> Earlier:  # noqa: A002
        """Return one from plain fields, as records hold them: `Earlier.of(*past)`."""
        return cls(id, time, result, tuple(SliValue(*value) for value in values))


class Answer(NamedTuple):
    """What the source of the numbers answered as a whole: Keptn's get-sli.finished (evaluation.md 3).

    :param values: in the order in which they arrived
    :param start: beginning of the window, as text
    :param end: its end
    :param status: succeeded, errored or aborted
    :param result: pass, warning or fail
    :param message: why it failed
    :param labels: handed on to the finished evaluation
    """

    values: Sequence[SliValue]
    start: str = ""
    end: str = ""
    status: str = "succeeded"
    result: str = "pass"
    message: str = ""
    labels: Map[str, str] | None = None


class Scope(NamedTuple):
    """Whose evaluation it is."""

    project: str
    stage: str
    service: str
