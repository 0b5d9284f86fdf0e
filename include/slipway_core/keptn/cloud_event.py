"""CloudEvents from outside: their two forms, and the kinds that mean something here (sequences.md 2.1, 2.2, 9)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from slipway_core.keptn.event import FAIL, PASS, Scope
from slipway_core.keptn.incoming import check_trigger_data
from slipway_core.keptn.problems import InvalidEvent

APPROVAL_FINISHED = "sh.keptn.event.approval.finished"
SOURCE = "https://github.com/keptn/keptn/api"  # of an event that names none
CONTEXTS = uuid.UUID("a3b1f0a8-7a52-4f0c-8f5a-1f3f2f9f4c07")  # the name space of contexts that are no UUIDs

_TRIGGERED = re.compile(r"sh\.keptn\.event\.([^.]+)\.([^.]+)\.triggered")
_EXTENSIONS = ("id", "source", "type", "shkeptncontext")
_KNOWN = f"sh.keptn.event.<stage>.<sequence>.triggered and {APPROVAL_FINISHED} are taken"


class CloudEvent(NamedTuple):
    """What of an envelope matters here; a field that was not sent is empty.

    :param id: with ``source``, what makes two deliveries of an event the same one
    :param context: ``shkeptncontext`` as it was sent
    """

    id: str
    source: str
    type: str
    context: str
    data: Any


class SequenceTriggered(NamedTuple):
    """An event that starts a sequence.

    :param data: checked: project, stage and service are there, labels are text to text
    """

    scope: Scope
    sequence: str
    data: dict[str, Any]


class ApprovalFinished(NamedTuple):
    """An event that answers an open approval.

    :param comment: the event's ``message``
    """

    scope: Scope
    approved: bool
    comment: str


def structured(body: Any) -> CloudEvent:
    """Read an event that is one mapping, envelope and data together; raises :class:`InvalidEvent`."""
    if not isinstance(body, Mapping):
        raise InvalidEvent("body", "must be one event, a mapping with 'type' and 'data'")
    return _event(body, body.get("data"))


def binary(headers: Mapping[str, str], data: Any) -> CloudEvent:
    """Read an event whose envelope is in HTTP headers ``ce-…``, the body being its data.

    :param headers: by lower-case name
    """
    return _event({name: unquote(headers.get(f"ce-{name}", "")) for name in _EXTENSIONS}, data)


def is_binary(headers: Mapping[str, str]) -> bool:
    """Say by its headers which form an event has."""
    return "ce-type" in headers


def understand(event: CloudEvent) -> SequenceTriggered | ApprovalFinished:
    """Return what an event means; raises :class:`InvalidEvent` naming the field that cannot be used."""
    if event.type == APPROVAL_FINISHED:
        return _approval(event)
    found = _TRIGGERED.fullmatch(event.type)
    if not found:
        raise InvalidEvent("type", f"'{event.type}' starts nothing here: {_KNOWN}")
    stage, sequence = found[1], found[2]
    data = check_trigger_data(event.data)
    if data["stage"] != stage:
        raise InvalidEvent("data.stage", f"says '{data['stage']}', but the type says '{stage}'")
    return SequenceTriggered(_scope(data), sequence, data)


def context(told: str) -> str:
    """Return the context of an event: a UUID is kept, other text gives always the same one, none a new one (2.2)."""
    if not told:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(told))
    except ValueError:
        return str(uuid.uuid5(CONTEXTS, told))


def _event(envelope: Mapping[str, Any], data: Any) -> CloudEvent:
    told = {}
    for name in _EXTENSIONS:
        value = envelope.get(name)
        if value is not None and not isinstance(value, str):
            raise InvalidEvent(name, f"must be text, not {value!r}")
        told[name] = value or ""
    if not told["type"]:
        raise InvalidEvent("type", f"is missing: {_KNOWN}")
    return CloudEvent(told["id"], told["source"] or SOURCE, told["type"], told["shkeptncontext"], data)


def _approval(event: CloudEvent) -> ApprovalFinished:
    data = check_trigger_data(event.data)
    result = data.get("result")
    if result not in (PASS, FAIL):
        raise InvalidEvent("data.result", f"must be '{PASS}' or '{FAIL}', not {result!r}")
    message = data.get("message")
    return ApprovalFinished(_scope(data), result == PASS, message if isinstance(message, str) else "")


def _scope(data: Mapping[str, Any]) -> Scope:
    return Scope(data["project"], data["stage"], data["service"])
