"""The tasks of one planned sequence, from begin to finish, in whatever DAG it runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import TriggerRule
from slipway_core.keptn.plan import ACTION, SCALE_BACK, ProjectPlan, SequencePlan
from slipway_core.keptn.settings import StageSettings
from slipway_core.keptn.stage_chain import stage_chain

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

LONGEST_TAG = 100
# Outcomes are never tried again (AirflowFailException); these tries are for faults of the ground.
RETRIES = {
    "retries": 4,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=1),
}


def common_arguments(plan: ProjectPlan, sequence: SequencePlan, *tags: str) -> dict[str, Any]:
    """Return what every DAG of a sequence has in common.

    :param tags: further words by which people find it
    """
    return {
        "doc_md": f"```\n{stage_chain(plan, sequence)}\n```",
        # Airflow takes no longer ones: it would refuse the file, with the DAGs of all projects.
        "tags": [tag[:LONGEST_TAG] for tag in (sequence.project, sequence.stage, sequence.sequence, *tags)],
        "catchup": False,
        "is_paused_upon_creation": False,
        "default_args": RETRIES,
    }


def evaluates(sequence: SequencePlan) -> Evaluates:
    """Say whether a sequence begins with an evaluation, and whether that names its window."""
    first = sequence.tasks[0]
    return Evaluates.of(first.name, first.properties)


def add_tasks(
    plan: ProjectPlan, sequence: SequencePlan, files: Path, begin: type[BeginSequence] = BeginSequence, **told: Any
) -> None:
    """Add a sequence's tasks to the DAG around: begin, its own, result, its followers, finish.

    :param files: folder of the project's files
    :param begin: the operator that takes the run's input
    :param told: what else that one is told
    """
    begins = begin(
        task_id=BEGIN_TASK_ID,
        task_display_name="begin",
        project=sequence.project,
        stage=sequence.stage,
        services=plan.services,
        deploys=any(task.name == "deployment" for task in sequence.tasks),
        evaluates=evaluates(sequence),
        **told,
    )
    tasks = _tasks(sequence, files, plan.settings.stage(sequence.stage))
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
        (earlier or [begins]) >> first
        earlier.append(task)
    earlier >> result
    _end(sequence, result, _scale_back(sequence, plan))


def _tasks(sequence: SequencePlan, files: Path, settings: StageSettings) -> list[Any]:
    built: list[Any] = []
    earlier: tuple[tuple[str, str], ...] = ()
    for task in sequence.tasks:
        place = task_catalog.TaskPlace(
            seat=Seat(task.name, task.properties, earlier),
            arguments={"task_id": task.task_id, "task_display_name": task.name},
            files=files,
            settings=settings,
        )
        operator = task_catalog.builder(task.name)(place)
        if task.delay_seconds > 0:
            wait = DelaySensor(task_id=f"slipway_wait_{len(built)}", delay=timedelta(seconds=task.delay_seconds))
            wait >> operator
        built.append(operator)
        earlier = (*earlier, (task.task_id, task.name))
    return built


def _scale_back(sequence: SequencePlan, plan: ProjectPlan) -> list[Any]:
    """Return what starts the way back, where something may have been scaled, or was not scaled back yet."""
    after = plan.settings.stage(sequence.stage).healing.scale_back_after
    back = plan.find(sequence.stage, SCALE_BACK)
    if after is None or back is None or not {ACTION, SCALE_BACK} & {task.name for task in sequence.tasks}:
        return []
    from slipway.scale_back import StartScaleBack  # late: few sequences heal, and every task start parses

    starts = StartScaleBack(
        task_id="slipway_scale_back",
        task_display_name=f"→ {sequence.stage}.{SCALE_BACK}",
        trigger_dag_id=back.dag_id,
        follower_stage=sequence.stage,
        after=timedelta(seconds=after),
    )
    return [starts]


def _end(sequence: SequencePlan, result: SequenceResult, also: list[Any]) -> None:
    """Add what comes after a sequence's result.

    :param also: started besides the followers
    """
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
    for follower in [*followers, *also]:
        result >> follower >> finish
