"""`slipway import`: takes an existing Keptn configuration repository over, as it is."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from slipway_core.cli.project import default_sources, with_sources
from slipway_core.publish.edit import account as accounts
from slipway_core.publish.edit.find import Projects
from slipway_core.publish.edit.list_file import add_entry
from slipway_core.publish.edit.operations import wrong_project_name
from slipway_core.publish.edit.view import ChangeRefused
from slipway_core.publish.handled import handled_tasks
from slipway_core.publish.remote.fetch import read_remote
from slipway_core.publish.remote.listing import DEFAULT_BRANCH
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import GitProject

_COLOURS = {accounts.KEPT: "green", accounts.CHANGED: "yellow", accounts.REFUSED: "red", accounts.NOTED: "cyan"}


@click.command("import")
@click.argument("source", metavar="DIR|URL")
@click.option("--name", default="", help="Name of the project. [what Keptn called it, else that of the repository]")
@click.option("--branch", default="", help="The branch with the shipyard. [the repository's own default]")
@click.option("--connection", default="", help="Airflow connection of type git, with the token or the key.")
@click.option("--folder", default="", help="Folder inside the repository.")
@click.option("--dry-run", is_flag=True, help="Print the account, and take nothing over.")
@with_sources
def import_project(
    source: str, name: str, branch: str, connection: str, folder: str, dry_run: bool, sources: Path | None
) -> None:
    """Take over a project of Keptn's: a branch per stage, `.keptn-stages/`, or our own layout.

    Prints what becomes of each file: kept, changed and why, refused and why. A Git repository stays where it is, and
    is read from there from now on; a plain folder is copied. Nothing is taken over when anything is refused.

    \b
    Examples:
      ./slipway import https://github.com/acme/sockshop-keptn.git --connection git_acme
      ./slipway import ~/backup/sockshop --dry-run
    """
    projects = Projects(sources or default_sources())
    entry = GitProject(name, _absolute(source), branch, connection, folder.strip("/"), 0)
    if _is_plain_folder(source):
        if not Path(source).expanduser().is_dir():
            raise ChangeRefused(f"{source}: there is no such folder. Name a folder, a Git repository or its address.")
        _import_folder(projects, Path(source).expanduser().resolve(), entry, dry_run)
        return
    with projects.mirror(entry) as (mirror, work):
        entry = entry._replace(branch=branch or mirror.default_branch() or DEFAULT_BRANCH)
        _, entry = _account(entry, mirror, work, ())
        if not dry_run:
            projects.require_free(entry.name)
            add_entry(projects.listing, entry)
            click.echo(f"{projects.listing} names '{entry.name}' now; it is published within a minute.")


def _import_folder(projects: Projects, folder: Path, entry: GitProject, dry_run: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-import-") as scratch:
        repository = Path(scratch, "repository")
        problems = accounts.as_repository(folder, repository)
        entry = entry._replace(name=entry.name or folder.name, branch=DEFAULT_BRANCH)
        mirror = Mirror(Path(scratch, "mirror"), str(repository))
        made, entry = _account(entry, mirror, Path(scratch), accounts.lines_of(problems))
        if not dry_run:
            projects.require_free(entry.name)
            target = projects.sources / entry.name
            shutil.copytree(made, target, symlinks=True)
            click.echo(f"copied to {target}")


def _account(
    entry: GitProject, mirror: Mirror, work: Path, earlier: tuple[accounts.Line, ...]
) -> tuple[Path, GitProject]:
    """Print the account; returns the laid-out folder, and the entry with its name. Ends when anything is refused."""
    contents = read_remote(entry, mirror, mirror.heads())
    name = entry.name or accounts.project_name(contents, mirror) or Path(entry.remote.rstrip("/")).stem
    if wrong := wrong_project_name(name):
        raise ChangeRefused(f"{wrong} Say another one with --name.")
    made = accounts.account(name, contents, mirror, work, handled_tasks())
    lines = (*earlier, *made.lines)
    for line in lines:
        click.echo(
            f"{click.style(f'{line.what:<8}', fg=_COLOURS[line.what])} {line.file}{f': {line.why}' * bool(line.why)}"
        )
    counts = [f"{sum(line.what == what for line in lines)} {what}" for what in _COLOURS]
    click.echo(f"{name}, layout '{contents.source.layout}': {', '.join(counts)}")
    if made.fetched.folder is None or any(line.what == accounts.REFUSED for line in lines):
        click.echo("Nothing was taken over: mend what is refused, and import again.")
        sys.exit(1)
    return made.fetched.folder, entry._replace(name=name)


def _is_plain_folder(source: str) -> bool:
    path = Path(source).expanduser()
    is_repository = (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())
    return "://" not in source and ("@" not in source or path.exists()) and not is_repository


def _absolute(source: str) -> str:
    """Return a path as an absolute one: the list is read from another folder."""
    path = Path(source).expanduser()
    return str(path.resolve()) if path.is_dir() else source
