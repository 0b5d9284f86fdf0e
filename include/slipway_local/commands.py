"""`./slipway up | down | status | logs | approve …`: a local Airflow, and all that it works on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from slipway_local.login import asks_who, logged_in
from slipway_local.settings import USERS

if TYPE_CHECKING:
    from slipway_local.airflow import LocalAirflow


def says_what_went_wrong(command: Callable[..., None]) -> Callable[..., None]:
    """End a command with one clear text instead of a traceback, for the errors that have one."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except _known_errors() as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def _known_errors() -> tuple[type[Exception], ...]:
    from slipway_cluster.binary import BuildFailed
    from slipway_cluster.debian import PackagesUnavailable
    from slipway_cluster.images import ImageFailed
    from slipway_cluster.monitoring import MonitoringFailed
    from slipway_cluster.network import NetworkFailed
    from slipway_cluster.processes import ProcessFailed
    from slipway_cluster.target import NoCluster
    from slipway_cluster.toolchain import NoGo
    from slipway_core.records import RecordsUnavailable

    from slipway_local.errors import LocalError

    ground = (BuildFailed, ImageFailed, MonitoringFailed, NetworkFailed, NoCluster, NoGo, PackagesUnavailable)
    return (LocalError, ProcessFailed, RecordsUnavailable, *ground)


@click.command()
@says_what_went_wrong
def up() -> None:
    """Start cluster, monitoring and Airflow, or mend what died.

    Airflow listens on 127.0.0.1:8080; SLIPWAY_PORT chooses another port.
    """
    from slipway_local.airflow import chosen_airflow

    airflow = chosen_airflow()
    everything_up(airflow, click.echo)
    click.echo(login_hint(airflow))


@click.command()
@click.option("--cluster", is_flag=True, help="Stop the embedded cluster, too.")
@says_what_went_wrong
def down(cluster: bool) -> None:
    """Stop Airflow and its database. Their data stay."""
    from slipway_cluster import embedded
    from slipway_cluster.target import embedded_target

    if cluster:
        click.echo(f"Cluster: {embedded_target()}")
    kept_airflow().down()
    click.echo("Airflow is down.")
    if cluster:
        embedded.down()
        click.echo("The embedded cluster is down.")


@click.command()
@click.argument("context", required=False)
@asks_who
@says_what_went_wrong
def status(context: str | None, user: str) -> None:
    """Show the parts of Airflow, how they are, and where to log in; or how far CONTEXT is, over all its stages."""
    if context is None:
        _show_parts()
        return
    from slipway_local import ways_in

    with logged_in(kept_airflow(), user) as api:
        for line in ways_in.lines_of(ways_in.context_state(api, context)):
            click.echo(line)


def _show_parts() -> None:
    from rich.console import Console
    from rich.table import Table

    airflow = kept_airflow()
    table = Table("part", "process", "health", "log", title=f"Airflow '{airflow.name}' in {airflow.folder}")
    parts = airflow.status()
    for part in parts:
        colour = "green" if part.health in ("healthy", "running") else "red"
        table.add_row(part.name, str(part.pid or ""), f"[{colour}]{part.health}[/]", str(part.log))
    Console().print(table)
    if any(part.pid for part in parts):
        click.echo(login_hint(airflow))
    else:
        click.echo("Nothing runs. `./slipway up` starts it.")


@click.command()
@click.argument("part", required=False)
@click.option("-n", "--lines", default=40, show_default=True, help="How many lines of the end.")
@says_what_went_wrong
def logs(part: str | None, lines: int) -> None:
    """Show the end of the log of PART, e.g. scheduler; without PART, name the parts."""
    from slipway_local.airflow import PARTS
    from slipway_local.logs import tail

    airflow = kept_airflow()
    known = sorted(path.stem for path in (airflow.folder / "logs").glob("*.log")) or ["postgres", *PARTS]
    if part is None:
        click.echo("Parts: " + ", ".join(known))
    elif part not in known:
        raise click.UsageError(f"There is no part {part!r}. Known: {', '.join(known)}.")
    else:
        click.echo(tail(airflow.folder, part, lines))


@click.command()
@click.option("--steps", envvar="STEPS", default="", metavar="N|N-M", help="Which steps, e.g. 1-2; default: all.")
@says_what_went_wrong
def demo(steps: str) -> None:
    """Bring everything up; deliver, judge and heal the sample service.

    \b
    Steps:
      1  qa: deployed, loaded, judged
      2  production waits for a person, and goes on
      3  a version that is too slow fails its gate
      4  the verdict in production
      5  the nightly evaluation
      6  a reported problem adds a pod
      7  a load raises an alert; production is scaled, and back

    Ends with exit code 1 when an outcome did not hold. Airflow and the cluster stay up.
    """
    from slipway_local.demo import run_demo

    run_demo(steps)


