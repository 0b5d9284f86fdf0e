"""What gates came to: stored once, compared with later, taken out by people, deleted when old."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, delete, func, select, update

from slipway_core.records.columns import Moment
from slipway_core.records.database import Database
from slipway_core.records.entries import (
    Evaluation,
    Invalidation,
    NewEvaluation,
    PastEvaluation,
    PastValue,
    Revision,
    TaskRun,
)
from slipway_core.records.errors import NoSuchRecord
from slipway_core.records.rows import insert_once, of_task, run_columns, run_of
from slipway_core.records.schema import evaluations as table

RESULTS = ("pass", "warning", "fail")
_PLACE = ("project", "stage", "service")
_SHORTEST_START = 4


class Evaluations:
    """The evaluations of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, new: NewEvaluation) -> Evaluation:
        """Store an evaluation and return it; what the same attempt of a task stored before is returned instead.

        Two that finish at once are both kept.
        """
        with self._database.writing() as connection:
            return _evaluation(insert_once(connection, table, _columns(new)))

    def of_task(self, run: TaskRun) -> Evaluation | None:
        """Return what this attempt of a task has stored already: a retry after a fault need not judge again."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(of_task(table, run))).first()
        return _evaluation(row) if row else None

    def get(self, id: str) -> Evaluation:  # noqa: A002 - the field's own name
        """Return one evaluation; raises :class:`NoSuchRecord`."""
        return _only(self._starting(table.c.id == id), id)

    def named(self, start: str) -> Evaluation:
        """Return the evaluation whose id begins so, as people type it; raises :class:`NoSuchRecord`."""
        if len(start) < _SHORTEST_START:
            raise NoSuchRecord(f"'{start}' is too short for an id; give {_SHORTEST_START} characters or more.")
        return _only(self._starting(table.c.id.startswith(start, autoescape=True)), start)

    def history(
        self, project: str, stage: str, service: str, limit: int = 100, before: datetime | None = None
    ) -> tuple[PastEvaluation, ...]:
        """Return the evaluations that a baseline may come from, newest first, without invalidated ones.

        :param limit: so many newest of *each* result, so that every `include_result_with_score` finds its own
        :param before: only those whose window ended before, by the age of their window; for judging the past, where a
            backfill makes the evaluations of many nights at once
        """
        kept = [table.c.project == project, table.c.stage == stage, table.c.service == service]
        kept.append(table.c.invalidated_at.is_(None))
        age: ColumnElement[datetime] = table.c.finished_at
        if before:
            age = func.coalesce(table.c.window_end, table.c.finished_at, type_=Moment())
            kept.append(age < before)
        wanted = select(table.c.id, age.label("finished_at"), table.c.result, table.c.indicator_values).where(*kept)
        newest_first = (age.desc(), table.c.id.desc())
        rows: list[Row[Any]] = []
        with self._database.reading() as connection:
            for result in RESULTS:
                rows += connection.execute(wanted.where(table.c.result == result).order_by(*newest_first).limit(limit))
        return tuple(sorted(map(_past, rows), key=lambda one: (one.time, one.id), reverse=True))

    def find(
        self,
        project: str | None = None,
        stage: str | None = None,
        service: str | None = None,
        *,
        result: str | None = None,
        context: str | None = None,
        task: tuple[str, str, str] | None = None,
        ids: Iterable[str] | None = None,
        before: datetime | None = None,
        limit: int = 100,
    ) -> tuple[Evaluation, ...]:
        """Return evaluations, newest first, invalidated ones too; what is left out filters nothing.

        :param task: DAG id, run id and task id of the task that made them; more than one after a clear
        :param ids: only these, such as the `comparedEvents` of another
        :param before: only those that finished before: with the last one's time, the next page
        """
        same = {"project": project, "stage": stage, "service": service, "result": result, "context": context}
        same |= zip(("dag_id", "run_id", "task_id"), task or (None, None, None), strict=True)
        kept = [table.c[name] == value for name, value in same.items() if value is not None]
        if ids is not None:
            kept.append(table.c.id.in_(tuple(ids)))
        if before:
            kept.append(table.c.finished_at < before)
        with self._database.reading() as connection:
            rows = connection.execute(select(table).where(*kept).order_by(*_NEWEST_FIRST).limit(limit))
            return tuple(_evaluation(row) for row in rows)

    def passed_revisions(self, project: str, stage: str, service: str, release: str) -> dict[int, datetime]:
        """Return the revisions of a release that passed an evaluation, and when they did so last.

        Numbers begin anew when a release is removed: compare the time with that of the revision.
        """
        kept = {"project": project, "stage": stage, "service": service, "result": "pass", "release_name": release}
        same = and_(*(table.c[name] == value for name, value in kept.items()), table.c.invalidated_at.is_(None))
        newest = func.max(table.c.finished_at, type_=Moment()).label("newest")
        wanted = select(table.c.release_revision, newest).where(same).group_by(table.c.release_revision)
        with self._database.reading() as connection:
            return {row.release_revision: row.newest for row in connection.execute(wanted)}

    def invalidate(self, id: str, why: str, by: str) -> Evaluation:  # noqa: A002
        """Take an evaluation out of later baselines; it stays in the lists. Raises :class:`NoSuchRecord`.

        Doing it again changes nothing: who did it first, and why, stays.
        """
        if not why.strip():
            raise ValueError("say why")
        fresh = {"invalidated_at": datetime.now(UTC), "invalidated_by": by, "invalidated_why": why}
        with self._database.writing() as connection:
            connection.execute(update(table).where(table.c.id == id, table.c.invalidated_at.is_(None)).values(fresh))
            return _only(connection.execute(select(table).where(table.c.id == id)).all(), id)

    def prune(self, older_than_days: float, keep_last: int) -> int:
        """Delete old evaluations; see :meth:`slipway_core.records.store.Records.prune`."""
        limit = datetime.now(UTC) - timedelta(days=older_than_days)
        place = [table.c[name] for name in (*_PLACE, "result")]
        age = func.row_number().over(partition_by=place, order_by=_NEWEST_FIRST).label("age")
        newest = select(table.c.id, age).where(table.c.invalidated_at.is_(None)).subquery()
        spared = select(newest.c.id).where(newest.c.age <= keep_last)
        with self._database.writing() as connection:
            gone = connection.execute(delete(table).where(and_(table.c.finished_at < limit, table.c.id.not_in(spared))))
            return gone.rowcount

    def _starting(self, wanted: ColumnElement[bool]) -> list[Row[Any]]:
        with self._database.reading() as connection:
            return list(connection.execute(select(table).where(wanted).limit(2)))


_NEWEST_FIRST = (table.c.finished_at.desc(), table.c.id.desc())


def _only(rows: Iterable[Row[Any]], name: str) -> Evaluation:
    match [_evaluation(row) for row in rows]:
        case []:
            raise NoSuchRecord(f"There is no evaluation '{name}'. `./slipway history` lists them.")
        case [one]:
            return one
        case _:
            raise NoSuchRecord(f"Several evaluations begin with '{name}'; give more of the id.")


def _columns(new: NewEvaluation) -> dict[str, Any]:
    data = new.data
    return {
        "id": str(uuid4()),
        "context": new.context,
        **{name: data[name] for name in (*_PLACE, "result")},
        "started_at": new.started,
        "finished_at": new.finished,
        "window_start": new.window_start,
        "window_end": new.window_end,
        "score": data["evaluation"]["score"],
        "labels": dict(data.get("labels") or {}),
        "data": dict(data),
        "indicator_values": list(_values(data["evaluation"])),
        "queries": dict(new.queries),
        "tree_commit": new.commit,
        "release_name": new.release.name if new.release else None,
        "release_revision": new.release.number if new.release else None,
        **(run_columns(new.run) if new.run else {}),
    }


def _values(evaluation: Map[str, Any]) -> Iterator[list[Any]]:
    """Yield what later baselines need; indicators without a value give none (evaluation.md 6)."""
    for one in evaluation["indicatorResults"] or ():
        if value := one["value"]:
            message, compared = value.get("message", ""), value.get("comparedValue", 0.0)
            yield [value["metric"], value["value"], value["success"], message, compared]


def _past(row: Row[Any]) -> PastEvaluation:
    values = tuple(PastValue(*value) for value in row.indicator_values)
    return PastEvaluation(row.id, row.finished_at, row.result, values)


def _evaluation(row: Row[Any]) -> Evaluation:
    return Evaluation(
        id=row.id,
        context=row.context,
        data=row.data,
        started=row.started_at,
        finished=row.finished_at,
        window_start=row.window_start,
        window_end=row.window_end,
        queries=row.queries,
        commit=row.tree_commit,
        release=Revision(row.release_name, row.release_revision) if row.release_name is not None else None,
        run=run_of(row),
        project=row.project,
        stage=row.stage,
        service=row.service,
        result=row.result,
        score=row.score,
        labels=row.labels,
        invalidated=Invalidation(row.invalidated_at, row.invalidated_by, row.invalidated_why)
        if row.invalidated_at
        else None,
    )
