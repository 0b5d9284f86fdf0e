"""Does a slipway.yaml fit the shipyard beside it?"""

from __future__ import annotations

from slipway_core.keptn.plan import IMPLICIT, ProjectPlan, SequencePlan
from slipway_core.keptn.settings import Schedule
from slipway_core.keptn.source import Items, Mapping, Node, Source

EVALUATION = "evaluation"
DEPLOYMENT = "deployment"
_WINDOW = {"start", "end", "timeframe"}


def check(plan: ProjectPlan, source: Source) -> None:
    """Report stages, sequences and services that there are not, and schedules that could never judge anything.

    :param plan: what runs; it holds the settings
    :param source: the slipway.yaml, which collects the problems
    """
    for stage, settings in plan.settings.stages.items():
        if stage not in plan.stages:
            message = f"the shipyard has no stage '{stage}'."
            source.report(_line(source.root, "stages", stage), message, f"Its stages are: {', '.join(plan.stages)}.")
            continue
        for at, schedule in enumerate(settings.schedules):
            _check_schedule(plan, stage, schedule, source, _node(source.root, "stages", stage, "schedules", at))


def _check_schedule(plan: ProjectPlan, stage: str, schedule: Schedule, source: Source, node: Node | None) -> None:
    if wrong := _wrong_sequence(plan, stage, schedule.sequence):
        source.report(_line(node, "sequence"), *wrong)
    for service in schedule.services:
        if service not in plan.services:
            message, advice = f"the project has no service '{service}'.", f"It has: {', '.join(plan.services)}."
            source.report(_line(node, "services"), message, advice)


def _wrong_sequence(plan: ProjectPlan, stage: str, name: str) -> tuple[str, str] | None:
    """Return what is wrong with a scheduled sequence and what to do, or ``None``."""
    sequence = plan.find(stage, name)
    if sequence is None and name == IMPLICIT:
        return f"nothing handles the task '{EVALUATION}'.", "Install a package with an entry point for it."
    if sequence is None:
        known = ", ".join(one.sequence for one in plan.sequences if one.stage == stage) or "none"
        return f"stage '{stage}' has no sequence '{name}'.", f"It has: {known}."
    if not _has(sequence, EVALUATION):
        message = f"sequence '{stage}.{name}' has no task '{EVALUATION}', so a timeframe means nothing to it."
        return message, f"Schedule '{IMPLICIT}', or a sequence with that task."
    if _has(sequence, DEPLOYMENT):
        message = f"sequence '{stage}.{name}' deploys, and a schedule has no image for it."
        return message, f"Schedule '{IMPLICIT}', or a sequence without '{DEPLOYMENT}'."
    if any(one.name == EVALUATION and _WINDOW & set(one.properties or {}) for one in sequence.tasks):
        message = f"'{EVALUATION}' in '{stage}.{name}' names a window of its own, and so does a schedule."
        return message, f"Schedule '{IMPLICIT}', or a sequence whose '{EVALUATION}' has no timeframe, start or end."
    return None


def _has(sequence: SequencePlan, task: str) -> bool:
    return any(one.name == task for one in sequence.tasks)


def _node(node: Node | None, *path: str | int) -> Node | None:
    for part in path:
        if isinstance(part, str):
            node = node.get(part) if isinstance(node, Mapping) else None
        else:
            node = node.items[part] if isinstance(node, Items) else None
    return node


def _line(node: Node | None, *path: str) -> int | None:
    """Return the line of a key below a node; that of its mapping when the key is not there."""
    *parents, key = path
    mapping = _node(node, *parents)
    return mapping.line_of(key) if isinstance(mapping, Mapping) else None
