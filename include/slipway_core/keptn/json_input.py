"""JSON that people and other programs hand over: read, and each field checked by name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from typing import Any

from slipway_core.keptn.problems import InvalidEvent


def parse(content: str, where: str) -> Any:
    """Read JSON; raises :class:`InvalidEvent` that says where it ends to be JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent(where, f"is not JSON: {error}") from error


def read_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Return the lines with something in them, numbered from 1."""
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def mapping(entry: object, field: str) -> Map[str, Any]:
    """Return a mapping, or say that it is none."""
    if not isinstance(entry, dict):
        raise InvalidEvent(field, "must be an object: {…}.")
    return entry


def text(entry: object, field: str) -> str:
    """Return a text, or say that it is none."""
    if not isinstance(entry, str):
        raise InvalidEvent(field, "must be text.")
    return entry
