"""One schedule of a stage and one service → one Airflow DAG, with the tasks of its sequence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG, CronTriggerTimetable
from slipway_core.keptn import names
from slipway_core.keptn.plan import ProjectPlan, SequencePlan
from slipway_core.keptn.settings import Schedule

from slipway.operators.scheduled import BeginScheduled
from slipway.sequence_tasks import add_tasks, common_arguments

TAG = "schedule"


def schedule_dags(plan: ProjectPlan, files: Path, asked: str | None = None) -> dict[str, DAG]:
    """Build the DAGs of a project's schedules, by id.

    :param files: folder of the project's files.
    :param asked: id of the only DAG that is wanted; None: all of them.
    """
    dags = {}
    for stage, settings in plan.settings.stages.items():
        for number, schedule in enumerate(settings.schedules, start=1):
            sequence = plan.find(stage, schedule.sequence)
            for service in schedule.services or plan.services:
                dag_id = names.schedule_dag_id(plan.project, stage, schedule.sequence, number, service)
                if sequence and asked in (None, dag_id):
                    dags[dag_id] = _schedule_dag(dag_id, plan, sequence, schedule, service, files)
    return dags


def _schedule_dag(
    dag_id: str, plan: ProjectPlan, sequence: SequencePlan, schedule: Schedule, service: str, files: Path
) -> DAG:
    timeframe = timedelta(seconds=schedule.timeframe)
    called = f"{sequence.project}.{sequence.stage}.{sequence.sequence}"
    dag = DAG(
        dag_id,
        dag_display_name=f"{called} of {service}, {schedule.cron} {schedule.timezone}",
        description=f"Sequence '{called}' of service '{service}' by the clock, looking back {timeframe}",
        schedule=CronTriggerTimetable(
            schedule.cron,
            timezone=schedule.timezone,
            interval=timeframe,
            # Else a schedule that is published soon after one of its moments judges a time before there was one.
            run_immediately=timedelta(0),
        ),
        max_active_runs=1,  # a run that takes longer than the time to the next one is not overtaken
        **common_arguments(plan, sequence, service, TAG),
    )
    with dag:
        add_tasks(plan, sequence, files, BeginScheduled, service=service, timeframe=timeframe)
    return dag
