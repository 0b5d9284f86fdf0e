"""From a shipyard to what runs: sequences with their tasks, and the links between them.

A compiled plan is JSON. Reading one back is on the hot path of parsing DAGs: nothing but the standard library is
imported here, and the records are the lightest there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from slipway_core.keptn import names
from slipway_core.keptn.settings import ProjectSettings, from_data, to_data

if TYPE_CHECKING:
    from slipway_core.keptn.shipyard import Sequence, Shipyard, Stage

VERSION = 1
IMPLICIT = "evaluation"
ACTION = "action"
# Name of a sequence, and of its task: gives a service its former count of replicas when its objectives have held.
SCALE_BACK = "scale-back"


class PlannedTask(NamedTuple):
    """One task of a sequence.

    :param task_id: id in the DAG
    :param name: the task's own name, by which its operator is found
    :param properties: from the shipyard; ``None`` when it gives none
    :param delay_seconds: how long to wait after the task before (``triggeredAfter``)
    """

    task_id: str
    name: str
    properties: Mapping[str, Any] | None
    delay_seconds: float


class Trigger(NamedTuple):
    """One item of a sequence's ``triggeredOn``; ``selector`` holds the pairs under ``match`` or is ``None``."""

    event: str
    selector: Mapping[str, str] | None


class Follower(NamedTuple):
    """A sequence that may follow, by one trigger item.

    :param item: running number over all items that name the finished sequence, in file order
    """

    dag_id: str
    stage: str
    sequence: str
    item: int
    selector: Mapping[str, str] | None


class SequencePlan(NamedTuple):
    """One sequence: one DAG. ``implicit`` marks the built-in `evaluation` (sequences.md 1.3) and `scale-back`."""

    dag_id: str
    project: str
    stage: str
    sequence: str
    implicit: bool
    tasks: tuple[PlannedTask, ...]
    triggered_on: tuple[Trigger, ...]
    followers: tuple[Follower, ...]

    @property
    def event(self) -> str:
        """What a ``triggeredOn`` item says to follow this sequence."""
        return f"{self.stage}.{self.sequence}.finished"


class ProjectPlan(NamedTuple):
    """Everything that runs for one project, and the settings that hold for it."""

    project: str
    services: tuple[str, ...]
    stages: tuple[str, ...]
    sequences: tuple[SequencePlan, ...]
    settings: ProjectSettings = ProjectSettings()

    def find(self, stage: str, sequence: str) -> SequencePlan | None:
        """Return one sequence by its names."""
        return next((one for one in self.sequences if (one.stage, one.sequence) == (stage, sequence)), None)

    def to_json(self) -> str:
        """Return the compiled plan; the same plan always gives the same text."""
        data = {
            "version": VERSION,
            "project": self.project,
            "services": self.services,
            "stages": self.stages,
            "sequences": [
                {
                    "dag_id": one.dag_id,
                    "stage": one.stage,
                    "sequence": one.sequence,
                    "implicit": one.implicit,
                    "tasks": [task._asdict() for task in one.tasks],
                    "triggered_on": [trigger._asdict() for trigger in one.triggered_on],
                    "followers": [follower._asdict() for follower in one.followers],
                }
                for one in self.sequences
            ],
            "settings": to_data(self.settings),
        }
        return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> ProjectPlan:
        """Return the plan that :meth:`to_json` wrote; raises ``ValueError`` for one of another version."""
        data = json.loads(text)
        if data.get("version") != VERSION:
            raise ValueError(f"plan of version {data.get('version')}, wanted {VERSION}: publish the project again")
        project = data["project"]
        return cls(
            project,
            tuple(data["services"]),
            tuple(data["stages"]),
            tuple(_sequence_from(project, one) for one in data["sequences"]),
            from_data(data.get("settings", {})),
        )


