"""What people were asked, and what they said. The first answer holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, or_, select, update

from slipway_core.records.database import Database
from slipway_core.records.entries import Approval, Decided, Decision, NewApproval, TaskRun
from slipway_core.records.errors import NoSuchRecord
from slipway_core.records.rows import insert_once, of_task, run_columns
from slipway_core.records.schema import approvals as table

_NEWEST_FIRST = (table.c.asked_at.desc(), table.c.id.desc())


class Approvals:
    """The approvals of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, new: NewApproval) -> Approval:
        """Record a question and return it; what the same attempt of a task asked before is returned instead.

        So a retry after a fault sees at once whether an answer was given already.
        """
        columns = {
            "id": str(uuid4()),
            "context": new.context,
            "project": new.project,
            "stage": new.stage,
            "service": new.service,
            **run_columns(new.run),
            "asked_at": new.asked,
            "evidence": dict(new.evidence),
            "overruled": [],
        }
        with self._database.writing() as connection:
            return _approval(insert_once(connection, table, columns))

    def of_task(self, run: TaskRun) -> Approval | None:
        """Return what this attempt of a task has asked."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(of_task(table, run))).first()
        return _approval(row) if row else None

    def last_of_task(self, dag_id: str, run_id: str, task_id: str) -> Approval | None:
        """Return what a task has asked last, at whichever attempt."""
        mine = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
        kept = [table.c[name] == value for name, value in mine.items()]
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(*kept).order_by(*_NEWEST_FIRST).limit(1)).first()
        return _approval(row) if row else None

    def get(self, id: str) -> Approval:  # noqa: A002 - the field's own name
        """Return one approval; raises :class:`NoSuchRecord`."""
        with self._database.reading() as connection:
            return _one(connection, id)

    def find(
        self,
        project: str | None = None,
        stage: str | None = None,
        service: str | None = None,
        *,
        context: str | None = None,
        open_only: bool = False,
        limit: int = 100,
    ) -> tuple[Approval, ...]:
        """Return approvals, newest first; what is left out filters nothing."""
        same = {"project": project, "stage": stage, "service": service, "context": context}
        kept = [table.c[name] == value for name, value in same.items() if value is not None]
        if open_only:
            kept.append(table.c.decision.is_(None))
        with self._database.reading() as connection:
            rows = connection.execute(select(table).where(*kept).order_by(*_NEWEST_FIRST).limit(limit))
            return tuple(_approval(row) for row in rows)

    def decide(self, id: str, decision: Decision, *, overrule: bool = False) -> Decided:  # noqa: A002
        """Record an answer; a second one changes nothing. Raises :class:`NoSuchRecord`.

        :param overrule: for a mark in Airflow after the answer, which is the truth then: the new decision holds, and
            the one before it is kept under `overruled`
        """
        with self._database.writing() as connection:
            done = connection.execute(
                update(table).where(table.c.id == id, table.c.decision.is_(None)).values(_decision_columns(decision))
            )
            if done.rowcount or not overrule:
                return Decided(_one(connection, id), bool(done.rowcount))
            before = _one(connection, id, lock=True)
            if before.decision is None or before.decision.choice == decision.choice:
                return Decided(before, False)
            overruled = [_written(one) for one in (*before.overruled, before.decision)]
            columns = {**_decision_columns(decision), "overruled": overruled, "superseded_by": None}
            connection.execute(update(table).where(table.c.id == id).values(columns))
            return Decided(_one(connection, id), True)

    def supersede(self, id: str, at: datetime | None = None) -> tuple[Approval, ...]:  # noqa: A002
        """Decline the open approvals of the same project, stage and service that were asked before this one.

        :returns: those that were declined; each names this one. Raises :class:`NoSuchRecord`.
        """
        with self._database.writing() as connection:
            newer = _one(connection, id)
            declined = Decision("decline", "slipway", at or datetime.now(UTC), "superseded", f"by approval {id}")
            older = (
                update(table)
                .where(
                    table.c.project == newer.project,
                    table.c.stage == newer.stage,
                    table.c.service == newer.service,
                    table.c.decision.is_(None),
                    or_(table.c.asked_at < newer.asked, (table.c.asked_at == newer.asked) & (table.c.id < id)),
                )
                .values({**_decision_columns(declined), "superseded_by": id})
                .returning(table)
            )
            return tuple(_approval(row) for row in connection.execute(older))

    def prune(self, older_than_days: float) -> int:
        """Delete approvals that were decided longer ago; open ones stay."""
        limit = datetime.now(UTC) - timedelta(days=older_than_days)
        with self._database.writing() as connection:
            return connection.execute(delete(table).where(table.c.decided_at < limit)).rowcount


def _one(connection: Connection, id: str, *, lock: bool = False) -> Approval:  # noqa: A002
    wanted = select(table).where(table.c.id == id)
    row = connection.execute(wanted.with_for_update() if lock else wanted).first()
    if row is None:
        raise NoSuchRecord(f"There is no approval '{id}'.")
    return _approval(row)


def _decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.choice,
        "decided_by": decision.by,
        "decided_at": decision.at,
        "decided_how": decision.how,
        "decided_why": decision.why,
    }


def _written(decision: Decision) -> list[str]:
    return [decision.choice, decision.by, decision.at.astimezone(UTC).isoformat(), decision.how, decision.why]


def _read(written: Sequence[Any]) -> Decision:
    choice, by, at, how, why = written
    return Decision(choice, by, datetime.fromisoformat(at), how, why)


def _approval(row: Row[Any]) -> Approval:
    decided = Decision(row.decision, row.decided_by, row.decided_at, row.decided_how, row.decided_why)
    return Approval(
        id=row.id,
        context=row.context,
        project=row.project,
        stage=row.stage,
        service=row.service,
        run=TaskRun(row.dag_id, row.run_id, row.task_id, row.attempt),
        asked=row.asked_at,
        evidence=row.evidence,
        decision=decided if row.decision else None,
        overruled=tuple(_read(one) for one in row.overruled),
        superseded_by=row.superseded_by or "",
    )
