"""sli.yaml → the query of each indicator, merged project < stage < service (evaluation.md 10, R79)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.fields import Fields
from slipway_core.keptn.problems import ERROR, WARNING, InvalidFile, Problem, has_errors
from slipway_core.keptn.source import Source, read_file, read_source

_KEYS = ("spec_version", "indicators")
_MISSING = "missing required field: indicators."
_ADVICE = "List them under 'indicators:', one 'name: query' a line."


class Query(NamedTuple):
    """The query of one indicator, placeholders unfilled, and where it stands."""

    text: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Sli:
    """One sli.yaml; ``indicators`` is empty when it names none."""

    file: str
    indicators: Map[str, Query]


def read_sli(data: bytes | str, file: str) -> tuple[Sli | None, list[Problem]]:
    """Read the text of a sli.yaml.

    :return: the record, or ``None`` when the file cannot be parsed; and what was wrong with its form
    """
    source = read_source(data, file)
    return _sli_of(source), source.problems


def load_sli(path: Path, file: str | None = None) -> Sli:
    """Read a sli.yaml file; raises :class:`InvalidFile` when it cannot be read or parsed."""
    source = read_file(path, file)
    sli = _sli_of(source)
    if sli is None:
        raise InvalidFile(source.problems)
    return sli


def merge(levels: Iterable[Sli | None]) -> dict[str, Query]:
    """Merge the files of project, stage and service, in this order; a level without a file is ``None``.

    :raises InvalidFile: when a file is there, but neither it nor an earlier level names an indicator
    """
    merged: dict[str, Query] = {}
    for level in levels:
        if level is None:
            continue
        merged.update(level.indicators)
        if not merged:
            raise InvalidFile([Problem(level.file, None, _MISSING, _ADVICE)])
    return merged


def check_sli(data: bytes | str, file: str, inherited: bool = False) -> list[Problem]:
    """Return everything that is wrong, or hardly as meant, in the text of a sli.yaml.

    :param inherited: whether an earlier level names indicators already; then this one need not
    """
    return check_source(read_source(data, file), inherited)


def check_source(source: Source, inherited: bool = False) -> list[Problem]:
    """Check a sli.yaml out of a source that is read already."""
    sli = _sli_of(source)
    if sli is not None:
        if not sli.indicators:
            source.report(1 if source.lines else None, _MISSING, _ADVICE, WARNING if inherited else ERROR)
        Fields(source, source.root, "an SLI file").note_unknown(_KEYS, {"objectives": "to slo.yaml"})
        for name, query in sli.indicators.items():
            if not query.text.strip():
                message = f"'{name}' has no query: its objective can never pass."
                source.report(query.line, message, "Write the query after the colon.", WARNING)
    source.problems.sort(key=lambda problem: problem.line or 0)
    return source.problems


def _sli_of(source: Source) -> Sli | None:
    if has_errors(source.problems):
        return None
    top = Fields(source, source.root, "an SLI file")
    top.text("spec_version")
    fields = Fields(source, top.mapping("indicators"), "'indicators'")
    indicators = {
        name: Query(fields.text(name), source.file, fields.node.line_of(name)) for name in fields.node.entries
    }
    return None if has_errors(source.problems) else Sli(source.file, indicators)
