"""Making and mending the tables; one at a time, however many start at once."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from slipway_core.records.schema import HEAD, VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from slipway_core.records.database import Database

_LOCK_NUMBER = 0x51195A7  # of PostgreSQL's advisory lock; any number that others do not take


def migrate(database: Database) -> None:
    """Run the migrations that are missing, all of them or none; raises :class:`RecordsUnavailable`."""
    if not database.is_sqlite:
        with database.transaction(writes=True) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            _upgrade(database, connection)
        return
    with database.errors(), _file_lock(database):
        _prepare_file(database)
        with database.transaction(writes=True) as connection:
            _upgrade(database, connection)


def _upgrade(database: Database, connection: Connection) -> None:
    if database.version(connection) >= HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "slipway_core.records:migrations")
    config.set_main_option("version_table", VERSION_TABLE)
    command.upgrade(config, "head")


def _prepare_file(database: Database) -> None:
    """Let readers go on beside a writer. The file remembers it; it cannot be switched within a transaction."""
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(database.url.database or "", timeout=database.wait)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise database.unavailable(str(error)) from None


@contextmanager
def _file_lock(database: Database) -> Iterator[None]:
    """Hold a lock beside the file; the system lets go of it when its holder dies."""
    path = Path(f"{database.url.database}-migration.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        deadline = time.monotonic() + database.wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise database.unavailable(f"another process has held {path} for {database.wait:g} s.") from None
                time.sleep(0.05)
        yield
