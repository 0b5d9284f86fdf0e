"""What a changed shipyard would change: two compiled plans compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from slipway_core.keptn.plan import ProjectPlan, SequencePlan

ADDED, REMOVED, ALTERED = "added", "removed", "altered"


class DagChange(NamedTuple):
    """One DAG that would change.

    :param what: added, removed or altered
    :param details: how it is altered
    """

    what: str
    dag_id: str
    details: tuple[str, ...] = ()


def changed_dags(old: ProjectPlan | None, new: ProjectPlan) -> list[DagChange]:
    """Return the DAGs that would change, in the order of the new plan; those that go come last.

    :param old: what is published; ``None`` when nothing is
    """
    before = {one.dag_id: one for one in old.sequences} if old else {}
    after = {one.dag_id: one for one in new.sequences}
    changes = []
    for dag_id, sequence in after.items():
        if dag_id not in before:
            tasks = ", ".join(task.name for task in sequence.tasks)
            changes.append(DagChange(ADDED, dag_id, (f"tasks: {tasks}",)))
        elif details := tuple(_details(before[dag_id], sequence)):
            changes.append(DagChange(ALTERED, dag_id, details))
    return changes + [DagChange(REMOVED, dag_id) for dag_id in before if dag_id not in after]


def changed_settings(old: ProjectPlan | None, new: ProjectPlan) -> bool:
    """Say whether what slipway.yaml says would change: DAGs keep their tasks, which then work with other settings."""
    return old is not None and old.settings != new.settings


def changed_services(old: ProjectPlan | None, new: ProjectPlan) -> list[str]:
    """Return the services that would come (``+``) and go (``-``)."""
    before, after = set(old.services if old else ()), set(new.services)
    return [*(f"+ {one}" for one in sorted(after - before)), *(f"- {one}" for one in sorted(before - after))]


def _details(old: SequencePlan, new: SequencePlan) -> Iterator[str]:
    before, after = {task.task_id: task for task in old.tasks}, {task.task_id: task for task in new.tasks}
    yield from (f"task {one} comes" for one in after if one not in before)
    yield from (f"task {one} goes" for one in before if one not in after)
    both = [one for one in after if one in before]
    if both != [one for one in before if one in after]:
        yield f"order of tasks: {', '.join(after)}"
    for one in both:
        if before[one].properties != after[one].properties:
            yield f"properties of {one}: {before[one].properties} becomes {after[one].properties}"
        if before[one].delay_seconds != after[one].delay_seconds:
            yield f"delay of {one}: {before[one].delay_seconds:g} s becomes {after[one].delay_seconds:g} s"
    if old.triggered_on != new.triggered_on:
        yield f"starts after {_words(old.triggered_on)}: becomes {_words(new.triggered_on)}"
    if old.followers != new.followers:
        yield f"is followed by {_words(old.followers)}: becomes {_words(new.followers)}"


def _words(items: Sequence[object]) -> str:
    words = []
    for item in items:
        selector = getattr(item, "selector", None)
        named = getattr(item, "event", None) or f"{getattr(item, 'stage', '')}.{getattr(item, 'sequence', '')}"
        words.append(named + (f" if {dict(selector)}" if selector else ""))
    return ", ".join(words) or "nothing"
