"""`slipway plan`: what publishing a project would change, and what of it runs just now."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import httpx
from slipway_core.cli.lint import print_report
from slipway_core.cli.project import default_sources, with_sources
from slipway_core.cli.publish import default_store
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.publish.changes import (
    ADDED,
    ALTERED,
    REMOVED,
    DagChange,
    changed_dags,
    changed_services,
    changed_settings,
)
from slipway_core.publish.edit.find import Projects
from slipway_core.publish.git_store import GitStore
from slipway_core.publish.handled import handled_tasks
from slipway_core.publish.publisher import published_plan

from slipway_local.api import AirflowApi, Json
from slipway_local.commands import kept_airflow, says_what_went_wrong
from slipway_local.errors import ApiError

_SIGNS = {ADDED: "+", REMOVED: "-", ALTERED: "~"}
_BECOMES = {
    ADDED: "it goes on",
    ALTERED: "it ends with the files it began with",
    REMOVED: "it stands still as soon as its DAG is gone; let it end first",
}


@click.command()
@click.argument("name", metavar="PROJECT")
@click.option("--store", type=click.Path(path_type=Path), help="Published Git repository. [.slipway/published]")
@with_sources
@says_what_went_wrong
def plan(name: str, store: Path | None, sources: Path | None) -> None:
    """Say which DAGs a project's files would add, remove or alter if they were published now.

    Names the runs that are under way in them, too. Exit code 1: the project would be refused.

    \b
    Example:
      ./slipway plan fulltour
    """
    checked = Projects(sources or default_sources()).take(name, handled_tasks()).checked
    if checked.plan is None:
        for report in checked.reports:
            if not report.valid:
                print_report(report)
        click.echo("It would be refused; what is published goes on.")
        sys.exit(1)
    before = published_plan(GitStore(store or default_store()), name)
    for line in described(before, checked.plan):
        click.echo(line)
    airflow = kept_airflow()
    if not airflow.running():
        click.echo("Airflow does not run: no run is in flight.")
        return
    with airflow.api() as api:
        for line in in_flight(api, changed_dags(before, checked.plan)):
            click.echo(line)


def described(before: ProjectPlan | None, after: ProjectPlan) -> Iterator[str]:
    """Yield the lines that say what would change; one that says so when nothing would."""
    changes = changed_dags(before, after)
    for change in changes:
        yield f"{_SIGNS[change.what]} {change.dag_id} ({change.what})"
        yield from (f"    {detail}" for detail in change.details)
    services = changed_services(before, after)
    yield from (f"service {one}" for one in services)
    settings = changed_settings(before, after)
    if settings:
        yield "the settings in slipway.yaml change"
    if not changes and not services and not settings:
        yield "No DAG and no service changes; other files may."


def in_flight(api: AirflowApi, changes: Iterable[DagChange]) -> Iterator[str]:
    """Yield the runs that are under way in DAGs which change or go, and what becomes of each."""
    found = False
    for change in changes:
        for run in _open_runs(api, change):
            found = True
            yield f"in flight: {change.dag_id} {run['dag_run_id']} ({run['state']}): {_BECOMES[change.what]}"
    if not found:
        yield "No run of these DAGs is in flight."


def _open_runs(api: AirflowApi, change: DagChange) -> list[Json]:
    try:
        return list(api.dag_runs(change.dag_id, state=["queued", "running"]))
    except ApiError as error:
        if error.status == httpx.codes.NOT_FOUND:  # a DAG that Airflow does not know yet
            return []
        raise
