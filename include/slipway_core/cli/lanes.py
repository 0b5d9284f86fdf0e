"""`slipway lanes`: who runs, who waits, and at which place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from slipway_core.keptn.lanes import PARKED, RUNNING, SUPERSEDED, Run, Standing
from slipway_core.records import InLane, open_records

_COLUMNS = ("lane", "place", "run", "context", "since")
# Ids are there to be copied: on a pipe nothing is folded.
_WIDTH_ON_A_PIPE = 500
_SAID = {RUNNING: "runs", PARKED: "waits for a person", SUPERSEDED: "superseded"}


@click.command()
@click.argument("project", required=False)
@click.option("--stage", help="Only those of a stage.")
@click.option("--service", help="Only those of a service.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def lanes(project: str | None, stage: str | None, service: str | None, form: str) -> None:
    """List the lanes: of each project, stage and service one sequence runs, the others wait for their turn.

    \b
    Examples:
      ./slipway lanes
      ./slipway lanes hello --stage production
      ./slipway lanes --format json
    """
    kept = open_records().lanes
    standings = kept.standings()
    wanted = (project, stage, service)
    found = [
        one
        for one in kept.all()
        # What left between the two looks is left out.
        if one.entry.run in standings
        and all(value in (None, own) for value, own in zip(wanted, one.place, strict=True))
    ]
    found.sort(key=lambda one: (one.place, standings[one.entry.run].place))
    if form == "json":
        for one in found:
            click.echo(json.dumps(_described(one, standings[one.entry.run]), ensure_ascii=False))
    else:
        _print((one, standings[one.entry.run]) for one in found)


def _described(one: InLane, standing: Standing) -> dict[str, Any]:
    def named(run: Run | None) -> dict[str, str] | None:
        return run._asdict() if run else None

    return {
        **one.place._asdict(),
        **one.entry.run._asdict(),
        "context": one.entry.context,
        "state": standing.state,
        "place": standing.place,
        "ahead": named(standing.ahead),
        "superseded_by": named(standing.superseded_by),
        "triggered": one.entry.triggered.isoformat(),
        "since": one.since.isoformat(),
    }


def _print(found: Iterable[tuple[InLane, Standing]]) -> None:
    """Print a table; rich is imported only where one is drawn."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD)
    for one, standing in found:
        place = _SAID.get(standing.state) or f"waits, {standing.place}"
        run = f"{one.entry.run.dag_id} {one.entry.run.run_id}"
        cells = (str(one.place), place, run, one.entry.context, f"{one.since:%Y-%m-%d %H:%M:%S}")
        table.add_row(*map(Text, cells))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_ON_A_PIPE)
    if not table.row_count:
        console.print("No sequence runs or waits.")
        return
    console.print(table)
    console.print("Times are UTC.", style="dim")
