"""Criteria made ready for comparing, once per file: `<=+10%` → an operator and a target (evaluation.md 5)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from math import isfinite
from typing import NamedTuple

from slipway_core.keptn import slo
from slipway_core.keptn.criterion import NO_NUMBER, Criterion

FIXED, PERCENT, AMOUNT = 0, 1, 2
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


class Target(NamedTuple):
    """One criterion in a verdict: as written, the number it came to, and whether the value missed it."""

    criteria: str
    target_value: float
    violated: bool


class Check(NamedTuple):
    """One valid criterion.

    :param compare: measured value and target → whether it holds
    :param base: FIXED: a threshold; PERCENT: a factor in percent of the baseline; AMOUNT: a difference to it
    :param number: the threshold, factor or difference
    """

    text: str
    compare: Callable[[float, float], bool]
    base: int
    number: float


class Groups(NamedTuple):
    """The groups of criteria under `pass` or `warning`: one must hold, and in it all criteria.

    :param groups: empty when there is a fault
    :param listing: every valid criterion, in order
    :param fault: Keptn's words for the first invalid criterion; a fault in any group spoils them all (R15)
    """

    groups: tuple[tuple[Check, ...], ...]
    listing: tuple[Check, ...]
    fault: str


class NotANumber(ArithmeticError):
    """A target is beyond the range of a double; no verdict could carry it."""


def compile_groups(groups: Iterable[slo.Group]) -> Groups:
    """Compile the groups of an objective."""
    groups = tuple(groups)
    fault = next((criterion.fault for group in groups for criterion in group if criterion.fault), "")
    checks = tuple(tuple(compile_criterion(one) for one in group if not one.fault) for group in groups)
    listing = tuple(check for group in checks for check in group)
    return Groups(() if fault else checks, listing, fault)


def compile_criterion(criterion: Criterion) -> Check:
    """Compile a valid criterion; `100 + v` is worked out here, in the order of evaluation.md 5."""
    compare = _OPERATORS[criterion.operator]
    if not criterion.sign:
        return Check(criterion.text, compare, FIXED, criterion.number)
    signed = criterion.number if criterion.sign == "+" else -criterion.number
    if criterion.percent:
        return Check(criterion.text, compare, PERCENT, 100 + signed)
    return Check(criterion.text, compare, AMOUNT, signed)


def evaluate(
    groups: tuple[tuple[Check, ...], ...], measured: float, baseline: float | None
) -> tuple[bool, list[Target]]:
    """Compare a value with all criteria; all are reported, even when an early group holds.

    :param baseline: ``None`` without one: then a relative criterion holds, and its target is 0 (R16)
    :return: whether any group holds, and the targets; raises :class:`NotANumber`
    """
    any_holds = False
    targets = []
    for group in groups:
        all_hold = True
        for text, compare, base, number in group:
            if base == FIXED:
                target = number
                holds = compare(measured, number)
            elif baseline is None:
                target = 0.0
                holds = True
            else:
                target = (baseline * number) / 100 if base == PERCENT else baseline + number
                if not isfinite(target):
                    raise NotANumber(NO_NUMBER)
                holds = compare(measured, target)
            if not holds:
                all_hold = False
            targets.append(Target(text, target, not holds))
        any_holds = any_holds or all_hold
    return any_holds, targets


def listed(groups: Groups, baseline: float | None) -> list[Target]:
    """List criteria that are not evaluated: violated, the relative ones with the bare baseline (R42)."""
    bare = 0.0 if baseline is None else baseline
    return [Target(check.text, check.number if check.base == FIXED else bare, True) for check in groups.listing]
