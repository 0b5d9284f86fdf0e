"""Sequences that really run: Airflow's own rules, in one process, with stand-ins for the tasks."""

import html
import json
from datetime import UTC, datetime, timedelta

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from slipway import task_catalog
from slipway.hooks.slipway_api import SlipwayApi
from slipway.operators.task import TaskOperator, TaskReport
from slipway.triggers import lane
from slipway_core.keptn.lanes import PARKED, RUNNING, Entry, Place, Run, Standing
from slipway_core.records import Cancellation, open_records

SHIPYARD = """
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
spec:
  stages:
    - name: qa
      sequences:
        - name: delivery
          tasks:
            - {name: deployment, properties: {result: pass}}
            - {name: test, properties: {result: RESULT}, triggeredAfter: 1s}
            - {name: release}
        - name: rollback
          triggeredOn: [{event: qa.delivery.finished, selector: {match: {result: fail}}}]
          tasks: [{name: rollback}]
        - name: nightly
          tasks: [{name: evaluation}]
        - name: alarm
          triggeredOn: [{event: qa.nightly.finished}]
          tasks: [{name: release}]
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: qa.delivery.finished}]
          tasks: [{name: deployment}]
        - name: careful
          tasks:
            - {name: test, properties: {result: RESULT}}
            - {name: approval, properties: {warning: automatic}}
            - {name: release}
"""
SETTINGS = """
stages:
  qa:
    schedules:
      - {sequence: nightly, cron: "0 2 * * *", timezone: Europe/Berlin, timeframe: 30m, services: [orders]}
"""
LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"
CONF = {"service": "carts", "image": "ghcr.io/shop/carts:1.0"}


class StandIn(TaskOperator):
    """Ends as its properties say."""

    def perform(self, payload, context):
        """Report a bit of data."""
        name = self.seat.name
        return TaskReport(payload.get(name, {}).get("result", "pass"), f"{name} was here", {f"by_{name}": [1]})


@pytest.fixture(scope="session")
def database():
    """Airflow's database, once a session."""
    from airflow import settings
    from airflow.utils.db import initdb

    settings.configure_orm()
    initdb()


@pytest.fixture
def run(database, publish, tmp_path, monkeypatch):
    """Run `shop.qa.delivery`, or another sequence of `shop`, whose test ends as asked; return what became of it."""

    def stand_in(place):
        return StandIn(seat=place.seat, **place.arguments)

    monkeypatch.setattr(task_catalog, "builder", lambda name: task_catalog.approval if name == "approval" else stand_in)

    def go(result, conf=CONF, dag_id="shop.qa.delivery", **how):
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "shipyard.yaml").write_text(SHIPYARD.replace("RESULT", result))
        (tmp_path / "shop" / "slipway.yaml").write_text(SETTINGS)
        dags = publish(tmp_path / "shop") / "dags"
        local = {"name": "slipway", "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(dags), "refresh_interval": 0}}
        monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([local]))
        bag = BundleDagBag(dags, bundle_path=dags, bundle_name="slipway")
        return Ended(bag.dags[dag_id].test(run_conf=conf, **how), bag.dags[dag_id])

    return go


class Ended:
    """A run that has ended, and the runs that it has started."""

    def __init__(self, run, dag):
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session

        self.state, self.run_id, self.dag = run.state, run.run_id, dag
        self.tasks = {one.task_id.removeprefix("slipway_"): str(one.state) for one in run.get_task_instances()}
        with create_session() as session:
            runs = session.query(DagRun).filter(DagRun.dag_id != run.dag_id)
            by_us = [one for one in runs if run.run_id == one.conf.get("slipway", {}).get("parent", {}).get("run_id")]
            self.started = {one.dag_id: one for one in by_us}


def test_a_good_sequence_passes_and_starts_the_next_stage(run):
    """By a run of its own, with the whole payload; the way back is skipped."""
    ended = run("warning")
    assert "success" == ended.state
    expected = {"begin", "lane", "deployment", "wait_1", "test", "release", "result", "finish", "follow_1"}
    assert expected == {task for task, state in ended.tasks.items() if state == "success"}
    assert ["shop.production.delivery"] == list(ended.started)
    [started] = ended.started.values()
    payload = started.conf["slipway"]["payload"]
    assert ("production", "carts", "pass") == (payload["stage"], payload["service"], payload["result"])
    assert CONF["image"] == payload["configurationChange"]["values"]["image"]
    assert {"by_deployment", "by_test", "by_release"} < set(payload)


