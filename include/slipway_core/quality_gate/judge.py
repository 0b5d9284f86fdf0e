"""Objectives, numbers and history → a verdict (evaluation.md 7). Fetches nothing, writes nothing.

The odd rules are Keptn's own, kept on purpose: a file that passed there with a score of 87.5 passes here with 87.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import NamedTuple

from slipway_core.keptn.slo import Slo
from slipway_core.quality_gate import baseline, messages
from slipway_core.quality_gate.criteria import NotANumber, Target, evaluate, listed
from slipway_core.quality_gate.gate import Gate, Goal
from slipway_core.quality_gate.values import Earlier, SliValue

PASS, WARNING, FAIL, INFO = "pass", "warning", "fail", "info"


class Indicator(NamedTuple):
    """The result of one objective.

    :param value: ``None`` only for an informational objective without a value
    :param pass_targets: ``None`` when nothing was listed after a real evaluation
    :param status: pass, warning, fail or info
    """

    score: float
    value: SliValue | None
    display_name: str
    pass_targets: list[Target] | None
    warning_targets: list[Target] | None
    key_sli: bool
    status: str


class Verdict(NamedTuple):
    """What came out.

    :param result: pass, warning or fail
    :param score: 0 to 100, not rounded
    :param message: why; empty for a plain pass
    :param indicators: one result per objective; empty when none could be judged
    :param compared: ids of the evaluations compared with, newest first
    :param errored: whether no evaluation could be made at all
    """

    result: str
    score: float
    message: str
    indicators: Sequence[Indicator] = ()
    compared: Sequence[str] = ()
    errored: bool = False


def judge(gate: Gate, values: Iterable[SliValue], history: Iterable[Earlier] | None) -> Verdict:
    """Judge the numbers of one evaluation.

    :param values: in the order in which they arrived
    :param history: earlier evaluations, in any order; ``None`` when they could not be read
    """
    if history is None or not 1 <= gate.slo.comparison.results <= 100:
        return _errored(messages.NO_HISTORY)
    chosen = baseline.choose(history, gate.slo.comparison)
    compared = [one.id for one in chosen]
    bench = _Bench(list(values), baseline.gather(chosen), gate.slo.comparison.aggregate)
    try:
        indicators = [bench.indicator(goal) for goal in gate.goals]
    except _Unjudgeable as fault:
        return Verdict(FAIL, 0.0, str(fault), compared=compared)
    if unusable := _fault_of_total(gate.slo):
        return _errored(unusable)
    score, counts = _score(gate.goals, indicators)
    result, message = _result(gate.slo, score, bench.key_failure if counts else "")
    return Verdict(result, score, message or bench.leftover(), indicators, compared)


class _Unjudgeable(Exception):
    """An objective cannot be judged, and so nothing is (evaluation.md 8, "invalid pass criterion")."""


class _Bench:
    """Judges one objective after the other; remembers which values are left and which key objective failed last."""

    def __init__(self, remaining: list[SliValue], earlier: dict[str, list[float]], function: str) -> None:
        self.remaining, self.earlier, self.function = remaining, earlier, function
        self.key_failure = ""

    def indicator(self, goal: Goal) -> Indicator:
        value = self._take(goal.sli)
        if value is not None and not isfinite(value.value):
            value = SliValue.of(goal.sli, value.value)
        base = self._baseline(goal)
        name = goal.display_name
        if not goal.judged:
            return Indicator(0.0, value, name, [], listed(goal.warning, base), False, INFO)
        if value is None or not value.success:
            value = value or SliValue(goal.sli, 0.0, False, messages.NO_VALUE)
            self._note_failure(goal, value.message)
            targets = listed(goal.passing, base), listed(goal.warning, base)
            return Indicator(0.0, value, name, *targets, False, FAIL)
        return self._judged(goal, value, base)

    def _judged(self, goal: Goal, value: SliValue, base: float | None) -> Indicator:
        if goal.passing.fault:
            raise _Unjudgeable(_named(goal, goal.passing.fault))
        try:
            passes, pass_targets = evaluate(goal.passing.groups, value.value, base)
        except NotANumber as fault:
            raise _Unjudgeable(_named(goal, str(fault))) from fault
        warns, warning_targets = _warning(goal, value.value, base)
        metric, number, success, message, _ = value
        value = SliValue(metric, number, success, message, base or 0.0)
        if passes:
            status, score = PASS, goal.weight
        elif warns:
            status, score = WARNING, 0.5 * goal.weight
        else:
            status, score = FAIL, 0.0
            self._note_failure(goal, messages.KEY_SLI_FAILED)
        return Indicator(score, value, goal.display_name, pass_targets or None, warning_targets, goal.key_sli, status)

    def leftover(self) -> str:
        return messages.leftover(value.metric for value in self.remaining) if self.remaining else ""

    def _take(self, sli: str) -> SliValue | None:
        remaining = self.remaining
        for place, value in enumerate(remaining):
            if value.metric == sli:
                last = remaining.pop()  # the last one moves into the gap: it decides which is found next (R56, R58)
                if place < len(remaining):
                    remaining[place] = last
                return value
        return None

    def _baseline(self, goal: Goal) -> float | None:
        try:
            return baseline.aggregate(self.earlier.get(goal.sli), self.function)
        except OverflowError as fault:
            raise _Unjudgeable(_named(goal, str(fault))) from fault

    def _note_failure(self, goal: Goal, text: str) -> None:
        if goal.key_sli:  # the last one is named, by its display name even if that is empty (R55)
            self.key_failure = messages.key_sli_failed(goal.display_name, text)


def _named(goal: Goal, fault: str) -> str:
    return messages.invalid_criterion(goal.display_name or goal.sli, fault)


def _warning(goal: Goal, measured: float, base: float | None) -> tuple[bool, list[Target] | None]:
    """Evaluate the warning groups; an invalid criterion only means that they are not met (R45)."""
    if goal.warning.fault:
        return False, []
    try:
        warns, targets = evaluate(goal.warning.groups, measured, base)
    except NotANumber:
        return False, []
    return warns, targets or None


def _fault_of_total(slo: Slo) -> str:
    if slo.passing is None:
        return messages.NO_TARGET
    if slo.passing.number is None:
        return messages.TARGET_IS_NO_NUMBER
    return messages.WARNING_IS_NO_NUMBER if slo.warning and slo.warning.number is None else ""


def _score(goals: Sequence[Goal], indicators: Sequence[Indicator]) -> tuple[float, bool]:
    """Return the score in percent, and whether it counts: where the maximum is 0, everything passes (R38)."""
    if not goals:
        return 0.0, True
    maximum = total = 0.0
    for goal, indicator in zip(goals, indicators, strict=True):
        if goal.judged:
            maximum += goal.weight
        if indicator.pass_targets:
            total += indicator.score
    return (100 * (total / maximum), True) if maximum else (100.0, False)


def _result(slo: Slo, score: float, key_failure: str) -> tuple[str, str]:
    """Return the result and its message, in the order of the table of evaluation.md 7."""
    passing = slo.passing.number if slo.passing else None
    warning = slo.warning.number if slo.warning else None
    if passing is not None and score >= passing and not key_failure:
        return PASS, ""
    if key_failure:
        return FAIL, key_failure
    if warning is None:
        return FAIL, messages.below_pass(score, passing or 0.0)
    if score >= warning:
        return WARNING, messages.close_to_warning(score, warning)
    return FAIL, messages.below_warning(score, warning)


def _errored(message: str) -> Verdict:
    return Verdict(FAIL, 0.0, message, errored=True)
