"""The tables that the demo shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from slipway_core.quality_gate.messages import number_text
from slipway_core.quality_gate.report import COLUMNS, stored_rows

from slipway_local.deliveries import Delivery
from slipway_local.workloads import Workload

_COLOURS = {"pass": "green", "success": "green", "warning": "yellow", "fail": "red", "failed": "red"}
_FIGURES = {"requests": "requests", "failures": "failed", "requests_per_second": "per second"} | {
    "mean_ms": "mean ms", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms"
}  # fmt: skip


def tasks_table(deliveries: Sequence[Delivery]) -> Table:
    """Stage, task, result, seconds."""
    table = Table("stage", "task", "result", "seconds", title="What was done")
    table.columns[-1].justify = "right"
    for delivery in deliveries:
        for task in delivery.tasks:
            colour = _COLOURS.get(task.result, "dim")
            table.add_row(delivery.stage, task.name, f"[{colour}]{task.result}[/]", f"{task.seconds:.1f}")
    return table


def running_table(running: Mapping[str, Sequence[Workload]]) -> Table:
    """What runs in which stage, as the cluster says."""
    table = Table("stage", "deployment", "image", "ready", title="What runs where (asked of the cluster)")
    table.columns[2].overflow = "fold"
    for stage, found in running.items():
        for workload in found:
            table.add_row(stage, workload.name, workload.image, f"{workload.ready}/{workload.wanted}")
        if not found:
            table.add_row(stage, "[red]nothing[/]", "", "")
    return table


def load_table(deliveries: Sequence[Delivery]) -> Table | None:
    """Locust's numbers of each delivery that had a load test; None when none had."""
    table = Table("stage", *_FIGURES.values(), title="Locust's numbers")
    for column in table.columns[1:]:
        column.justify = "right"
    for delivery in deliveries:
        if load := delivery.load():
            table.add_row(delivery.stage, *("-" if load.get(key) is None else f"{load[key]:g}" for key in _FIGURES))
    return table if table.row_count else None


def verdict_table(stage: str, evaluation: Mapping[str, Any]) -> Table:
    """What a quality gate came to, objective by objective."""
    score = number_text(round(float(evaluation["score"]), 1))
    table = Table(*COLUMNS, title=f"Quality gate in {stage}: {evaluation['result']}, score {score} of 100")
    for row in stored_rows(evaluation):
        colour = _COLOURS.get(row.verdict, "dim")
        table.add_row(*row[:4], f"[{colour}]{row.verdict}[/]", row.why)
    return table
