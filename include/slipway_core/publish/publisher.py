"""Publishing: every project is checked; the good ones become one commit that Airflow runs from.

A refused project harms no other: what was last good of it stays, and `refused.json` says what is wrong with the change.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.lint import FileReport
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.keptn.problems import ERROR, NOTE, Problem, PublishFailed
from slipway_core.keptn.settings import ProjectSettings
from slipway_core.publish.check import SHIPYARD, CheckedProject, check_project
from slipway_core.publish.git_store import Entry, GitStore, Tree
from slipway_core.publish.handled import handled_tasks
from slipway_core.publish.load import PLANS, PROJECTS, REFUSED, Refusal, refusals_to_json
from slipway_core.publish.namespaces import first_clash
from slipway_core.publish.survey import Found, StillChanging, snapshot

log = logging.getLogger(__name__)
_MOST_PROBLEMS = 50  # kept of one refused project


class PublishedProject(NamedTuple):
    """What became of one project.

    :param state: ``published``, ``unchanged``, ``refused`` or ``removed``
    :param plan: what runs now: the new plan, or for a refused project the last good one; ``None`` when nothing runs
    :param problems: of the newest state of its files, warnings too
    """

    name: str
    state: str
    plan: ProjectPlan | None
    problems: tuple[Problem, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages of what runs now."""
        return self.plan.stages if self.plan else ()

    @property
    def services(self) -> tuple[str, ...]:
        """Services of what runs now."""
        return self.plan.services if self.plan else ()

    @property
    def settings(self) -> ProjectSettings:
        """What its slipway.yaml says."""
        return self.plan.settings if self.plan else ProjectSettings()


class PublishReport(NamedTuple):
    """What one round did.

    :param commit: the newest commit
    :param changed: whether this round made it
    """

    commit: str
    changed: bool
    projects: tuple[PublishedProject, ...]

    @property
    def refused(self) -> tuple[PublishedProject, ...]:
        """The projects that were refused."""
        return tuple(one for one in self.projects if one.state == "refused")

    @property
    def running(self) -> tuple[PublishedProject, ...]:
        """The projects of which something runs now, refused or not."""
        return tuple(one for one in self.projects if one.plan is not None)


class _Project(NamedTuple):
    """One project of this round: what was found, and where its copy lies."""

    checked: CheckedProject
    copy: Path
    files: list[Found]


def discover(sources: Path) -> list[str]:
    """Return the names of the projects below a folder: each folder that holds a shipyard.yaml."""
    if not sources.is_dir():
        raise PublishFailed(
            f"{sources}: there is no such folder. Make it, or name the projects' folder with --sources."
        )
    return sorted(path.name for path in sources.iterdir() if path.is_dir() and _exists(path / SHIPYARD))


def publish_once(
    sources: Path, dags_folder: Path, store: Path, handled: Collection[str] | None = None
) -> PublishReport:
    """Check all projects and publish the good ones; unchanged sources make no commit.

    :param sources: folder with a folder per project
    :param dags_folder: its ``*.py`` files are published too
    :param store: the published Git repository; made if missing
    :param handled: names of handled tasks; by default those of the installed packages

    Raises :class:`PublishFailed` when nothing could be done at all; then nothing has changed.
    """
    tasks = handled_tasks() if handled is None else handled
    dag_files = sorted(dags_folder.glob("*.py"))
    if not dag_files:
        raise PublishFailed(f"{dags_folder}: no DAG file (*.py) there. Name the folder with --dags.")
    git = GitStore(store)
    with git.locked(), tempfile.TemporaryDirectory(prefix="slipway-publish-") as scratch:
        head = git.head()
        old = git.tree(head)
        projects = [_take(sources / name, Path(scratch, name), tasks) for name in _names(sources, old)]
        last_good = _last_good(git, old, projects)
        projects = _without_clashes(projects, last_good)
        new, plans = _new_tree(git, old, dag_files, projects, last_good)
        report = _states(old, new, projects, plans)
        if head is not None and new == old:
            return PublishReport(head, False, report)
        commit = git.commit(new, head, _message(report))
    log.info("published %s: %s", commit[:10], _message(report).splitlines()[0])
    return PublishReport(commit, True, report)


def _names(sources: Path, old: Tree) -> list[str]:
    """Return the projects to look at: those there, and published ones whose folder lost only its shipyard."""
    before = {path.split("/")[1] for path in old if path.startswith(f"{PROJECTS}/")}
    return sorted({*discover(sources), *(name for name in before if (sources / name).is_dir())})


def _take(folder: Path, copy: Path, handled: Collection[str]) -> _Project:
    """Copy one project and check the copy; whatever happens, the others go on."""
    name = folder.name
    try:
        files, problems = snapshot(folder, copy, name)
        checked = check_project(copy, name, name, handled)
        if problems:
            # The copy lacks what must not be copied, so its own survey cannot see it.
            loose = FileReport(name, "project", tuple(problems))
            checked = CheckedProject(name, None, (*checked.reports, loose))
        return _Project(checked, copy, files)
    except StillChanging:
        problem = Problem(name, None, "its files change faster than they can be read.", "Wait until writing has ended.")
    except Exception as error:  # a fault of ours in one project must not stop the others
        log.exception("project %s could not be checked", name)
        problem = Problem(name, None, f"it could not be checked: {type(error).__name__}: {error}", "See the log.")
    return _Project(CheckedProject(name, None, (FileReport(name, "project", (problem,)),)), copy, [])


