"""`slipway project …`: what `keptn create`, `delete` and `add-resource` did, in folders and in Git."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from slipway_core.places import checkout
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.find import Projects
from slipway_core.publish.edit.list_file import add_entry, remove_entry
from slipway_core.publish.edit.places import FolderPlace, GitPlace
from slipway_core.publish.edit.view import ChangeRefused, Changes
from slipway_core.publish.handled import handled_tasks
from slipway_core.publish.remote.listing import DEFAULT_BRANCH
from slipway_core.publish.remote.records import GitProject


@click.group()
def project() -> None:
    """Make, change, list and check projects, in include/projects or in Git.

    \b
    Examples:
      ./slipway project create sockshop --shipyard shipyard.yaml --service carts
      ./slipway project create sockshop --shipyard shipyard.yaml \\
          --remote https://github.com/acme/sockshop-delivery.git --connection git_acme
      ./slipway project add-resource sockshop --resource slo.yaml --service carts --stage qa
    """


def default_sources() -> Path:
    """Return the folder of the projects of this checkout."""
    return checkout() / "include" / "projects"


def with_sources(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option that names the folder of the projects."""
    named = click.option(
        "--sources", type=click.Path(path_type=Path), help="Folder of the projects. [include/projects]"
    )
    return named(command)


@project.command()
@click.argument("name")
@click.option("--shipyard", type=click.Path(path_type=Path, dir_okay=False), help="The shipyard of a new project.")
@click.option("--service", "services", multiple=True, help="A service to make, in all stages; may be repeated.")
@click.option("--remote", default="", help="Git remote: https://…, ssh://… or a path. Without: a folder here.")
@click.option("--branch", default=DEFAULT_BRANCH, show_default=True, help="Its branch.")
@click.option("--connection", default="", help="Airflow connection of type git, with the token or the key.")
@click.option("--folder", default="", help="Folder inside the repository.")
@with_sources
def create(name: str, shipyard: Path | None, services: tuple[str, ...], sources: Path | None, **where: str) -> None:
    """Make a project (with --shipyard), services of one (with --service), or both.

    \b
    Examples:
      ./slipway project create sockshop --shipyard shipyard.yaml
      ./slipway project create sockshop --service carts
    """
    projects = Projects(sources or default_sources())
    if shipyard is None and not services:
        raise click.UsageError("Say --shipyard FILE for a new project, or --service NAME for a new service.")
    if shipyard is None and any(where[key] for key in ("remote", "connection", "folder")):
        raise click.UsageError("Where a project lives is said when it is made, with --shipyard.")
    operations.require_service_names(services)  # before anything is made
    if shipyard is not None:
        _create_project(projects, name, _content(shipyard), where)
    if services:
        with projects.place(name) as place:
            made = place.change(
                lambda view: operations.create_services(view, services), f"{name}: services {', '.join(services)}"
            )
        _say("made", made)


def _create_project(projects: Projects, name: str, shipyard: bytes, where: dict[str, str]) -> None:
    if wrong := operations.wrong_project_name(name):
        raise ChangeRefused(wrong)
    projects.require_free(name)
    message = f"{name}: a new project"
    if not where["remote"] and not where["connection"]:
        made = FolderPlace(projects.sources / name).change(
            lambda view: operations.create_project(view, shipyard), message
        )
        _say("made", made)
        return
    entry = GitProject(name, where["remote"], where["branch"], where["connection"], where["folder"].strip("/"), 0)
    with projects.mirror(entry) as (mirror, _):
        # The list first: what it refuses must not be in Git already.
        add_entry(projects.listing, entry)
        try:
            made = GitPlace(entry, mirror).change(lambda view: operations.create_project(view, shipyard), message)
        except BaseException:
            remove_entry(projects.listing, name)
            raise
        _say("made", made)
        click.echo(f"{projects.listing} names it now: {mirror.remote}")


