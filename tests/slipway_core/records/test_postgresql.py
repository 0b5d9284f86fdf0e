"""What only a server can do: hold locks for others, go away, and come back."""

from __future__ import annotations

import time

import pytest
from slipway_core.records import Records, RecordsUnavailable
from slipway_core.records.database import Database
from slipway_core.records.migrate import _LOCK_NUMBER
from sqlalchemy import text

pytestmark = [pytest.mark.end_to_end, pytest.mark.parametrize("url", ["postgresql"], indirect=True)]


def test_a_lock_of_somebody_else_is_waited_for_within_bounds(url, judged):
    """On the tables, and on the right to make them."""
    records, other = Records(url, wait=0.3), Database(url, 5.0)
    with other.transaction(writes=True) as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})"))
        with pytest.raises(RecordsUnavailable, match="lock timeout"):
            records.migrate()
    records.migrate()
    with other.transaction(writes=True) as connection:
        connection.execute(text("LOCK TABLE slipway_evaluations"))
        began = time.monotonic()
        with pytest.raises(RecordsUnavailable, match="lock timeout"):
            records.evaluations.store(judged())
        assert time.monotonic() - began < 3
    assert records.evaluations.store(judged()).id


def test_a_server_that_was_restarted_is_met_anew(server, url, judged):
    """While it is away that is said; afterwards the same records object works on."""
    records = Records(url, wait=2.0)
    records.evaluations.store(judged(1))
    server.down()
    with pytest.raises(RecordsUnavailable, match="postgresql://airflow@/airflow"):
        records.evaluations.store(judged(2))
    server.up()
    records.evaluations.store(judged(3))
    assert 2 == len(records.evaluations.find())


def test_the_owner_of_the_records_gets_into_no_other_database(server, url, judged):
    """Tasks see that address; Airflow keeps its own database from them."""
    for password in ("first", "second"):  # made again, it has the new password
        server.make_database("owned", password)
    owner = ("owned", "second")
    assert Records(server.url("psycopg2", "owned", owner)).evaluations.store(judged()).id
    for closed in ("airflow", "postgres"):
        with pytest.raises(RecordsUnavailable, match="permission denied for database"):
            Records(server.url("psycopg2", closed, owner)).evaluations.find()
