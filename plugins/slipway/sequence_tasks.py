"""The tasks of one planned sequence, from begin to finish, in whatever DAG it runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import TriggerRule, chain
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
from slipway.sensors.lane import LaneSensor

LONGEST_TAG = 100
LANE_TASK_ID = "slipway_lane"
LANE_RETRIES = 20  # nothing has been done yet: without its records a delivery rather waits than fails
PARKS = "approval"  # behind it the lane is taken anew
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
    """Add a sequence's tasks to the DAG around: begin, the lane, its own, result, its followers, finish.

    :param files: folder of the project's files, in the published tree
    :param begin: the operator that takes the run's input
    :param told: what else that one is told
    """
    settings = plan.settings.stage(sequence.stage)
    begins = begin(
        task_id=BEGIN_TASK_ID,
        task_display_name="begin",
        project=sequence.project,
        stage=sequence.stage,
        services=plan.services,
        deploys=any(task.name == "deployment" for task in sequence.tasks),
        evaluates=evaluates(sequence),
        tree=files.parents[1],
        policy=settings.lane,
        **told,
    )
    lane = LaneSensor(task_id=LANE_TASK_ID, task_display_name="lane", policy=settings.lane, retries=LANE_RETRIES)
    begins >> lane
    tasks = _tasks(sequence, files, settings)
    result = SequenceResult(
        task_id=RESULT_TASK_ID,
        task_display_name="result",
        tasks=[(task.task_id, task.name) for task in sequence.tasks],
        trigger_rule=TriggerRule.ALL_DONE,
    )
    earlier: list[Any] = []
    for steps in tasks:
        chain(*steps)
        # Edges from all earlier ones: else marking a task by hand would start the next beside one that still runs.
        (earlier or [lane]) >> steps[0]
        earlier.append(steps[-1])
    earlier >> result
    _end(sequence, result, _scale_back(sequence, plan), setups=[begins, lane])


def _tasks(sequence: SequencePlan, files: Path, settings: StageSettings) -> list[list[Any]]:
    """Return for each task what is done one after the other: back into the lane, a delay, the task itself."""
    built: list[list[Any]] = []
    earlier: tuple[tuple[str, str], ...] = ()
    for number, task in enumerate(sequence.tasks):
        place = task_catalog.TaskPlace(
            seat=Seat(task.name, task.properties, earlier),
            arguments={"task_id": task.task_id, "task_display_name": task.name},
            files=files,
            settings=settings,
        )
        steps: list[Any] = []
        if earlier and earlier[-1][1] == PARKS:
            # One that a person has let through is never superseded: the policy does not matter here.
            lane = f"{LANE_TASK_ID}_{number}"
            steps.append(LaneSensor(task_id=lane, task_display_name=f"lane ({number})", retries=LANE_RETRIES))
        if task.delay_seconds > 0:
            delay = timedelta(seconds=task.delay_seconds)
            steps.append(DelaySensor(task_id=f"slipway_wait_{number}", delay=delay))
        steps.append(task_catalog.builder(task.name)(place))
        built.append(steps)
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


def _end(sequence: SequencePlan, result: SequenceResult, also: list[Any], setups: list[Any]) -> None:
    """Add what comes after a sequence's result.

    :param also: started besides the followers
    :param setups: what is cleared together with any task, so that the run takes its lane again
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
    # Whoever clears one task of a sequence that has ended clears these too: it runs in its lane again, and leaves it.
    # Two of them, as one that has ended well is enough for the teardown to run.
    finish.as_teardown(setups=setups, on_failure_fail_dagrun=True)
    result >> finish
    for follower in [*followers, *also]:
        result >> follower >> finish
