"""What a bare word of a shipyard means: text, number, boolean, null or date.

The rules are those of the YAML reader that Keptn 1.x used for shipyards, which lies between YAML 1.1 and 1.2
(sequences.md 1.4): `on`, `yes`, `n` and `1:30` are text, `010` is 8, a date becomes text in RFC 3339.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_YAML_11_BOOLEANS = {
    word: value
    for value, words in ((True, ("y", "yes", "on")), (False, ("n", "no", "off")))
    for plain in words
    for word in (plain, plain.capitalize(), plain.upper())
}
_INTEGER = re.compile(r"([-+]?)(?:0x([0-9a-f]+)|0b([01]+)|0o?([0-7]+)|(0|[1-9][0-9]*))", re.IGNORECASE)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?))?"
)


def resolve(text: str) -> Any:
    """Return the value that an unquoted word stands for (sequences.md 1.4)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    number = _number(text.replace("_", ""))
    if number is not None:
        return number
    return _date(text) or text


def resolve_yaml_11(text: str) -> Any:
    """Return the value that an unquoted word of a remediation.yaml stands for (sequences.md 1.4, R66).

    There `on`, `off`, `yes`, `no`, `y` and `n` are booleans, and a date stays as written.
    """
    if text in _YAML_11_BOOLEANS:
        return _YAML_11_BOOLEANS[text]
    return text if _date(text) else resolve(text)


def fits_an_event(value: Any) -> bool:
    """Say whether every number in a value is finite: JSON, and so an event, can carry no other."""
    if isinstance(value, dict):
        return all(fits_an_event(part) for part in value.values())
    if isinstance(value, list):
        return all(fits_an_event(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)


def is_null(text: str) -> bool:
    """Say whether an unquoted word means "nothing here"."""
    return text in _WORDS and _WORDS[text] is None


def _number(text: str) -> int | float | None:
    if found := _INTEGER.fullmatch(text):
        sign, hexadecimal, binary, octal, decimal = found.groups()
        for digits, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
            if digits:
                if len(digits) > 64:  # also keeps Python's limit on the length of integers out of reach
                    break
                value = int(sign + digits, base)
                return value if -(2**63) <= value < 2**64 else float(value)
    return float(text) if _FLOAT.fullmatch(text) else None


def _date(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, *clock = found.groups()
    hour, minute, second, fraction, zone = clock[:5] if clock[0] else (*clock[5:], "Z")
    try:
        moment = datetime.datetime(  # only checks the calendar; the zone is kept as text
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
    except ValueError:
        return None
    fraction = (fraction or "").rstrip("0").rstrip(".")
    zone = "Z" if zone in ("+00:00", "-00:00") else zone
    return f"{moment.isoformat()}{fraction}{zone}"
