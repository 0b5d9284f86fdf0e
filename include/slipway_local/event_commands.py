"""`./slipway send-event`: any event from a file, and the answer to an approval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from slipway_local.api import AirflowApi
from slipway_local.commands import kept_airflow, says_what_went_wrong
from slipway_local.login import asks_who, logged_in


@click.command("send-event")
@click.argument("kind", required=False, type=click.Choice(["approval.finished"]))
@click.option("-f", "--file", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="A JSON file.")
@click.option("--project", default="", help="Of the approval.")
@click.option("--stage", default="", help="Of the approval.")
@click.option("--id", "context", default="", metavar="CONTEXT", help="Approve the open approval of this context.")
@click.option("--service", default="", help="Show the open approval of this service, and ask.")
@asks_who
@says_what_went_wrong
def send_event(
    kind: str | None, file: Path | None, project: str, stage: str, context: str, service: str, user: str
) -> None:
    """Send an event from a file, or answer an approval, as Keptn's `send event` did.

    \b
    ./slipway send-event -f problem.json
    ./slipway send-event approval.finished --project fulltour --stage production --service helloservice
    ./slipway send-event approval.finished --project fulltour --stage production --id CONTEXT

    \b
    {"type": "sh.keptn.event.production.remediation.triggered",
     "data": {"project": "…", "stage": "production", "service": "…", "problem": {"problemTitle": "…"}}}
    """
    from slipway_local import ways_in

    if (kind is None) == (file is None):
        raise click.UsageError("Say what to send: -f FILE, or approval.finished.")
    if kind and (not project or not stage or bool(context) == bool(service)):
        raise click.UsageError("approval.finished wants --project, --stage, and exactly one of --id and --service.")
    with logged_in(kept_airflow(), user) as api:
        event = _from_file(file) if file else _answer(api, project, stage, context, service)
        ways_in.send_and_tell(api, event, click.echo)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        event = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file} is no JSON: {error}") from error
    if not isinstance(event, dict):
        raise click.ClickException(f"{file} must hold one event, a mapping with 'type' and 'data'.")
    return event


def _answer(api: AirflowApi, project: str, stage: str, context: str, service: str) -> dict[str, Any]:
    """Return the event that answers: a context is approved, a service is asked about (R80)."""
    from slipway_core.keptn.event import Scope

    from slipway_local import approvals, keptn_events, ways_in

    approved = True
    if context:
        runs = ways_in.context_state(api, context)["runs"]
        found = [run["service"] for run in runs if (run["project"], run["stage"]) == (project, stage)]
        if not found:
            raise click.ClickException(f"Context {context} has no run in stage '{stage}' of '{project}'.")
        service = found[-1]
    else:
        of_project = [one for one in approvals.open_approvals(api) if one.dag_id.startswith(f"{project}.")]
        meant = approvals.choose(of_project, service, stage)
        click.echo(f"{meant.service} {meant.image} waits since {meant.since:%Y-%m-%d %H:%M} UTC.")
        approved = click.prompt("(a)pprove or (d)ecline", type=click.Choice(["a", "d"])) == "a"
    return keptn_events.approval_finished(Scope(project, stage, service), approved, context)
