"""Which earlier evaluations count, and the one number they come to per indicator (evaluation.md 6)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from slipway_core.keptn.slo import Comparison
from slipway_core.quality_gate.values import Earlier

_INCLUDED = {"pass": ("pass",), "pass_or_warn": ("pass", "warning")}


def choose(history: Iterable[Earlier], comparison: Comparison) -> list[Earlier]:
    """Return the evaluations to compare with, newest first; the order of ``history`` does not matter."""
    results = _INCLUDED.get(comparison.include)
    candidates = [one for one in history if not one.invalidated and (results is None or one.result in results)]
    candidates.sort(key=_age, reverse=True)
    return candidates[: comparison.results]


def _age(one: Earlier) -> tuple[object, str]:
    return one.time, one.id  # the id only settles a tie, so that a second run judges alike


def gather(chosen: Sequence[Earlier]) -> dict[str, list[float]]:
    """Return the successful values of the chosen evaluations by indicator, newest first."""
    values: dict[str, list[float]] = {}
    for one in chosen:
        for metric, value, success, _, _ in one.values:
            if success:
                if metric in values:
                    values[metric].append(value)
                else:
                    values[metric] = [value]
    return values


def aggregate(values: list[float] | None, function: str) -> float | None:
    """Return the baseline; ``None`` when there are no values.

    :param function: avg, p50, p90 or p95; any other gives 0, and that is a baseline (R25)
    :raises OverflowError: when it is beyond the range of a double
    """
    if not values:
        return None
    number = _AGGREGATES.get(function, _zero)(values)
    if not math.isfinite(number):
        raise OverflowError("the baseline is beyond the range of a double")
    return number


def _average(values: list[float]) -> float:
    total = 0.0
    for value in values:  # not sum(): from Python 3.12 on it compensates, and differs in the last digit
        total += value
    return total / len(values)


def _percentile(share: float) -> Callable[[list[float]], float]:
    def work_out(values: list[float]) -> float:
        ordered = sorted(values)
        position = share * (len(ordered) + 1)
        if position < 1:
            return ordered[0]
        if position >= len(ordered):
            return ordered[-1]
        whole = int(position)
        low, high = ordered[whole - 1], ordered[whole]
        return low + (position - whole) * (high - low)

    return work_out


def _zero(values: list[float]) -> float:
    return 0.0


_AGGREGATES = {"avg": _average, "p50": _percentile(0.5), "p90": _percentile(0.9), "p95": _percentile(0.95)}
