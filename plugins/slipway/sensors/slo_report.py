"""What a gate says to people: one block of text, and the way to its numbers in Prometheus' own page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from slipway_core.keptn.problems import render
from slipway_core.quality_gate import report
from slipway_core.quality_gate.placeholders import Context
from slipway_core.quality_gate.window import instant

if TYPE_CHECKING:
    from slipway_core.quality_gate.finished import Evaluation

    from slipway.hooks.gate_numbers import GateNumbers

MOST_QUERIES = 10  # an address has its limits


def as_text(evaluation: Evaluation, numbers: GateNumbers) -> str:
    """Return the verdict as one readable block: headline, objectives, window and source, what was wrong beside."""
    parts = [report.text(evaluation)]
    if evaluation.answer.start:
        source = f", numbers from {numbers.address}" if numbers.address else ""
        parts.append(f"Window {evaluation.answer.start} to {evaluation.answer.end}{source}")
    parts += [f"Warning of the source: {one}" for one in numbers.warnings]
    if evaluation.problems:
        parts.append(render(evaluation.problems))
    return "\n".join(parts)


def queries_address(numbers: GateNumbers) -> str:
    """Return the address of Prometheus' own page with the gate's queries as graphs over its window."""
    start, end = instant(numbers.answer.start), instant(numbers.answer.end)
    seconds = Context("", "", "", start, end).duration
    fields: dict[str, str] = {}
    for place, query in enumerate(list(numbers.queries.values())[:MOST_QUERIES]):
        graph = {"expr": query, "tab": "0", "range_input": seconds, "end_input": f"{end:%Y-%m-%d %H:%M:%S}"}
        fields |= {f"g{place}.{name}": value for name, value in graph.items()}
    return f"{numbers.address}/graph?{urlencode(fields)}"