def test_what_a_task_took_and_what_it_gave_is_on_its_page(run):
    """Out of the XComs in Airflow's database."""
    from airflow.utils.session import create_session
    from slipway.pages.document import TaskPlace, document_page

    ended = run("pass", dag_id="shop.qa.rollback")
    with create_session() as session:
        text = html.unescape(document_page(session, TaskPlace("shop.qa.rollback", ended.run_id, "rollback")))
    assert '"service": "carts"' in text
    assert '"message": "rollback was here"' in text


def test_a_failed_task_fails_the_run_and_starts_the_way_back(run):
    """The next stage is not started; what comes after the failure does not run."""
    ended = run("fail")
    assert "failed" == ended.state
    states = {task: ended.tasks[task] for task in ("test", "release", "result", "follow_0", "follow_1", "finish")}
    assert {
        "test": "failed",
        "release": "upstream_failed",
        "result": "success",
        "follow_0": "success",
        "follow_1": "skipped",
        "finish": "failed",
    } == states
    assert ["shop.qa.rollback"] == list(ended.started)
    assert "fail" == ended.started["shop.qa.rollback"].conf["slipway"]["payload"]["result"]


def test_refused_input_fails_the_run_and_starts_nothing(run):
    """Not even the way back."""
    ended = run("pass", {**CONF, "image": "", "values": {}})
    assert ("failed", "failed", {}) == (ended.state, ended.tasks["begin"], ended.started)
    assert {"upstream_failed"} == {state for task, state in ended.tasks.items() if task.startswith("follow")}


CAREFUL = "shop.production.careful"


def test_an_approval_by_strategy_lets_the_release_through(run):
    """Without anybody."""
    ended = run("warning", dag_id=CAREFUL)
    assert ("success", "success", "success") == (ended.state, ended.tasks["approval"], ended.tasks["release"])


def test_an_approval_that_is_marked_lets_the_release_through(run, monkeypatch):
    """Nobody has answered, no XCom is left; a plain pass would have had to wait. The record says that it was a mark."""
    monkeypatch.setattr(SlipwayApi, "audit_log", lambda *_: [])
    ended = run("pass", dag_id=CAREFUL, mark_success_pattern="approval")
    assert ("success", "success", "success") == (ended.state, ended.tasks["approval"], ended.tasks["release"])
    [recorded] = open_records().approvals.find()
    assert ("approve", "unknown", "mark") == (recorded.decision.choice, recorded.decision.by, recorded.decision.how)


def test_a_failure_before_an_approval_asks_nobody(run):
    """The sequence has ended."""
    ended = run("fail", dag_id=CAREFUL)
    assert ("failed", "upstream_failed") == (ended.state, ended.tasks["approval"])


NIGHTLY = "shop.qa.nightly.schedule-1-orders"


def test_a_schedule_judges_the_interval_of_its_run(run):
    """So a backfill judges the past; what follows the sequence follows it here as well."""
    night = datetime(2026, 1, 2, 1, tzinfo=UTC)  # two o'clock in Berlin
    ended = run("pass", conf=None, dag_id=NIGHTLY, logical_date=night)
    assert "success" == ended.state
    payload = ended.started["shop.qa.alarm"].conf["slipway"]["payload"]
    window = {"start": "2026-01-02T00:30:00.000Z", "end": "2026-01-02T01:00:00.000Z"}
    assert ("orders", window) == (payload["service"], payload["evaluation"])


def test_a_schedule_takes_no_other_service(run):
    """Its service is in its name."""
    ended = run("pass", conf={"service": "carts"}, dag_id=NIGHTLY)
    assert ("failed", "failed", {}) == (ended.state, ended.tasks["begin"], ended.started)


def test_a_run_takes_over_the_lane_of_one_that_is_gone(run, monkeypatch):
    """It waits, finds out, goes on, and leaves the lane at its end."""
    monkeypatch.setattr(lane, "ASK_EVERY", 0.0)
    lanes, gone = open_records().lanes, Run("shop.qa.delivery", "gone")
    lanes.enter(Place("shop", "qa", "carts"), Entry(gone, "ctx", datetime.now(UTC)))
    assert Standing(RUNNING) == lanes.take(gone)
    ended = run("pass")
    assert ("success", "success") == (ended.state, ended.tasks["lane"])
    assert () == lanes.all()


