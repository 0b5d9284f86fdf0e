"""Lanes, kept: each step of :mod:`slipway_core.keptn.lanes` is one transaction, and a lane takes one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, text, update

from slipway_core.keptn import lanes
from slipway_core.keptn.lanes import FIFO, Entry, Lane, Place, Policy, Run, Standing
from slipway_core.records.database import Database
from slipway_core.records.entries import InLane
from slipway_core.records.schema import lanes as table


class Lanes:
    """The lanes of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, place: Place, entry: Entry, policy: Policy = FIFO) -> Standing:
        """Add a waiting run to its lane, or let a parked one wait again; return where it stands. Safe to repeat."""
        return lanes.standings(self._step(place, lambda lane: lanes.enter(lane, entry, policy)))[entry.run]

    def take(self, run: Run) -> Standing | None:
        """Let a run run if it is its turn; return where it stands, None when it is in no lane."""
        return self._step_of(run, lambda lane: lanes.take(lane, run))

    def park(self, run: Run) -> None:
        """Free the lane while a person is asked; does nothing for a run that does not hold one."""
        self._step_of(run, lambda lane: lanes.park(lane, run))

    def leave(self, run: Run) -> None:
        """Forget a run; does nothing for one that is in no lane."""
        self._step_of(run, lambda lane: lanes.leave(lane, run))

    def standing(self, run: Run) -> Standing | None:
        """Return where a run stands, None when it is in no lane."""
        with self._database.reading() as connection:
            place = _place_of(connection, run)
            return lanes.standing(_read(connection, place), run) if place else None

    def standings(self) -> Mapping[Run, Standing]:
        """Return where every run of every lane stands, with one look."""
        by_place: dict[Place, list[Entry]] = {}
        for kept in self.all():
            by_place.setdefault(kept.place, []).append(kept.entry)
        return {run: one for lane in by_place.values() for run, one in lanes.standings(tuple(lane)).items()}

    def all(self, context: str | None = None) -> tuple[InLane, ...]:
        """Return every entry, or those of a context; lane by lane, in the order of their triggers."""
        kept = [] if context is None else [table.c.context == context]
        wanted = select(table).where(*kept).order_by(*_LANE, table.c.triggered_at, table.c.number)
        with self._database.reading() as connection:
            return tuple(_in_lane(row) for row in connection.execute(wanted))

    def _step_of(self, run: Run, change: Callable[[Lane], Lane]) -> Standing | None:
        with self._database.reading() as connection:
            place = _place_of(connection, run)
        return lanes.standing(self._step(place, change), run) if place else None

    def _step(self, place: Place, change: Callable[[Lane], Lane]) -> Lane:
        with self._database.writing() as connection:
            if not self._database.is_sqlite:  # there, one writes at a time anyway
                connection.execute(text("SELECT pg_advisory_xact_lock(:lane)"), {"lane": _lock_number(place)})
            before = _read(connection, place)
            after = change(before)
            _write(connection, place, before, after)
        return after


_LANE = (table.c.project, table.c.stage, table.c.service)


def _read(connection: Connection, place: Place) -> Lane:
    rows = connection.execute(select(table).where(_of(place)).order_by(table.c.number))
    return tuple(_entry(row) for row in rows)


def _write(connection: Connection, place: Place, before: Lane, after: Lane) -> None:
    """Write what differs."""
    was = {entry.run: entry for entry in before}
    for entry in after:
        if entry.run not in was:
            connection.execute(insert(table).values({**place._asdict(), **entry.run._asdict(), **_columns(entry)}))
        elif entry != was[entry.run]:
            connection.execute(update(table).where(_of_run(entry.run)).values(_columns(entry)))
    for run in was.keys() - {entry.run for entry in after}:
        connection.execute(delete(table).where(_of_run(run)))


def _place_of(connection: Connection, run: Run) -> Place | None:
    row = connection.execute(select(*_LANE).where(_of_run(run))).first()
    return Place(*row) if row else None


def _of(place: Place) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(_LANE, place, strict=True)))


def _of_run(run: Run) -> ColumnElement[bool]:
    return and_(table.c.dag_id == run.dag_id, table.c.run_id == run.run_id)


def _lock_number(place: Place) -> int:
    """Return a number for PostgreSQL's advisory lock; lanes that share one by chance only wait for each other."""
    digest = hashlib.sha256("\0".join(place).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _columns(entry: Entry) -> dict[str, Any]:
    by = entry.superseded_by
    return {
        "context": entry.context,
        "triggered_at": entry.triggered,
        "number": entry.number,
        "state": entry.state,
        "begun": entry.begun,
        "superseded_by_dag": by.dag_id if by else None,
        "superseded_by_run": by.run_id if by else None,
        "changed_at": datetime.now(UTC),
    }


def _entry(row: Row[Any]) -> Entry:
    by = Run(row.superseded_by_dag, row.superseded_by_run) if row.superseded_by_dag else None
    run = Run(row.dag_id, row.run_id)
    return Entry(run, row.context, row.triggered_at, row.number, row.state, row.begun, by)


def _in_lane(row: Row[Any]) -> InLane:
    return InLane(Place(row.project, row.stage, row.service), _entry(row), row.changed_at)
