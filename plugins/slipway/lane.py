"""The lane of a run, as its own tasks use it (sequences.md 5)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from slipway_core.keptn.event import scope_of
from slipway_core.keptn.lanes import SUPERSEDED, WAITING, Entry, Place, Policy, Run, Standing
from slipway_core.records import RecordsUnavailable, open_records

from slipway.task_report import BEGIN_TASK_ID, HANDOVER_KEY, TRIGGERED, task_states

MARKED = ("failed", "skipped")  # states that a task which still works has from somebody else
log = logging.getLogger(__name__)


def enter(context: Any, begin: Mapping[str, Any], policy: Policy) -> Standing:
    """Take a place in the lane and return it. A run that is there already keeps its place; one that parked waits again.

    :param context: Airflow's context of a task.
    :param begin: what the first task of the sequence left: ``context`` and ``data``.
    :raises RecordsUnavailable: worth another try.
    """
    place = Place(*scope_of(begin["data"]))
    entry = Entry(_run(context), begin["context"], triggered_at(context["dag_run"]))
    return open_records().lanes.enter(place, entry, policy)


def go(context: Any, begin: Mapping[str, Any], policy: Policy) -> Standing:
    """Enter, and take the turn if it is this run's.

    :raises RecordsUnavailable: worth another try.
    """
    standing = enter(context, begin, policy)
    if standing != Standing(WAITING, 1):
        return standing
    return open_records().lanes.take(_run(context)) or standing


def park(context: Any) -> None:
    """Free the lane while a person is asked. Does nothing in a DAG that is no sequence.

    :param context: Airflow's context of a task.
    :raises RecordsUnavailable: worth another try; nobody has been asked yet.
    """
    if context["ti"].xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED):
        open_records().lanes.park(_run(context))


def leave(context: Any) -> None:
    """Free the lane for good. Without the records it is freed later, by whoever waits for it."""
    try:
        open_records().lanes.leave(_run(context))
    except RecordsUnavailable as error:
        log.warning("The lane is freed when this run has ended: %s", error)


def leave_if_marked(context: Any) -> None:
    """Give the place back if somebody has marked this task meanwhile: behind the first one nothing runs then.

    The run itself goes on for a moment after a mark, so it is the task's own state that tells.

    :param context: Airflow's context of a task.
    """
    ti = context["ti"]
    state = task_states(ti).get(ti.task_id)
    if state in MARKED:
        log.info("This task was marked as %s meanwhile: its run leaves the lane.", state)
        leave(context)


def over(context: Any, begin: Mapping[str, Any]) -> str:
    """Return why this sequence is to end before its last task: it was cancelled, or a newer one goes instead of it.

    :returns: a text for people; empty when it may go on.
    :raises RecordsUnavailable: worth another try.
    """
    records, scope = open_records(), scope_of(begin["data"])
    if cancelled := records.cancellations.of(begin["context"], scope.stage, asked_at(context["dag_run"])):
        return str(cancelled)
    standing = records.lanes.standing(_run(context))
    if standing and standing.state == SUPERSEDED and standing.superseded_by:
        by = standing.superseded_by
        return f"A newer run goes instead of this one (lane policy latest-wins): {by.run_id} of {by.dag_id}."
    return ""


def triggered_at(run: Any) -> datetime:
    """Return when a run was triggered; for one that was cleared or backfilled, when it started.

    :param run: Airflow's DAG run, as a task sees it.
    """
    moment: datetime = run.run_after
    if run.start_date and (run.clear_number or run.run_type == "backfill"):
        moment = max(moment, run.start_date)
    return moment


def asked_at(run: Any) -> datetime:
    """Return when a run was asked for: earlier than :func:`triggered_at` for one that is to begin later.

    :param run: Airflow's DAG run, as a task sees it.
    """
    handover = (run.conf or {}).get(HANDOVER_KEY)
    parent = handover.get("parent") if isinstance(handover, Mapping) else None
    at = parent.get("at") if isinstance(parent, Mapping) else None
    moment = triggered_at(run)
    try:
        return min(moment, datetime.fromisoformat(str(at))) if at and not run.clear_number else moment
    except (TypeError, ValueError):  # somebody else's words
        return moment


def _run(context: Any) -> Run:
    return Run(context["ti"].dag_id, context["ti"].run_id)