def test_a_run_that_was_cancelled_begins_nothing_and_nothing_follows(run):
    """Not even the way back (decisions on R33)."""
    order = Cancellation("ctx-9", "qa", datetime.now(UTC) + timedelta(hours=1), "ann")
    open_records().cancellations.store(order)
    payload = {"project": "shop", "stage": "qa", "service": "carts"}
    ended = run("pass", {**CONF, "slipway": {"context": "ctx-9", "payload": payload}})
    expected = {"lane": "failed", "deployment": "upstream_failed", "follow_0": "upstream_failed", "finish": "failed"}
    assert expected == {task: ended.tasks[task] for task in expected}
    assert ("failed", {}, ()) == (ended.state, ended.started, open_records().lanes.all())


@pytest.fixture
def message(run):
    """What came in for `shop.qa.alarm`, with the project in Airflow's tables."""
    from slipway_core.records import Message

    run("pass", dag_id="shop.qa.rollback")
    return Message(
        id="1",
        received=datetime(2026, 1, 2, tzinfo=UTC),
        key="1",
        kind="event",
        source="ci",
        sender="token:hook",
        project="shop",
        context="0d3cdd06-8c39-4d39-9ba7-ad4a0c7c36a0",
        body={"project": "shop", "stage": "qa", "service": "carts"},
        state="new",
        dag_id="shop.qa.alarm",
    )


def test_what_came_in_is_started_by_airflows_own_function_once(message):
    """It is no public interface of Airflow's; a new version that changes it fails here."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from slipway.ways_in.start import start_run

    first, again = start_run(message), start_run(message)
    assert first == again
    assert "started" == first.state
    with create_session() as session:
        [started] = session.query(DagRun).filter(DagRun.run_id == first.run_id)
        assert ("shop.qa.alarm", "token:hook") == (started.dag_id, started.triggering_user_name)
        assert {"service": "carts"} == {key: value for key, value in started.conf.items() if key != "slipway"}
        assert {"context": message.context, "payload": message.body} == started.conf["slipway"]


def test_what_airflow_would_refuse_is_refused_with_its_words(message):
    """An unknown DAG, a service that the form does not offer."""
    from dataclasses import replace

    from slipway.ways_in.start import start_run

    gone = start_run(replace(message, dag_id="shop.qa.gone"))
    assert ("refused", True) == (gone.state, "shop.qa.gone" in gone.why)
    wrong = start_run(replace(message, id="2", body={**message.body, "service": "nobody"}))
    assert ("refused", True) == (wrong.state, "nobody" in wrong.why)


def test_where_something_may_go_is_read_from_airflows_tables(message):
    """Projects, stages, sequences and services; DAGs of others are none of ours."""
    from slipway.ways_in.destinations import Destinations
    from slipway_core.keptn.event import Scope
    from slipway_core.keptn.problems import InvalidEvent

    known = Destinations()
    assert "shop.qa.alarm" == known.require(Scope("shop", "qa", "carts"), "alarm")
    for scope, sequence, said in (
        (("shup", "qa", "carts"), "alarm", "there are: .*shop"),
        (("shop", "dev", "carts"), "alarm", "it has: production, qa"),
        (("shop", "qa", "carts"), "remediation", "it has: alarm, delivery, nightly, rollback"),
        (("shop", "qa", "nobody"), "alarm", "it has: carts, orders"),
    ):
        with pytest.raises(InvalidEvent, match=said):
            known.require(Scope(*scope), sequence)


def test_a_context_shows_runs_that_have_begun_and_those_that_wait(message, tmp_path):
    """By what their first task stored, and by their ids."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from slipway.ways_in.contexts import begun, state_of
    from slipway.ways_in.start import start_run
    from slipway_core.records import Records

    records = Records(f"sqlite:///{tmp_path}/records.db")
    waiting = start_run(message).run_id
    [shown] = state_of(message.context, records, {"shop.qa.alarm"})["runs"]
    assert (waiting, "queued", "carts", "qa") == tuple(shown[key] for key in ("run_id", "state", "service", "stage"))
    assert None is state_of(message.context, records, {"shop.qa.delivery"})
    with create_session() as session:
        number = session.query(DagRun.id).filter(DagRun.dag_id == "shop.qa.rollback").order_by(DagRun.id.desc())
        [stored] = begun(session, [number.first()[0]]).values()
    [shown] = state_of(stored["context"], records, {"shop.qa.rollback"})["runs"]
    assert ("success", "rollback") == (shown["state"], shown["sequence"])


