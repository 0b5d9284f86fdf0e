"""Answers to open approvals that come as events, given through Airflow's own route: its locks and checks hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from slipway_core.keptn import names
from slipway_core.keptn.cloud_event import ApprovalFinished
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent

from slipway.sensors.approval import APPROVE, COMMENT, DECLINE
from slipway.ways_in.contexts import begun
from slipway.ways_in.sender import Sender

_OPERATOR = "ApprovalSensor"


@dataclass(frozen=True)
class OpenApproval:
    """A task that waits for a person."""

    dag_id: str
    run_id: str
    task_id: str
    context: str


def open_approval(scope: Scope, context: str) -> OpenApproval:
    """Return the one open approval of a project, stage and service; raises :class:`InvalidEvent`.

    :param context: only of this delivery; empty when the event named none, and then there must be only one
    """
    found = [one for one in _open_approvals(scope) if context in ("", one.context)]
    where = f"of service '{scope.service}' in stage '{scope.stage}' of '{scope.project}'"
    if not found:
        told = f" with context {context}" if context else ""
        raise InvalidEvent("shkeptncontext", f"no approval {where}{told} is open")
    if len(found) > 1:
        contexts = ", ".join(one.context for one in found)
        raise InvalidEvent("shkeptncontext", f"{len(found)} approvals {where} are open; name one of: {contexts}")
    return found[0]


def answer(approval: OpenApproval, event: ApprovalFinished, sender: Sender) -> None:
    """Answer an approval as its sender; raises what Airflow says against it: 403 not theirs, 409 answered before."""
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.utils.session import create_session

    option = APPROVE if event.approved else DECLINE
    payload = UpdateHITLDetailPayload(chosen_options=[option], params_input={COMMENT: event.comment})
    with create_session() as session:
        try:
            update_hitl_detail(
                approval.dag_id, approval.run_id, approval.task_id, payload, user=sender.user, session=session
            )
        except HTTPException as error:
            raise HTTPException(error.status_code, f"{approval.dag_id} {approval.run_id}: {error.detail}") from error


def _open_approvals(scope: Scope) -> list[OpenApproval]:
    from airflow.models.dagrun import DagRun
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select

    wanted = (
        select(TaskInstance.dag_id, TaskInstance.run_id, TaskInstance.task_id, DagRun.id)
        .join(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
        .join(DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id))
        .where(
            TaskInstance.dag_id.startswith(names.dag_id(scope.project, scope.stage, ""), autoescape=True),
            TaskInstance.state == TaskInstanceState.AWAITING_INPUT,
            TaskInstance.operator == _OPERATOR,
            HITLDetail.responded_at.is_(None),
        )
    )
    with create_session() as session:
        rows: Any = session.execute(wanted).all()
        inputs = begun(session, [row.id for row in rows])
    return [
        OpenApproval(row.dag_id, row.run_id, row.task_id, inputs[row.id]["context"])
        for row in rows
        if row.id in inputs and inputs[row.id]["data"].get("service") == scope.service
    ]
