"""`slipway publish`: checks all projects and hands the good ones to Airflow."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from slipway_core.keptn.problems import ERROR, render
from slipway_core.places import checkout, state_folder
from slipway_core.publish.publisher import PublishReport, publish_once
from slipway_core.publish.remote.keeper import GitProjects, git_folder
from slipway_core.publish.watcher import watch as watch_sources

_COLOURS = {"published": "green", "refused": "bold red", "removed": "yellow", "unchanged": "dim"}


def default_store() -> Path:
    """Return where the published tree is kept: below $SLIPWAY_STATE, else `.slipway` in the checkout."""
    return state_folder() / "published"


@click.command()
@click.option("--watch", is_flag=True, help="Go on, and publish again after each change; Ctrl-C ends it.")
@click.option("--sources", type=click.Path(path_type=Path), help="Folder with a folder per project. [include/projects]")
@click.option("--store", type=click.Path(path_type=Path), help="Published Git repository. [.slipway/published]")
@click.option("--dags", type=click.Path(path_type=Path), help="Folder with the DAG files. [dags]")
def publish(watch: bool, sources: Path | None, store: Path | None, dags: Path | None) -> None:
    """Check all projects; the good ones become one commit that Airflow runs from.

    A project with an error is refused: its last good state goes on running, and so do all others. Unchanged files
    make no new commit. Exit code 1 when a project was refused. Projects in Git are those of git.yaml in the sources.

    \b
    Examples:
      ./slipway publish
      ./slipway publish --watch
      ./slipway publish --sources ~/shipyards --store /srv/slipway/published
    """
    sources = sources or checkout() / "include" / "projects"
    dags = dags or checkout() / "dags"
    store = store or default_store()
    git = GitProjects(sources, git_folder(store))
    if watch:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        watch_sources(sources, dags, store, on_report=_show, git=git)
        return
    git.look()
    report = publish_once(sources, dags, store, git_projects=git.state())
    _show(report)
    sys.exit(bool(report.refused))


def _show(report: PublishReport) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Project", "State", "Runs", "Problems", box=None, pad_edge=False)
    for project in report.projects:
        errors = sum(problem.severity == ERROR for problem in project.problems)
        milder = len(project.problems) - errors
        counts = [f"{errors} errors" if errors else "", f"{milder} warnings or notes" if milder else ""]
        runs = f"{', '.join(project.stages)}: {', '.join(project.services)}" if project.plan else "nothing"
        state = f"[{_COLOURS[project.state]}]{project.state}[/]"
        table.add_row(project.name, state, runs, ", ".join(count for count in counts if count) or "none")
    console = Console(highlight=False)
    console.print(table if report.projects else "No project is there yet.")
    console.print(f"Commit {report.commit[:10]}" + ("" if report.changed else " (nothing new)"))
    for project in report.projects:
        if project.problems:
            console.print("\n" + render(project.problems), markup=False, soft_wrap=True)
