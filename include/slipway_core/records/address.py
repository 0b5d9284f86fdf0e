"""Addresses of databases: which we take, and how one is shown without its password."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from slipway_core.records.errors import RecordsUnavailable

SQLITE, POSTGRESQL = "sqlite", "postgresql"
# What people write, and the driver we take for it: SQLAlchemy's own choice for PostgreSQL is one that Airflow lacks.
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ADVICE = (
    "Set SLIPWAY_RECORDS_URL to an address such as sqlite:////srv/slipway/records.db or "
    "postgresql://user:password@host:5432/slipway."
)


def parse(url: str) -> URL:
    """Read an address; raises :class:`RecordsUnavailable`, which never shows what it could not read."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise RecordsUnavailable("SLIPWAY_RECORDS_URL", "this is not the address of a database.", _ADVICE) from None
    if read.drivername not in _DRIVERS:
        known = "SQLite and PostgreSQL (psycopg2 or psycopg) can be."
        raise RecordsUnavailable(shown(read), f"'{read.drivername}' is not supported; {known}", _ADVICE)
    read = read.set(drivername=_DRIVERS[read.drivername])
    if read.get_backend_name() == SQLITE and read.database in (None, "", ":memory:"):
        raise RecordsUnavailable(shown(read), "a database in memory would keep nothing.", _ADVICE)
    return read


def shown(url: URL) -> str:
    """Return an address for people: the file, or user, host and database; no password, whichever way it is given."""
    if url.get_backend_name() == SQLITE:
        return f"sqlite:///{url.database or ''}"
    query = {"host": url.query["host"]} if not url.host and "host" in url.query else {}
    kept = URL.create(
        url.get_backend_name(), url.username, host=url.host, port=url.port, database=url.database, query=query
    )
    return kept.render_as_string().replace("%2F", "/")


def secrets_of(url: URL) -> list[str]:
    """Return what must not be shown, in case an error repeats it."""
    told = [str(url.password or ""), *(str(value) for name, value in url.query.items() if "password" in name)]
    return [secret for secret in told if secret]
