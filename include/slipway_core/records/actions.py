"""Healing actions: who asked, what was decided, what became of it, and which counts of replicas they left behind."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, text, update

from slipway_core.keptn.envelope import HOUR, Taken, refuse
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records.action_entries import (
    ASKED,
    DONE,
    DRY,
    FAILED,
    REFUSED,
    SCALE_BACK,
    Action,
    Healed,
    NewAction,
    Scaled,
)
from slipway_core.records.database import Database
from slipway_core.records.entries import TaskRun
from slipway_core.records.rows import insert_once, of_task, run_columns
from slipway_core.records.schema import actions as table

_OLDEST_FIRST = (table.c.asked_at, table.c.id)
_NEWEST_FIRST = (table.c.asked_at.desc(), table.c.id.desc())


class Actions:
    """The actions of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, new: NewAction, limits: HealingSettings) -> Action:
        """Decide whether an action may be taken, and record that; the same attempt of a task gets the same answer.

        Two that ask at once are decided one after the other, so a budget is never overdrawn.

        :param limits: those of the stage
        """
        with self._database.writing() as connection:
            self._one_at_a_time(connection, new)
            known = connection.execute(select(table).where(of_task(table, new.run))).first()
            if known is not None:
                return _action(known)
            refusal = refuse(limits, _taken(connection, new, limits), new.context, new.asked)
            state = REFUSED if refusal else DRY if limits.dry_run else ASKED
            return _action(insert_once(connection, table, _columns(new, state, str(refusal or ""))))

    def note(self, new: NewAction, state: str, why: str) -> Action:
        """Record an action that needed no leave, such as one that nobody handles."""
        with self._database.writing() as connection:
            return _action(insert_once(connection, table, _columns(new, state, why)))

    def scaled_back(self, new: NewAction, why: str, scaled: Scaled) -> None:
        """Record the way back, and that the count which healing gave no longer matters: both or none."""
        columns = _columns(new, DONE, why) | _scaled_columns(scaled)
        with self._database.writing() as connection:
            insert_once(connection, table, columns)
            _settle(connection, new.project, new.stage, new.service, new.asked)

    def change(self, run: TaskRun, scaled: Scaled | None) -> None:
        """Record the change that an action is about to make, before it is made: whatever happens, it can be undone.

        A task that asked for no action has nothing to record.

        :param run: the task that takes the action
        :param scaled: ``None``: the change did not come about
        """
        columns = _scaled_columns(scaled) or dict.fromkeys(("replicas_before", "replicas_after", "by_values"))
        with self._database.writing() as connection:
            connection.execute(update(table).where(of_task(table, run)).values(columns))

    def finish(self, id: str, state: str, why: str, scaled: Scaled | None = None) -> None:  # noqa: A002
        """Record what became of an action that was asked for."""
        columns = {"state": state, "why": why, **_scaled_columns(scaled)}
        with self._database.writing() as connection:
            connection.execute(update(table).where(table.c.id == id).values(columns))

    def healed(self, project: str, stage: str, service: str) -> Healed | None:
        """Return the count of replicas that healing gave a service, while it matters; also when it never got ready."""
        with self._database.reading() as connection:
            wanted = select(table).where(_scaling(project, stage, service)).order_by(*_OLDEST_FIRST)
            rows = [_action(row) for row in connection.execute(wanted)]
        counts = [(row.scaled, row.state == DONE) for row in rows if row.scaled]
        if not counts:
            return None
        newest, former, ready = counts[-1][0], counts[0][0].before, None
        ours: set[int | None] = {former}
        for scaled, done in counts:
            if scaled.before not in ours:  # somebody has set another count by hand: that is what to go back to
                former, ready = scaled.before, None
            ready = scaled.after if done else ready
            # One that did not get ready was perhaps never given, or a delivery went back to the one that was.
            ours = {scaled.after} if done else {scaled.after, scaled.before, ready}
        return Healed(rows[-1].id, rows[-1].context, former, newest.after, newest.by_values, ready)

    def settle(self, project: str, stage: str, service: str) -> None:
        """Note that the count which healing gave a service no longer matters."""
        with self._database.writing() as connection:
            _settle(connection, project, stage, service, datetime.now(UTC))

    def find(
        self,
        project: str | None = None,
        stage: str | None = None,
        service: str | None = None,
        *,
        context: str | None = None,
        limit: int = 100,
    ) -> tuple[Action, ...]:
        """Return actions, newest first; what is left out filters nothing."""
        same = {"project": project, "stage": stage, "service": service, "context": context}
        kept = [table.c[name] == value for name, value in same.items() if value is not None]
        with self._database.reading() as connection:
            rows = connection.execute(select(table).where(*kept).order_by(*_NEWEST_FIRST).limit(limit))
            return tuple(_action(row) for row in rows)

    def prune(self, older_than_days: float) -> int:
        """Delete actions that were asked for longer ago; those whose count of replicas still matters stay."""
        limit = datetime.now(UTC) - timedelta(days=older_than_days)
        over = or_(table.c.replicas_after.is_(None), table.c.settled_at.is_not(None))
        with self._database.writing() as connection:
            return connection.execute(delete(table).where(table.c.asked_at < limit, over)).rowcount

    def _one_at_a_time(self, connection: Connection, new: NewAction) -> None:
        if not self._database.is_sqlite:  # which has one writer at a time anyway
            place = "\0".join(("actions", new.project, new.stage, new.service)).encode()
            number = int.from_bytes(hashlib.sha256(place).digest()[:8], "big", signed=True)
            connection.execute(text("SELECT pg_advisory_xact_lock(:place)"), {"place": number})


