"""`slipway history` and `slipway invalidate`: what gates came to, and what later ones should not be compared with."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from slipway_core.records import Evaluation, open_records

_COLOURS = {"pass": "green", "warning": "yellow", "fail": "red"}
_COLUMNS = ("id", "time", "stage", "service", "result", "score", "invalidated")
_WIDTH_OF_LOGS = 140
_SHOWN_OF_ID = 8


@click.command()
@click.argument("project", required=False)
@click.option("--stage", help="Only those of a stage.")
@click.option("--service", help="Only those of a service.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="So many of the newest.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def history(project: str | None, stage: str | None, service: str | None, limit: int, form: str) -> None:
    """List evaluations, newest first; all projects, or one.

    JSON is one object a line, in the form that `./slipway verdict --history` reads.

    \b
    Examples:
      ./slipway history
      ./slipway history hello --stage qa --limit 5
      ./slipway history hello --stage qa --service carts --format json > history.jsonl
    """
    found = open_records().evaluations.find(project, stage, service, limit=limit)
    if form == "json":
        for one in found:
            click.echo(json.dumps(_event(one), ensure_ascii=False))
    else:
        _print(found, with_project=project is None)


@click.command()
@click.argument("evaluation", metavar="ID")
@click.option("--why", required=True, help="Kept with it, for those who ask later.")
def invalidate(evaluation: str, why: str) -> None:
    """Take an evaluation out of later baselines; it stays in the history.

    ID may be cut short, as `./slipway history` shows it.

    \b
    Examples:
      ./slipway invalidate 3f1c09aa --why "the load generator had no network"
    """
    if not why.strip():
        raise click.BadParameter("say why in a few words.", param_hint="--why")
    evaluations = open_records().evaluations
    before = evaluations.named(evaluation)
    done = evaluations.invalidate(before.id, why, getpass.getuser())
    what = f"{done.project}/{done.stage}/{done.service} {done.id}"
    if before.invalidated and done.invalidated:
        at, by, reason = done.invalidated
        click.echo(f"{what} was taken out already, by {by} on {at:%Y-%m-%d %H:%M} UTC: {reason}")
    else:
        click.echo(f"{what} ({done.result}, score {done.score:g}) is out of later baselines.")


def _event(one: Evaluation) -> dict[str, Any]:
    taken_out = one.invalidated
    return {
        "id": one.id,
        "time": one.finished.isoformat(),
        "context": one.context,
        "invalidated": taken_out is not None,
        **({"invalidation": {**taken_out._asdict(), "at": taken_out.at.isoformat()}} if taken_out else {}),
        **({"run": one.run._asdict()} if one.run else {}),
        "commit": one.commit,
        "queries": dict(one.queries),
        "data": dict(one.data),
    }


def _print(found: Sequence[Evaluation], *, with_project: bool) -> None:
    """Print a table; rich is imported only where one is drawn."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    if not found:
        console.print("No evaluation is there yet.")
        return
    columns = [*_COLUMNS[:2], "project", *_COLUMNS[2:]] if with_project else _COLUMNS
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for one in found:
        where = [one.project, one.stage, one.service] if with_project else [one.stage, one.service]
        result = Text(one.result, style=_COLOURS.get(one.result, ""))
        taken_out = f"{one.invalidated.by}: {one.invalidated.why}" if one.invalidated else ""
        cells: list[str | Text] = [
            one.id[:_SHOWN_OF_ID],
            f"{one.finished:%Y-%m-%d %H:%M:%S}",
            *where,
            result,
            f"{one.score:.4g}",
            taken_out,
        ]
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    console.print(table)
    console.print("Times are UTC.", style="dim")