def _sequence_from(project: str, data: Mapping[str, Any]) -> SequencePlan:
    return SequencePlan(
        data["dag_id"],
        project,
        data["stage"],
        data["sequence"],
        data["implicit"],
        tuple([PlannedTask(**task) for task in data["tasks"]]),
        tuple([Trigger(**trigger) for trigger in data["triggered_on"]]),
        tuple([Follower(**follower) for follower in data["followers"]]),
    )


def plan_project(
    shipyard: Shipyard,
    project: str,
    services: Iterable[str],
    handled: Iterable[str] | None = None,
    settings: ProjectSettings | None = None,
) -> ProjectPlan:
    """Work out what runs for a project.

    Of two sequences of one name in a stage the first runs, and the ``triggeredOn`` of both count (sequences.md 1.2).

    :param shipyard: a valid shipyard
    :param project: name of the project
    :param services: names of its services
    :param handled: tasks that something handles; what is not among them is left out of the implicit sequences;
        ``None``: everything is
    :param settings: what its slipway.yaml says; ``None``: it has none
    """
    built_in = {IMPLICIT, SCALE_BACK} if handled is None else {IMPLICIT, SCALE_BACK} & set(handled)
    followers = _followers(shipyard, project)
    sequences = tuple(one for stage in shipyard.stages for one in _plan_stage(followers, project, stage, built_in))
    stages = tuple(stage.name for stage in shipyard.stages)
    return ProjectPlan(project, tuple(services), stages, sequences, settings or ProjectSettings())


_Followers = Mapping[str, list[Follower]]


def _plan_stage(followers: _Followers, project: str, stage: Stage, built_in: set[str]) -> Iterator[SequencePlan]:
    by_name: dict[str, list[Sequence]] = {}
    for sequence in stage.sequences:
        by_name.setdefault(sequence.name, []).append(sequence)
    for name, same in by_name.items():
        ids = names.task_ids(task.name for task in same[0].tasks)
        tasks = tuple(
            PlannedTask(task_id, task.name, task.properties, task.delay_seconds)
            for task_id, task in zip(ids, same[0].tasks, strict=True)
        )
        triggers = tuple(Trigger(item.event, item.selector) for one in same for item in one.triggered_on)
        yield _sequence_plan(followers, project, stage.name, name, False, tasks, triggers)
    for name, tasks in _implicit(stage, built_in):
        if name not in by_name:
            yield _sequence_plan(followers, project, stage.name, name, True, tasks, ())


def _implicit(stage: Stage, built_in: set[str]) -> Iterator[tuple[str, tuple[PlannedTask, ...]]]:
    """Yield the sequences that a stage has without naming them: the way back only where something may be scaled."""
    evaluation = [PlannedTask(names.task_id(IMPLICIT), IMPLICIT, None, 0.0)] if IMPLICIT in built_in else []
    if evaluation:
        yield IMPLICIT, tuple(evaluation)
    acts = any(task.name == ACTION for sequence in stage.sequences for task in sequence.tasks)
    if acts and SCALE_BACK in built_in:
        yield SCALE_BACK, (*evaluation, PlannedTask(names.task_id(SCALE_BACK), SCALE_BACK, None, 0.0))


def _sequence_plan(
    followers: _Followers,
    project: str,
    stage: str,
    sequence: str,
    implicit: bool,
    tasks: tuple[PlannedTask, ...],
    triggers: tuple[Trigger, ...],
) -> SequencePlan:
    own = names.dag_id(project, stage, sequence)
    after = tuple(followers.get(f"{stage}.{sequence}.finished", ()))
    return SequencePlan(own, project, stage, sequence, implicit, tasks, triggers, after)


def _followers(shipyard: Shipyard, project: str) -> _Followers:
    """Return by event every trigger item that names it, exactly and in file order (sequences.md 4, R42 to R44)."""
    by_event: dict[str, list[Follower]] = {}
    for stage in shipyard.stages:
        for sequence in stage.sequences:
            for trigger in sequence.triggered_on:
                same = by_event.setdefault(trigger.event, [])
                dag = names.dag_id(project, stage.name, sequence.name)
                same.append(Follower(dag, stage.name, sequence.name, len(same), trigger.selector))
    return by_event
