"""One database: connections, transactions with a bounded wait, and what its errors mean to people."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import NullPool

from slipway_core.records.address import SQLITE, parse, secrets_of, shown
from slipway_core.records.errors import RecordsUnavailable
from slipway_core.records.schema import HEAD, VERSION_TABLE

_WRITES = "slipway_writes"

_engines: dict[tuple[URL, float], Engine] = {}
_looked_at: set[tuple[URL, float]] = set()


def _leave_to_the_parent() -> None:
    """Forget connections after a fork without closing them: they are the parent's."""
    for engine in _engines.values():
        engine.dispose(close=False)
    _engines.clear()


os.register_at_fork(after_in_child=_leave_to_the_parent)


class Database:
    """The tables behind one address. Several of one address share their connections within a process.

    :param url: as :func:`slipway_core.records.address.parse` takes it
    :param wait: seconds to wait for a connection or a lock, each
    """

    def __init__(self, url: str, wait: float) -> None:
        self.url, self.wait = parse(url), wait
        self.address = shown(self.url)
        self._key = (self.url, self.wait)
        self.is_sqlite = self.url.get_backend_name() == SQLITE

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection to look with."""
        self._look_at_tables()
        with self.transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection to write with; all of it is kept, or after an error nothing.

        SQLite has one writer at a time; it is waited for at the beginning, where waiting is possible.
        """
        self._look_at_tables()
        with self.transaction(writes=True) as connection:
            yield connection

    def migrate(self) -> None:
        """Bring the tables up to date."""
        from slipway_core.records.migrate import migrate

        migrate(self)

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """Give a connection, whatever state the tables are in; raises :class:`RecordsUnavailable`."""
        with self.errors():
            engine = self._engine().execution_options(**{_WRITES: writes})
            with engine.begin() as connection:
                yield connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what drivers raise into one error. The original is not chained: it may repeat the address."""
        try:
            yield
        except (IntegrityError, DataError):
            raise  # a fault of ours, not of the database
        except DBAPIError as error:
            _looked_at.discard(self._key)  # the tables may be gone with it
            raise self.unavailable(str(error.orig)) from None
        except NoConnectionFree:
            raise self.unavailable(f"no connection got free within {self.wait:g} s.") from None
        except OSError as error:
            raise self.unavailable(str(error)) from None

    def unavailable(self, why: str, *advice: str) -> RecordsUnavailable:
        """Return the error, with nothing secret in it."""
        for secret in secrets_of(self.url):
            why = why.replace(secret, "***")
        return RecordsUnavailable(self.address, " ".join(why.split()), *advice)

    def version(self, connection: Connection) -> str:
        """Return the id of the newest migration that was done, empty where there was none."""
        if not inspect(connection).has_table(VERSION_TABLE):
            return ""
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() or ""  # noqa: S608

    def _look_at_tables(self) -> None:
        """Make or mend the tables before the first use in a process, so that nobody has to remember it."""
        if self._key in _looked_at:
            return
        with self.transaction(writes=False) as connection:
            version = self.version(connection)
        if version > HEAD:
            why = f"its tables ({version}) are from a newer Slipway than this one (which knows {HEAD})."
            raise self.unavailable(why, "Update Slipway here too. Nothing was stored.")
        if version < HEAD:
            self.migrate()
        _looked_at.add(self._key)

    def _engine(self) -> Engine:
        if self._key not in _engines:
            # Two threads may both make one; it has no connection yet, and the second is dropped.
            _engines.setdefault(self._key, self._sqlite() if self.is_sqlite else self._postgresql())
        return _engines[self._key]

    def _sqlite(self) -> Engine:
        Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            self.url, poolclass=NullPool, connect_args={"timeout": self.wait}, json_serializer=_strict_json
        )
        event.listen(engine, "connect", _leave_transactions_to_us)
        event.listen(engine, "begin", _begin)
        return engine

    def _postgresql(self) -> Engine:
        wait = max(2, round(self.wait))  # libpq takes whole seconds, and 1 as 2
        try:
            engine = create_engine(
                self.url,
                pool_size=2,
                max_overflow=6,
                pool_timeout=self.wait,
                pool_pre_ping=True,
                connect_args={
                    "connect_timeout": wait,
                    "tcp_user_timeout": wait * 1000,
                    "application_name": "slipway",
                },
                json_serializer=_strict_json,
            )
        except ModuleNotFoundError as error:
            raise self.unavailable(f"{error}.", "Install psycopg2-binary beside Slipway.") from None
        milliseconds = round(self.wait * 1000)

        def bound_waits(connection: Any, _: Any) -> None:
            # Not by `options` in the address: poolers such as PgBouncer refuse to connect with it.
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {milliseconds}")
                cursor.execute(f"SET statement_timeout = {2 * milliseconds}")
            connection.commit()

        event.listen(engine, "connect", bound_waits)
        return engine


def _leave_transactions_to_us(connection: Any, _: Any) -> None:
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    # A reader that turns writer fails at once when another wrote meanwhile, without any wait; so say it at the start.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _strict_json(value: Any) -> str:
    """NaN and infinities are no JSON: PostgreSQL would refuse them, SQLite would not."""
    return json.dumps(value, allow_nan=False)
