"""The state of a context: the runs of one delivery or problem, over all its stages."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from slipway_core.keptn import names
from slipway_core.records import Message, Records

from slipway.links import run_url
from slipway.operators.sequence import CONTEXTS, HANDOVER_KEY
from slipway.operators.task import BEGIN_TASK_ID, TRIGGERED

LONGEST = 500  # runs of one context; a loop that heals for ever must not make an answer without end


def begun(session: Any, runs: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what the first task of runs has stored, ``context`` and ``data``; runs that have not begun are missing.

    :param session: of Airflow's database
    :param runs: their numbers there
    """
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    stored = XComModel.task_id == BEGIN_TASK_ID, XComModel.key == TRIGGERED
    found = session.scalars(select(XComModel).where(XComModel.dag_run_id.in_(runs), *stored))
    return {one.dag_run_id: XComModel.deserialize_value(one) for one in found}


def _context_of(dag_id: str, run_id: str, conf: Any) -> str:
    """Return the context of a run: what its conf names, else the one that its first task makes."""
    handover = conf.get(HANDOVER_KEY) if isinstance(conf, Mapping) else None
    told = handover.get("context") if isinstance(handover, Mapping) else None
    return str(told or uuid.uuid5(CONTEXTS, f"{dag_id}/{run_id}"))


def state_of(context: str, records: Records, readable: Collection[str]) -> dict[str, Any] | None:
    """Return what there is of a context, the oldest first; ``None`` when nothing is known.

    :param readable: ids of the DAGs that may be shown
    """
    runs = _runs(context, readable)
    received = [one for one in records.inbox.find(context=context) if one.dag_id in readable]
    if not runs and not received:
        return None
    return {"context": context, "runs": runs, "received": [_as_received(one) for one in reversed(received)]}


def _runs(context: str, readable: Collection[str]) -> list[dict[str, Any]]:
    """Return the runs that have begun, by what their first task stored, and those that have not, by their ids."""
    from airflow.models.dagrun import DagRun
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import String, cast, or_, select

    mentioned = select(XComModel.dag_run_id).where(
        XComModel.key == TRIGGERED,
        XComModel.task_id == BEGIN_TASK_ID,
        cast(XComModel.value, String).contains(context, autoescape=True),
    )
    named = DagRun.run_id.startswith(f"{context}.", autoescape=True)
    wanted = select(DagRun).where(or_(named, DagRun.id.in_(mentioned))).order_by(DagRun.id).limit(LONGEST)
    with create_session() as session:
        found = [run for run in session.scalars(wanted) if run.dag_id in readable]
        inputs = begun(session, [run.id for run in found])
        return [
            _shown(run, inputs.get(run.id)) for run in found if _context_of(run.dag_id, run.run_id, run.conf) == context
        ]


def _shown(run: Any, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    project, stage, sequence = names.place_of(run.dag_id) or ("", "", "")
    return {
        "project": project,
        "stage": stage,
        "sequence": sequence,
        "service": stored["data"]["service"] if stored else (run.conf or {}).get("service", ""),
        "state": str(run.state),
        "started": run.start_date.isoformat() if run.start_date else None,
        "ended": run.end_date.isoformat() if run.end_date else None,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "url": run_url(run.dag_id, run.run_id),
    }


def _as_received(message: Message) -> dict[str, Any]:
    return {
        "received": message.received.isoformat(),
        "kind": message.kind,
        "source": message.source,
        "sender": message.sender,
        "state": message.state,
        "why": message.why,
        "dag_id": message.dag_id,
        "run_id": message.run_id,
    }
