"""Bodies of requests: read up to a limit, and strict JSON."""

# No `from __future__ import annotations` here: FastAPI could not read the dependencies, and would answer 422.
import json
import math
from typing import Annotated, Any, NoReturn

from fastapi import Depends, HTTPException, Request
from slipway_core.keptn.problems import InvalidEvent

LARGEST = 4 * 1024 * 1024  # bytes: a thousand alerts with long descriptions have room


async def whole_body(request: Request) -> bytes:
    """Return the body of a request; one that is too large is not even read to its end."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, f"The body is larger than {LARGEST // 1024 // 1024} MiB. Send it in parts.")
    return bytes(body)


Body = Annotated[bytes, Depends(whole_body)]


def json_of(body: bytes) -> Any:
    """Return what a body says; raises :class:`InvalidEvent`.

    NaN and infinities are no JSON; NUL and half a surrogate pair are no text that a database can hold.
    """
    try:
        text = body.decode("utf-8")
        read = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("body", f"is no JSON: {error}") from None
    if "\\u" in text and not _can_be_kept(read):
        raise InvalidEvent("body", "holds a NUL character or half a surrogate pair, which no database keeps as text")
    return read


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond the range of a double")
    return number


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_can_be_kept(key) and _can_be_kept(part) for key, part in value.items())
    if isinstance(value, list):
        return all(_can_be_kept(part) for part in value)
    return not isinstance(value, str) or not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
