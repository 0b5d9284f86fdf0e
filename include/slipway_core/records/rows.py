"""What both tables have in common: rows that belong to a task, stored once however often it is retried."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from slipway_core.records.entries import TaskRun


def insert_once(connection: Connection, table: Table, columns: dict[str, Any]) -> Row[Any]:
    """Insert a row unless its task has one; return what the table has now."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(columns).on_conflict_do_nothing(index_elements=TaskRun._fields)
    connection.execute(statement)
    run = TaskRun(*(columns.get(name) for name in TaskRun._fields))  # type: ignore[arg-type]
    wanted = table.c.id == columns["id"] if run.dag_id is None else of_task(table, run)
    return connection.execute(select(table).where(wanted)).one()


def of_task(table: Table, run: TaskRun) -> ColumnElement[bool]:
    """Return what picks the row of an attempt of a task."""
    return and_(*(table.c[name] == value for name, value in run_columns(run).items()))


def run_columns(run: TaskRun) -> dict[str, str]:
    """Return the columns of a task; their names are those of the record."""
    return run._asdict()


def run_of(row: Row[Any]) -> TaskRun | None:
    """Return the task that a row belongs to."""
    return TaskRun(row.dag_id, row.run_id, row.task_id, row.attempt) if row.dag_id is not None else None
