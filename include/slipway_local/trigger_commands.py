"""`./slipway trigger …`: what starts sequences, in Keptn's form and in Airflow's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from slipway_local.commands import kept_airflow, says_what_went_wrong
from slipway_local.login import asks_who, logged_in

if TYPE_CHECKING:
    from slipway_local.airflow import LocalAirflow

_BY_DAG = "dag"


class _Trigger(click.Group):
    """Takes Keptn's names of what is triggered, and else the name of a DAG."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command for DAGs in front of what is no command."""
        known = {*self.list_commands(ctx), *ctx.help_option_names, _BY_DAG}
        return super().parse_args(ctx, [_BY_DAG, *args] if args and args[0] not in known else args)


@click.group(cls=_Trigger)
def trigger() -> None:
    """Start a sequence of a stage.

    \b
    ./slipway trigger delivery --project fulltour --service helloservice --image ghcr.io/org/app:1.0
    ./slipway trigger evaluation --project fulltour --stage qa --service helloservice --timeframe 5m
    ./slipway trigger sequence rollback --project fulltour --stage qa --service helloservice
    ./slipway trigger fulltour.qa.delivery --service helloservice --image ghcr.io/org/app:1.0
    """


def _in_keptns_form(*, stage: bool) -> Callable[[Callable[..., None]], click.Command]:
    """Give a command the options that all of Keptn's have.

    :param stage: whether the stage must be named
    """

    def decorate(command: Callable[..., None]) -> click.Command:
        for option in (
            click.option("--watch", is_flag=True, help="Follow it to its end; exit code 1 when not all ended well."),
            click.option("--labels", default="", metavar="K=V,…", help="Travel with the delivery."),
            click.option("--service", required=True),
            click.option("--stage", required=stage, default=None if stage else "", help="" if stage else _FIRST),
            click.option("--project", required=True),
        ):
            command = option(command)
        return trigger.command()(says_what_went_wrong(asks_who(command)))

    return decorate


_FIRST = "Default: the first of the project."


@_in_keptns_form(stage=False)
@click.option("--image", required=True, help="Passed on as it is.")
@click.option("--sequence", default="delivery", show_default=True)
@click.option("--values", multiple=True, metavar="A.B=TEXT", help="Helm values; may be repeated.")
def delivery(image: str, sequence: str, values: tuple[str, ...], **told: Any) -> None:
    """Deliver an image: the sequence `delivery` of the first stage, and what follows it."""
    from slipway_local import keptn_events

    airflow = kept_airflow()
    told["stage"] = told["stage"] or _first_stage(airflow, told["project"])
    _send(airflow, lambda scope, labels: keptn_events.delivery(scope, sequence, image, labels, values), **told)


@_in_keptns_form(stage=True)
@click.option("--timeframe", default="", help="Such as 5m; with nothing named, the last five minutes.")
@click.option("--start", default="", metavar="TIME", help="Such as 2024-01-01T10:00:00.000Z.")
@click.option("--end", default="", metavar="TIME")
def evaluation(timeframe: str, start: str, end: str, **told: Any) -> None:
    """Evaluate a service: the sequence `evaluation` of a stage."""
    from slipway_local import keptn_events

    _send(kept_airflow(), lambda scope, labels: keptn_events.evaluation(scope, labels, start, end, timeframe), **told)


@_in_keptns_form(stage=True)
@click.argument("name")
@click.option("--data", default="", metavar="A.B=TEXT,…", help="What the sequence's event holds.")
def sequence(name: str, data: str, **told: Any) -> None:
    """Start the sequence NAME of a stage."""
    from slipway_local import keptn_events

    texts = [part for part in data.split(",") if part.strip()]
    _send(kept_airflow(), lambda scope, labels: keptn_events.sequence(scope, name, labels, texts), **told)


@trigger.command(_BY_DAG, hidden=True)
@click.argument("sequence", metavar="PROJECT.STAGE.SEQUENCE")
@click.option("--service", required=True, help="Which service of the project.")
@click.option("--image", default="", help="What to deliver, e.g. ghcr.io/org/app:1.0.")
@click.option("--label", "labels", multiple=True, metavar="KEY=TEXT", help="Travels with the run; may be repeated.")
@click.option("--wait", is_flag=True, help="Wait for the end; exit code 1 when the run failed.")
@asks_who
@says_what_went_wrong
def by_dag(sequence: str, service: str, image: str, labels: tuple[str, ...], wait: bool, user: str) -> None:
    """Start a sequence of a stage, as its trigger form in the UI does."""
    pairs = [label.partition("=") for label in labels]
    if wrong := [key for key, equals, _ in pairs if not (key and equals)]:
        raise click.UsageError(f"--label wants KEY=TEXT, not {wrong[0]!r}.")
    with logged_in(kept_airflow(), user) as api:
        conf = {"service": service, "image": image, "labels": {key: text for key, _, text in pairs}}
        run_id = api.trigger(sequence, conf)["dag_run_id"]
        click.echo(f"Started {api.run_page(sequence, run_id)}")
        if wait:
            state = api.wait_for_run(sequence, run_id, timeout=3600)["state"]
            click.echo(f"It ended: {state}.")
            if state != "success":
                raise click.exceptions.Exit(1)


def _send(
    airflow: LocalAirflow,
    make: Callable[..., dict[str, Any]],
    *,
    project: str,
    stage: str,
    service: str,
    labels: str,
    watch: bool,
    user: str,
) -> None:
    from slipway_core.keptn.event import Scope

    from slipway_local import keptn_events, ways_in

    event = make(Scope(project, stage, service), keptn_events.pairs(labels))
    with logged_in(airflow, user) as api:
        context = ways_in.send_and_tell(api, event, click.echo)
        if watch and not ways_in.watch(api, context, click.echo):
            raise click.exceptions.Exit(1)


def _first_stage(airflow: LocalAirflow, project: str) -> str:
    from slipway_core.keptn.plan import ProjectPlan
    from slipway_core.publish.git_store import GitStore
    from slipway_core.publish.load import PLANS

    store = GitStore(airflow.published)
    entry = store.tree(store.head()).get(f"{PLANS}/{project}.json")
    if entry is None:
        raise click.ClickException(f"There is no published project '{project}'. `./slipway publish` says why.")
    return ProjectPlan.from_json(store.read(entry)).stages[0]
