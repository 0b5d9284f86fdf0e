"""The page of one task: what came into it and what went out, as one document."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from slipway.pages import page
from slipway.task_report import FINISHED, TRIGGERED

UNMAPPED = -1


class TaskPlace(NamedTuple):
    """Which task of which run; ``map_index`` is -1 for a task that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = UNMAPPED


def document_page(session: Any, task: TaskPlace) -> str:
    """Return the page; a task that took nothing, or reported nothing yet, says so.

    :param session: of Airflow's database, in the API server.
    """
    taken, given = (_stored(session, task, key) for key in (TRIGGERED, FINISHED))
    return page("document", task=task, taken=taken, given=given)


def map_index_of(text: str) -> int:
    """Return the map index out of a tab's address; Airflow leaves its placeholder there for tasks without one."""
    return int(text) if text.isdecimal() else UNMAPPED


def _stored(session: Any, task: TaskPlace, key: str) -> str:
    """Return an XCom as readable JSON; empty when there is none."""
    from airflow.models.xcom import XComModel

    query = XComModel.get_many(
        run_id=task.run_id, key=key, task_ids=task.task_id, dag_ids=task.dag_id, map_indexes=task.map_index, limit=1
    )
    found = session.scalars(query).first()
    if found is None or found.value is None:
        return ""
    value = found.value
    if isinstance(value, str):  # depends on who wrote it: text of JSON, or what it stands for
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=2, ensure_ascii=False)
