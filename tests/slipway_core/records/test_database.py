"""The database itself: made once, locked, away, not ours, and what people are told then."""

from __future__ import annotations

import multiprocessing
import pickle
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from slipway_core.records import Records, RecordsUnavailable, TaskRun, open_records, records_url
from slipway_core.records.address import parse, shown
from slipway_core.records.database import Database
from slipway_core.records.schema import HEAD, VERSION_TABLE, metadata
from sqlalchemy import inspect, text

FORKED = multiprocessing.get_context("fork")


def in_processes(work, count):
    """Do work(0), work(1), … at once, each in a process of its own; return their exit codes."""
    gate = FORKED.Barrier(count)

    def run(number):
        gate.wait()
        work(number)

    processes = [FORKED.Process(target=run, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_the_migrations_make_the_tables_as_the_code_knows_them(url):
    """And nothing but ours, under names of ours."""
    database = Database(url, 5.0)
    database.migrate()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert [] == compare_metadata(context, metadata)
        assert {*metadata.tables, VERSION_TABLE} == set(inspect(connection).get_table_names())
        assert all(name.startswith("slipway_") for name in metadata.tables)


def test_the_newest_migration_is_the_one_the_code_knows():
    """The constant saves importing Alembic at each look."""
    config = Config()
    config.set_main_option("script_location", "slipway_core.records:migrations")
    assert HEAD == ScriptDirectory.from_config(config).get_current_head()


def test_processes_that_start_at_once_make_the_tables_once_and_all_store(url, judged):
    """On a database that none has seen; nothing is lost, and a second engine is no hindrance after a fork."""

    def work(number):
        mine = Records(url, wait=20.0)
        for turn in range(5):
            mine.evaluations.store(judged(turn, run=TaskRun("dag", f"run {number}", f"turn {turn}")))

    assert [0] * 4 == in_processes(work, 4)
    assert 20 == len(Records(url, wait=5.0).evaluations.find())


def test_a_forked_process_leaves_its_parents_connections_alone(records, judged):
    """Airflow forks for each task; both sides go on."""
    records.evaluations.store(judged(1))
    assert [0, 0] == in_processes(lambda number: records.evaluations.store(judged(2 + number)), 2)
    records.evaluations.store(judged(4))
    assert 4 == len(records.evaluations.find())


def test_threads_that_store_at_once_are_all_kept(records, judged):
    """The same records object serves them all."""
    with ThreadPoolExecutor(8) as pool:
        ids = {one.id for one in pool.map(records.evaluations.store, (judged(number) for number in range(16)))}
    assert ids == {one.id for one in records.evaluations.find()}


def test_one_attempt_that_stores_twice_at_once_is_kept_once(records, judged):
    """A task that was believed dead and its second try agree on one evaluation."""
    run = TaskRun("dag", "run", "task")
    with ThreadPoolExecutor(4) as pool:
        stored = set(pool.map(lambda n: records.evaluations.store(judged(n, run=run)).id, range(8)))
    assert stored == {one.id for one in records.evaluations.find()}
    assert 1 == len(stored)


def test_a_locked_database_is_said_after_a_bounded_wait(tmp_path, judged):
    """Which file, and that nothing was stored; once free, all works again."""
    path = tmp_path / "records.db"
    records = Records(f"sqlite:///{path}", wait=0.2)
    records.migrate()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(RecordsUnavailable, match=f"{path}.*database is locked\nNothing was read or stored"):
            records.evaluations.store(judged())
        assert 0.1 < time.monotonic() - began < 3
        assert () == records.evaluations.find()  # readers do not wait for a writer
        other.execute("ROLLBACK")
    records.evaluations.store(judged())
    assert 1 == len(records.evaluations.find())


def test_a_server_that_is_away_is_named_without_its_password(judged):
    """Neither the text nor the error behind it shows it."""
    records = Records("postgresql://ann:geheim@127.0.0.1:1/slipway?sslpassword=auchgeheim", wait=1.0)
    with pytest.raises(RecordsUnavailable, match=r"postgresql://ann@127\.0\.0\.1:1/slipway cannot be used") as raised:
        records.evaluations.store(judged())
    assert "geheim" not in f"{raised.value} {records.address}"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert str(raised.value) == str(pickle.loads(pickle.dumps(raised.value)))


def test_a_server_by_its_socket_is_named_by_its_folder():
    """As the local one is."""
    url = parse("postgresql+psycopg2://airflow:geheim@/slipway?host=/run/slipway")
    assert "postgresql://airflow@/slipway?host=/run/slipway" == shown(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("geheim", "not the address of a database"),
        ("mysql://ann:geheim@host/db", "'mysql' is not supported"),
        ("postgresql+asyncpg://ann:geheim@host/db", "'postgresql.asyncpg' is not supported"),
        ("sqlite://", "in memory would keep nothing"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(url, why):
    """With an example of one that can, and without what might be a password."""
    with pytest.raises(RecordsUnavailable, match=why) as raised:
        Records(url).evaluations.find()
    assert "Set SLIPWAY_RECORDS_URL to" in str(raised.value)
    assert "geheim" not in str(raised.value)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path):
    """Somebody else's file."""
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 100)
    with pytest.raises(RecordsUnavailable, match="file is not a database"):
        Records(f"sqlite:///{path}").evaluations.find()
    assert "dear diary, " * 100 == path.read_text()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """It is a file, for example."""
    (tmp_path / "file").touch()
    with pytest.raises(RecordsUnavailable, match=r"records\.db cannot be used"):
        Records(f"sqlite:///{tmp_path}/file/records.db").evaluations.find()


def test_tables_of_a_newer_slipway_are_left_alone(url):
    """Writing half of what they want would be worse."""
    database = Database(url, 5.0)
    database.migrate()
    with database.transaction(writes=True) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(RecordsUnavailable, match=r"\(9999\) are from a newer Slipway"):
        Records(url, wait=5.0).evaluations.find()


def test_a_file_that_was_deleted_is_made_anew(tmp_path, judged):
    """The first who notices says so; the next finds fresh tables."""
    path = tmp_path / "records.db"
    records = Records(f"sqlite:///{path}")
    records.migrate()
    records.evaluations.find()
    for left in tmp_path.iterdir():
        left.unlink()
    with pytest.raises(RecordsUnavailable, match="no such table"):
        records.evaluations.store(judged())
    assert records.evaluations.store(judged()).id


def test_the_address_is_the_variables_else_the_local_airflows_else_a_file(tmp_path, monkeypatch):
    """In that order."""
    monkeypatch.setenv("SLIPWAY_STATE", str(tmp_path))
    monkeypatch.delenv("SLIPWAY_RECORDS_URL", raising=False)
    assert f"sqlite:///{tmp_path}/records.db" == records_url()
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "records-url").write_text("postgresql://noted\n")
    assert "postgresql://noted" == records_url()
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", "sqlite:////srv/records.db")
    assert "sqlite:////srv/records.db" == records_url()
    assert "sqlite:////srv/records.db" == open_records().address


def test_importing_records_imports_no_sqlalchemy():
    """DAG files import them too."""
    code = "import sys, slipway_core.records; print({'sqlalchemy', 'alembic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "set()\n" == done.stdout


def test_each_migration_is_part_of_the_package():
    """A wheel without them could make no tables."""
    folder = Path(sys.modules[Records.__module__].__file__).parent / "migrations"
    assert (folder / "env.py").is_file()
    config = Config()
    config.set_main_option("script_location", "slipway_core.records:migrations")
    chain = {Path(one.path) for one in ScriptDirectory.from_config(config).walk_revisions()}
    assert chain == set((folder / "versions").glob("*.py"))
