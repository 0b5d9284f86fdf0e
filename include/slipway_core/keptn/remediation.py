"""remediation.yaml → which actions a problem asks for (sequences.md 7.1, 1.4).

Only version 0.1.4 is read (decisions.md). Its YAML is that of version 1.1, and the case of its keys does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway_core.keptn import scalars
from slipway_core.keptn.fields import Fields
from slipway_core.keptn.problems import WARNING, InvalidFile, Problem, has_errors
from slipway_core.keptn.source import LARGEST_FILE, Items, Mapping, Node, Scalar, Source, read_source

API_VERSION = "spec.keptn.sh/0.1.4"
DEFAULT = "default"
_LIFT = (
    f"Lift it to 0.1.4: write 'apiVersion: {API_VERSION}', put the list under 'spec:' as 'remediations:', and under "
    "each 'problemType:' the 'actionsOnOpen:', each with 'name:' and 'action:'."
)


@dataclass(frozen=True, slots=True)
class Action:
    """One action; ``value`` may be of any type and is ``None`` when there is none."""

    name: str
    action: str
    description: str
    value: Any
    line: int

    def as_data(self) -> dict[str, Any]:
        """Return the block ``action`` of an event."""
        data = {"name": self.name, "action": self.action}
        if self.description:
            data["description"] = self.description
        return data if self.value is None else {**data, "value": self.value}


@dataclass(frozen=True, slots=True)
class Entry:
    """The actions for one type of problem; ``actions`` is ``None`` when 'actionsOnOpen' is missing."""

    problem_type: str
    actions: tuple[Action, ...] | None
    line: int


@dataclass(frozen=True, slots=True)
class Remediation:
    """One remediation.yaml."""

    file: str
    entries: tuple[Entry, ...]

    def actions_for(self, *problem_types: str) -> tuple[Action, ...] | None:
        """Return the actions for the first of some types that has any, or ``None`` (sequences.md 7.2, R59).

        The first entry of a type speaks for it; without 'actionsOnOpen' it is as if that type had none.
        """
        for wanted in problem_types:
            entry = next((one for one in self.entries if one.problem_type == wanted), None)
            if entry is not None and entry.actions is not None:
                return entry.actions
        return None


def read_remediation(data: bytes | str, file: str) -> tuple[Remediation | None, list[Problem]]:
    """Read the text of a remediation.yaml as Keptn did: of a key said twice, the last counts.

    :return: the record, or ``None`` when it cannot be used; and what is wrong
    """
    source = read_source(data, file, last_wins=True)
    return _remediation_of(source), source.problems


def load_remediation(path: Path, file: str) -> Remediation:
    """Read a remediation.yaml file; raises :class:`InvalidFile` when it cannot be used."""
    with path.open("rb") as stream:
        remediation, problems = read_remediation(stream.read(LARGEST_FILE + 1), file)
    if remediation is None:
        raise InvalidFile(problems)
    return remediation


def check_source(source: Source) -> list[Problem]:
    """Return everything that is wrong, or hardly as meant, in a remediation.yaml that is read already."""
    remediation = _remediation_of(source)
    if remediation is not None:
        _check_entries(remediation, source)
    source.problems.sort(key=lambda problem: problem.line or 0)
    return source.problems


def _remediation_of(source: Source) -> Remediation | None:
    if has_errors(source.problems):
        return None
    if source.root is None or source.root.is_null:
        source.report(None, "it is empty.", _LIFT)
        return None
    top = _fields(source, source.root, "a remediation file", ("apiVersion", "kind", "metadata", "spec"))
    _check_version(top, source)
    _text(top, "kind")
    _text(_fields(source, top.mapping("metadata"), "metadata", ("name",)), "name")
    spec = _fields(source, top.mapping("spec"), "spec", ("remediations",))
    entries = tuple(_entry(source, node) for node in spec.items("remediations"))
    return None if has_errors(source.problems) else Remediation(source.file, entries)


def _check_version(top: Fields, source: Source) -> None:
    version = _text(top, "apiVersion")
    line = top.node.line_of("apiVersion")
    if version == API_VERSION or has_errors(source.problems):
        return
    if "remediations" in top.node.entries:
        line = top.node.line_of("remediations")
        source.report(line, "this is the first form of remediation.yaml, which Keptn 1.x did not read.", _LIFT)
    elif not version:
        source.report(line, "'apiVersion' is missing.", _LIFT)
    else:
        source.report(line, f"apiVersion '{version}' is not read, only '{API_VERSION}'.", _LIFT)


def _entry(source: Source, node: Node) -> Entry:
    fields = _fields(source, node, "a remediation", ("problemType", "actionsOnOpen"))
    actions = None
    if fields.node.get("actionsOnOpen") is not None:
        actions = tuple(_action(source, item) for item in fields.items("actionsOnOpen"))
    return Entry(_text(fields, "problemType"), actions, fields.node.line_of("problemType"))


def _action(source: Source, node: Node) -> Action:
    fields = _fields(source, node, "an action", ("name", "action", "description", "value"))
    name, action, description = (_text(fields, key) for key in ("name", "action", "description"))
    value = fields.node.get("value")
    plain = None if value is None else _value(value)
    if isinstance(value, Scalar) and not value.quoted and value.text.startswith("+") and plain != value.text:
        message = f"without quotes {value.text} is the number {plain}: the sign is lost."
        source.report(fields.node.line_of("value"), message, f"Write 'value: \"{value.text}\"'.", WARNING)
    if not scalars.fits_an_event(plain):
        line = fields.node.line_of("value")
        source.report(line, "a number in 'value' is not finite; no event can carry it.", "Write a number, or quote it.")
    return Action(name, action, description, plain, fields.node.line_of("name"))


def _fields(source: Source, node: Node | None, what: str, known: Iterable[str]) -> Fields:
    """Return the fields of a mapping, known keys in their right spelling; an exact one wins (sequences.md 1.4)."""
    known = tuple(known)
    if isinstance(node, Mapping):
        spelling = {key.casefold(): key for key in known}
        entries = {spelling.get(key.casefold(), key): entry for key, entry in node.entries.items()}
        entries |= {key: node.entries[key] for key in known if key in node.entries}
        node = Mapping(entries, node.line)
    fields = Fields(source, node, what)
    fields.note_unknown(known, {"remediations": "under 'spec'", "actionsOnOpen": "to an item of 'remediations'"})
    return fields


def _text(fields: Fields, key: str) -> str:
    """Return a text; a number or a boolean in its place is taken in its plain form, such as `true` for `on`."""
    written = fields.text(key)
    node = fields.node.get(key)
    if not isinstance(node, Scalar) or node.quoted:
        return written
    value = scalars.resolve_yaml_11(written)
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")


def _value(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.text if node.quoted else scalars.resolve_yaml_11(node.text)
    if isinstance(node, Items):
        return [_value(item) for item in node.items]
    return {key: _value(part) for key, (_, part) in node.entries.items()}


def _check_entries(remediation: Remediation, source: Source) -> None:
    """Report what Keptn took in silence though no action can come of it."""
    first: dict[str, int] = {}
    for entry in remediation.entries:
        what = f"problemType '{entry.problem_type}'"
        if entry.problem_type in first:
            message = f"{what} is there twice; only the first counts."
            source.report(entry.line, message, "Merge the two.", WARNING, (first[entry.problem_type],))
        elif not entry.actions:
            message = f"{what} has no 'actionsOnOpen': nothing will be done about it."
            source.report(entry.line, message, "List its actions, each with 'name:' and 'action:'.", WARNING)
        first.setdefault(entry.problem_type, entry.line)
        for action in entry.actions or ():
            if not action.action:
                message = f"action '{action.name}' does not say what to do."
                source.report(action.line, message, "Add 'action:', such as 'action: scaling'.", WARNING)
    if not remediation.entries:
        source.report(1, "it lists no remediation.", "Add one under 'spec', 'remediations'.", WARNING)
