"""Reading a published tree. Used wherever Airflow parses DAGs: standard library only, no YAML.

The tree: ``dags/``, ``projects/<name>/`` (the user's files as they are), ``plans/<name>.json``, ``refused.json``, and
for a project in Git ``sources/<name>.json``: what it was made from.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from slipway_core.keptn.plan import ProjectPlan
from slipway_core.keptn.problems import Problem, render

PLANS = "plans"
PROJECTS = "projects"
REFUSED = "refused.json"
SOURCES = "sources"
BRANCHES = "branches"  # the layout with a branch per stage


class Refusal(NamedTuple):
    """A project whose last change was refused.

    :param still_running: whether an earlier, good state of it is still published
    """

    project: str
    still_running: bool
    problems: tuple[Problem, ...]


def projects(tree: Path) -> list[str]:
    """Return the names of all published projects, in order."""
    return sorted(path.name.removesuffix(".json") for path in (tree / PLANS).glob("*.json"))


def project_plan(tree: Path, project: str) -> ProjectPlan:
    """Return the compiled plan of a project; raises ``FileNotFoundError`` when it is not published."""
    return ProjectPlan.from_json((tree / PLANS / f"{project}.json").read_bytes())


def project_source(tree: Path, project: str) -> dict[str, Any] | None:
    """Return what a project in Git was made from: ``remote``, ``branch``, ``layout``, ``commits`` by branch.

    ``None`` for a project that lives in a folder.
    """
    try:
        found: dict[str, Any] = json.loads((tree / SOURCES / f"{project}.json").read_bytes())
    except FileNotFoundError:
        return None
    return found


def commit_of(source: dict[str, Any], stage: str) -> str:
    """Return the commit that a stage's files come from: that of its own branch, if it has one.

    :param source: as :func:`project_source` returns it
    """
    commits: dict[str, str] = source["commits"]
    return commits[stage if source["layout"] == BRANCHES and stage in commits else source["branch"]]


def refusals(tree: Path) -> list[Refusal]:
    """Return the projects whose last change was refused; none when the tree does not say."""
    try:
        entries: list[dict[str, Any]] = json.loads((tree / REFUSED).read_bytes())
    except FileNotFoundError:
        return []
    return [
        Refusal(one["project"], one["still_running"], tuple(Problem(**problem) for problem in one["problems"]))
        for one in entries
    ]


def refusals_to_json(refused: list[Refusal]) -> str:
    """Return what :func:`refusals` reads."""
    entries = [
        {**one._asdict(), "problems": [problem._asdict() for problem in one.problems]}
        for one in sorted(refused, key=lambda one: one.project)
    ]
    return json.dumps(entries, ensure_ascii=False, indent=1) + "\n"


def render_refusals(refused: list[Refusal]) -> str:
    """Return all refusals as one text for people, each problem with file and line."""
    parts = []
    for one in refused:
        state = "its last good state goes on running" if one.still_running else "it was never published"
        parts.append(f"Project '{one.project}' was refused; {state}.\n\n{render(one.problems)}")
    return "\n\n".join(parts)
