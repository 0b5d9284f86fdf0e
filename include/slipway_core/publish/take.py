"""The projects of one round of publishing: each copied, so that it stands still, and checked. One harms no other."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.lint import FileReport
from slipway_core.keptn.problems import Problem, PublishFailed
from slipway_core.publish.check import SHIPYARD, CheckedProject, check_project
from slipway_core.publish.git_store import Tree
from slipway_core.publish.load import PLANS, PROJECTS, SOURCES
from slipway_core.publish.remote.listing import LIST
from slipway_core.publish.remote.records import Fetched, GitState, Source
from slipway_core.publish.survey import Found, StillChanging, snapshot

log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """One project of this round: what was found, and where its copy lies.

    :param source: what it was made from, for a project in Git
    :param pending: its remote was not looked at yet, so what is published stays as it is
    """

    checked: CheckedProject
    copy: Path
    files: list[Found]
    source: Source | None = None
    pending: bool = False


def take_all(sources: Path, scratch: Path, handled: Collection[str], old: Tree, git: GitState) -> list[Taken]:
    """Take the projects in folders and in Git, by name.

    :param sources: folder with a folder per project
    :param scratch: folder for copies
    :param old: what is published
    :param git: the projects in Git
    Raises :class:`PublishFailed` when there are no sources at all.
    """
    before = published_names(old)
    # A published project whose folder lost only its shipyard is one that is being changed.
    folders = {*discover(sources), *(name for name in before if (sources / name).is_dir())}
    taken = {name: take_folder(sources / name, scratch / name, handled) for name in folders}
    for name, fetched in git.projects.items():
        if name in folders:
            message = f"project '{name}' stands here, and is a folder beside this list as well."
            taken[name] = _refused(name, Problem(LIST, None, message, "Remove one of the two."))
        elif not fetched.pending:
            taken[name] = take_fetched(name, fetched, scratch / name, handled)
        elif name in before:
            taken[name] = Taken(CheckedProject(name, None, ()), scratch / name, [], pending=True)
    if git.problems:
        # A list that cannot be read is no wish to remove what it named.
        stay = {path.split("/")[1].removesuffix(".json") for path in old if path.startswith(f"{SOURCES}/")}
        taken |= {name: _refused(name, *git.problems) for name in (stay - folders) or {LIST}}
    return [taken[name] for name in sorted(taken)]


def discover(sources: Path) -> list[str]:
    """Return the names of the projects below a folder: each folder that holds a shipyard.yaml."""
    if not sources.is_dir():
        raise PublishFailed(
            f"{sources}: there is no such folder. Make it, or name the projects' folder with --sources."
        )
    return sorted(path.name for path in sources.iterdir() if path.is_dir() and _exists(path / SHIPYARD))


def published_names(tree: Tree) -> set[str]:
    """Return the names of the projects whose files are in a published tree."""
    return {path.split("/")[1] for path in tree if path.startswith(f"{PROJECTS}/")}


def belongs(path: str, project: str) -> bool:
    """Say whether a file of a published tree is one of a project's."""
    return path in (f"{PLANS}/{project}.json", f"{SOURCES}/{project}.json") or path.startswith(f"{PROJECTS}/{project}/")


def take_folder(folder: Path, copy: Path, handled: Collection[str]) -> Taken:
    """Copy one project and check the copy; whatever happens, the others go on."""
    name = folder.name
    try:
        files, problems = snapshot(folder, copy, name)
        checked = check_project(copy, name, name, handled)
        if problems:
            # The copy lacks what must not be copied, so its own survey cannot see it.
            loose = FileReport(name, "project", tuple(problems))
            checked = CheckedProject(name, None, (*checked.reports, loose))
        return Taken(checked, copy, files)
    except StillChanging:
        problem = Problem(name, None, "its files change faster than they can be read.", "Wait until writing has ended.")
    except Exception as error:  # a fault of ours in one project must not stop the others
        log.exception("project %s could not be checked", name)
        problem = Problem(name, None, f"it could not be checked: {type(error).__name__}: {error}", "See the log.")
    return _refused(name, problem)


def take_fetched(name: str, fetched: Fetched, copy: Path, handled: Collection[str]) -> Taken:
    """Take a project in Git; problems name its files as they are called there.

    :param copy: where the copy goes
    """
    if fetched.folder is None:
        return _refused(name, *fetched.problems)
    taken = take_folder(fetched.folder, copy, handled)
    origins = {f"{name}/{target}": origin for target, origin in fetched.origins.items()}
    reports = tuple(
        FileReport(
            origins.get(report.file, report.file),
            report.kind,
            tuple(one._replace(file=origins.get(one.file, one.file)) for one in report.problems),
        )
        for report in taken.checked.reports
    )
    return taken._replace(checked=taken.checked._replace(reports=reports), source=fetched.source)


def _refused(name: str, *problems: Problem) -> Taken:
    return Taken(CheckedProject(name, None, (FileReport(name, "project", problems),)), Path(), [])


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()
