"""slo.yaml → frozen records (evaluation.md 4).

A file that Keptn could not parse gives no record. A criterion or a percentage that is no number does not spoil the
file: it is kept with its fault, because the verdict has to name it in its own way (evaluation.md 8).
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from slipway_core.keptn import slo_checks
from slipway_core.keptn.criterion import Criterion, read_criterion
from slipway_core.keptn.fields import Fields, kind_of
from slipway_core.keptn.numbers import number
from slipway_core.keptn.problems import InvalidFile, Problem, has_errors
from slipway_core.keptn.source import Items, Node, Scalar, Source, read_file, read_source

SINGLE, SEVERAL = "single_result", "several_results"
MOST_RESULTS = 100
_DEFAULT_RESULTS = 3
_TRUE_WORDS = ("y", "yes", "on")
_FALSE_WORDS = ("n", "no", "off")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What earlier evaluations an objective is compared with, defaults filled in.

    :param compare_with: as written; anything but the two known words means three results (R21)
    :param include: ``pass``, ``pass_or_warn`` or ``all``
    :param number: as written, 3 when absent or 0
    :param aggregate: name of the function, as written
    """

    compare_with: str
    include: str
    number: int
    aggregate: str
    line: int

    @property
    def results(self) -> int:
        """How many earlier evaluations are used; a number outside 1 … 100 makes the evaluation an error (R24)."""
        if self.compare_with == SINGLE:
            return 1
        return self.number if self.compare_with == SEVERAL else _DEFAULT_RESULTS


NO_COMPARISON = Comparison(SINGLE, "all", 1, "avg", 1)

Group = tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective; without a ``passing`` group it is informational."""

    sli: str
    display_name: str
    passing: tuple[Group, ...]
    warning: tuple[Group, ...]
    weight: int
    key_sli: bool
    line: int


class Percentage(NamedTuple):
    """A share of the total score: the text as written, and its number unless it is none."""

    text: str
    number: float | None
    line: int


@dataclass(frozen=True, slots=True)
class Slo:
    """A whole slo.yaml; ``passing`` and ``warning`` are the shares of the total score, ``None`` when absent."""

    file: str
    spec_version: str
    filter: Map[str, str]
    comparison: Comparison
    objectives: tuple[Objective, ...]
    passing: Percentage | None
    warning: Percentage | None


def read_slo(data: bytes | str, file: str) -> tuple[Slo | None, list[Problem]]:
    """Read the text of a slo.yaml.

    :param data: content of the file
    :param file: path to name in problems
    :return: the record, or ``None`` when the file cannot be parsed; and what was wrong with its form
    """
    source = read_source(data, file)
    return _slo_of(source), source.problems


def load_slo(path: Path, file: str | None = None) -> Slo:
    """Read a slo.yaml file; raises :class:`InvalidFile` when it cannot be read or parsed."""
    source = read_file(path, file)
    slo = _slo_of(source)
    if slo is None:
        raise InvalidFile(source.problems)
    return slo


def check_slo(data: bytes | str, file: str) -> list[Problem]:
    """Return everything that is wrong, or hardly as meant, in the text of a slo.yaml, in file order."""
    return check_source(read_source(data, file))


def check_source(source: Source) -> list[Problem]:
    """Check a slo.yaml out of a source that is read already."""
    if not any(line.strip() for line in source.lines) and not has_errors(source.problems):
        source.report(None, "it is empty.", "List objectives and a total_score, or remove the file.")
        return source.problems
    slo = _slo_of(source, notes=True)
    if slo is not None:
        slo_checks.check(slo, source)
    source.problems.sort(key=lambda problem: problem.line or 0)
    return source.problems


def _slo_of(source: Source, notes: bool = False) -> Slo | None:
    root = source.root
    if has_errors(source.problems):
        return None
    if root is not None and root.is_null:
        source.report(root.line, "nothing stands in the document.", "List objectives and a total_score.")
        return None
    top = _SloFields(source, root, "an SLO file")
    if notes:
        slo_checks.note_keys_of_file(top)
    labels = Fields(source, top.mapping("filter"), "'filter'")
    total = Fields(source, top.mapping("total_score"), "'total_score'")
    slo = Slo(
        source.file,
        top.text("spec_version"),
        {key: labels.text(key) for key in labels.node.entries},
        _comparison(top),
        tuple(_objective(source, node, notes) for node in top.items("objectives") if not node.is_null),
        _percentage(total, "pass"),
        _percentage(total, "warning"),
    )
    return None if has_errors(source.problems) else slo


def _comparison(top: Fields) -> Comparison:
    node = top.mapping("comparison")
    if node is None:
        return NO_COMPARISON
    fields = _SloFields(top.source, node, "'comparison'")
    include = fields.text("include_result_with_score").lower()
    return Comparison(
        fields.text("compare_with"),
        include if include in ("pass", "pass_or_warn") else "all",
        fields.integer("number_of_comparison_results") or _DEFAULT_RESULTS,
        fields.text("aggregate_function") or "avg",
        top.node.line_of("comparison"),
    )


def _objective(source: Source, node: Node, notes: bool) -> Objective:
    fields = _SloFields(source, node, "an objective")
    if notes:
        slo_checks.note_keys_of_objective(fields)
    return Objective(
        fields.text("sli"),
        fields.text("displayName"),
        _groups(fields, "pass"),
        _groups(fields, "warning"),
        fields.integer("weight") or 1,
        fields.boolean("key_sli"),
        node.line,
    )


def _groups(fields: Fields, key: str) -> tuple[Group, ...]:
    return tuple(_group(fields.source, node, key) for node in fields.items(key))


def _group(source: Source, node: Node, key: str) -> Group:
    if node.is_null:  # crashed Keptn's own reader (evaluation.md 4)
        source.report(node.line, f"nothing stands in this item of '{key}'.", "Write '- criteria: [\"<=600\"]'.")
        return ()
    found = []
    for item in Fields(source, node, f"an item of '{key}'").items("criteria"):
        if item.is_null:
            continue
        if isinstance(item, Scalar):
            found.append(read_criterion(item.text, item.line))
        else:
            source.report(item.line, f"a criterion must be text, not {kind_of(item)}.", 'Write it as "<=600".')
    return tuple(found)


def _percentage(total: Fields, key: str) -> Percentage | None:
    text = total.text(key)
    return Percentage(text, number(text.removesuffix("%")), total.node.line_of(key)) if text else None


class _SloFields(Fields):
    """Fields with the types that only slo.yaml has."""

    def integer(self, key: str) -> int:
        """Return a whole number, 0 when missing; a fraction is cut towards zero (R36)."""
        value = self._plain(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            value = math.inf
        if not -(2**63) <= value < 2**63:
            self.source.report(self.node.line_of(key), f"'{key}' must be a whole number.", f"Write '{key}: 1'.")
            return 0
        return int(value)

    def boolean(self, key: str) -> bool:
        """Return a boolean, ``False`` when missing; text is one only as `yes`, `no`, `on`, `off`, `y`, `n` (R64)."""
        value = self._plain(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value)
        usual = word in (word.lower(), word.upper(), word.capitalize())
        if isinstance(value, str) and usual and word.lower() in _TRUE_WORDS + _FALSE_WORDS:
            return word.lower() in _TRUE_WORDS
        self.source.report(
            self.node.line_of(key), f"'{key}' must be true or false.", f"Write '{key}: true', without quotes."
        )
        return False

    def _plain(self, key: str) -> Any:
        node = self.node.get(key)
        return [] if isinstance(node, Items) else None if node is None else node.value
