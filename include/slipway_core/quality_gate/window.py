"""Which time an evaluation looks at (evaluation.md 2, R67 to R75)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple

from slipway_core.keptn import durations
from slipway_core.keptn.problems import SlipwayError

SHORTEST = timedelta(minutes=1)
BY_HAND = timedelta(minutes=5)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(?:Z|([-+])([01]\d|2[0-3]):([0-5]\d))?", re.ASCII)
_UNIX_SECONDS = re.compile(r"\d{1,11}", re.ASCII)
_NO_TIMEFRAME = "evaluation.triggered event does not contain evaluation timeframe"


class InvalidWindow(SlipwayError):
    """The times of an evaluation cannot be used; the text is Keptn's where it had one."""


class Window(NamedTuple):
    """Begin and end as texts: they stand so in the finished evaluation."""

    start: str
    end: str


def of_task(evaluation: Map[str, Any], test: Map[str, Any], now: datetime) -> Window:
    """Work out the window of an evaluation in a sequence.

    :param evaluation: `data.evaluation`: `start`, `end`, `timeframe`
    :param test: `data.test`: `start` and `end` of the test before it, taken as they are
    :param now: when the evaluation is handled
    :raises InvalidWindow: when nothing names the window, or what names it cannot be used
    """
    start, end, timeframe = (_text(evaluation, key, "evaluation") for key in ("start", "end", "timeframe"))
    if timeframe or (start and end):
        return _resolve(start, end, timeframe, now)
    begun, ended = (_text(test, key, "test") for key in ("start", "end"))
    if begun and ended:  # a lone evaluation.start or .end is ignored beside them (R74)
        return Window(begun, ended)
    raise InvalidWindow(_NO_TIMEFRAME)


def by_hand(start: str, end: str, timeframe: str, now: datetime) -> Window:
    """Work out the window of an evaluation that a person starts; without any time, the last five minutes (R75)."""
    if end and timeframe:
        raise InvalidWindow("timeframe and end time specifications cannot be set together")
    if start and not end and not timeframe:
        raise InvalidWindow("timeframe or end time specifications need to be specified when using start parameter")
    if end and not start:
        raise InvalidWindow("end time specifications cannot be set without start parameter")
    if not timeframe and not start:
        return Window(written(now - BY_HAND), written(now))
    return _resolve(start, end, timeframe, now)


def triggered_data(window: Window) -> dict[str, Any]:
    """Return what `trigger evaluation` sent beside project, stage, service and labels (sequences.md 9)."""
    return {
        "evaluation": {"start": window.start, "end": window.end, "timeframe": ""},
        "test": {"start": "", "end": ""},
        "deployment": {"deploymentNames": None},
    }


def instant(text: str) -> datetime:
    """Return the moment that a text of a window stands for: RFC 3339 or Unix seconds; without a zone it is UTC."""
    if _UNIX_SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC)
    found = _MOMENT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        clock = datetime.fromisoformat(found[1])
        micros = int(f"{found[2] or ''}000000"[:6])
        offset = timedelta(hours=int(found[4] or 0), minutes=int(found[5] or 0))
        zone = timezone(-offset if found[3] == "-" else offset) if offset else UTC
        return clock.replace(microsecond=micros, tzinfo=zone)
    except ValueError:
        advice = "Write it like 2024-01-01T10:00:00.000Z."
        raise InvalidWindow(f"could not parse time '{text}'. {advice}") from None


def _resolve(start: str, end: str, timeframe: str, now: datetime) -> Window:
    if end and timeframe:
        raise InvalidWindow("'end' and 'timeframe' are mutually exclusive")
    if not start:
        begin, finish = now - _duration(timeframe), now
    else:
        begin = _dated(start)
        finish = _dated(end) if end else begin + _duration(timeframe)
    if finish - begin < SHORTEST:
        raise InvalidWindow("end date must be at least 1 minute after start date")
    return Window(written(begin), written(finish))


def _dated(text: str) -> datetime:
    if _UNIX_SECONDS.fullmatch(text):
        raise InvalidWindow(f"could not parse time '{text}'. Write it like 2024-01-01T10:00:00.000Z.")
    return instant(text)


def _duration(text: str) -> timedelta:
    seconds = durations.seconds(text)
    if seconds is None:
        raise InvalidWindow(f"could not parse provided timeframe: '{text}'. Write it like 2m, 90s or 1h30m.")
    try:
        return timedelta(microseconds=round(seconds * 1_000_000))
    except OverflowError:
        raise InvalidWindow(f"could not parse provided timeframe: '{text}' is too long.") from None


def written(moment: datetime) -> str:
    """Write a moment as Keptn did: cut to milliseconds, the offset dropped without conversion (R72, R73)."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _text(data: Map[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    raise InvalidWindow(f"'{where}.{key}' must be text such as \"2m\", in quotes, not {value!r}.")
