"""The kinds of values in slipway.yaml: how each is read, and how a JSON Schema says it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from slipway_core.keptn import durations, service_names
from slipway_core.keptn.fields import Fields, kind_of
from slipway_core.keptn.problems import WARNING
from slipway_core.keptn.source import Node, Scalar

CRON_NAMES = ("@hourly", "@daily", "@weekly", "@monthly", "@yearly")
NEVER = "never"
_RANDOM = re.compile(r"(?<![A-Za-z])[HhRr](?![A-Za-z])")


class Value(NamedTuple):
    """A kind of value.

    :param read: takes fields, key and default; reports what is wrong, and then returns the default
    :param schema: what an editor is told; ``null`` is added where the key may be left empty
    """

    read: Callable[[Fields, str, Any], Any]
    schema: Mapping[str, Any]


class Key(NamedTuple):
    """A key of a section: the field of the record that it fills, its kind of value, and what it is for."""

    field: str
    value: Value
    about: str
    required: bool = False


class Section(NamedTuple):
    """A mapping that fills a record; ``what`` names it in problems, ``keys`` are by their name in the file."""

    what: str
    keys: Mapping[str, Key]

    def read(self, fields: Fields, default: Any, also: Sequence[str] = ()) -> Any:
        """Return the record: what the file names over what the default has.

        :param also: keys that are read elsewhere
        """
        fields.note_unknown((*self.keys, *also), otherwise=WARNING)  # a setting that is ignored is no small thing
        found = {}
        for name, key in self.keys.items():
            if fields.node.get(name) is not None:
                found[key.field] = key.value.read(fields, name, getattr(default, key.field))
            elif key.required:
                message = f"{self.what} needs '{name}': {key.about}"
                fields.source.report(fields.node.line_of(name), message, f"Add it: '{name}: …'.")
        return default._replace(**found)

    @property
    def schema(self) -> dict[str, Any]:
        """The section as JSON Schema."""
        properties = {name: _described(key) for name, key in self.keys.items()}
        required = [name for name, key in self.keys.items() if key.required]
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }


def or_nothing(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that also takes a key with nothing behind it, which reads as if it were not there."""
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"], **more}


def _described(key: Key) -> dict[str, Any]:
    schema = dict(key.value.schema) if key.required else or_nothing(key.value.schema)
    return {"description": key.about, **schema}


def section(inner: Section) -> Value:
    """Return the kind of value that is a section of its own."""

    def read(fields: Fields, key: str, default: Any) -> Any:
        return inner.read(Fields(fields.source, fields.mapping(key), inner.what), default)

    return Value(read, inner.schema)


def listed(inner: Section, default: Any) -> Value:
    """Return the kind of value that is a list of sections; `default` is the record that each of them fills."""

    def read(fields: Fields, key: str, _: Any) -> Any:
        return tuple(inner.read(Fields(fields.source, node, inner.what), default) for node in fields.items(key))

    return Value(read, {"type": "array", "items": inner.schema})


def choice(what: str, known: Sequence[str]) -> Value:
    """Return the kind of value that is one of a few words."""

    def read(fields: Fields, key: str, default: Any) -> Any:
        text = _text(fields, key, "")
        if not text or text in known:
            return text or default
        message = f"unknown {what} '{text}'; known: {', '.join(known)}."
        fields.source.report(fields.node.line_of(key), message, f"Write '{key}: {known[0]}'.")
        return default

    return Value(read, {"type": "string", "enum": list(known)})


def duration(least: str, *, never: bool = False) -> Value:
    """Return the kind of value that is a duration of at least so much, in seconds.

    :param never: the word ``never`` may stand instead, and is ``None``
    """
    shortest = durations.seconds(least) or 0.0

    def read(fields: Fields, key: str, default: Any) -> Any:
        text = _text(fields, key, "")
        if not text:
            return default
        if never and text == NEVER:
            return None
        found = durations.seconds(text)
        if found is None:
            fields.wrong(key, "a duration", "Write a number and a unit: 90s, 10m, 1h30m.", f"'{text}'")
        elif found < shortest:
            fields.wrong(key, f"at least {least}", "Write a longer duration.", f"'{text}'")
        else:
            return found
        return default

    pattern = durations.NOT_NEGATIVE
    return Value(read, {"type": "string", "pattern": f"{pattern}|^{NEVER}$" if never else pattern})