def _taken(connection: Connection, new: NewAction, limits: HealingSettings) -> list[Taken]:
    """Return the actions that count for the limits; a refused one does not, nor our own way back."""
    since = new.asked - max(HOUR, timedelta(seconds=limits.cooldown))
    same = and_(*(table.c[name] == getattr(new, name) for name in ("project", "stage", "service")))
    counts = table.c.state.in_((ASKED, DONE, FAILED, DRY)) & (table.c.action != SCALE_BACK)
    rows = connection.execute(select(table.c.asked_at, table.c.context).where(same, counts, table.c.asked_at > since))
    return [Taken(row.asked_at, row.context) for row in rows]


def _settle(connection: Connection, project: str, stage: str, service: str, at: datetime) -> None:
    connection.execute(update(table).where(_scaling(project, stage, service)).values(settled_at=at))


def _scaling(project: str, stage: str, service: str) -> ColumnElement[bool]:
    """Return what picks the actions whose count of replicas matters, whatever came of them."""
    place = {"project": project, "stage": stage, "service": service}
    same = and_(*(table.c[name] == value for name, value in place.items()))
    return same & table.c.replicas_after.is_not(None) & table.c.settled_at.is_(None)


def _columns(new: NewAction, state: str, why: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "context": new.context,
        "project": new.project,
        "stage": new.stage,
        "service": new.service,
        **run_columns(new.run),
        "action": new.action,
        "value": new.value,
        "asked_at": new.asked,
        "state": state,
        "why": why,
    }


def _scaled_columns(scaled: Scaled | None) -> dict[str, Any]:
    if scaled is None:
        return {}
    return {"replicas_before": scaled.before, "replicas_after": scaled.after, "by_values": scaled.by_values}


def _action(row: Row[Any]) -> Action:
    scaled = Scaled(row.replicas_before, row.replicas_after, row.by_values)
    return Action(
        id=row.id,
        context=row.context,
        project=row.project,
        stage=row.stage,
        service=row.service,
        run=TaskRun(row.dag_id, row.run_id, row.task_id, row.attempt),
        action=row.action,
        value=row.value,
        asked=row.asked_at,
        state=row.state,
        why=row.why,
        scaled=scaled if row.replicas_after is not None else None,
        settled=row.settled_at,
    )
