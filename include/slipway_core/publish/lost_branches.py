"""A stage whose branch vanished: its files are missing, not gone on purpose, and a gate without files lets all pass."""

from __future__ import annotations

import json
from collections.abc import Set

from slipway_core.keptn.problems import Problem
from slipway_core.keptn.project_files import STAGES
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.git_store import GitStore, Tree
from slipway_core.publish.load import BRANCHES, PROJECTS, SOURCES
from slipway_core.publish.take import Taken, belongs


def lost_branches(git: GitStore, old: Tree, project: Taken) -> list[Problem]:
    """Return a problem for each stage that was published from its branch and now has neither branch nor files.

    :param old: what is published
    """
    name, plan = project.checked.name, project.checked.plan
    recorded = old.get(f"{SOURCES}/{name}.json")
    if plan is None or project.source is None or recorded is None:
        return []
    before = _with_files({path.removeprefix(f"{PROJECTS}/{name}/") for path in old if belongs(path, name)})
    now = _with_files({one.relative for one in project.files})
    lost = [one for one in plan.stages if one in before - now and one not in project.source.commits]
    if not lost or json.loads(git.read(recorded))["layout"] != BRANCHES:
        return []
    return [
        Problem(
            f"{name}/{SHIPYARD}",
            None,
            f"stage '{stage}' was published from the branch '{stage}', of which nothing is read any more.",
            f"Push the branch '{stage}' again, or take the stage out of the shipyard. If stages are to be folders now, "
            f"put its files into '{STAGES}/{stage}/'.",
        )
        for stage in lost
    ]


def _with_files(paths: Set[str]) -> set[str]:
    """Return the stages that files of a project's folder belong to."""
    parts = (path.split("/") for path in paths)
    return {one[1] for one in parts if one[0] == STAGES and len(one) > 2}
