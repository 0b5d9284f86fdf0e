"""One file → its kind and its problems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn import kinds, remediation, settings_file, sli, slo
from slipway_core.keptn.problems import ERROR, NOTE, InvalidFile, Problem, has_errors
from slipway_core.keptn.shipyard import shipyard_of
from slipway_core.keptn.source import Source, read_file

_CHECKS: dict[str, Callable[[Source], list[Problem]]] = {
    "shipyard": lambda source: shipyard_of(source)[1],
    "slo": slo.check_source,
    "sli": sli.check_source,
    "slipway": lambda source: settings_file.settings_of(source)[1],
    "remediation": remediation.check_source,
}


class FileReport(NamedTuple):
    """What was found in one file; ``kind`` is ``None`` when it could not be told."""

    file: str
    kind: str | None
    problems: tuple[Problem, ...]

    @property
    def valid(self) -> bool:
        """Whether nothing worse than a warning was found."""
        return not has_errors(self.problems)


def lint_file(path: Path, file: str | None = None, kind: str | None = None) -> FileReport:
    """Check one file.

    :param path: the file
    :param file: path to name in problems
    :param kind: one of :data:`slipway_core.keptn.kinds.KINDS`; found by content and name when not given
    """
    name = file or str(path)
    try:
        source = read_file(path, name)
    except InvalidFile as error:
        return FileReport(name, kind, error.problems)
    kind = kind or kinds.kind_of_file(path, source.root) or kinds.kind_by_text(source.lines)
    if kind in _CHECKS:
        return FileReport(name, kind, tuple(_CHECKS[kind](source)))
    if kind is None:
        _report_unknown_kind(source)
    elif not has_errors(source.problems):
        _check_not_empty(source)
        source.report(None, f"recognised as {kind}: read as YAML only, not checked yet.", severity=NOTE)
    return FileReport(name, kind, tuple(source.problems))


def _report_unknown_kind(source: Source) -> None:
    if not has_errors(source.problems):
        advice = f"Say which with --kind: {', '.join(kinds.KINDS)}."
        source.problems.append(Problem(source.file, None, "it is none of Keptn's files that we know.", advice))


def _check_not_empty(source: Source) -> None:
    if source.root is None:
        source.problems.append(Problem(source.file, None, "it is empty.", "Fill it, or remove it.", severity=ERROR))
