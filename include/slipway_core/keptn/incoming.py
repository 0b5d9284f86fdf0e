"""Data that comes from outside: a form, a file, an event. Checked here once, so that nothing behind has to doubt it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slipway_core.keptn.problems import InvalidEvent


def lookup(data: Any, *path: str) -> Any:
    """Return a field by its path, whatever the case of its keys (sequences.md 2.3, R60); ``None`` when missing.

    An exactly written key wins over one that differs in case.
    """
    for key in path:
        if not isinstance(data, Mapping):
            return None
        alike = (one for one in data if isinstance(one, str) and one.casefold() == key.casefold())
        data = data[key] if key in data else data.get(next(alike, key))
    return data


def check_trigger_data(data: Any) -> dict[str, Any]:
    """Return the data of an event that starts a sequence, if it can be used (sequences.md 2.2, R20).

    Raises :class:`InvalidEvent` naming the field: project, stage and service must be there, labels text to text.
    """
    if not isinstance(data, Mapping):
        raise InvalidEvent("data", f"must be a mapping, not {_kind(data)}")
    for field in ("project", "stage", "service"):
        value = data.get(field)
        if not isinstance(value, str) or not value:
            raise InvalidEvent(field, "is missing" if value in (None, "") else f"must be text, not {_kind(value)}")
    if data.get("labels") is not None:
        check_labels(data["labels"])
    return dict(data)


def check_report(data: Mapping[str, Any]) -> None:
    """Check the data of a task's ``.finished``, which later tasks and followers inherit (sequences.md 2.3, R20).

    Raises :class:`InvalidEvent` naming the field: result and status are text, labels text to text; each may be missing.
    """
    for field in ("result", "status"):
        value = data.get(field)
        if not isinstance(value, str | None):
            raise InvalidEvent(field, f"must be text, not {_kind(value)}")
    if data.get("labels") is not None:
        check_labels(data["labels"])


def check_labels(labels: Any) -> dict[str, str]:
    """Return labels that are text to text; raises :class:`InvalidEvent` naming the label that is not (R20)."""
    if not isinstance(labels, Mapping):
        raise InvalidEvent("labels", f"must be a mapping of text to text, not {_kind(labels)}")
    for key, value in labels.items():
        if not isinstance(key, str):
            raise InvalidEvent("labels", f"the name {key!r} must be text, not {_kind(key)}")
        if not isinstance(value, str):
            raise InvalidEvent(f"labels.{key}", f'must be text, not {_kind(value)}: write it in quotes, "{value}"')
    return dict(labels)


def trigger_data_from_form(
    project: str,
    stage: str,
    service: str,
    image: str | None = None,
    labels: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return the data that starts a sequence from what a person filled in (sequences.md 9, R76, R77).

    :param image: goes into `configurationChange.values.image`, unchanged; `image` among the values wins over it
    :param labels: text to text
    :param values: nested values, or texts like ``replicas.count=2``; dotted names nest
    """
    data: dict[str, Any] = {"project": project, "stage": stage, "service": service}
    if labels:
        data["labels"] = check_labels(labels)
    check_trigger_data(data)
    if image is not None and (not isinstance(image, str) or any(char.isspace() for char in image)):
        raise InvalidEvent("image", "must be one word like 'ghcr.io/acme/carts:1.2.0'")
    pairs = values.items() if isinstance(values, Mapping) else [pair(text, "values") for text in values or ()]
    changed: dict[str, Any] = {"image": image} if image else {}
    for name, value in pairs:
        _nest(changed, name, value, override=name == "image")
    if changed:
        data["configurationChange"] = {"values": changed}
    if image:
        data["deployment"] = {"deploymentURIsLocal": None, "deploymentstrategy": ""}
    return data


def unfolded(texts: Iterable[str]) -> dict[str, Any]:
    """Return texts like ``a.b=text`` as nested data (sequences.md 9, R78); raises :class:`InvalidEvent`."""
    data: dict[str, Any] = {}
    for text in texts:
        _nest(data, *pair(text, "data"), field="data")
    return data


def pair(text: Any, field: str) -> tuple[str, str]:
    """Return name and value of ``name=value``; raises :class:`InvalidEvent` about ``field``."""
    name, equals, value = str(text).partition("=")
    if not equals or "=" in value or not name.strip():
        raise InvalidEvent(field, f"'{text}' must read name=value, with exactly one '='")
    return name.strip(), value


def _nest(target: dict[str, Any], name: Any, value: Any, override: bool = False, field: str = "values") -> None:
    """Put a value under a dotted name; a name that is both a value and a branch is an error (R76)."""
    if not isinstance(name, str) or not all(name.split(".")):
        raise InvalidEvent(field, f"'{name}' is no name like 'a.b'")
    *parents, last = name.split(".")
    for parent in parents:
        target = target.setdefault(parent, {})
        if not isinstance(target, dict):
            raise InvalidEvent(f"{field}.{name}", f"'{parent}' is a value already, so nothing can lie under it")
    if last in target and not override:
        raise InvalidEvent(f"{field}.{name}", "is given twice, or is a value and a branch at once")
    target[last] = value


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
