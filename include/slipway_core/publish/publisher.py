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
from slipway_core.publish.check import SHIPYARD, CheckedProject
from slipway_core.publish.git_store import Entry, GitStore, Tree
from slipway_core.publish.handled import handled_tasks
from slipway_core.publish.load import PLANS, PROJECTS, REFUSED, SOURCES, Refusal, refusals_to_json
from slipway_core.publish.lost_branches import lost_branches
from slipway_core.publish.namespaces import first_clash
from slipway_core.publish.remote.records import GitState
from slipway_core.publish.take import Taken, belongs, published_names, take_all

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


def publish_once(
    sources: Path,
    dags_folder: Path,
    store: Path,
    handled: Collection[str] | None = None,
    git_projects: GitState | None = None,
) -> PublishReport:
    """Check all projects and publish the good ones; unchanged sources make no commit.

    :param sources: folder with a folder per project
    :param dags_folder: its ``*.py`` files are published too
    :param store: the published Git repository; made if missing
    :param handled: names of handled tasks; by default those of the installed packages
    :param git_projects: the projects that live in Git, fetched already

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
        taken = take_all(sources, Path(scratch), tasks, old, git_projects or GitState())
        projects = [_refuse(one, *lost_branches(git, old, one)) for one in taken]
        last_good = _last_good(git, old, projects)
        projects = _without_clashes(projects, last_good)
        new, plans = _new_tree(git, old, dag_files, projects, last_good)
        report = _states(old, new, projects, plans)
        if head is not None and new == old:
            return PublishReport(head, False, report)
        commit = git.commit(new, head, _message(report))
    log.info("published %s: %s", commit[:10], _message(report).splitlines()[0])
    return PublishReport(commit, True, report)


def _without_clashes(projects: list[Taken], last_good: dict[str, ProjectPlan]) -> list[Taken]:
    """Refuse the projects that want a namespace of another one."""
    by_name = {project.checked.name: project for project in projects}
    plans = {name: project.checked.plan for name, project in by_name.items() if project.checked.plan}
    # One by one: what was last good of a refused project goes on, and so keeps its namespaces.
    while clash := first_clash(plans, last_good, SHIPYARD):
        del plans[clash.project]
        by_name[clash.project] = _refuse(by_name[clash.project], clash.problem)
    return list(by_name.values())


def _refuse(project: Taken, *problems: Problem) -> Taken:
    """Return a project with problems of its shipyard that others or its past make; without any, as it is."""
    if not problems:
        return project
    report = FileReport(problems[0].file, "shipyard", problems)
    checked = CheckedProject(project.checked.name, None, (*project.checked.reports, report))
    return project._replace(checked=checked)


def _new_tree(
    git: GitStore, old: Tree, dag_files: list[Path], projects: list[Taken], last_good: dict[str, ProjectPlan]
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
            new |= {path: entry for path, entry in old.items() if belongs(path, name)}
            plans[name] = last_good[name]
        if project.pending:
            continue
        problems = sorted(
            (one for one in project.checked.problems if one.severity != NOTE), key=lambda one: one.severity != ERROR
        )
        refused.append(Refusal(name, name in plans, tuple(problems[:_MOST_PROBLEMS])))
    new[REFUSED] = Entry("100644", git.add_text(refusals_to_json(refused).encode()))
    return new, plans


def published_plan(store: GitStore, name: str) -> ProjectPlan | None:
    """Return the plan of a project that is published now; ``None`` when it is not."""
    with store.locked():
        return _plan_of(store, store.tree(store.head()).get(f"{PLANS}/{name}.json"))


def _last_good(git: GitStore, old: Tree, projects: list[Taken]) -> dict[str, ProjectPlan]:
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


def _project_tree(git: GitStore, project: Taken, plan: ProjectPlan) -> Tree:
    name = project.checked.name
    tree = {f"{PLANS}/{name}.json": Entry("100644", git.add_text(plan.to_json().encode()))}
    if project.source:
        tree[f"{SOURCES}/{name}.json"] = Entry("100644", git.add_text(project.source.to_json().encode()))
    plain = [one for one in project.files if one.git_mode != "120000"]
    blobs = git.add_files([project.copy / one.relative for one in plain])
    for one, blob in zip(plain, blobs, strict=True):
        tree[f"{PROJECTS}/{name}/{one.relative}"] = Entry(one.git_mode, blob)
    for one in project.files:
        if one.git_mode == "120000":
            goal = str((project.copy / one.relative).readlink()).encode()
            tree[f"{PROJECTS}/{name}/{one.relative}"] = Entry(one.git_mode, git.add_text(goal))
    return tree


def _states(old: Tree, new: Tree, projects: list[Taken], plans: dict[str, ProjectPlan]) -> tuple[PublishedProject, ...]:
    states = []
    for project in projects:
        name = project.checked.name
        before, after = ({path: e for path, e in tree.items() if belongs(path, name)} for tree in (old, new))
        refused = project.checked.plan is None and not project.pending
        state = "refused" if refused else "unchanged" if before == after else "published"
        states.append(PublishedProject(name, state, plans.get(name), project.checked.problems))
    there = {one.name for one in states}
    gone = published_names(old) - there
    return tuple(sorted([*states, *(PublishedProject(name, "removed", None, ()) for name in gone)]))


def _message(projects: tuple[PublishedProject, ...]) -> str:
    words = []
    for state in ("published", "removed", "refused"):
        names = [one.name for one in projects if one.state == state]
        if names:
            words.append(f"{state}: {', '.join(names)}")
    return "; ".join(words) or "DAG files changed"
