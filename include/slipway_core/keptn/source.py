"""YAML in, with the line kept for every node.

Reads what Keptn's shipyard reader took (sequences.md 1.4): the scalar rules of :mod:`slipway_core.keptn.scalars`, a key
said twice is an error, anchors, aliases and merge keys work, tags of one's own do not. Text that is too large, too deep
or grows too much through its aliases is refused before it can do harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.cyaml import CSafeLoader

from slipway_core.keptn import scalars, yaml_faults
from slipway_core.keptn.problems import ERROR, InvalidFile, Problem, excerpt

LARGEST_FILE = 1_000_000
MOST_NODES = 100_000
DEEPEST = 100

_CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "timestamp")}
_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}


@dataclass(slots=True)
class Scalar:
    """One word or text; ``quoted`` text is never a number, a boolean or null."""

    text: str
    line: int
    quoted: bool = False
    size: int = 1
    depth: int = 1

    @property
    def value(self) -> Any:
        """The plain value."""
        return self.text if self.quoted else scalars.resolve(self.text)

    @property
    def is_null(self) -> bool:
        """Whether nothing stands here."""
        return not self.quoted and scalars.is_null(self.text)


@dataclass(slots=True)
class Items:
    """A list."""

    items: list[Node]
    line: int
    size: int = 1
    depth: int = 1
    is_null = False

    @property
    def value(self) -> Any:
        """The plain value."""
        return [item.value for item in self.items]


@dataclass(slots=True)
class Mapping:
    """A mapping: key text → (line of the key, node); merge keys are already worked in."""

    entries: dict[str, tuple[int, Node]]
    line: int
    size: int = 1
    depth: int = 1
    is_null = False

    @property
    def value(self) -> Any:
        """The plain value."""
        return {key: node.value for key, (_, node) in self.entries.items()}

    def get(self, key: str) -> Node | None:
        """Return the node under a key; ``None`` when the key is missing or nothing stands there."""
        entry = self.entries.get(key)
        return None if entry is None or entry[1].is_null else entry[1]

    def line_of(self, key: str) -> int:
        """Return the line in which a key stands, or that of the mapping."""
        return self.entries[key][0] if key in self.entries else self.line


Node = Scalar | Items | Mapping


@dataclass
class Source:
    """One file while it is read: its text, its tree of nodes, and the problems found so far."""

    file: str
    lines: list[str] = field(default_factory=list)
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)

    def report(
        self, line: int | None, message: str, advice: str = "", severity: str = ERROR, also: tuple[int, ...] = ()
    ) -> None:
        """Note a problem; ``also`` names further lines to show."""
        numbers = sorted({*also, line}) if line is not None else []
        self.problems.append(Problem(self.file, line, message, advice, excerpt(self.lines, *numbers), severity))


def read_source(data: bytes | str, file: str, last_wins: bool = False) -> Source:
    """Read YAML text; problems are collected, never raised, and then ``root`` is ``None``.

    :param data: content of the file
    :param file: path to name in problems
    :param last_wins: of a key said twice the last counts, as in Keptn's YAML 1.1 reader; else that is an error
    """
    source = Source(file)
    try:
        text = _text(data, source)
        source.lines = text.splitlines()
        source.root = _Composer(text, source, last_wins).document()
    except _Refused as refused:
        source.report(refused.line, refused.message, refused.advice, also=refused.also)
    except yaml.YAMLError as error:
        source.problems.append(yaml_faults.explain(error, file, source.lines))
    return source


def read_file(path: Path, file: str | None = None) -> Source:
    """Read a YAML file; raises :class:`InvalidFile` when it cannot be opened."""
    name = file or str(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        problem = Problem(name, None, f"it cannot be read: {error.strerror}.", "Check the path and its permissions.")
        raise InvalidFile([problem]) from error
    return read_source(data, name)


def _text(data: bytes | str, source: Source) -> str:
    if len(data) > LARGEST_FILE:
        raise _Refused(None, f"it is larger than {LARGEST_FILE:,} bytes.", "Is this the right file?")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source.lines = data.decode("utf-8", "replace").splitlines()
        line = data.count(b"\n", 0, error.start) + 1
        raise _Refused(line, "this is not UTF-8 text.", "Save the file as UTF-8.") from error


class _Refused(Exception):
    def __init__(self, line: int | None, message: str, advice: str, also: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.line, self.message, self.advice, self.also = line, message, advice, also


class _Composer:
    """Builds the tree from libyaml's events; own code, because PyYAML's drops explicit tags and doubled keys."""

    def __init__(self, text: str, source: Source, last_wins: bool) -> None:
        self.last_wins = last_wins
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=CSafeLoader))
        self.source = source
        self.anchors: dict[str, Node | None] = {}

    def document(self) -> Node | None:
        """Return the first document; Keptn never looked at a second one."""
        next(self.events)
        event = next(self.events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root = self._node(next(self.events), 1)
        next(self.events)
        event = next(self.events)
        if not isinstance(event, yaml.StreamEndEvent):
            line = event.start_mark.line + 1
            self.source.report(
                line, "a second document starts here; only the first is read.", "Remove it.", severity="warning"
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), line)
        if depth > DEEPEST:
            raise _Refused(line, f"it is nested deeper than {DEEPEST} levels.", "Is this the right file?")
        tag = event.tag
        if tag is not None and tag not in _CORE_TAGS and tag not in _TEXT_TAGS:
            raise _Refused(line, f"the tag '{tag}' is not known here.", "Remove the tag; only plain YAML is read.")
        if event.anchor:
            self.anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            quoted = tag in _TEXT_TAGS or (tag is None and not event.implicit[0])
            node = Scalar(event.value, line, quoted)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._items(line, depth)
        else:
            node = self._mapping(line, depth)
        if node.size > MOST_NODES or node.depth > DEEPEST:
            advice = "Write out what the aliases ('*name') stand for, or split the file."
            raise _Refused(line, f"it grows beyond {MOST_NODES:,} values or {DEEPEST} levels.", advice)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, name: str, line: int) -> Node:
        if name not in self.anchors:
            raise _Refused(line, f"'*{name}' refers to an anchor that is not there.", f"Write '&{name}' before it.")
        node = self.anchors[name]
        if node is None:
            raise _Refused(line, f"'*{name}' stands inside the very value it refers to.", "Remove the alias.")
        return node

    def _items(self, line: int, depth: int) -> Items:
        result = Items([], line)
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            item = self._node(event, depth + 1)
            result.items.append(item)
            result.size += item.size
            result.depth = max(result.depth, item.depth + 1)
        return result

    def _mapping(self, line: int, depth: int) -> Mapping:
        result = Mapping({}, line)
        merged: list[Mapping] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise _Refused(key.line, "a key must be a plain word.", "Is a colon or a quote missing?")
            value = self._node(next(self.events), depth + 1)
            result.size += value.size + 1
            result.depth = max(result.depth, value.depth + 1)
            if key.text == "<<" and not key.quoted:
                merged += _merge_sources(value, key.line)
                continue
            if key.text in result.entries and not self.last_wins:
                first = result.entries[key.text][0]
                message = f"'{key.text}' is said twice in one mapping (before in line {first})."
                raise _Refused(key.line, message, "Keep one of the two.", also=(first,))
            result.entries[key.text] = (key.line, value)
        for source in merged:
            for name, entry in source.entries.items():
                result.entries.setdefault(name, entry)
        return result


def _merge_sources(node: Node, line: int) -> list[Mapping]:
    candidates = node.items if isinstance(node, Items) else [node]
    mappings = [candidate for candidate in candidates if isinstance(candidate, Mapping)]
    if len(mappings) != len(candidates):
        raise _Refused(line, "'<<' takes a mapping, or a list of mappings.", "Refer to an anchor: '<<: *name'.")
    return mappings