def test_an_open_approval_is_found_and_answered_from_outside(run):
    """By its place alone, in the name of a token; a second answer comes too late."""
    import threading
    import time

    from slipway.ways_in import approvals
    from slipway.ways_in.sender import Sender, TokenUser
    from slipway_core.keptn.cloud_event import ApprovalFinished
    from slipway_core.keptn.event import Scope
    from slipway_core.keptn.problems import InvalidEvent

    scope, said = Scope("shop", "production", "carts"), []

    def answer():
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not said:
            try:
                found = approvals.open_approval(scope, "")
            except InvalidEvent:
                time.sleep(0.2)
                continue
            with pytest.raises(InvalidEvent, match="no approval of service 'carts'"):
                approvals.open_approval(scope, "another context")
            approvals.answer(found, ApprovalFinished(scope, False, "too slow"), Sender(TokenUser("hook")))
            said.append(found)

    outside = threading.Thread(target=answer)
    outside.start()
    ended = run("pass", dag_id=CAREFUL)
    outside.join()
    [found] = said
    assert (CAREFUL, ended.run_id, "approval") == (found.dag_id, found.run_id, found.task_id)
    assert ("failed", "failed") == (ended.state, ended.tasks["approval"])


def test_a_task_that_is_cleared_while_an_approval_waits_asks_again_and_holds_no_lane(run, monkeypatch):
    """Cleared alone: Airflow leaves the approval as it is, and it would free the lane no more."""
    from tests.dags.marking import cleared_by_airflow, go_on

    monkeypatch.setattr(SlipwayApi, "_client", cleared_by_airflow)
    monkeypatch.setattr(SlipwayApi, "audit_log", lambda *_: [])
    dag, run_id = (ended := run("pass", dag_id=CAREFUL, mark_success_pattern="approval")).dag, ended.run_id
    SlipwayApi().run_again(CAREFUL, run_id, "approval")
    assert ["begin", "lane", "approval"] == go_on(dag, run_id)[1]
    [waiting] = open_records().approvals.find(open_only=True)
    with cleared_by_airflow(None) as client:
        alone = {"dag_run_id": run_id, "task_ids": ["test"], "dry_run": False, "only_failed": False}
        client.post(f"/api/v2/dags/{CAREFUL}/clearTaskInstances", json=alone)
    _, ran = go_on(dag, run_id)
    assert ["begin", "lane", "test"] * 2 + ["approval"] == ran
    assert Standing(PARKED) == open_records().lanes.standing(Run(CAREFUL, run_id))
    assert [waiting.run.task_id] == [one.run.task_id for one in open_records().approvals.find(open_only=True)]


def test_a_task_that_is_marked_after_the_end_is_followed_in_the_lane(run, monkeypatch):
    """Airflow clears what has failed; the lane is entered first, and the result is worked out again."""
    from tests.dags.marking import cleared_by_airflow, go_on, mark_as_success

    monkeypatch.setattr(SlipwayApi, "_client", cleared_by_airflow)
    ended = run("fail")
    mark_as_success(ended.dag, ended.run_id, "test")
    reopened, ran = go_on(ended.dag, ended.run_id)
    assert ["release", "begin", "lane", "release", "result"] == ran[:5]
    assert "success" == Ended(reopened, ended.dag).state
    assert {"shop.qa.rollback", "shop.production.delivery"} == set(Ended(reopened, ended.dag).started)
    assert () == open_records().lanes.all()


def test_a_last_task_that_is_marked_after_the_end_starts_what_follows(run, monkeypatch):
    """Only the run's own last task is left to see it."""
    from tests.dags.marking import cleared_by_airflow, go_on, mark_as_success

    monkeypatch.setattr(SlipwayApi, "_client", cleared_by_airflow)
    monkeypatch.setattr(f"{__name__}.SHIPYARD", SHIPYARD.replace("            - {name: release}\n", "", 1))
    ended = run("fail")
    mark_as_success(ended.dag, ended.run_id, "test")
    reopened, ran = go_on(ended.dag, ended.run_id)
    assert ["finish", "begin", "lane", "result"] == ran[:4]
    assert "success" == Ended(reopened, ended.dag).state
    assert {"shop.qa.rollback", "shop.production.delivery"} == set(Ended(reopened, ended.dag).started)
