"""What was stored is started, once, whatever happens in between."""

import asyncio
import importlib.util
import threading
from pathlib import Path

import pytest
from airflow.exceptions import DagNotFound, DagRunAlreadyExists
from slipway.operators.sequence import HANDOVER_KEY
from slipway.ways_in import start
from slipway.ways_in.drain import Drain
from slipway_core.records import Handled, NewMessage, Records
from sqlalchemy.exc import DataError, OperationalError

PAYLOAD = {"project": "shop", "stage": "qa", "service": "carts"}


def message(number, state="new"):
    """Return one of many messages."""
    return NewMessage(
        key=f"key {number}",
        kind="event",
        source="ci",
        sender="token:hook",
        project="shop",
        context=f"context-{number}",
        body=PAYLOAD,
        state=state,
        dag_id="shop.qa.delivery",
    )


def states(records):
    """Return the states of all messages, oldest first."""
    return [one.state for one in reversed(records.inbox.find(limit=5000))]


@pytest.fixture
def triggered(monkeypatch):
    """Airflow's function to start runs, in its place a stand-in; each run only once, as Airflow has it."""
    runs = {}

    def trigger_dag(dag_id, *, run_id, **told):
        if run_id in runs:
            raise DagRunAlreadyExists(_Run(dag_id, run_id))
        runs[run_id] = {"dag_id": dag_id, **told}

    monkeypatch.setattr("airflow.api.common.trigger_dag.trigger_dag", trigger_dag)
    return runs


class _Run:
    logical_date = None

    def __init__(self, dag_id, run_id):
        self.dag_id, self.run_id = dag_id, run_id


def fails_with(monkeypatch, error):
    """Let Airflow refuse to start anything."""

    def trigger_dag(*_, **__):
        raise error

    monkeypatch.setattr("airflow.api.common.trigger_dag.trigger_dag", trigger_dag)


def test_all_that_is_new_is_started_in_its_order(records, triggered):
    """As a handover would start it, in the sender's name; what is noted is left alone."""
    records.inbox.store([message(0), message(1), message(2, state="noted"), message(3)])
    assert Drain(lambda: records).once()
    assert ["started", "started", "noted", "started"] == states(records)
    assert ["context-0", "context-1", "context-3"] == [run_id.split(".")[0] for run_id in triggered]
    first = next(iter(triggered.values()))
    handover = {"context": "context-0", "payload": PAYLOAD}
    assert {"service": "carts", HANDOVER_KEY: handover} == first["conf"]
    assert ("shop.qa.delivery", "token:hook") == (first["dag_id"], first["triggering_user_name"])


def test_a_drain_that_is_killed_between_the_run_and_the_note_doubles_nothing(records, triggered):
    """The run's id is the message's."""
    [stored] = records.inbox.store([message(0)])

    def killed(one):
        start.start_run(one)
        raise SystemExit

    with pytest.raises(SystemExit):
        Drain(lambda: records, killed).once()
    assert ["new"] == states(records)
    assert Drain(lambda: records).once()
    assert ["started"] == states(records)
    assert [records.inbox.known(stored.message.key).run_id] == list(triggered)


@pytest.mark.parametrize("error", [DagNotFound("gone"), ValueError("no"), DataError("", {}, Exception("bad text"))])
def test_what_cannot_be_started_is_refused_with_the_reason_and_holds_up_nothing(records, monkeypatch, error):
    """It stays in the records."""
    records.inbox.store([message(0), message(1)])
    fails_with(monkeypatch, error)
    assert Drain(lambda: records).once()
    assert ["refused", "refused"] == states(records)
    assert all("shop.qa.delivery could not be started" in one.why for one in records.inbox.find())


def test_while_airflows_database_is_away_everything_waits(records, monkeypatch, triggered):
    """And is started afterwards."""
    records.inbox.store([message(0)])
    with monkeypatch.context() as away:
        fails_with(away, OperationalError("", {}, Exception("no route")))
        Drain(lambda: records).once()
    assert ["new"] == states(records)
    Drain(lambda: records).once()
    assert ["started"] == states(records)


def test_records_that_are_away_are_tried_again(tmp_path):
    """The thread does not die of it."""
    (tmp_path / "no").write_text("a file in the way")
    assert not Drain(lambda: Records(f"sqlite:///{tmp_path}/no/records.db", wait=0.1)).once()


def test_the_thread_starts_what_is_stored_while_it_runs_and_ends_when_told(records, triggered):
    """Woken by a request; a second start makes no second thread."""
    started = threading.Event()

    def start_and_say(one):
        started.set()
        return Handled("started", "run")

    drain = Drain(lambda: records, start_and_say)
    drain.run()
    drain.run()
    try:
        assert 1 == sum(thread.name == "slipway-drain" for thread in threading.enumerate())
        records.inbox.store([message(0)])
        drain.wake()
        assert started.wait(10)
    finally:
        drain.stop()
    assert not any(thread.name == "slipway-drain" for thread in threading.enumerate())
    assert ["started"] == states(records)


def test_the_drain_runs_as_long_as_the_server(monkeypatch):
    """From its start on, not from the first request; an ordinary request is only passed on."""
    from slipway.ways_in import drain

    plugin = Path(__file__).parents[3] / "plugins" / "slipway_plugin.py"
    spec = importlib.util.spec_from_file_location("slipway_plugin", plugin)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    seen = []
    monkeypatch.setattr(drain.drain, "run", lambda: seen.append("run"))
    monkeypatch.setattr(drain.drain, "stop", lambda: seen.append("stop"))

    async def app(scope, receive, send):
        seen.append(scope["type"])

    [middleware] = module.SlipwayPlugin.fastapi_root_middlewares
    around = middleware["middleware"](app)
    for kind in ("lifespan", "http"):
        asyncio.run(around({"type": kind}, None, None))
    assert ["run", "lifespan", "stop", "http"] == seen


def test_drains_side_by_side_start_each_once(records, triggered):
    """Several API servers, or several processes of one."""
    records.inbox.store([message(number) for number in range(40)])
    drains = [threading.Thread(target=Drain(lambda: records).once) for _ in range(3)]
    for one in drains:
        one.start()
    for one in drains:
        one.join()
    assert ["started"] * 40 == states(records)
    assert 40 == len(triggered)
