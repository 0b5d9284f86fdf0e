"""A finished evaluation as people read it: one row per objective, and one sentence on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from slipway_core.quality_gate.criteria import Target
from slipway_core.quality_gate.finished import Evaluation
from slipway_core.quality_gate.judge import FAIL, INFO, PASS, Indicator
from slipway_core.quality_gate.messages import number_text
from slipway_core.quality_gate.values import SliValue

COLUMNS = ("objective", "value", "limit", "baseline", "verdict", "why")


class Row(NamedTuple):
    """One objective: what was measured, what was allowed, and what came of it."""

    objective: str
    value: str
    limit: str
    baseline: str
    verdict: str
    why: str


def headline(evaluation: Evaluation) -> str:
    """Return result, score and reason in one line."""
    parts = [evaluation.result.upper(), f"score {_short(evaluation.verdict.score)} of 100"]
    if evaluation.status != "succeeded":
        parts.append(evaluation.status)
    if evaluation.verdict.compared:
        parts.append(f"compared with {', '.join(evaluation.verdict.compared)}")
    return ", ".join(parts) + (f": {evaluation.message}" if evaluation.message else "")


def rows(evaluation: Evaluation) -> list[Row]:
    """Return one row per objective, in the order of the file."""
    return [_row(one, bool(evaluation.verdict.compared)) for one in evaluation.verdict.indicators]


def text(evaluation: Evaluation) -> str:
    """Return headline and rows as a block of plain text, for logs."""
    table = [COLUMNS, *rows(evaluation)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([headline(evaluation), *(lines if len(table) > 1 else [])])


def _row(one: Indicator, compared: bool) -> Row:
    value = one.value
    name = one.display_name or (value.metric if value else "")
    shown = _short(value.value) if value and value.success else "none"
    base = _short(value.compared_value) if value and compared and value.compared_value else "-"
    return Row(name + (" (key)" if one.key_sli else ""), shown, _limits(one.pass_targets), base, one.status, _why(one))


def _why(one: Indicator) -> str:
    if one.status == INFO:
        return "only shown"
    if one.value and not one.value.success:
        return one.value.message or "no value"
    missed = _limits([target for target in one.pass_targets or () if target.violated])
    if one.status == PASS:
        return "" if missed == "-" else f"another group holds; missed: {missed}"
    if one.status == FAIL:
        return f"missed: {missed}"
    return (
        f"missed: {missed}; within: {_limits([target for target in one.warning_targets or () if not target.violated])}"
    )


def _limits(targets: Sequence[Target] | None) -> str:
    return ", ".join(_limit(target) for target in targets or ()) or "-"


def _limit(target: Target) -> str:
    written = target.criteria.strip()
    relative = "%" in written or written.replace(" ", "").lstrip("<=>").startswith(("+", "-"))
    return f"{written} ({_short(target.target_value)})" if relative else written


def _short(number: float) -> str:
    return number_text(float(f"{number:.6g}"))


def stored_rows(evaluation: Mapping[str, Any]) -> list[Row]:
    """Return the rows of an evaluation that was stored or travels in a payload.

    :param evaluation: the block ``evaluation`` of evaluation.finished.
    :raises ValueError: when its indicators have not the shape that `Evaluation.data` gives them.
    """
    compared = bool(evaluation.get("comparedEvents"))
    try:
        return [_row(_indicator(one), compared) for one in evaluation.get("indicatorResults") or ()]
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"indicatorResults are not of the known shape: {error!r}") from error


def _indicator(one: Mapping[str, Any]) -> Indicator:
    stored = one.get("value")
    value = stored and SliValue(
        str(stored["metric"]),
        float(stored.get("value") or 0),
        bool(stored.get("success")),
        str(stored.get("message") or ""),
        float(stored.get("comparedValue") or 0),
    )
    return Indicator(
        float(one.get("score") or 0),
        value,
        str(one.get("displayName") or ""),
        _stored_targets(one.get("passTargets")),
        _stored_targets(one.get("warningTargets")),
        bool(one.get("keySli")),
        str(one.get("status") or ""),
    )


def _stored_targets(targets: Sequence[Mapping[str, Any]] | None) -> list[Target] | None:
    if targets is None:
        return None
    return [
        Target(str(one["criteria"]), float(one.get("targetValue") or 0), bool(one.get("violated"))) for one in targets
    ]
