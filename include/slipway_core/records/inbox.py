"""What came in from outside: stored at once, started afterwards, each only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from slipway_core.records.database import Database
from slipway_core.records.schema import inbox as table
from slipway_core.records.way_in_entries import Handled, Message, NewMessage, Stored

_AT_ONCE = 1000  # rows a statement: SQLite takes 32,766 values
_LOCK_NUMBER = 0x51195A8  # of PostgreSQL's advisory lock; any number that others do not take
_OLDEST_FIRST = (table.c.received, table.c.id)
# A message that comes again and again is written anew so seldom, and must be: see `store`.
_REMEMBERED = timedelta(hours=1)


class Inbox:
    """The messages of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, messages: Sequence[NewMessage]) -> list[Stored]:
        """Store messages, all of them or none, and return them in order; what is there already is not stored again.

        A repetition does two things: one that could not be started is new once more, with what was sent now, and what
        has come to its end counts as received now. So an alert is not forgotten while it fires, however long that is.
        """
        now = datetime.now(UTC)
        # A microsecond between them: they are started in the order of their body.
        rows = [_columns(one, now + timedelta(microseconds=number)) for number, one in enumerate(messages)]
        found: dict[str, Row[Any]] = {}
        revived: set[str] = set()
        with self._database.writing() as connection:
            insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
            for part in _parts(rows):
                connection.execute(insert(table).values(part).on_conflict_do_nothing(index_elements=["key"]))
            for part in _parts(rows):
                keys = [row["key"] for row in part]
                revived |= _revived(connection, keys, part)
                _remember(connection, keys, now)
                found |= {row.key: row for row in connection.execute(select(table).where(table.c.key.in_(keys)))}
        return [
            Stored(_message(found[row["key"]]), found[row["key"]].id == row["id"] or row["key"] in revived)
            for row in rows
        ]

    def known(self, key: str) -> Message | None:
        """Return the message of a key."""
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.key == key)).first()
        return _message(row) if row else None

    def handle_next(self, handle: Callable[[Message], Handled | None]) -> bool:
        """Give the oldest new message to ``handle`` and keep what came of it; say whether there may be more.

        One at a time, over all processes: whoever holds the right dies with it when killed, and the message is new
        still. ``handle`` must be safe to repeat, and raise nothing of a database.

        :param handle: returns ``None`` to have the message left as it is, for later
        """
        if not self._waiting():
            return False
        with self._database.writing() as connection:
            if not self._alone(connection):
                return False
            row = connection.execute(_new().limit(1)).first()
            handled = handle(_message(row)) if row else None
            if row is None or handled is None:
                return False
            connection.execute(update(table).where(table.c.id == row.id).values(handled._asdict()))
            return True

    def find(self, *, context: str | None = None, project: str | None = None, limit: int = 100) -> list[Message]:
        """Return messages, newest first; what is left out filters nothing."""
        same = {"context": context, "project": project}
        kept = [table.c[name] == value for name, value in same.items() if value is not None]
        newest = (table.c.received.desc(), table.c.id.desc())
        with self._database.reading() as connection:
            rows = connection.execute(select(table).where(*kept).order_by(*newest).limit(limit)).all()
        return [_message(row) for row in rows]

    def prune(self, older_than_days: float) -> int:
        """Delete messages that were received for the last time longer ago; new ones stay."""
        limit = datetime.now(UTC) - timedelta(days=older_than_days)
        with self._database.writing() as connection:
            return connection.execute(delete(table).where(table.c.received < limit, table.c.state != "new")).rowcount

    def _waiting(self) -> bool:
        """Look before taking SQLite's one right to write."""
        with self._database.reading() as connection:
            return connection.execute(_new().limit(1)).first() is not None

    def _alone(self, connection: Connection) -> bool:
        if self._database.is_sqlite:
            return True  # it has one writer
        taken = connection.execute(text("SELECT pg_try_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        return bool(taken.scalar())


def _new() -> Any:
    return select(table).where(table.c.state == "new").order_by(*_OLDEST_FIRST)


def _revived(connection: Connection, keys: Sequence[str], rows: Sequence[dict[str, Any]]) -> set[str]:
    """Let messages that were refused be as they were sent now, under their old ids; return their keys."""
    wanted = select(table.c.key).where(table.c.key.in_(keys), table.c.state == "refused").with_for_update()
    refused = set(connection.scalars(wanted))
    # Of a key that a body holds twice the first counts, as with new ones.
    for row in reversed([row for row in rows if row["key"] in refused]):
        sent = {name: value for name, value in row.items() if name != "id"}
        connection.execute(update(table).where(table.c.key == row["key"]).values(sent))
    return refused


def _remember(connection: Connection, keys: Sequence[str], now: datetime) -> None:
    """Note of messages that have come to their end that they came again."""
    forgotten_soon = and_(table.c.state != "new", table.c.received < now - _REMEMBERED)
    connection.execute(update(table).where(table.c.key.in_(keys), forgotten_soon).values(received=now))


def _parts(items: Sequence[Any]) -> Iterator[list[Any]]:
    yield from (list(items[start : start + _AT_ONCE]) for start in range(0, len(items), _AT_ONCE))


def _columns(new: NewMessage, received: datetime) -> dict[str, Any]:
    return {**vars(new), "body": dict(new.body), "id": str(uuid4()), "received": received}


def _message(row: Row[Any]) -> Message:
    return Message(**row._asdict())
