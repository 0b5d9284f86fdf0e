"""Starting the run of a stored message, by Airflow's own function for it."""

from __future__ import annotations

import logging
from typing import Any

from slipway_core.keptn import names
from slipway_core.records import Handled, Message

from slipway.operators.sequence import HANDOVER_KEY

LONGEST_REASON = 500  # characters

log = logging.getLogger(__name__)


def start_run(message: Message) -> Handled | None:
    """Start the run of a message, safe to repeat; ``None`` when Airflow's database is away."""
    from airflow.exceptions import DagRunAlreadyExists
    from sqlalchemy.exc import InterfaceError, OperationalError
    from sqlalchemy.exc import TimeoutError as NoConnectionFree

    run_id = names.message_run_id(message.context, message.id)
    try:
        _trigger(message, run_id)
    except DagRunAlreadyExists:
        log.info("Run %s of %s was started before", run_id, message.dag_id)
    except (OperationalError, InterfaceError, NoConnectionFree):
        log.exception("Airflow's database is away; %s starts later", run_id)
        return None
    except Exception as error:  # whatever it is, it must not hold up what came behind it
        log.exception("%s %s cannot be started", message.kind, message.id)
        return Handled("refused", why=f"{message.dag_id} could not be started: {str(error)[:LONGEST_REASON]}")
    return Handled("started", run_id)


def _trigger(message: Message, run_id: str) -> None:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    payload: dict[str, Any] = dict(message.body)
    trigger_dag(
        message.dag_id,
        run_id=run_id,
        conf={"service": payload["service"], HANDOVER_KEY: {"context": message.context, "payload": payload}},
        triggered_by=DagRunTriggeredByType.REST_API,
        triggering_user_name=message.sender,
        note=f"From outside: {message.kind} of {message.source}",
    )
