"""A run that is taken up again, by a mark or a clear: Airflow's own functions, behind what stands in for its API."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

from airflow.api_fastapi.core_api.datamodels.task_instances import ClearTaskInstancesBody
from airflow.api_fastapi.core_api.routes.public.task_instances import post_clear_task_instances
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.sdk.definitions.dag import _run_task
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState


def mark_as_success(dag, run_id, task_id):
    """Mark a task of a run that has ended, as Airflow's API does."""
    with create_session() as session:
        stored = DBDagBag().get_latest_version_of_dag(dag.dag_id, session=session)
        stored.set_task_instance_state(task_id=task_id, run_id=run_id, state=TaskInstanceState.SUCCESS, session=session)


def go_on(dag, run_id):
    """Let a run go on, as `dag.test` does, until it has ended or asks a person.

    Return it, and the names of what ran, in order.
    """
    ran = []
    with create_session() as session:
        run = session.query(DagRun).filter_by(dag_id=dag.dag_id, run_id=run_id).one()
        run.dag = DBDagBag().get_latest_version_of_dag(dag.dag_id, session=session)
        run.state = DagRunState.RUNNING
        while run.state == DagRunState.RUNNING:
            session.expire_all()
            ready, _ = run.update_state(session=session)
            for one in ready:
                one.try_number += 1
                one.state = TaskInstanceState.SCHEDULED
            session.commit()
            for one in ready:
                ran.append(one.task_id.removeprefix("slipway_"))
                _run_task(ti=one, task=dag.task_dict[one.task_id], run_triggerer=True)
            if not ready and run.get_task_instances([TaskInstanceState.AWAITING_INPUT], session=session):
                break
            if not ready:
                time.sleep(0.5)
        session.commit()
    return run, ran


@contextmanager
def cleared_by_airflow(api):
    """Stand in for the client of :class:`SlipwayApi`: what is cleared is cleared by Airflow's own endpoint."""

    def clear(path, json):
        def work():
            with create_session() as session:
                dag_id = path.split("/")[4]
                post_clear_task_instances(dag_id, DBDagBag(), ClearTaskInstancesBody(**json), session, None)

        with ThreadPoolExecutor(1) as aside:  # its session is another one
            aside.submit(work).result()
        return SimpleNamespace(raise_for_status=lambda: None)

    yield SimpleNamespace(post=clear)
