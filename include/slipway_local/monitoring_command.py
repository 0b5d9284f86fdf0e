"""`./slipway configure-monitoring`: what Keptn's `configure monitoring` did, for the embedded cluster or as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipway_local.commands import kept_airflow, says_what_went_wrong

if TYPE_CHECKING:
    from slipway_core.alerting.project import Watched


@click.command("configure-monitoring")
@click.argument("project")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Write files here; install nothing.")
@click.option("--airflow", "address", default="", help="Where Alertmanager reaches Airflow. [the local one]")
@says_what_went_wrong
def configure_monitoring(project: str, output: Path | None, address: str) -> None:
    """Have Prometheus scrape a project's services and warn when their objectives are missed.

    PROJECT is a folder with a shipyard.yaml, or the name of one in include/projects or include/samples. A service gets
    alert rules in each stage where it has a slo.yaml and a remediation.yaml. What other projects have stays.
    `./slipway up` does this by itself for each project that is published.

    \b
    Examples:
      ./slipway configure-monitoring fulltour
      ./slipway configure-monitoring ~/shipyards/shop --output /etc/prometheus --airflow https://airflow.example.com
    """
    from slipway_core.publish.project_folder import project_folder

    folder = project_folder(project)
    services = _watched(folder)
    _require_good_rules(services)
    _print(services)
    if output:
        _write(output, folder.name, services, address.rstrip("/") or kept_airflow().address)
    else:
        _install(services, address)


def _watched(folder: Path) -> list[Watched]:
    """Return what is watched of a project; raises `InvalidFile` when it is not fit to run."""
    from slipway_core.alerting.project import watched
    from slipway_core.keptn.problems import InvalidFile
    from slipway_core.publish.check import check_project
    from slipway_core.publish.handled import handled_tasks

    checked = check_project(folder, folder.name, folder.name, handled_tasks())
    if checked.plan is None:
        raise InvalidFile(checked.problems)
    return list(watched(folder, checked.plan))


def _require_good_rules(services: list[Watched]) -> None:
    from slipway_cluster.monitoring_checks import MonitoringFailed, refused_groups

    if refused := refused_groups(one.group for one in services if one.rules):
        each = "\n".join(f"{name}:\n  {why}" for name, why in refused.items())
        advice = (
            "Mend their queries in prometheus/sli.yaml; an alert rule has neither labels nor the filter of slo.yaml."
        )
        raise MonitoringFailed(f"promtool refuses these groups of alert rules; nothing is changed.\n{each}\n{advice}")


def _print(services: list[Watched]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("stage", "service", "alert rules", box=None, pad_edge=False)
    for one in services:
        rules = "\n".join(f"{rule.name}: {rule.expression}" for rule in one.rules)
        table.add_row(one.scope.stage, one.scope.service, rules or f"none: {one.why}")
    console = Console(highlight=False, markup=False)
    console = console if console.is_terminal else Console(highlight=False, markup=False, width=500)
    console.print(table)


def _write(output: Path, project: str, services: list[Watched], address: str) -> None:
    """Write the files for somebody else's Prometheus and Alertmanager, once their tools have looked at them."""
    from slipway_cluster.monitoring_checks import check_configuration
    from slipway_core.alerting.routes import AlertRoute

    from slipway_local.monitoring import scrape_targets
    from slipway_local.monitoring_files import configuration, files_of

    files = files_of(project, scrape_targets(services), AlertRoute(project, address))
    check_configuration(configuration(files))
    output.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (output / name).write_text(text)
        click.echo(f"Wrote {output / name}")
    click.echo("promtool and amtool find no fault. Each file says at its top what to do with it.")


def _install(services: list[Watched], address: str) -> None:
    """Install in the embedded cluster; the local Airflow's records make the token that alerts come with."""
    from slipway_cluster.monitoring import install
    from slipway_cluster.target import NoCluster, current_target

    from slipway_local.alert_tokens import recorded_alert_tokens
    from slipway_local.monitoring import alert_routes, scrape_targets

    target = current_target()
    click.echo(f"Cluster: {target}")
    if not target.embedded:
        raise NoCluster("Its Prometheus is not ours to change. Write the files for it: --output FOLDER")
    targets = scrape_targets(services)
    airflow = kept_airflow()
    tokens = recorded_alert_tokens(airflow, renew=True)
    routes = alert_routes(targets, address.rstrip("/") or airflow.address, tokens)
    install(target, targets, routes=routes)
    rules = sum(len(one.rules) for one in services)
    click.echo(f"Services that Prometheus scrapes: {len(targets)}. Alert rules of them: {rules}.")
