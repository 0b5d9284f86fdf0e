"""`slipway simulate`: walks a shipyard's sequences without Airflow, and says every payload, result and follow-up."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import yaml

from slipway_core.cli.exits import ERROR, Command
from slipway_core.keptn.answers import Answers, answers_of
from slipway_core.keptn.course import LIMIT, PREFIX, Course, Said
from slipway_core.keptn.get_action import FILE
from slipway_core.keptn.json_input import mapping, parse, read_lines
from slipway_core.keptn.problems import NOTE, InvalidEvent, InvalidFile, render
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.remediation import Remediation, load_remediation
from slipway_core.keptn.scalars import fits_an_event
from slipway_core.keptn.sequence_cases import read_case, run_case, start_of
from slipway_core.keptn.shipyard import Shipyard, shipyard_of
from slipway_core.keptn.source import read_file

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_COLOURS = {"pass": "green", "warning": "yellow", "fail": "red"}


@click.command(cls=Command)
@click.argument("shipyard", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--trigger", help="The sequence to start: <stage>.<sequence>.")
@click.option("--data", type=_FILE, help="JSON: the data that starts it. Project and stage may be left out.")
@click.option("--answers", type=_FILE, help="YAML: what tasks report, and what people answer. Default: all goes well.")
@click.option("--cases", type=_FILE, help="Walk cases instead, one JSON object a line; prints id and expected events.")
@click.option("--limit", type=click.IntRange(min=1), default=LIMIT, help=f"Most sequences to run. Default: {LIMIT}.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def simulate(
    shipyard: Path | None,
    trigger: str | None,
    data: Path | None,
    answers: Path | None,
    cases: Path | None,
    limit: int,
    form: str,
) -> None:
    """Walk a sequence and all that follows it, without Airflow: the very code that the DAGs run.

    SHIPYARD is a shipyard.yaml or its folder; a remediation.yaml is looked up beside it, as in a project. Exit code 0:
    walked to its end, whatever the results; 3: something is wrong with the input, or --limit came before the end.

    \b
    The answers, by <stage>.<sequence>.<task>, one item each time a task is asked:
      qa.delivery.evaluation:
        - {status: succeeded, result: warning, evaluation: {score: 80}}
      production.delivery.approval:
        - decision: approve

    \b
    Examples:
      ./slipway simulate include/samples/fulltour --trigger qa.delivery --data data.json
      ./slipway simulate shipyard.yaml --trigger qa.delivery --data data.json --answers answers.yaml --format json
      ./slipway simulate --cases sequence_cases.jsonl
    """
    if cases:
        if shipyard or trigger or data or answers:
            raise click.UsageError("--cases stands alone: each case brings its own shipyard, trigger and answers.")
        sys.exit(_walk_cases(cases))
    if not shipyard or not trigger or not data:
        raise click.UsageError("Name SHIPYARD, --trigger and --data, or --cases.")
    file = shipyard / "shipyard.yaml" if shipyard.is_dir() else shipyard
    read = _shipyard(file)
    plan, first, given = start_of(read, trigger, _data(data, file, trigger))
    said = answers_of(read_file(answers), plan) if answers else Answers({})

    def remediation(stage: str, service: str) -> Remediation | None:
        path = ProjectFiles(file.resolve().parent, stage, service).find(FILE)
        return load_remediation(path, str(path)) if path else None

    course = Course(plan, said, remediation, limit)
    start = Said(f"{first.stage}.{first.sequence}", "triggered", given)
    _print_json([start], course.walk(first, given)) if form == "json" else _print([start], course.walk(first, given))
    for task in course.waiting:
        click.echo(f"{task} waits for a person: no answer is given for it.", err=form == "json")
    if course.limited:
        click.echo(
            f"Not walked to its end: stopped after {limit} sequences, and more would follow (--limit).", err=True
        )
        sys.exit(ERROR)


def _shipyard(file: Path) -> Shipyard:
    """Return the shipyard; what is suspicious about it goes to standard error."""
    shipyard, problems = shipyard_of(read_file(file))
    if shipyard is None:
        raise InvalidFile(problems)
    if telling := [problem for problem in problems if problem.severity != NOTE]:
        click.echo(f"{render(telling)}\n", err=True)
    return shipyard


def _data(file: Path, shipyard: Path, trigger: str) -> dict[str, Any]:
    """Return the data that starts the sequence; project and stage have defaults."""
    data = mapping(parse(file.read_text("utf-8"), str(file)), str(file))
    if not fits_an_event(data):
        raise InvalidEvent(str(file), "holds a number that is not finite.")
    stage = trigger.removeprefix(PREFIX).partition(".")[0]
    return {"project": shipyard.resolve().parent.name, "stage": stage, **data}


def _walk_cases(file: Path) -> int:
    """Print one line per case; one that cannot be read is said on standard error, and the others go on."""
    faults = 0
    with file.open(encoding="utf-8") as stream:
        for number, line in read_lines(stream):
            try:
                case = read_case(parse(line, "case"))
                expected = run_case(case)
            except InvalidEvent as error:
                click.echo(f"{file}, line {number}: {error}", err=True)
                faults += 1
            else:
                click.echo(json.dumps({"id": case.id, "expected": expected}, ensure_ascii=False))
    return ERROR if faults else 0


def _print_json(*parts: Iterable[Said]) -> None:
    for part in parts:
        for said in part:
            reports = {"reports": said.reports} if said.reports else {}
            click.echo(json.dumps({**said.as_event(), **reports}, ensure_ascii=False))


def _print(*parts: Iterable[Said]) -> None:
    """Print events as people read them; click drops the colours where they cannot be seen."""
    for part in parts:
        for said in part:
            indent = "" if "." in said.subject else "  "
            line = f"{indent}{said.subject} {said.verb}"
            if said.verb == "triggered":
                line += f", {said.after_seconds:g} s later" if said.after_seconds else ""
                shown: list[Any] = [said.data]
            else:
                line += f": {said.data['result']}, {said.data['status']}"
                shown = list(said.reports) or [said.data]
            click.secho(
                line, bold=True, fg=_COLOURS.get(str(said.data.get("result"))) if said.verb == "finished" else None
            )
            for data in shown:
                text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
                click.echo("".join(f"{indent}    {row}\n" for row in text.splitlines()), nl=False)
