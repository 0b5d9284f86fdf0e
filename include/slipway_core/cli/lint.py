"""`slipway lint`: says valid or invalid, with file and line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from slipway_core.keptn import kinds
from slipway_core.keptn.lint import FileReport, lint_file
from slipway_core.keptn.problems import ERROR, WARNING, Problem
from slipway_core.publish.check import SHIPYARD, check_project
from slipway_core.publish.handled import handled_tasks

_COLOURS = {ERROR: "red", WARNING: "yellow"}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(kinds.KINDS), help="What the files are. Default: found by their content.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output. Default: text.")
def lint(paths: tuple[Path, ...], kind: str | None, strict: bool, form: str) -> None:
    """Check Keptn files, or whole project folders.

    A folder with a shipyard.yaml is checked as publishing would check it: services, and whether something handles
    each task. Of any other folder, every Keptn file in it is checked for itself. Exit code 0: all valid; 1: not so.

    \b
    Examples:
      ./slipway lint shipyard.yaml
      ./slipway lint include/samples/fulltour
      ./slipway lint --kind slo --format json gates/*.yaml
    """
    reports = [report for path in paths for report in _reports(path, kind)]
    if form == "json":
        click.echo(json.dumps([_as_json(report) for report in reports], ensure_ascii=False, indent=1))
    else:
        for report in reports:
            print_report(report)
    failing = {ERROR, WARNING} if strict else {ERROR}
    sys.exit(any(problem.severity in failing for report in reports for problem in report.problems))


def _reports(path: Path, kind: str | None) -> Iterator[FileReport]:
    if path.is_dir() and (path / SHIPYARD).exists():
        yield from check_project(path, path.resolve().name, str(path), handled_tasks()).reports
    elif path.is_dir():
        yield from _folder(path, kind)
    else:
        yield lint_file(path, kind=kind)


def _folder(folder: Path, kind: str | None) -> Iterator[FileReport]:
    found = [lint_file(path, kind=kind) for path in sorted(folder.rglob("*.y*ml")) if path.is_file()]
    known = [report for report in found if report.kind]
    if not known:
        advice = f"Name a file, or a folder with a {SHIPYARD}."
        known = [FileReport(str(folder), None, (Problem(str(folder), None, "no Keptn file is in it.", advice),))]
    yield from known


def _as_json(report: FileReport) -> dict[str, object]:
    problems = [problem._asdict() for problem in report.problems]
    return {"file": report.file, "kind": report.kind, "valid": report.valid, "problems": problems}


def print_report(report: FileReport) -> None:
    """Print one report; click drops the colours where they cannot be seen."""
    for problem in report.problems:
        first, _, rest = problem.render().partition("\n")
        click.secho(first, fg=_COLOURS.get(problem.severity), bold=problem.severity == ERROR)
        click.echo(f"{rest}\n" if rest else "")
    verdict = click.style("valid", fg="green") if report.valid else click.style("invalid", fg="red", bold=True)
    click.echo(f"{report.file}: {verdict}" + (f" {report.kind}" if report.kind else ""))
