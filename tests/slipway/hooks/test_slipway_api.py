"""Asking Airflow's own API from a task, with a stand-in for the network."""

import json
from types import SimpleNamespace

import httpx
import pytest
from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable, SlipwayApi

TI = SimpleNamespace(dag_id="shop.qa.delivery", run_id="manual__1:2+3", task_id="approval", map_index=-1)
WHOLE = '{"conn_type": "http", "host": "http://airflow:8080/", "login": "slipway", "password": "geheim"}'
PARTS = '{"conn_type": "http", "host": "airflow", "port": 8080, "schema": "https", "login": "a", "password": "b"}'


def api(answers, monkeypatch, connection=WHOLE):
    """Return the hook, and what it asks; several answers are given one after the other."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_API", connection)
    asked = []
    left = list(answers) if isinstance(answers, tuple) else [answers]

    def handle(request):
        asked.append(request)
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "a-token"})
        return left.pop(0)

    return SlipwayApi(transport=httpx.MockTransport(handle)), asked


def test_the_answer_of_a_person_is_read_as_the_connections_user(monkeypatch):
    """With a fresh token, at the place of the task."""
    hook, asked = api(httpx.Response(200, json={"response_received": True}), monkeypatch)
    assert {"response_received": True} == hook.human_input(TI)
    login, question = asked
    assert b'{"username":"slipway","password":"geheim"}' == login.content.replace(b" ", b"")
    assert "Bearer a-token" == question.headers["Authorization"]
    path = b"/api/v2/dags/shop.qa.delivery/dagRuns/manual__1%3A2%2B3/taskInstances/approval/-1/hitlDetails"
    assert path == question.url.raw_path


@pytest.mark.parametrize(("connection", "address"), [(WHOLE, "http://airflow:8080"), (PARTS, "https://airflow:8080")])
def test_the_address_is_a_url_or_its_parts(monkeypatch, connection, address):
    """As people fill in the form."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_API", connection)
    assert address == SlipwayApi().address


def test_a_task_that_asked_nothing_has_no_answer(monkeypatch):
    """Airflow answers 404."""
    assert {} == api(httpx.Response(404, json={"detail": "none"}), monkeypatch)[0].human_input(TI)


@pytest.mark.parametrize(
    "answer", [httpx.Response(401), httpx.Response(503), httpx.Response(200, text="<html>"), httpx.Response(200)]
)
def test_no_usable_answer_names_the_address_and_no_secret(monkeypatch, answer):
    """The caller decides what to do without."""
    with pytest.raises(ApiUnavailable, match="http://airflow:8080") as error:
        api(answer, monkeypatch)[0].human_input(TI)
    assert "geheim" not in str(error.value)


def test_a_missing_connection_is_named():
    """Nothing is asked."""
    with pytest.raises(NoConnection, match="no connection 'slipway_api'"):
        SlipwayApi().human_input(TI)


def test_another_task_is_answered(monkeypatch):
    """As its form does it."""
    hook, asked = api(httpx.Response(200, json={}), monkeypatch)
    assert hook.answer("shop.qa.delivery", "manual__1", "approval", "Decline", "superseded by b")
    sent = {"chosen_options": ["Decline"], "params_input": {"comment": "superseded by b"}}
    assert ("PATCH", sent) == (asked[1].method, json.loads(asked[1].content))
    assert asked[1].url.path.endswith("/dagRuns/manual__1/taskInstances/approval/-1/hitlDetails")


@pytest.mark.parametrize(
    "answers",
    [
        httpx.Response(409),
        (httpx.Response(404), httpx.Response(404)),
        (httpx.Response(404), httpx.Response(200, json={"state": "failed"})),
    ],
)
def test_a_task_that_waits_no_more_is_not_answered(monkeypatch, answers):
    """Somebody was quicker, or the run is gone."""
    assert not api(answers, monkeypatch)[0].answer("a", "b", "c", "Decline", "")


def test_a_task_that_is_about_to_ask_is_to_be_answered_later(monkeypatch):
    """Else it would wait for ever."""
    answers = (httpx.Response(404), httpx.Response(200, json={"state": "running"}))
    with pytest.raises(ApiUnavailable, match="Task 'c' of a, b cannot be answered yet"):
        api(answers, monkeypatch)[0].answer("a", "b", "c", "Decline", "")


def test_an_approval_that_only_others_may_answer_is_left_to_them(monkeypatch):
    """It was asked when they were named; the newer release goes on."""
    assert api(httpx.Response(403), monkeypatch)[0].answer("a", "b", "c", "Decline", "") is False


def test_a_task_is_run_again_with_what_is_behind_it(monkeypatch):
    """Whatever its state, without touching the run's."""
    hook, asked = api(httpx.Response(200, json={}), monkeypatch)
    hook.run_again("shop.qa.delivery", "manual__1", "slipway_result")
    sent = json.loads(asked[1].content)
    assert ("manual__1", ["slipway_result"], True) == (sent["dag_run_id"], sent["task_ids"], sent["include_downstream"])
    assert {False} == {sent[name] for name in ("dry_run", "only_failed", "reset_dag_runs")}


def test_the_audit_log_is_read_newest_first(monkeypatch):
    """Only what was asked for."""
    hook, asked = api(httpx.Response(200, json={"event_logs": [{"event": "x"}], "total_entries": 1}), monkeypatch)
    assert [{"event": "x"}] == hook.audit_log("shop.qa.delivery", ("x", "y"))
    expected = [("dag_id", "shop.qa.delivery"), ("included_events", "x"), ("included_events", "y")]
    assert [*expected, ("order_by", "-event_log_id"), ("limit", "100")] == asked[1].url.params.multi_items()


@pytest.mark.parametrize(("extra", "id"), [("", "slipway"), (', "extra": {"user_id": 12}', "12")])
def test_its_user_is_named_as_airflow_names_users(monkeypatch, extra, id):  # noqa: A002
    """Where ids are not names, the connection says so."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_API", WHOLE.replace("}", f"{extra}}}"))
    assert {"id": id, "name": "slipway"} == SlipwayApi().user
