"""An approval that was marked by hand: who did it, and whether they may (airflow.md 1).

Airflow lets everybody who may mark a task mark an approval, whoever is named as approver. So the tasks behind it look,
in Airflow's audit log, and refuse to go on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slipway import approval_record
from slipway.approval_record import APPROVE, DECISION, DECLINE
from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable, SlipwayApi

UNKNOWN = "unknown"
# What a mark leaves in the audit log, and what makes earlier marks void.
MARKS = ("patch_task_instance", "patch_dag_run")
CLEARS = ("post_clear_task_instances", "clear_dag_run", "clear_dag_runs")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mark:
    """Somebody gave a task its state by hand.

    :param by: their name in Airflow; ``unknown`` when the audit log has no such event.
    :param at: when; None when it is not known.
    :param why: the note that they left.
    """

    by: str = UNKNOWN
    at: datetime | None = None
    why: str = ""


def settle(ti: Any, task_id: str, state: str, data: Mapping[str, Any]) -> str:
    """Record an approval that was decided by a mark, and say why it does not hold; "" when it does.

    An approval that ended by its own decision holds. A mark that nobody can be named for, such as one of Airflow's bulk
    marks, which are not in its audit log, holds only where no approvers are named.

    :param ti: a task instance of the same run, which runs now.
    :param task_id: of the approval.
    :param state: success, or anything else for an approval that was not given.
    :param data: names project, stage and service.
    :raises NoConnection: when Airflow's API must be asked who marked, and its connection is missing.
    :raises ApiUnavailable: when it gives no usable answer.
    :raises RecordsUnavailable: when the mark cannot be recorded.
    """
    from slipway_core.records import open_records

    approval = ti.task.dag.task_dict[task_id]
    approvers = approver_names(getattr(approval, "approvers", ()))
    wanted = APPROVE if state == "success" else DECLINE
    own = (ti.xcom_pull(task_ids=task_id, key=DECISION) or {}).get("decision") == wanted
    if own and not approvers:
        return ""
    recorded = open_records().approvals.last_of_task(ti.dag_id, ti.run_id, task_id)
    # Not by the XCom alone: whoever may mark a task may also write one.
    made = recorded and recorded.decision
    if own and made and made.choice == wanted.lower() and made.how != "mark":
        return ""
    mark = _mark(ti, approval, state, recorded.asked if recorded else None)
    if mark is None:
        if recorded and not recorded.decision:
            approval_record.close(recorded, "failed", "its task failed")
        return ""
    _record(ti, task_id, wanted, mark, data)
    if state != "success":
        return ""
    if not approvers or mark.by in approvers:
        return ""
    who = "somebody whom Airflow's audit log does not name" if mark.by == UNKNOWN else f"'{mark.by}'"
    return (
        f"Task '{task_id}' was marked as success by {who}, but only {', '.join(approvers)} may approve. "
        f"Clear '{task_id}' with the tasks behind it, and they are asked again."
    )


def settle_ended(ti: Any, task_id: str, state: str, data: Mapping[str, Any]) -> None:
    """Record what became of an approval when its whole run was marked: the sequence's result does not tell then.

    Its question is closed in any case; that nobody can be named for it holds nothing up.

    :param ti: of the run's last task; the others as in :func:`settle`.
    """
    from slipway_core.records import open_records

    recorded = open_records().approvals.last_of_task(ti.dag_id, ti.run_id, task_id)
    still_open = recorded if recorded and not recorded.decision else None
    if state != "failed" and not still_open:
        return
    try:
        settle(ti, task_id, state, data)
    except (NoConnection, ApiUnavailable) as error:
        log.warning("Who ended the run with '%s' cannot be known: %s", task_id, error)
        if still_open:
            approval_record.close(still_open, "failed", "its run was ended by a mark")


def approver_names(approvers: Iterable[str]) -> list[str]:
    """Return the user names of approvers, which may carry Airflow's id behind a colon."""
    return [one.partition(":")[0] for one in approvers]


def _mark(ti: Any, approval: Any, state: str, since: datetime | None) -> Mark | None:
    """Return who marked; None when the task failed without anybody, which its own log explains."""
    try:
        events = SlipwayApi().audit_log(ti.dag_id, (*MARKS, *CLEARS))
    except (NoConnection, ApiUnavailable) as error:
        if state == "success":
            raise
        # Nothing passes by this, and what follows a failure must not wait for it.
        log.warning("Who marked '%s' as %s cannot be known: %s", approval.task_id, state, error)
        return Mark()
    found = last_mark(events, ti.run_id, approval, state, since)
    return Mark() if found is None and state == "success" else found


def last_mark(
    events: Sequence[Mapping[str, Any]], run_id: str, approval: Any, state: str, since: datetime | None = None
) -> Mark | None:
    """Return the mark that gave an approval its state; None when the newest event that concerns it is none.

    :param events: of the audit log, the newest first.
    :param run_id: of the approval.
    :param approval: the operator, in its DAG.
    :param since: when people were asked; a mark before that is void.
    """
    for event in events:
        extra = _extra(event)
        at = datetime.fromisoformat(event["when"])
        if (since and at < since) or not _concerns(event, extra, run_id, approval, state):
            continue
        new_state = extra.get("new_state") or extra.get("state")
        if event["event"] in MARKS and not new_state:  # only a note was written
            continue
        if event["event"] in MARKS and new_state == state:
            return Mark(str(event.get("owner") or UNKNOWN), at, str(extra.get("note") or ""))
        return None
    return None


def _concerns(event: Mapping[str, Any], extra: Mapping[str, Any], run_id: str, approval: Any, state: str) -> bool:
    if event["event"] in CLEARS and extra.get("only_failed") and state == "success":
        return False  # what had ended well was not cleared
    elsewhere = event.get("run_id") not in (None, run_id)
    if elsewhere and not (extra.get("include_past") or extra.get("include_future")):
        return False
    listed = extra.get("task_ids") or ([event["task_id"]] if event.get("task_id") else [])
    named = {one[0] if isinstance(one, list) else one for one in listed}
    if not named or approval.task_id in named:
        return True
    before, behind = (approval.get_flat_relative_ids(upstream=upstream) for upstream in (True, False))
    return bool(
        (extra.get("include_downstream") and named & before) or (extra.get("include_upstream") and named & behind)
    )


def _extra(event: Mapping[str, Any]) -> dict[str, Any]:
    try:
        extra = json.loads(event.get("extra") or "{}")
    except ValueError:
        return {}
    return extra if isinstance(extra, dict) else {}


def _record(ti: Any, task_id: str, wanted: str, mark: Mark, data: Mapping[str, Any]) -> None:
    from slipway_core.records import Decision, open_records

    approvals = open_records().approvals
    recorded = approvals.last_of_task(ti.dag_id, ti.run_id, task_id)
    at = mark.at or datetime.now(UTC)
    choice: Any = wanted.lower()
    made = Decision(choice, mark.by, at, "mark", mark.why)
    if recorded and recorded.decision and recorded.decision._replace(at=at, why=mark.why) == made:
        return  # by a task before this one
    if recorded is None or (recorded.decision and recorded.decision.choice == choice):
        # Marked before it was asked, for the first time or after it was cleared.
        asked = approval_record.question(ti, task_id, data, f"marked {mark.at or ''}".strip(), at, {})
        recorded = approvals.ask(asked)
    approvals.decide(recorded.id, made, overrule=True)
    log.info("%s was marked by %s: %s", task_id, mark.by, wanted)
