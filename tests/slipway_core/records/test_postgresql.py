"""What only a server can do: hold locks for others, go away, and come back."""

from __future__ import annotations

import time

import pytest
from slipway_core.records import Records, RecordsUnavailable
from slipway_core.records.database import Database
from slipway_core.records.migrate import _LOCK_NUMBER
from sqlalchemy import text

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def url(server):
    """Return the address of a database without tables."""
    server.make_database(name := f"alone_{time.monotonic_ns()}")
    return server.url("psycopg2", name)


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
    with pytest.raises(RecordsUnavailable, match="postgresql://airflow@/alone_"):
        records.evaluations.store(judged(2))
    server.up()
    records.evaluations.store(judged(3))
    assert 2 == len(records.evaluations.find())
