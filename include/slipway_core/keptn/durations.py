"""Durations as Go writes them: `300ms`, `90s`, `10m`, `1h30m`, `1.5h` (sequences.md 1.4)."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "μs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3600),
}
_PART = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h)"
NOT_NEGATIVE = rf"^\+?((?:{_PART})+|0)$"  # for a JSON Schema
_WHOLE = re.compile(rf"([-+]?)((?:{_PART})+|0)")
_EACH = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_LONGEST = Fraction(2**63 - 1, 10**9)


def seconds(text: str) -> float | None:
    """Return a duration in seconds, negative ones included; ``None`` when the text is no duration."""
    found = _WHOLE.fullmatch(text) if len(text) < 200 else None
    if not found:
        return None
    total = sum((_fraction(number) * _UNITS[unit] for number, unit in _EACH.findall(found[2])), Fraction(0))
    if total > _LONGEST:
        return None
    return float(-total if found[1] == "-" else total)


def _fraction(number: str) -> Fraction:
    return Fraction(f"0{number}0" if "." in number else number)