def count(least: int) -> Value:
    """Return the kind of value that is a whole number of at least so much."""

    def read(fields: Fields, key: str, default: Any) -> Any:
        node = fields.node.get(key)
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        fields.wrong(key, f"a whole number of at least {least}", f"Write '{key}: {max(least, 5)}'.", _shown(node))
        return default

    return Value(read, {"type": "integer", "minimum": least})


def _text(fields: Fields, key: str, default: str) -> str:
    node = fields.node.get(key)
    value = node.value if isinstance(node, Scalar) else None
    if node is None or isinstance(value, str):
        return value or default
    given = kind_of(node) if not isinstance(node, Scalar) else f"'{node.text}'"
    fields.wrong(key, "text", f"Write '{key}: some text', in quotes if need be.", given)
    return default


def _flag(fields: Fields, key: str, default: bool) -> bool:
    node = fields.node.get(key)
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool):
        return value
    fields.wrong(key, "true or false", f"Write '{key}: true'.", _shown(node))
    return default


def _ratio(fields: Fields, key: str, default: float | None) -> float | None:
    node = fields.node.get(key)
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    fields.wrong(key, "a number from 0 to 1", f"Write '{key}: 0.01' for one in a hundred.", _shown(node))
    return default


def _names(fields: Fields, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    return _each(fields, key, default, lambda name, _: None if name else "is no name")


def _service_names(fields: Fields, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    def wrong(name: str, others: list[str]) -> str | None:
        return service_names.wrong_name(name) or service_names.wrong_release(name, others)

    return _each(fields, key, default, wrong)


def _each(
    fields: Fields, key: str, default: tuple[str, ...], wrong: Callable[[str, list[str]], str | None]
) -> tuple[str, ...]:
    names: list[str] = []
    for node in fields.items(key):
        name = node.text if isinstance(node, Scalar) else ""
        if name in names:
            fields.source.report(node.line, f"'{name}' is listed twice under '{key}'.", "Keep one of the two.")
        elif why := wrong(name, names):
            advice = f"Write a list of names: '{key}: [one, two]'; no two of them may stand for the same."
            fields.source.report(node.line, f"'{name}' under '{key}' {why}.", advice)
        else:
            names.append(name)
    return tuple(names) or default


def _cron(fields: Fields, key: str, default: str) -> str:
    text = _text(fields, key, "")
    if text and not _is_cron(text):
        advice = f'Write minute, hour, day, month, weekday: "0 2 * * *"; or one of {", ".join(CRON_NAMES)}.'
        fields.wrong(key, "a time that comes again", advice, f"'{text}'")
    return text or default


def _is_cron(text: str) -> bool:
    if text in CRON_NAMES:
        return True
    if len(text.split()) != 5 or _RANDOM.search(text):  # H and R stand for a moment that differs at each reading
        return False
    from croniter import CroniterError, croniter  # late: it takes longer to import than all of this

    try:
        croniter(text, datetime(2024, 1, 1)).get_next(datetime)  # February the 31st never comes
    except CroniterError:
        return False
    return True


def _zone(fields: Fields, key: str, default: str) -> str:
    import zoneinfo

    text = _text(fields, key, default)
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        close = difflib.get_close_matches(text, zoneinfo.available_timezones(), n=1)
        advice = f"Did you mean '{close[0]}'?" if close else "Write it like Europe/Berlin, or UTC."
        fields.source.report(fields.node.line_of(key), f"there is no time zone '{text}'.", advice)
        return default
    return text


def _shown(node: Node | None) -> str:
    return f"'{node.text}'" if isinstance(node, Scalar) else kind_of(node) if node else "nothing"


_NAME_ITEMS = {"type": "string", "minLength": 1}
TEXT = Value(_text, {"type": "string"})
FLAG = Value(_flag, {"type": "boolean"})
RATIO = Value(_ratio, {"type": "number", "minimum": 0, "maximum": 1})
NAMES = Value(_names, {"type": "array", "items": _NAME_ITEMS, "uniqueItems": True})
SERVICES = Value(
    _service_names,
    {
        "type": "array",
        "items": {**_NAME_ITEMS, "maxLength": service_names.LONGEST, "pattern": r"^[^/><|:&\s]+$"},
        "uniqueItems": True,
    },
)
CRON = Value(_cron, {"type": "string", "examples": ["0 2 * * *", *CRON_NAMES]})
ZONE = Value(_zone, {"type": "string", "examples": ["UTC", "Europe/Berlin"]})
