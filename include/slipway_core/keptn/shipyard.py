"""shipyard.yaml → frozen records (sequences.md 1.1 to 1.4, R1 to R5).

Lenient where Keptn 1.4.5 was, and loud where it was silent: what it ignored is said as a warning or a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_core.keptn import durations, legacy_shipyard, shipyard_checks
from slipway_core.keptn.fields import Fields, kind_of
from slipway_core.keptn.problems import WARNING, InvalidFile, Problem, has_errors
from slipway_core.keptn.scalars import fits_an_event
from slipway_core.keptn.source import Mapping, Node, Source, read_file, read_source

ENTITY_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_VERSION = re.compile(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.[0-9]{1,9})?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_PREFIX = "spec.keptn.sh/"
_NEWEST = "spec.keptn.sh/0.2.3"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a sequence; ``properties`` is ``None`` when the shipyard gives none (or no mapping, R9)."""

    name: str
    properties: Map[str, Any] | None
    triggered_after: str
    delay_seconds: float
    line: int


@dataclass(frozen=True, slots=True)
class TriggeredOn:
    """One item of ``triggeredOn``; ``selector`` holds the pairs under ``match``, and is ``None`` without any."""

    event: str
    selector: Map[str, str] | None
    line: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence of a stage."""

    name: str
    tasks: tuple[Task, ...]
    triggered_on: tuple[TriggeredOn, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage."""

    name: str
    sequences: tuple[Sequence, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Shipyard:
    """A whole shipyard, valid by Keptn's rules."""

    file: str
    api_version: str
    name: str
    stages: tuple[Stage, ...]


def read_shipyard(data: bytes | str, file: str) -> tuple[Shipyard | None, list[Problem]]:
    """Read the text of a shipyard.

    :param data: content of the file
    :param file: path to name in problems
    :return: the shipyard, or ``None`` when there are errors; and all problems in file order
    """
    return shipyard_of(read_source(data, file))


def load_shipyard(path: Path, file: str | None = None) -> Shipyard:
    """Read a shipyard file; raises :class:`InvalidFile` with every problem of it."""
    shipyard, problems = shipyard_of(read_file(path, file))
    if shipyard is None:
        raise InvalidFile(problems)
    return shipyard


def shipyard_of(source: Source) -> tuple[Shipyard | None, list[Problem]]:
    """Read a shipyard out of a source that is read already."""
    shipyard = _read(source) if not has_errors(source.problems) else None
    if shipyard is not None:
        shipyard_checks.check(shipyard, source)
    source.problems.sort(key=lambda problem: problem.line or 0)
    return (None if has_errors(source.problems) else shipyard), source.problems


def _read(source: Source) -> Shipyard | None:
    root = source.root
    if root is None or root.is_null:
        source.report(None, "it is empty.", f"A shipyard begins with 'apiVersion: {_NEWEST}'.")
        return None
    if legacy_shipyard.looks_like_it(root):
        legacy_shipyard.refuse(root, source)
        return None
    top = Fields(source, root, "a shipyard")
    if not isinstance(root, Mapping):
        return None
    version = _version(top, source)
    top.note_unknown(("apiVersion", "kind", "metadata", "spec"), {"stages": "under 'spec'"})
    top.text("kind")
    metadata = Fields(source, top.mapping("metadata"), "metadata")
    spec = Fields(source, top.mapping("spec"), "spec")
    spec.note_unknown(("stages",), {"sequences": "to a stage", "tasks": "to a sequence"})
    stages = tuple(_stage(source, node) for node in spec.items("stages"))
    if not stages and not has_errors(source.problems):
        line = spec.node.line_of("stages") if spec.node.entries else top.node.line_of("spec")
        source.report(line, "there is no stage.", "List at least one under 'spec', 'stages'.")
    _check_stage_names(stages, source)
    return Shipyard(source.file, version, metadata.text("name"), stages)


def _version(top: Fields, source: Source) -> str:
    """Check ``apiVersion`` as lenient semantic version, at least 0.2.0 (sequences.md 1.2, R1, R2)."""
    written = top.text("apiVersion")
    advice = f"Write 'apiVersion: {_NEWEST}'."
    line = top.node.line_of("apiVersion")
    if not written:
        source.report(line, "'apiVersion' is missing.", advice)
        return written
    found = _VERSION.fullmatch(written.removeprefix(_PREFIX))
    if not found:
        source.report(line, f"apiVersion '{written}' is not a version.", advice)
    elif found[3]:
        source.report(line, f"apiVersion '{written}' is a pre-release, which no reader takes.", advice)
    elif (int(found[1]), int(found[2] or 0)) < (0, 2):
        source.report(line, f"apiVersion '{written}' is older than 0.2.0.", advice)
    return written


def _check_stage_names(stages: tuple[Stage, ...], source: Source) -> None:
    first: dict[str, int] = {}
    for stage in stages:
        if not stage.name:
            source.report(stage.line, "a stage has no name.", "Give it one: '- name: qa'.")
        elif not ENTITY_NAME.fullmatch(stage.name):
            message = f"stage name '{stage.name}' breaks the naming rule."
            advice = "Lower-case letters, digits and hyphens; a letter first, no hyphen last."
            source.report(stage.line, message, advice)
        elif stage.name in first:
            message = f"stage '{stage.name}' is there twice (before in line {first[stage.name]})."
            source.report(stage.line, message, "Rename or merge one of the two.", also=(first[stage.name],))
        first.setdefault(stage.name, stage.line)


def _stage(source: Source, node: Node) -> Stage:
    fields = Fields(source, node, "a stage")
    elsewhere = {"tasks": "to a sequence", "triggeredOn": "to a sequence", "properties": "to a task"}
    fields.note_unknown(("name", "sequences"), elsewhere)
    sequences = tuple(_sequence(source, item) for item in fields.items("sequences"))
    return Stage(fields.text("name"), sequences, fields.node.line_of("name"))


def _sequence(source: Source, node: Node) -> Sequence:
    fields = Fields(source, node, "a sequence")
    elsewhere = {
        "selector": "to an item of 'triggeredOn', in the column of its 'event'",
        "match": "under the 'selector' of an item of 'triggeredOn'",
        "event": "to an item of 'triggeredOn'",
        "properties": "to a task",
        "triggeredAfter": "to a task",
        "triggers": "to Keptn 0.8 and older; 'triggeredOn' took its place",
    }
    fields.note_unknown(("name", "tasks", "triggeredOn"), elsewhere)
    tasks = tuple(_task(source, item) for item in fields.items("tasks"))
    triggers = tuple(_triggered_on(source, item) for item in fields.items("triggeredOn"))
    return Sequence(fields.text("name"), tasks, triggers, fields.node.line_of("name"))


def _task(source: Source, node: Node) -> Task:
    fields = Fields(source, node, "a task")
    fields.note_unknown(("name", "properties", "triggeredAfter"), {"triggeredOn": "to a sequence"})
    line = fields.node.line_of("name")
    after = fields.text("triggeredAfter")
    delay = durations.seconds(after) if after else 0.0
    if "triggeredAfter" in fields.node.entries and (delay is None or delay < 0 or not after):
        message = f"triggeredAfter '{after}' is not a duration; the task starts at once."
        source.report(
            fields.node.line_of("triggeredAfter"), message, "Write a number and a unit: 90s, 10m, 1h30m.", WARNING
        )
    return Task(fields.text("name"), _properties(fields, source), after, max(delay or 0.0, 0.0), line)


def _properties(fields: Fields, source: Source) -> Map[str, Any] | None:
    node = fields.node.get("properties")
    if node is None:
        return None
    line = fields.node.line_of("properties")
    if not isinstance(node, Mapping):
        message = f"'properties' is {kind_of(node)}, not a mapping; it is dropped."
        source.report(line, message, "Write it as 'key: value' lines.", WARNING)
        return None
    properties: dict[str, Any] = node.value
    if not fits_an_event(properties):
        message = "a number in 'properties' is not finite (.inf, .nan); no event can carry it."
        source.report(line, message, "Write a number, or quote it.")
    return properties


def _triggered_on(source: Source, node: Node) -> TriggeredOn:
    fields = Fields(source, node, "an item of 'triggeredOn'")
    elsewhere = {"match": "under 'selector'", "result": "under 'selector', 'match'"}
    fields.note_unknown(("event", "selector"), elsewhere)
    selector = Fields(source, fields.mapping("selector"), "a selector")
    for key, (line, _) in selector.node.entries.items():
        if key != "match":
            message = f"'{key}' stands beside 'match', not under it, and is ignored: this fires on pass and on warning."
            source.report(line, message, f"Indent '{key}' under 'match:'.", WARNING)
    match = selector.mapping("match")
    pairs = Fields(source, match, "'match'") if match else None
    chosen = {key: pairs.text(key) for key in pairs.node.entries} if pairs else None
    return TriggeredOn(fields.text("event"), chosen or None, fields.node.line_of("event"))
