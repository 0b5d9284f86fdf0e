from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest
from slipway_local.api import AirflowApi
from slipway_local.errors import ApiError, NotReady

Answer = Callable[[httpx.Request], httpx.Response]


class Airflow:
    """Stands in for an Airflow: gives out tokens, takes one at a time, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.tokens = 0
        self.asked: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            self.tokens += 1
            return httpx.Response(201, json={"access_token": f"token-{self.tokens}"})
        self.asked.append((request.method, request.url.path))
        if request.headers.get("Authorization") != f"Bearer token-{self.tokens}":
            return httpx.Response(401, json={"detail": "Invalid JWT token"})
        return self.answer(request)


def client(handler: Answer) -> AirflowApi:
    """Return a client that asks `handler` instead of the network."""
    return AirflowApi("http://127.0.0.1:1", "admin", "geheim", transport=httpx.MockTransport(handler))


def test_a_token_is_fetched_once_for_many_requests() -> None:
    """Logging in is not repeated."""
    airflow = Airflow(lambda _: httpx.Response(200, json={"dag_id": "a"}))
    api = client(airflow)
    api.dag("a")
    api.dag("a")
    assert airflow.tokens == 1


def test_an_expired_token_is_renewed() -> None:
    """A 401 is answered by a new login and the same request again."""
    airflow = Airflow(lambda _: httpx.Response(200, json={"dag_id": "a"}))
    api = client(airflow)
    api.dag("a")
    airflow.tokens += 1  # the server forgets the token that the client has
    assert api.dag("a") == {"dag_id": "a"}


def test_a_run_is_started_without_a_logical_date() -> None:
    """Airflow wants the key to be there, and null."""
    sent = {}

    def answer(request: httpx.Request) -> httpx.Response:
        sent.update(json.loads(request.content))
        return httpx.Response(200, json={"dag_run_id": "one"})

    client(Airflow(answer)).trigger("a.b.c", {"service": "carts"}, "one")
    assert sent == {"conf": {"service": "carts"}, "logical_date": None, "note": None, "dag_run_id": "one"}


def test_a_refusal_says_address_status_and_reason() -> None:
    """The reason is Airflow's own text."""
    api = client(Airflow(lambda _: httpx.Response(400, json={"detail": "Invalid input for param service"})))
    with pytest.raises(ApiError) as refused:
        api.trigger("a.b.c", {})
    assert refused.value.status == 400
    assert "http://127.0.0.1:1/api/v2/dags/a.b.c/dagRuns answered 400" in str(refused.value)
    assert "Invalid input for param service" in str(refused.value)


def test_a_body_that_does_not_fit_names_the_field() -> None:
    """FastAPI's list of faults is shown as text, without the values."""
    detail = [{"loc": ["body", "conf"], "msg": "Input should be a dictionary", "input": "geheim"}]
    api = client(Airflow(lambda _: httpx.Response(422, json={"detail": detail})))
    with pytest.raises(ApiError, match=r"body\.conf: Input should be a dictionary") as refused:
        api.trigger("a", {})
    assert "geheim" not in str(refused.value)


def test_no_answer_names_the_address() -> None:
    """An Airflow that is away gives status 0 and its address."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with pytest.raises(ApiError, match=r"http://127\.0\.0\.1:1/auth/token got no answer: Connection refused") as away:
        client(refuse).dag("a")
    assert away.value.status == 0


def test_a_connection_that_exists_is_changed() -> None:
    """Storing twice is no error."""

    def answer(request: httpx.Request) -> httpx.Response:
        taken = request.method == "POST"
        return httpx.Response(409 if taken else 200, json={"detail": "exists"} if taken else {})

    airflow = Airflow(answer)
    client(airflow).put_connection("kubernetes_a_b", "kubernetes", {"namespace": "a-b"})
    assert airflow.asked == [("POST", "/api/v2/connections"), ("PATCH", "/api/v2/connections/kubernetes_a_b")]


def test_all_pages_of_a_collection_are_read() -> None:
    """A collection longer than one page is not cut."""
    everything = [{"dag_run_id": str(number)} for number in range(230)]

    def answer(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json={"dag_runs": everything[offset : offset + 100], "total_entries": 230})

    assert everything == list(client(Airflow(answer)).dag_runs("a"))


def test_a_value_that_was_not_stored_is_none() -> None:
    """A task without the XCom is no error."""
    api = client(Airflow(lambda _: httpx.Response(404, json={"detail": "XCom entry not found"})))
    assert api.xcom("a", "run", "task", "finished") is None


def test_a_missing_dag_is_explained_by_the_import_errors() -> None:
    """Waiting in vain for a DAG tells why it may be missing."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "importErrors" in request.url.path:
            error = {"filename": "deliveries.py", "stack_trace": "line 3: oh"}
            return httpx.Response(200, json={"import_errors": [error], "total_entries": 1})
        return httpx.Response(404, json={"detail": "no such DAG"})

    with pytest.raises(NotReady, match=r"(?s)no DAG a\.b\.c.*deliveries\.py.*line 3: oh"):
        client(Airflow(answer)).wait_for_dag("a.b.c", timeout=0)


def test_a_run_that_goes_on_too_long_says_where_it_stands() -> None:
    """The tasks and their states are named."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("taskInstances"):
            task = {"task_id": "test", "state": "running", "start_date": None}
            return httpx.Response(200, json={"task_instances": [task], "total_entries": 1})
        return httpx.Response(200, json={"state": "running"})

    with pytest.raises(NotReady, match=r"still running after 0 s: test running"):
        client(Airflow(answer)).wait_for_run("a", "one", timeout=0)
