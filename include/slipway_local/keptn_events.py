"""The events that Keptn's command line sent (sequences.md 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from slipway_core.keptn import incoming
from slipway_core.keptn.cloud_event import APPROVAL_FINISHED
from slipway_core.keptn.event import FAIL, PASS, SUCCEEDED, Scope
from slipway_core.quality_gate import window

CLI = "https://github.com/keptn/keptn/cli"
API = "https://github.com/keptn/keptn/api"
DELIVERY = f"{CLI}#configuration-change"


def delivery(
    scope: Scope, sequence: str, image: str, labels: Mapping[str, str], values: Iterable[str]
) -> dict[str, Any]:
    """Return what `trigger delivery` sent (R76, R77); raises InvalidEvent.

    :param values: texts like ``replicas.count=2``
    """
    return _event(DELIVERY, scope, sequence, incoming.trigger_data_from_form(*scope, image, labels, values))


def evaluation(scope: Scope, labels: Mapping[str, str], start: str, end: str, timeframe: str) -> dict[str, Any]:
    """Return what `trigger evaluation` sent, its window worked out now (R79); raises InvalidWindow."""
    data = incoming.trigger_data_from_form(*scope, labels=labels)
    found = window.by_hand(start, end, timeframe, datetime.now(UTC))
    return _event(API, scope, "evaluation", data | window.triggered_data(found))


def sequence(scope: Scope, name: str, labels: Mapping[str, str], data: Iterable[str]) -> dict[str, Any]:
    """Return what `trigger sequence` sent (R78); raises InvalidEvent.

    :param data: texts like ``a.b=text``; project, stage, service and labels among them are overwritten
    """
    own: dict[str, Any] = {**scope._asdict(), "labels": dict(labels) or None}
    return _event(CLI, scope, name, {**incoming.unfolded(data), **own})


def approval_finished(scope: Scope, approved: bool, context: str) -> dict[str, Any]:
    """Return what `send event approval.finished` sent (R80).

    :param context: of the delivery; empty for the only one that is open
    """
    told = {"status": SUCCEEDED, "result": PASS if approved else FAIL, "message": ""}
    event = _envelope(APPROVAL_FINISHED, f"{CLI}#{APPROVAL_FINISHED}", {**scope._asdict(), **told})
    return {**event, "shkeptncontext": context} if context else event


def pairs(text: str) -> dict[str, str]:
    """Return ``k=v,k2=v2`` as a mapping; raises InvalidEvent."""
    return dict(incoming.pair(part, "labels") for part in text.split(",") if part.strip())


def _event(source: str, scope: Scope, name: str, data: dict[str, Any]) -> dict[str, Any]:
    return _envelope(f"sh.keptn.event.{scope.stage}.{name}.triggered", source, data)


def _envelope(type_: str, source: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": type_,
        "source": source,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "contenttype": "application/json",
        "data": data,
    }
