"""Real databases: a SQLite file for each test, and in end-to-end runs a database of a real PostgreSQL as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.values import Answer, Scope, SliValue
from slipway_core.records import NewEvaluation, Records, TaskRun, database
from slipway_core.records.database import Database
from sqlalchemy import text

START = datetime(2024, 1, 1, 10, tzinfo=UTC)
SLO = "objectives: [{sli: time, pass: [{criteria: ['<100']}]}]\ntotal_score: {pass: '90%'}\n"
_numbers = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Run a PostgreSQL in a folder of its own."""
    from slipway_local.postgres import Postgres

    postgres = Postgres(tmp_path_factory.mktemp("postgres"))
    postgres.up()
    yield postgres
    postgres.down()


def make_schema(postgres) -> str:
    """Return the address of a fresh schema: many databases would make a restart of the server slow."""
    name = f"records_{next(_numbers)}"
    address = postgres.url("psycopg2")
    with Database(address, 5.0).transaction(writes=True) as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    return f"{address}&options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.end_to_end)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a place without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    return make_schema(request.getfixturevalue("server"))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Leave no connection to the next test."""
    yield
    while database._engines:
        database._engines.popitem()[1].dispose()


@pytest.fixture
def records(url: str) -> Records:
    """Return the records of a database that has nothing yet, not even tables."""
    return Records(url, wait=5.0)


@pytest.fixture
def judged() -> Callable[..., NewEvaluation]:
    """Return a maker of evaluations, judged for real; each finishes a minute after the one with the number before."""

    def make(number: int = 0, value: float = 50.0, stage: str = "qa", run: TaskRun | None = None) -> NewEvaluation:
        answer = Answer((SliValue("time", value, True),), labels={"build": str(number)})
        finished = START + timedelta(minutes=number)
        return NewEvaluation(
            context=f"context-{number}",
            data=evaluate(Scope("shop", stage, "carts"), SLO, answer, []).data(),
            started=finished - timedelta(seconds=2),
            finished=finished,
            window_start=finished - timedelta(minutes=5),
            window_end=finished,
            queries={"time": 'avg(time{job="carts"})'},
            commit="0123abcd",
            run=run,
        )

    return make
