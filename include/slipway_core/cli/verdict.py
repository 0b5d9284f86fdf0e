"""`slipway verdict`: judges numbers by a slo.yaml, anywhere, without Airflow, cluster or network."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from slipway_core.cli.exits import ERROR, Command
from slipway_core.keptn.json_input import parse, read_lines
from slipway_core.keptn.problems import InvalidEvent, render
from slipway_core.keptn.slo import check_slo
from slipway_core.quality_gate import report
from slipway_core.quality_gate.cases import judge_case, read_case
from slipway_core.quality_gate.finished import ERRORED, Evaluation, evaluate
from slipway_core.quality_gate.inputs import read_answer, read_history
from slipway_core.quality_gate.values import Scope

EXIT_CODES = {"pass": 0, "fail": 1, "warning": 2}
_WIDTH_OF_LOGS = 140
_COLOURS = {"pass": "green", "warning": "yellow", "fail": "red"}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(cls=Command)
@click.option("--slo", type=_FILE, help="The slo.yaml to judge by.")
@click.option("--values", type=_FILE, help='The numbers: {"response_time": 0.18}, or the list of get-sli.finished.')
@click.option("--history", type=_FILE, help="Earlier evaluations, one JSON object a line, in any order.")
@click.option("--cases", type=_FILE, help="Judge cases instead, one JSON object a line; prints id and expected data.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
@click.option("--project", default="", help="Earlier evaluations of other projects, stages and services are left out.")
@click.option("--stage", default="")
@click.option("--service", default="")
@click.option("--start", help="Begin of the window the numbers are from, as in 2024-01-01T10:00:00Z. Default: now.")
@click.option("--end", help="Its end. Default: now.")
def verdict(
    slo: Path | None,
    values: Path | None,
    history: Path | None,
    cases: Path | None,
    form: str,
    project: str,
    stage: str,
    service: str,
    start: str | None,
    end: str | None,
) -> None:
    """Judge numbers by a slo.yaml, exactly as Keptn 1.4.5 did.

    Exit code 0: pass; 1: fail; 2: warning; 3: no verdict, because something is wrong with the input.

    \b
    Examples:
      ./slipway verdict --slo slo.yaml --values values.json
      ./slipway verdict --slo slo.yaml --values values.json --history history.jsonl --format json >> history.jsonl
      ./slipway verdict --cases evaluation_cases.jsonl
    """
    if cases:
        if slo or values or history:
            raise click.UsageError("--cases stands alone: each case brings its own slo.yaml, values and history.")
        sys.exit(_judge_cases(cases))
    if not slo or not values:
        raise click.UsageError("Name both --slo and --values, or --cases.")
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    answer = read_answer(values.read_text("utf-8"), str(values), (start or now, end or now))
    scope = Scope(project, stage, service)
    lines = history.read_text("utf-8").splitlines() if history else []
    earlier = list(read_history(lines, scope, str(history)))
    content = slo.read_bytes()
    if not content:
        raise InvalidEvent(str(slo), "is empty. List objectives and a total_score.")
    finished = evaluate(scope, content, answer, earlier, str(slo))
    if not finished.verdict.indicators:
        problems = [problem for problem in check_slo(content, str(slo)) if problem.severity == "error"]
        click.echo(render(problems), err=True)
    click.echo(json.dumps(finished.data(), ensure_ascii=False)) if form == "json" else _print(finished)
    sys.exit(ERROR if finished.status == ERRORED else EXIT_CODES[finished.result])


def _judge_cases(file: Path) -> int:
    """Print one line per case; one that cannot be read is said on standard error, and the others go on."""
    faults = 0
    with file.open(encoding="utf-8") as stream:
        for number, line in read_lines(stream):
            try:
                case = read_case(parse(line, "case"))
            except InvalidEvent as error:
                click.echo(f"{file}, line {number}: {error}", err=True)
                faults += 1
            else:
                click.echo(json.dumps({"id": case.id, "expected": judge_case(case)}, ensure_ascii=False))
    return ERROR if faults else 0


def _print(finished: Evaluation) -> None:
    """Print the verdict; rich is imported only where a table is drawn."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS)
    console.print(Text(report.headline(finished), style=f"bold {_COLOURS[finished.result]}"))
    rows = report.rows(finished)
    if not rows:
        return
    table = Table(*report.COLUMNS, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    console.print(table)
