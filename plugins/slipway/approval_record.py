"""What the records keep of an approval: each question, and who decided it, when, how and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from slipway.kept import clear_number
from slipway.task_report import BEGIN_TASK_ID, TRIGGERED

# The records come in late, in each function: every task start parses this file.
if TYPE_CHECKING:
    from slipway_core.records import Approval, Decision, NewApproval

APPROVE, DECLINE = "Approve", "Decline"  # Airflow's options
COMMENT = "comment"
# XCom beside the report: the report travels on as data of the delivery, and Keptn's has no such block.
DECISION = "approval"


def ask(context: Any, payload: Mapping[str, Any], evidence: Mapping[str, Any]) -> Approval:
    """Record a question; return what the same try, or one before it, has recorded already.

    A question of the same task that was still open when the task was cleared is closed.

    :param payload: data of ``approval.triggered``.
    :param evidence: what is shown with the question.
    :raises RecordsUnavailable: when it cannot be recorded; then nobody must be asked.
    """
    from slipway_core.records import open_records

    approvals = open_records().approvals
    ti, now = context["ti"], datetime.now(UTC)
    before = approvals.last_of_task(ti.dag_id, ti.run_id, ti.task_id)
    attempt = str(clear_number(context))
    asked = approvals.ask(question(ti, ti.task_id, payload, attempt, now, evidence))
    if before and before.id != asked.id and not before.decision:
        close(before, "cleared", "its task was cleared")
    return asked


def close(open_question: Approval, how: str, why: str) -> None:
    """Decline, in the records, a question that nobody can answer any more.

    :param how: cleared or failed.
    """
    from slipway_core.records import Decision, open_records

    open_records().approvals.decide(open_question.id, Decision("decline", "slipway", datetime.now(UTC), how, why))


def question(
    ti: Any, task_id: str, data: Mapping[str, Any], attempt: str, asked: datetime, evidence: Mapping[str, Any]
) -> NewApproval:
    """Return the record of a question that a task of a run asks.

    :param ti: a running task instance of the run.
    :param data: names project, stage and service.
    :param attempt: what tells the questions of one task apart.
    """
    from slipway_core.records import NewApproval, TaskRun

    begin = ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED) or {}
    return NewApproval(
        context=str(begin.get("context") or ""),
        project=data["project"],
        stage=data["stage"],
        service=data["service"],
        run=TaskRun(ti.dag_id, ti.run_id, task_id, attempt),
        asked=asked,
        evidence=evidence,
    )


def conclude(context: Any, payload: Mapping[str, Any], decision: Mapping[str, str]) -> None:
    """Record what a task has been told. What Airflow has taken is the truth: it overrules what was recorded before.

    :param decision: as :func:`told` makes it.
    :raises RecordsUnavailable: when it cannot be recorded now.
    """
    from slipway_core.records import Decision, open_records

    ti = context["ti"]
    asked = open_records().approvals.last_of_task(ti.dag_id, ti.run_id, ti.task_id)
    # A question that is open is the one that was answered, also when its run was cleared around it.
    if asked is None or asked.decision:
        asked = ask(context, payload, {})  # recorded before, unless nobody had to be asked
    at = datetime.fromisoformat(decision["at"]) if decision["at"] else datetime.now(UTC)
    choice: Any = decision["decision"].lower()
    made = Decision(choice, decision["by"], at, decision["how"], decision[COMMENT])
    open_records().approvals.decide(asked.id, made, overrule=True)


def superseded_by(newer: Approval) -> tuple[Approval, ...]:
    """Decline, in the records, the open approvals that were asked before one; return all that it has declined so far.

    :raises RecordsUnavailable: when they cannot be used.
    """
    from slipway_core.records import open_records

    approvals = open_records().approvals
    approvals.supersede(newer.id)
    # Also those of an earlier try: their tasks may not know yet.
    found = approvals.find(newer.project, newer.stage, newer.service, limit=1000)
    return tuple(one for one in found if one.superseded_by == newer.id)


def told(approved: bool, by: str, how: str, at: str = "", comment: str = "") -> dict[str, str]:
    """Return a decision as the XCom ``approval`` holds it.

    :param how: answer, command, expired, strategy, superseded.
    :param at: ISO 8601; empty: now.
    """
    return {"decision": APPROVE if approved else DECLINE, "by": by, "how": how, "at": at, COMMENT: comment}


def retold(decision: Decision) -> dict[str, str]:
    """Return a decision of the records in the form of :func:`told`."""
    at = decision.at.isoformat(timespec="seconds")
    return told(decision.choice == "approve", decision.by, decision.how, at, decision.why)
