"""What people ended, and what nothing is to follow (decisions on R33)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, insert, select

from slipway_core.records.database import Database
from slipway_core.records.entries import Cancellation
from slipway_core.records.schema import cancellations as table


class Cancellations:
    """The cancellations of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, new: Cancellation) -> None:
        """Record that sequences are to end; ending them is somebody else's work."""
        columns = {
            "id": str(uuid4()),
            "context": new.context,
            "stage": new.stage,
            "cancelled_at": new.at,
            "cancelled_by": new.by,
            "why": new.why,
        }
        with self._database.writing() as connection:
            connection.execute(insert(table).values(columns))

    def of(self, context: str, stage: str, triggered: datetime) -> Cancellation | None:
        """Return the newest cancellation that is meant for a sequence, None when there is none.

        :param triggered: when its run was triggered: one that is started anew after a cancellation may go on
        """
        meant = (table.c.context == context, table.c.stage.in_(("", stage)), table.c.cancelled_at >= triggered)
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(*meant).order_by(table.c.cancelled_at.desc()).limit(1)).first()
        return Cancellation(row.context, row.stage, row.cancelled_at, row.cancelled_by, row.why) if row else None

    def prune(self, older_than_days: float) -> None:
        """Delete old ones: nothing that they are meant for can begin any more."""
        limit = datetime.now(UTC) - timedelta(days=older_than_days)
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.cancelled_at < limit))
