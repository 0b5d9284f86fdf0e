"""One planned sequence → one Airflow DAG."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, TriggerRule
from airflow.sdk.definitions.context import get_parsing_context
from slipway_core.keptn.plan import ProjectPlan, SequencePlan
from slipway_core.keptn.stage_chain import stage_chain
from slipway_core.publish import load

from slipway import task_catalog
from slipway.handover import StartFollower
from slipway.operators.sequence import (
    FINISH_TASK_ID,
    RESULT_TASK_ID,
    BeginSequence,
    Evaluates,
    FinishSequence,
    SequenceResult,
)
from slipway.operators.task import BEGIN_TASK_ID, Seat
from slipway.sensors.delay import DelaySensor

log = logging.getLogger(__name__)

# Airflow's own limit of 16 runs would let one service that waits block all others of its stage.
MAX_ACTIVE_RUNS = 10_000
LONGEST_TAG = 100
# Outcomes are never tried again (AirflowFailException); these tries are for faults of the ground.
RETRIES = {
    "retries": 4,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=1),
}
IMAGE = r"^$|^[\w][\w.:/@+-]*$"


def published_dags(tree: Path) -> dict[str, DAG]:
    """Return the DAGs of every project in a published tree, by id.

    At the start of a task Airflow parses again and asks for one DAG: only that one is built.

    A project that cannot be built is left out: Airflow would refuse the file with the DAGs of all projects.
    :func:`unbuildable` tells of it.

    :param tree: the published tree: ``plans/`` and ``projects/``.
    """
    asked = get_parsing_context().dag_id
    if asked:
        return _project_dags(tree, asked.split(".", 1)[0], asked)
    dags: dict[str, DAG] = {}
    for project in load.projects(tree):
        try:
            dags |= _project_dags(tree, project)
        except Exception:
            log.exception("Project %s is left out", project)
    return dags


def unbuildable(tree: Path) -> dict[str, str]:
    """Return why published projects have no DAGs, by project: a task's handler is gone, or the plan is too old."""
    reasons: dict[str, str] = {}
    for project in load.projects(tree):
        try:
            plan = load.project_plan(tree, project)
            for task in {task.name for sequence in plan.sequences for task in sequence.tasks}:
                task_catalog.builder(task)
        except Exception as error:  # noqa: BLE001 - a handler is somebody else's package, and may raise anything
            reasons[project] = f"{type(error).__name__}: {error}"
    return reasons


def _project_dags(tree: Path, project: str, asked: str | None = None) -> dict[str, DAG]:
    plan = load.project_plan(tree, project)
    return {
        sequence.dag_id: sequence_dag(plan, sequence, tree / "projects" / project)
        for sequence in plan.sequences
        if asked in (None, sequence.dag_id)
    }


def sequence_dag(plan: ProjectPlan, sequence: SequencePlan, files: Path) -> DAG:
    """Build the DAG of one sequence.

    :param files: folder of the project's files.
    """
    dag = DAG(
        sequence.dag_id,
        dag_display_name=f"{sequence.project}.{sequence.stage}.{sequence.sequence}",
        description=f"Sequence '{sequence.sequence}' of stage '{sequence.stage}' in project '{sequence.project}'",
        doc_md=f"```\n{stage_chain(plan, sequence)}\n```",
        # Airflow takes no longer ones: it would refuse the file, with the DAGs of all projects.
        tags=[tag[:LONGEST_TAG] for tag in (sequence.project, sequence.stage, sequence.sequence)],
        schedule=None,
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=MAX_ACTIVE_RUNS,
        params=_form(plan, sequence),
        default_args=RETRIES,
    )
    with dag:
        begin = BeginSequence(
            task_id=BEGIN_TASK_ID,
            task_display_name="begin",
            project=sequence.project,
            stage=sequence.stage,
            services=plan.services,
            deploys=any(task.name == "deployment" for task in sequence.tasks),
            evaluates=_evaluates(sequence),
        )
        tasks = _tasks(sequence, files)
        result = SequenceResult(
            task_id=RESULT_TASK_ID,
            task_display_name="result",
            tasks=[(task.task_id, task.name) for task in sequence.tasks],
            trigger_rule=TriggerRule.ALL_DONE,
        )
        earlier: list[Any] = []
        for task in tasks:
            first = next(iter(task.upstream_list), task)  # its delay, if it has one
            # Edges from all earlier ones: else marking a task by hand would start the next beside one that still runs.
            (earlier or [begin]) >> first
            earlier.append(task)
        earlier >> result
        _end(sequence, result)
    return dag


def _tasks(sequence: SequencePlan, files: Path) -> list[Any]:
    built: list[Any] = []
    earlier: tuple[tuple[str, str], ...] = ()
    for task in sequence.tasks:
        place = task_catalog.TaskPlace(
            seat=Seat(task.name, task.properties, earlier),
            arguments={"task_id": task.task_id, "task_display_name": task.name},
            files=files,
        )
        operator = task_catalog.builder(task.name)(place)
        if task.delay_seconds > 0:
            wait = DelaySensor(task_id=f"slipway_wait_{len(built)}", delay=timedelta(seconds=task.delay_seconds))
            wait >> operator
        built.append(operator)
        earlier = (*earlier, (task.task_id, task.name))
    return built


def _end(sequence: SequencePlan, result: SequenceResult) -> None:
    followers = [
        StartFollower(
            task_id=f"slipway_follow_{follower.item}",
            task_display_name=f"→ {follower.stage}.{follower.sequence}",
            trigger_dag_id=follower.dag_id,
            follower_stage=follower.stage,
            item=follower.item,
            selector=follower.selector,
        )
        for follower in sequence.followers
    ]
    finish = FinishSequence(task_id=FINISH_TASK_ID, task_display_name="finish")
    finish.as_teardown(on_failure_fail_dagrun=True)
    result >> finish
    for follower in followers:
        result >> follower >> finish


def _evaluates(sequence: SequencePlan) -> Evaluates:
    first = sequence.tasks[0]
    return Evaluates.of(first.name, first.properties)


def _form(plan: ProjectPlan, sequence: SequencePlan) -> dict[str, Param]:
    fields = _delivery_fields(plan)
    return fields if _evaluates(sequence) is Evaluates.NOT_FIRST else fields | _window_fields()


def _window_fields() -> dict[str, Param]:
    moment = "Such as 2024-01-01T10:00:00.000Z"
    asked = {
        "timeframe": ("Timeframe", "How long to look back, such as 5m; with nothing here the last five minutes"),
        "start": ("Start", moment),
        "end": ("End", moment),
    }
    return {
        name: Param(None, type=["null", "string"], title=title, description=text, section="Window")
        for name, (title, text) in asked.items()
    }


def _delivery_fields(plan: ProjectPlan) -> dict[str, Param]:
    return {
        "service": Param(
            plan.services[0],
            type="string",
            enum=list(plan.services),
            title="Service",
            description=f"Which service of project {plan.project}",
        ),
        "image": Param(
            "",
            type="string",
            pattern=IMAGE,
            title="Image",
            description="What to deliver, such as ghcr.io/org/app:1.0; kept as it is in every following stage",
        ),
        # With "null" among the types the form does not ask for them.
        "labels": Param(
            None,
            type=["object", "null"],
            additionalProperties={"type": "string"},
            title="Labels",
            description='Texts that travel with the run, such as {"build": "42"}',
        ),
        "values": Param(
            None,
            type=["object", "null"],
            title="Values",
            description='Helm values over those of the files, such as {"replicaCount": 2}',
        ),
    }
