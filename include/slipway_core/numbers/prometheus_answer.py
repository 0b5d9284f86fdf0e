"""What Prometheus answered to an instant query → one number, or why there is none (evaluation.md 11, R82)."""

from __future__ import annotations

import json
import math
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from slipway_core.numbers.contract import Reading
from slipway_core.numbers.errors import ManyValues, NoValue, QueryRefused, SourceUnreachable

PATH = "/api/v1/query"
LARGEST = 8 * 1024 * 1024  # bytes; one number needs some hundred
NO_VALUES = "query did not return any values"
MANY_VALUES = "query did return multiple values"
NOT_VALID = "query did not return valid values"
NO_VECTOR = "prometheus api response is not a Vector"
REFUSED = "unable to query prometheus api"
_TRY_AGAIN = (408, 429)
_LONGEST_TEXT = 400


class Reply(NamedTuple):
    """One answer over HTTP, whichever library fetched it.

    :param kind: its content type
    :param location: where a redirect leads
    :param wait: seconds that it asks to be left alone (Retry-After)
    """

    status: int
    kind: str
    body: bytes
    location: str = ""
    wait: float = 0.0


class Question(NamedTuple):
    """One instant query: whom, what, and of when."""

    address: str
    query: str
    at: datetime

    @property
    def form(self) -> dict[str, str]:
        """The fields to send; the time is exact, in Unix seconds."""
        return {"query": self.query, "time": f"{self.at.timestamp():.6f}".rstrip("0").rstrip(".")}


def reading(question: Question, reply: Reply) -> Reading:
    """Return the one number of an answer.

    :raises NoNumber: when the query gave none
    :raises SourceUnreachable: when this is no answer to a query at all
    """
    said = _json(reply)
    if reply.status != HTTPStatus.OK:
        raise _failure(question, reply, said)
    if said is None:
        raise _not_prometheus(question.address, reply)
    try:
        if said["status"] != "success":
            raise QueryRefused(f"{REFUSED}: {_error_text(said)}", question.query)
        warnings = tuple(str(one)[:_LONGEST_TEXT] for key in ("warnings", "infos") for one in said.get(key) or ())
        kind, result = said["data"]["resultType"], said["data"]["result"]
        value = _value(question, kind, result, warnings)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise _not_prometheus(question.address, reply) from None
    return Reading(value, question.query, question.at, warnings)


def _value(question: Question, kind: str, result: Any, warnings: tuple[str, ...]) -> float:
    if kind != "vector":
        advice = "Write vector(…) around it." if kind == "scalar" else "Ask for one number."
        raise QueryRefused(f"{NO_VECTOR}: it is a {kind}. {advice}", question.query, warnings)
    if not result:
        raise NoValue(NO_VALUES, question.query, warnings)
    if len(result) > 1:
        raise ManyValues(MANY_VALUES, question.query, warnings)
    if "histogram" in result[0]:
        raise QueryRefused(f"{NOT_VALID}: it is a histogram. Take a quantile of it.", question.query, warnings)
    value = float(result[0]["value"][1])
    if not math.isfinite(value):
        raise NoValue(NOT_VALID, question.query, warnings)
    return value


def _failure(question: Question, reply: Reply, said: Any) -> QueryRefused | SourceUnreachable:
    """Return the error for a status other than 200."""
    status, address = reply.status, question.address
    prometheus_said = _error_text(said)
    if status in (400, 422) and prometheus_said:
        return QueryRefused(f"{REFUSED}: {prometheus_said}", question.query)
    if status == 401:
        return SourceUnreachable(address, "answers 401: it wants another user and password, or another token.")
    if status == 403:
        return SourceUnreachable(address, "answers 403: this account may not ask queries there.")
    if status == 404:
        return SourceUnreachable(address, f"has no {PATH} (404). Is it Prometheus, and is a path missing behind it?")
    if 300 <= status < 400:
        where = reply.location.partition("?")[0] or "nowhere"
        return SourceUnreachable(address, f"sends us on to {where} ({status}). Is that a login, or the right address?")
    why = f"answers {status} {_phrase(status)}".rstrip()
    why += f": {prometheus_said}." if prometheus_said else "."
    return SourceUnreachable(address, why, again=status >= 500 or status in _TRY_AGAIN, wait=reply.wait)


def _not_prometheus(address: str, reply: Reply) -> SourceUnreachable:
    start = reply.body[:200].lstrip().lower()
    if "html" in reply.kind or start.startswith((b"<!doctype html", b"<html")):
        why = "answers with a web page, not with numbers. Is it Prometheus' own address, without a login before it?"
        return SourceUnreachable(address, why)
    if start.startswith(b"{") and _json(reply) is None:
        return SourceUnreachable(address, "broke off in the middle of its answer.", again=True)
    return SourceUnreachable(address, f"answers in a form that is not Prometheus' ({reply.kind or 'no content type'}).")


def _json(reply: Reply) -> Any:
    """Return what the body says, ``None`` when it is not JSON."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _error_text(said: Any) -> str:
    if not isinstance(said, dict) or said.get("status") != "error":
        return ""
    return f"{said.get('errorType', 'error')}: {said.get('error', '')}"[:_LONGEST_TEXT]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
