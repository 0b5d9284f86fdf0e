"""What an objective can come to at all, whatever its value and its baseline: said before it matters."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from slipway_core.keptn.slo import Objective
from slipway_core.quality_gate.criteria import FIXED, PERCENT, Check, Groups, NotANumber, compile_groups, evaluate

_BASELINES = (-1e9, -100.0, -1.0, 0.0, 1.0, 100.0, 1e9)
_NEAR = 1e-6


class Reach(NamedTuple):
    """Which ends an objective can come to.

    :param informational: it has no pass criteria: it is only shown
    :param fault: Keptn's words for a criterion that makes the whole gate fail
    """

    can_pass: bool
    can_fail: bool
    informational: bool = False
    fault: str = ""

    @property
    def problem(self) -> str:
        """What is wrong with the objective; empty when nothing is."""
        if self.fault:
            return f"a pass criterion cannot be read ({self.fault}): the gate will always fail"
        if self.informational:
            return ""
        if not self.can_fail:
            return "its criteria hold for every number: it can never fail"
        return "" if self.can_pass else "no number meets its criteria: it can never pass"


def reach_of(objective: Objective) -> Reach:
    """Return what an objective can come to when its indicator gives a number."""
    passing, warning = compile_groups(objective.passing), compile_groups(objective.warning)
    if not objective.passing:
        return Reach(False, False, informational=True)
    if passing.fault:
        return Reach(False, True, fault=passing.fault)
    can_pass = can_fail = False
    # Criteria compare with numbers only: between and beside these, nothing changes.
    for baseline in _BASELINES:
        for value in _telling_values((*passing.listing, *warning.listing), baseline):
            good = _holds(passing, value, baseline)
            can_pass = can_pass or good
            can_fail = can_fail or not (good or _holds(warning, value, baseline))
        if can_pass and can_fail:
            break
    return Reach(can_pass, can_fail)


def _telling_values(checks: tuple[Check, ...], baseline: float) -> list[float]:
    ordered = sorted({_target(check, baseline) for check in checks})
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    beside = [target + way * max(_NEAR, abs(target) * _NEAR) for target in ordered for way in (-1, 1)]
    return [*ordered, *between, *beside] or [0.0]


def _target(check: Check, baseline: float) -> float:
    if check.base == FIXED:
        return check.number
    return baseline * check.number / 100 if check.base == PERCENT else baseline + check.number


def _holds(groups: Groups, value: float, baseline: float) -> bool:
    try:
        return bool(groups.groups) and evaluate(groups.groups, value, baseline)[0]
    except NotANumber:
        return False
