"""One criterion of an objective, `<=+10%` → its parts (evaluation.md 5, R1 to R13)."""

from __future__ import annotations

from typing import NamedTuple

from slipway_core.keptn.numbers import number

OPERATORS = ("<=", "<", "=", ">=", ">")
NO_CRITERION = "invalid criteria string"
NO_NUMBER = "could not parse criteria target value"


class Criterion(NamedTuple):
    """One criterion as written, and what it means.

    :param text: as it stands in the file, blanks kept
    :param line: where it stands; the first line is 1
    :param operator: one of :data:`OPERATORS`; empty when there is a fault
    :param sign: ``+`` or ``-`` when it is relative to the baseline, else empty; a bare `%` means ``+`` (R3)
    :param number: the threshold, or the difference to the baseline
    :param percent: whether the difference is in percent of the baseline
    :param fault: Keptn's words for what is wrong with it, empty when nothing is
    """

    text: str
    line: int = 0
    operator: str = ""
    sign: str = ""
    number: float = 0.0
    percent: bool = False
    fault: str = ""


def read_criterion(text: str, line: int = 0) -> Criterion:
    """Read one criterion; what is wrong with it comes back as its ``fault``."""
    packed = text.replace(" ", "")  # blanks only, even inside the number; other white space makes it invalid (R9)
    if not packed.startswith(("<", "=", ">", "|")):
        return Criterion(text, line, fault=NO_CRITERION)
    percent = packed.endswith("%")
    rest = packed.removesuffix("%")
    operator = next((operator for operator in OPERATORS if rest.startswith(operator)), "")
    rest = rest.removeprefix(operator)
    sign = rest[:1] if rest[:1] in ("+", "-") else ""
    value = number(rest.removeprefix(sign))
    if value is None:
        return Criterion(text, line, fault=NO_NUMBER)
    return Criterion(text, line, operator, sign or "+" * percent, value, percent)
