"""`slipway actions`: what was done against problems, what was refused, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from slipway_core.records import Action, open_records

_COLOURS = {"done": "green", "asked": "yellow", "dry": "yellow", "failed": "red", "refused": "red"}
_COLUMNS = ("time", "project", "stage", "service", "action", "value", "state", "why")
_WIDTH_OF_LOGS = 160


@click.command()
@click.argument("project", required=False)
@click.option("--stage", help="Only those of a stage.")
@click.option("--service", help="Only those of a service.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many of the newest.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def actions(project: str | None, stage: str | None, service: str | None, limit: int, form: str) -> None:
    """List actions against problems, newest first; all projects, or one.

    State `asked` is under way, or was broken off; `dry` was only recorded. JSON is one object a line.

    \b
    Examples:
      ./slipway actions
      ./slipway actions fulltour --stage production --limit 5
    """
    found = open_records().actions.find(project, stage, service, limit=limit)
    if form == "json":
        for one in found:
            click.echo(json.dumps(_plain(one), ensure_ascii=False))
    else:
        _print(found)


def _plain(one: Action) -> dict[str, Any]:
    return {
        "id": one.id,
        "time": one.asked.isoformat(),
        "context": one.context,
        "project": one.project,
        "stage": one.stage,
        "service": one.service,
        "action": one.action,
        "value": one.value,
        "state": one.state,
        "why": one.why,
        **({"replicas": one.scaled._asdict()} if one.scaled else {}),
        "settled": one.settled.isoformat() if one.settled else None,
        "run": one.run._asdict(),
    }


def _print(found: Sequence[Action]) -> None:
    """Print a table; rich is imported only where one is drawn."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    if not found:
        console.print("No action was asked for yet.")
        return
    table = Table(*_COLUMNS, box=box.SIMPLE_HEAD)
    for one in found:
        value = "" if one.value is None else one.value if isinstance(one.value, str) else json.dumps(one.value)
        cells = [f"{one.asked:%Y-%m-%d %H:%M:%S}", one.project, one.stage, one.service, one.action, value]
        state = Text(one.state, style=_COLOURS.get(one.state, ""))
        table.add_row(*map(Text, cells), state, Text(one.why))
    console.print(table)
    console.print("Times are UTC.", style="dim")
