"""Ending the sequences of a context: what runs is stopped, nothing follows, lanes get free (decisions on R33)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from slipway_core.keptn.lanes import Run
from slipway_core.records import Cancellation, Records

from slipway_local.api import ENDED, AirflowApi
from slipway_local.errors import ApiError, LocalError, NotReady

# States of a task in which Airflow works on it, or is about to. Marked as failed it is stopped, and not tried again.
_ACTIVE = frozenset(
    {
        *("scheduled", "queued", "running", "restarting", "deferred"),
        *("awaiting_input", "up_for_retry", "up_for_reschedule"),
    }
)
# Our own tasks at both ends of a sequence: they say that it was cancelled, and free the lane.
_KEPT = frozenset({"slipway_begin", "slipway_result", "slipway_finish"})
# A sequence that ended just before may have started a follower that has no place in a lane yet.
_QUIET = 5.0
_LOOK_EVERY = 0.5


class NothingToCancel(LocalError):
    """No sequence of a context runs or waits."""


def cancel(
    api: AirflowApi,
    records: Records,
    context: str,
    stage: str = "",
    why: str = "",
    *,
    timeout: float = 120.0,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Run]:
    """End every sequence of a context, and return their runs when they have ended.

    :param stage: only those of this stage; empty: of every stage.
    :param why: kept with it, and shown in the runs.
    :param timeout: seconds for all of them to end.
    :raises NothingToCancel: when none runs or waits.
    :raises NotReady: when one did not end in time.
    """
    order = Cancellation(context, stage, datetime.now(UTC), api.user, why)
    # First of all: a run sees why it fails, and one that has not begun yet will not begin.
    records.cancellations.store(order)
    ended: list[Run] = []
    deadline = time.monotonic() + timeout
    quiet_since = time.monotonic()
    while True:
        runs = [kept.entry.run for kept in records.lanes.all(context) if stage in ("", kept.place.stage)]
        for run in runs:
            if run not in ended:
                progress(f"Ending {api.run_page(*run)}")
                ended.append(run)
            _end(api, records, run, order)
        now = time.monotonic()
        quiet_since = now if runs else quiet_since
        if now - quiet_since > (_QUIET if ended else 0.0):
            break
        if now > deadline:
            pages = ", ".join(api.run_page(*run) for run in runs)
            raise NotReady(f"Cancelled, but not ended after {timeout:.0f} s: {pages}. Look at what runs there.")
        time.sleep(_LOOK_EVERY)
    if not ended:
        where = f" in stage '{stage}'" if stage else ""
        raise NothingToCancel(
            f"No sequence of context {context}{where} runs or waits. `./slipway lanes` lists those that do. "
            "One that was triggered just now will not begin."
        )
    return ended


def _end(api: AirflowApi, records: Records, run: Run, order: Cancellation) -> None:
    """Stop what a run works on; a run that has ended without leaving its lane leaves it here."""
    try:
        if api.dag_run(*run)["state"] in ENDED:
            records.lanes.leave(run)
            return
        for task in api.task_instances(*run):
            if task["state"] in _ACTIVE and task["task_id"] not in _KEPT:
                path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}"
                api.patch(path, {"new_state": "failed", "note": str(order)})
    except ApiError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
        records.lanes.leave(run)  # deleted