@project.command()
@click.argument("name")
@click.option("--service", default="", help="Delete this service in all stages, and nothing else.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_sources
def delete(name: str, service: str, yes: bool, sources: Path | None) -> None:
    """Delete a project, or a service of it. A Git remote keeps everything: its project is only taken off the list.

    What was deployed goes on running. A folder in include/projects is deleted with all that is in it.

    \b
    Examples:
      ./slipway project delete sockshop
      ./slipway project delete sockshop --service carts
    """
    projects = Projects(sources or default_sources())
    listed = projects.listed()
    # An entry that is wrong can be taken out, too.
    if not service and name in {*(one.name for one in listed.projects), *listed.refused}:
        remove_entry(projects.listing, name)
        click.echo(f"{projects.listing} no longer names {name}; its Git remote is as it was.")
        return
    with projects.place(name) as place:
        if service:
            removed = place.change(lambda view: operations.delete_service(view, service), f"{name}: without {service}")
            _say("removed", removed)
        elif isinstance(place, FolderPlace):
            if not yes:
                click.confirm(f"Delete {place.folder} with all that is in it?", abort=True)
            place.delete()
            click.echo(f"removed  {place.folder}")


@project.command("add-resource")
@click.argument("name")
@click.option("--resource", required=True, help="The file.")
@click.option("--resource-uri", "--resourceUri", "uri", default="", help="Its path there. [as typed at --resource]")
@click.option("--stage", default="", help="Only for this stage.")
@click.option("--all-stages", is_flag=True, help="For each stage.")
@click.option("--service", default="", help="For this service; with --stage or --all-stages.")
@with_sources
def add_resource(
    name: str, resource: str, uri: str, stage: str, all_stages: bool, service: str, sources: Path | None
) -> None:
    """Put a file into a project; one that is there already is replaced.

    \b
    Examples:
      ./slipway project add-resource sockshop --resource prometheus/sli.yaml
      ./slipway project add-resource sockshop --service carts --all-stages --resource job.yaml \\
          --resource-uri job/config.yaml
    """
    content, path = _content(Path(resource).expanduser()), operations.resource_uri(uri or resource)
    with Projects(sources or default_sources()).place(name) as place:
        written = place.change(
            lambda view: operations.add_resource(
                view, path, content, stage=stage, all_stages=all_stages, service=service
            ),
            f"{name}: {path}",
        )
    _say("written", written)


@project.command("list")
@with_sources
def list_projects(sources: Path | None) -> None:
    """List the projects and where they live."""
    from rich.console import Console
    from rich.table import Table

    projects = Projects(sources or default_sources())
    table = Table("project", "lives in", "branch", "connection", box=None, pad_edge=False)
    rows = {name: (str(projects.sources / name), "", "") for name in projects.folders()}
    listed = projects.listed()
    rows |= {name: (f"refused: {problems[0].message}", "", "") for name, problems in listed.refused.items()}
    for one in listed.projects:
        remote = f"{one.remote or 'the repository of its connection'}{f' ({one.folder})' if one.folder else ''}"
        rows[one.name] = (remote, one.branch, one.connection)
    for name, row in sorted(rows.items()):
        table.add_row(name, *row)
    # Addresses are there to be copied: on a pipe nothing is folded.
    console = Console(highlight=False, markup=False)
    console = console if console.is_terminal else Console(highlight=False, markup=False, width=500)
    console.print(table if rows else "No project is there yet.")


@project.command()
@click.argument("name")
@with_sources
def check(name: str, sources: Path | None) -> None:
    """Check a project as publishing would; of one in Git, what is there now. Exit code 1: it would be refused."""
    from slipway_core.cli.lint import print_report

    reports = Projects(sources or default_sources()).take(name, handled_tasks()).checked.reports
    for report in reports:
        print_report(report)
    sys.exit(not all(report.valid for report in reports))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ChangeRefused(f"{path} cannot be read: {error.strerror}. Name a file.") from error


def _say(what: str, changes: Changes) -> None:
    for spot in sorted(changes):
        click.echo(f"{what}  {spot.path}" + (f" (branch {spot.branch})" if spot.branch else ""))
