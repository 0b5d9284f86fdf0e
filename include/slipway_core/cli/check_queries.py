"""`slipway check-queries`: does each query of a project's gates work, before a delivery depends on it?"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.settings_file import load_settings
from slipway_core.keptn.shipyard import load_shipyard
from slipway_core.keptn.slo import Objective, Slo, load_slo
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.project_folder import project_folder
from slipway_core.publish.services import services_of
from slipway_core.quality_gate import window
from slipway_core.quality_gate.messages import number_text
from slipway_core.quality_gate.placeholders import Context
from slipway_core.quality_gate.reach import reach_of

if TYPE_CHECKING:
    from slipway_core.numbers.prometheus_client import PrometheusClient

EMBEDDED = "http://127.0.0.1:30090"
OK, NOTHING_NOW, BROKEN = "ok", "no value now", "broken"
_COLOURS = {OK: "green", NOTHING_NOW: "yellow", BROKEN: "bold red"}
_WIDTH_OF_LOGS = 160


class Finding(NamedTuple):
    """What came of one objective's query."""

    stage: str
    service: str
    objective: str
    state: str
    value: float | None
    why: str
    query: str
    warnings: tuple[str, ...] = ()


@click.command("check-queries")
@click.argument("project")
@click.option("--url", default=EMBEDDED, show_default=True, help="Prometheus. Default: the embedded cluster's.")
@click.option("--user", default="", help="Its password comes from $SLIPWAY_PROMETHEUS_PASSWORD.")
@click.option("--ca", default="", help="File with the CA certificates to trust.")
@click.option("--no-verify", is_flag=True, help="Do not check the certificate.")
@click.option("--timeframe", default="5m", show_default=True, help="What $DURATION_SECONDS stands for.")
@click.option("--deployment", default="", help="What $DEPLOYMENT stands for.")
@click.option("--strict", is_flag=True, help="A query without a value now fails too.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="Default: table.")
def check_queries(
    project: str,
    url: str,
    user: str,
    ca: str,
    no_verify: bool,
    timeframe: str,
    deployment: str,
    strict: bool,
    form: str,
) -> None:
    """Ask each query of a project's quality gates once, now.

    PROJECT is a folder with a shipyard.yaml, or the name of one in include/projects or include/samples. For each stage
    and service with a slo.yaml, and each objective in it: does the query parse, does it give one number, and can the
    objective fail at all? Exit code 1 when one cannot work, or Prometheus does not answer. A query that only has no
    value now may have one after the next test. A bearer token comes from $SLIPWAY_PROMETHEUS_TOKEN.

    \b
    Examples:
      ./slipway check-queries fulltour
      ./slipway check-queries ~/shipyards/shop --url https://prometheus.example.com --user ci --format json
    """
    from slipway_core.numbers.prometheus_access import PrometheusAccess
    from slipway_core.numbers.prometheus_client import connect

    folder = project_folder(project)
    password = os.environ.get("SLIPWAY_PROMETHEUS_PASSWORD", "") if user else ""
    token = "" if user else os.environ.get("SLIPWAY_PROMETHEUS_TOKEN", "")
    access = PrometheusAccess.of(url, user=user, password=password, token=token, ca=ca, verify=not no_verify)
    times = window.by_hand("", "", timeframe, datetime.now(UTC))
    start, end = (window.instant(text) for text in times)
    with connect(access) as client:
        client.check()
        findings = [
            finding
            for files, slo in _gates(folder)
            for finding in _check(files, slo, client, Context(*_scope(files), start, end, deployment, {}, slo.filter))
        ]
    if form == "json":
        click.echo(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False, indent=1))
    elif findings:
        _print(findings)
    else:
        click.echo(f"{folder}: no service has a slo.yaml, so there is no query to check.", err=True)
    failing = {BROKEN, NOTHING_NOW} if strict else {BROKEN}
    sys.exit(any(finding.state in failing for finding in findings))


def _scope(files: ProjectFiles) -> tuple[str, str, str]:
    return files.folder.name, files.stage, files.service


def _gates(folder: Path) -> Iterator[tuple[ProjectFiles, Slo]]:
    """Yield the files and the slo.yaml of each service in each stage that has one."""
    stages = [stage.name for stage in load_shipyard(folder / SHIPYARD).stages]
    services, problems = services_of(folder, str(folder), stages, load_settings(folder, str(folder)).services)
    if not services:
        raise InvalidFile(problems)
    for stage in stages:
        for service in services:
            files = ProjectFiles(folder, stage, service)
            if path := files.find("slo.yaml"):
                yield files, load_slo(path, str(path))


def _check(files: ProjectFiles, slo: Slo, client: PrometheusClient, context: Context) -> Iterator[Finding]:
    from slipway_core.numbers.queries import filled, load_queries

    queries = filled([one.sli for one in slo.objectives], load_queries(files), context)
    for objective in slo.objectives:
        yield _check_one(objective, queries[objective.sli], client, context)


def _check_one(objective: Objective, query: str | None, client: PrometheusClient, context: Context) -> Finding:
    from slipway_core.numbers.errors import NoNumber, NoValue

    reach = reach_of(objective)
    name = objective.display_name or objective.sli
    found = Finding(context.stage, context.service, name, BROKEN, None, "", query or "")
    if query is None:
        return found._replace(why=f"no query: write '{objective.sli}: …' into prometheus/sli.yaml")
    if not query.strip():
        return found._replace(why=f"'{objective.sli}' in sli.yaml has no query")
    try:
        reading = client.read(query, context.end)
    except NoValue as error:
        state = BROKEN if reach.problem else NOTHING_NOW
        return found._replace(state=state, why=reach.problem or str(error), warnings=error.warnings)
    except NoNumber as error:
        return found._replace(why=str(error), warnings=error.warnings)
    note = "only shown: it has no pass criteria" if reach.informational else ""
    state = BROKEN if reach.problem else OK
    return found._replace(state=state, value=reading.value, why=reach.problem or note, warnings=reading.warnings)


def _print(findings: list[Finding]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("stage", "service", "objective", "state", "value", "why", box=box.SIMPLE_HEAD)
    for one in findings:
        value = "" if one.value is None else number_text(float(f"{one.value:.10g}"))
        why = "\n".join(part for part in (one.why, *one.warnings, one.query if one.state != OK else "") if part)
        state = Text(one.state, style=_COLOURS[one.state])
        table.add_row(one.stage, one.service, one.objective, state, value, Text(why))
    Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_OF_LOGS).print(table)
