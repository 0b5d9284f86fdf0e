"""Numbers as Keptn's criteria and percentages write them (evaluation.md 5): `5`, `.5`, `1e3`, `1_000`, `0x1p4`."""

from __future__ import annotations

import math
import re

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_HEX = r"[0-9a-f]+(?:_[0-9a-f]+)*"
_DECIMAL = re.compile(rf"[-+]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:e[-+]?{_DIGITS})?", re.IGNORECASE)
_HEXADECIMAL = re.compile(rf"[-+]?0x(?:_?{_HEX}(?:\.(?:{_HEX})?)?|\.{_HEX})p[-+]?{_DIGITS}", re.IGNORECASE)


def number(text: str) -> float | None:
    """Return the number that a text stands for, one leading sign allowed; ``None`` when it is none.

    Numbers beyond the range of a double are none, and neither are `inf` and `nan`: no verdict could carry them.
    """
    if _DECIMAL.fullmatch(text):
        value = float(text)
    elif _HEXADECIMAL.fullmatch(text):
        try:
            value = float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    else:
        return None
    return value if math.isfinite(value) else None