def _without_clashes(projects: list[_Project], last_good: dict[str, ProjectPlan]) -> list[_Project]:
    """Refuse the projects that want a namespace of another one."""
    by_name = {project.checked.name: project for project in projects}
    plans = {name: project.checked.plan for name, project in by_name.items() if project.checked.plan}
    # One by one: what was last good of a refused project goes on, and so keeps its namespaces.
    while clash := first_clash(plans, last_good, SHIPYARD):
        del plans[clash.project]
        project = by_name[clash.project]
        report = FileReport(clash.problem.file, "shipyard", (clash.problem,))
        checked = CheckedProject(clash.project, None, (*project.checked.reports, report))
        by_name[clash.project] = project._replace(checked=checked)
    return list(by_name.values())


def _new_tree(
    git: GitStore, old: Tree, dag_files: list[Path], projects: list[_Project], last_good: dict[str, ProjectPlan]
) -> tuple[Tree, dict[str, ProjectPlan]]:
    """Return the tree to publish, and of each project the plan that runs from it."""
    new: Tree = {}
    plans: dict[str, ProjectPlan] = {}
    refused = []
    blobs = git.add_files([path.resolve() for path in dag_files])
    for path, blob in zip(dag_files, blobs, strict=True):
        new[f"dags/{path.name}"] = Entry("100644", blob)
    for project in projects:
        name, plan = project.checked.name, project.checked.plan
        if plan is not None:
            new |= _project_tree(git, project, plan)
            plans[name] = plan
            continue
        if name in last_good:
            new |= {path: entry for path, entry in old.items() if _belongs(path, name)}
            plans[name] = last_good[name]
        problems = sorted(
            (one for one in project.checked.problems if one.severity != NOTE), key=lambda one: one.severity != ERROR
        )
        refused.append(Refusal(name, name in plans, tuple(problems[:_MOST_PROBLEMS])))
    new[REFUSED] = Entry("100644", git.add_text(refusals_to_json(refused).encode()))
    return new, plans


def _last_good(git: GitStore, old: Tree, projects: list[_Project]) -> dict[str, ProjectPlan]:
    """Return the published plans of the projects that are still there."""
    names = [project.checked.name for project in projects]
    found = {name: _plan_of(git, old.get(f"{PLANS}/{name}.json")) for name in names}
    return {name: plan for name, plan in found.items() if plan is not None}


def _plan_of(git: GitStore, entry: Entry | None) -> ProjectPlan | None:
    """Return a plan that was published before; ``None`` when there is none, or an older Slipway wrote it."""
    try:
        return ProjectPlan.from_json(git.read(entry)) if entry else None
    except ValueError as error:
        log.warning("what was published before cannot be read: %s", error)
        return None


def _project_tree(git: GitStore, project: _Project, plan: ProjectPlan) -> Tree:
    name = project.checked.name
    tree = {f"{PLANS}/{name}.json": Entry("100644", git.add_text(plan.to_json().encode()))}
    plain = [one for one in project.files if one.git_mode != "120000"]
    blobs = git.add_files([project.copy / one.relative for one in plain])
    for one, blob in zip(plain, blobs, strict=True):
        tree[f"{PROJECTS}/{name}/{one.relative}"] = Entry(one.git_mode, blob)
    for one in project.files:
        if one.git_mode == "120000":
            goal = str((project.copy / one.relative).readlink()).encode()
            tree[f"{PROJECTS}/{name}/{one.relative}"] = Entry(one.git_mode, git.add_text(goal))
    return tree


def _states(
    old: Tree, new: Tree, projects: list[_Project], plans: dict[str, ProjectPlan]
) -> tuple[PublishedProject, ...]:
    states = []
    for project in projects:
        name = project.checked.name
        before, after = ({path: e for path, e in tree.items() if _belongs(path, name)} for tree in (old, new))
        state = "refused" if project.checked.plan is None else "unchanged" if before == after else "published"
        states.append(PublishedProject(name, state, plans.get(name), project.checked.problems))
    there = {one.name for one in states}
    gone = {path.split("/")[1] for path in old if path.startswith(f"{PROJECTS}/")} - there
    return tuple(sorted([*states, *(PublishedProject(name, "removed", None, ()) for name in gone)]))


def _belongs(path: str, project: str) -> bool:
    return path == f"{PLANS}/{project}.json" or path.startswith(f"{PROJECTS}/{project}/")


def _message(projects: tuple[PublishedProject, ...]) -> str:
    words = []
    for state in ("published", "removed", "refused"):
        names = [one.name for one in projects if one.state == state]
        if names:
            words.append(f"{state}: {', '.join(names)}")
    return "; ".join(words) or "DAG files changed"


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()
