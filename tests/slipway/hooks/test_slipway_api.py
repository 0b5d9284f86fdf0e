"""Asking Airflow's own API from a task, with a stand-in for the network."""

from types import SimpleNamespace

import httpx
import pytest
from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable, SlipwayApi

TI = SimpleNamespace(dag_id="shop.qa.delivery", run_id="manual__1:2+3", task_id="approval", map_index=-1)
WHOLE = '{"conn_type": "http", "host": "http://airflow:8080/", "login": "slipway", "password": "geheim"}'
PARTS = '{"conn_type": "http", "host": "airflow", "port": 8080, "schema": "https", "login": "a", "password": "b"}'


def api(answer, monkeypatch, connection=WHOLE):
    """Return the hook, and what it asks."""
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_API", connection)
    asked = []

    def handle(request):
        asked.append(request)
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "a-token"})
        return answer

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
