"""One planned sequence → one Airflow DAG."""

from __future__ import annotations

import logging
from pathlib import Path

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.context import get_parsing_context
from slipway_core.keptn.plan import ProjectPlan, SequencePlan
from slipway_core.publish import load

from slipway import task_catalog
from slipway.operators.sequence import Evaluates
from slipway.sequence_tasks import add_tasks, common_arguments, evaluates

log = logging.getLogger(__name__)

# Airflow's own limit of 16 runs would let one service that waits block all others of its stage.
MAX_ACTIVE_RUNS = 10_000
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
    plan, files = load.project_plan(tree, project), tree / "projects" / project
    dags = {
        sequence.dag_id: sequence_dag(plan, sequence, files)
        for sequence in plan.sequences
        if asked in (None, sequence.dag_id)
    }
    if any(stage.schedules for stage in plan.settings.stages.values()) and asked not in dags:
        from slipway.schedule_dag import schedule_dags  # late: most projects have none, and every task start parses

        dags |= schedule_dags(plan, files, asked)
    return dags


def sequence_dag(plan: ProjectPlan, sequence: SequencePlan, files: Path) -> DAG:
    """Build the DAG of one sequence.

    :param files: folder of the project's files.
    """
    dag = DAG(
        sequence.dag_id,
        dag_display_name=f"{sequence.project}.{sequence.stage}.{sequence.sequence}",
        description=f"Sequence '{sequence.sequence}' of stage '{sequence.stage}' in project '{sequence.project}'",
        schedule=None,
        max_active_runs=MAX_ACTIVE_RUNS,
        params=_form(plan, sequence),
        **common_arguments(plan, sequence),
    )
    with dag:
        add_tasks(plan, sequence, files)
    return dag


def _form(plan: ProjectPlan, sequence: SequencePlan) -> dict[str, Param]:
    fields = _delivery_fields(plan)
    return fields if evaluates(sequence) is Evaluates.NOT_FIRST else fields | _window_fields()


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