@click.command()
@click.option("--decided", is_flag=True, help="Instead, those that were decided: what, who, how, when and why.")
@says_what_went_wrong
def approvals(decided: bool) -> None:
    """List the releases that wait for a person, those that wait longest first."""
    from slipway_local.approvals import DECIDED_COLUMNS, OPEN_COLUMNS, decided_rows, open_rows

    if decided:
        _print_table(DECIDED_COLUMNS, decided_rows(), "No approval was decided.")
    else:
        with kept_airflow().api() as api:
            _print_table(OPEN_COLUMNS, open_rows(api), "No approval is open.")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]], nothing: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        click.echo(nothing)
        return
    table = Table(*head)
    for row in rows:
        table.add_row(*map(Text, row))
    # Ids are there to be copied: on a pipe nothing is folded, on a terminal nothing is cut.
    console = Console()
    console = console if console.is_terminal else Console(width=500)
    console.print(table)


def answers_an_approval(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments that name an open approval."""
    for decorate in (
        says_what_went_wrong,
        click.option("--user", default="admin", type=click.Choice(list(USERS)), show_default=True, help="Who answers."),
        click.option("--comment", default="", help="Why; kept with the decision."),
        click.option("--stage", default="", help="Instead of DAG and run, when only one of it is open."),
        click.option("--service", default="", help="Instead of DAG and run, when only one of it is open."),
        click.argument("run_id", required=False),
        click.argument("dag_id", required=False),
        click.command(),
    ):
        command = decorate(command)
    return command


@answers_an_approval
def approve(**arguments: str) -> None:
    """Let a waiting release go on.

    \b
    ./slipway approve fulltour.production.delivery RUN_ID --comment "looks good"
    ./slipway approve --service helloservice
    """
    _answer("Approve", **arguments)


@answers_an_approval
def decline(**arguments: str) -> None:
    """End a waiting release: its sequence fails, and what follows a failure is started.

    \b
    ./slipway decline fulltour.production.delivery RUN_ID --comment "too slow"
    """
    _answer("Decline", **arguments)


def _answer(
    option: str, *, dag_id: str | None, run_id: str | None, service: str, stage: str, comment: str, user: str
) -> None:
    from slipway_local import approvals

    if bool(dag_id) != bool(run_id) or bool(dag_id) == bool(service or stage):
        raise click.UsageError("Say which: DAG_ID and RUN_ID, or --service, --stage or both.")
    with kept_airflow().api(user) as api:
        if dag_id and run_id:
            meant = approvals.approval_of_run(api, dag_id, run_id)
        else:
            meant = approvals.choose(approvals.open_approvals(api), service, stage)
        approvals.answer(api, meant, option, comment)
        said = "Approved" if option == approvals.APPROVE else "Declined"
        click.echo(f"{said}: {meant.service} {meant.image} {api.run_page(meant.dag_id, meant.run_id)}")


def everything_up(airflow: LocalAirflow, progress: Callable[[str], None]) -> None:
    """Start cluster, images, monitoring and Airflow; what runs is left as it is.

    A cluster of one's own gets neither images nor monitoring.
    """
    from slipway_cluster import embedded
    from slipway_cluster.target import chosen_target

    from slipway_local import sample_project
    from slipway_local.ports import require_free

    if not airflow.running():  # before the long part, not after it
        require_free(airflow.port, "Airflow's api-server", airflow.other_port)
    target = chosen_target()
    progress(f"Cluster: {target}")
    if target.embedded:
        cluster_up(progress)
    else:
        embedded.up(progress)  # only makes kubectl and Helm
    sample_project.fill(airflow, progress)
    airflow.up(progress)


def cluster_up(progress: Callable[[str], None]) -> None:
    """Start the embedded cluster with all images and monitoring."""
    from slipway_cluster import embedded, monitoring, sample_images
    from slipway_cluster.target import embedded_target

    embedded.up(progress)
    sample_images.ensure_all(progress)
    progress("monitoring")
    monitoring.install(embedded_target(), [])


def kept_airflow() -> LocalAirflow:
    """Return the Airflow that was started last, with the ports it was started with."""
    from slipway_local.airflow import LocalAirflow, chosen_airflow

    return LocalAirflow.kept(chosen_airflow().folder) or chosen_airflow()


def login_hint(airflow: LocalAirflow) -> str:
    """Say where the UI is and how to log in."""
    login = f"user: admin  password: {airflow.password()}"
    return f"Airflow: {airflow.address}  {login}  (other users: {airflow.passwords_file})"
