"""Alertmanager's alerts, and the problem that each of them is (evaluation.md 13, sequences.md 7.4)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent

SEQUENCE = "remediation"  # the one that an alert starts, whatever else the stage has
FIRING, RESOLVED = "firing", "resolved"


class Alert(NamedTuple):
    """One alert of a webhook's body.

    :param scope: project, stage and service, from its labels
    :param context: the same for every notification of one alert
    :param resolved: it is over, and starts nothing
    :param data: the data of ``<stage>.remediation.triggered``
    """

    scope: Scope
    context: str
    resolved: bool
    data: dict[str, Any]


def entries(body: Any) -> Sequence[Any]:
    """Return the alerts of a webhook's body as they were sent; raises :class:`InvalidEvent`."""
    if not isinstance(body, Mapping):
        raise InvalidEvent("body", "must be a mapping with 'alerts', as Alertmanager sends it")
    found = body.get("alerts")
    if not isinstance(found, list) or not found:
        raise InvalidEvent("alerts", "must be a list of at least one alert")
    return found


def read(entry: Any, where: str, status: Any = None) -> Alert:
    """Read one alert. Each counts, also the second of a body (decisions.md).

    :param where: its place in the body, such as ``alerts[0]``, for errors
    :param status: of the whole body, for an alert that says none
    :raises InvalidEvent: naming the label that is missing.
    """
    if not isinstance(entry, Mapping):
        raise InvalidEvent(where, "must be a mapping with 'labels'")
    labels = _mapping(entry, "labels", where)
    notes = _mapping(entry, "annotations", where)
    scope = Scope(*(_label(labels, name, where) for name in Scope._fields))
    state = _text(entry, "status") or _text({"status": status}, "status")
    address, deployment = _text(entry, "generatorURL"), _text(labels, "deployment")
    problem = {
        **({"State": "OPEN"} if state == FIRING else {}),
        "ProblemID": "",
        "PID": "",
        "ProblemTitle": _text(notes, "summary"),
        "ProblemDetails": {"problemDetails": _text(notes, "descriptions")},
        "ProblemURL": address,
        "ImpactedEntity": _text(labels, "pod_name"),
        **scope._asdict(),
        "labels": {"deployment": deployment},
    }
    data = {
        **scope._asdict(),
        "labels": {"Problem URL": address},
        "problem": problem,
        "deployment": {"deploymentNames": [deployment]},
    }
    return Alert(scope, context(_text(entry, "fingerprint"), _text(entry, "startsAt")), state == RESOLVED, data)


def context(fingerprint: str, starts_at: str) -> str:
    """Return the context of an alert: the same for the same one (R85); a new one each time without a fingerprint."""
    if not fingerprint:
        return str(uuid.uuid4())
    digest = hashlib.sha256(f"{fingerprint}{starts_at}".encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _mapping(entry: Mapping[str, Any], field: str, where: str) -> Mapping[str, Any]:
    value = entry.get(field)
    if value is not None and not isinstance(value, Mapping):
        raise InvalidEvent(f"{where}.{field}", "must be a mapping of text to text")
    return value or {}


def _label(labels: Mapping[str, Any], name: str, where: str) -> str:
    value = labels.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidEvent(f"{where}.labels.{name}", "is missing: add this label to the alert's rule")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
