from __future__ import annotations

from typing import Any

import httpx
import pytest
from rich.console import Console
from slipway_local.api import AirflowApi
from slipway_local.deliveries import deliver, follow, wait_for_connections
from slipway_local.demo_tables import load_table, tasks_table
from slipway_local.errors import NotReady

CONTEXT = "7d1c"
REPORTS = {
    "deployment": {"result": "pass"},
    "test": {"result": "pass", "test": {"requests": 120, "failures": 0, "p95_ms": 8.5}},
}


def _runs(dag_id: str) -> list[dict[str, Any]]:
    if dag_id != "p.production.delivery":
        return []
    other = {"dag_run_id": f"{CONTEXT}-0", "conf": {"slipway": {"context": "another"}}}
    return [other, {"dag_run_id": f"{CONTEXT}-1", "conf": {"slipway": {"context": CONTEXT}}}]


def _tasks(dag_id: str) -> list[dict[str, Any]]:
    names = ["slipway_begin", "deployment", *(["test"] if ".qa." in dag_id else []), "slipway_finish"]
    shared = {"dag_id": dag_id, "dag_run_id": "r", "state": "success", "duration": 1.5}
    return [
        {**shared, "task_id": name, "task_display_name": name, "start_date": f"2026-03-01T12:00:0{place}Z"}
        for place, name in enumerate(names)
    ]


def _airflow(request: httpx.Request) -> httpx.Response:
    """Answer as an Airflow in which qa has ended and production has followed."""
    path = request.url.path
    dag_id = path.split("/")[4] if "/dags/" in path else ""
    if path == "/auth/token":
        return httpx.Response(201, json={"access_token": "t"})
    if path.endswith("/dagRuns") and request.method == "GET":
        runs = _runs(dag_id)
        return httpx.Response(200, json={"dag_runs": runs, "total_entries": len(runs)})
    if path.endswith("/taskInstances"):
        tasks = _tasks(dag_id)
        return httpx.Response(200, json={"task_instances": tasks, "total_entries": len(tasks)})
    if path.endswith("/xcomEntries/triggered"):
        return httpx.Response(200, json={"value": {"context": CONTEXT}})
    if path.endswith("/xcomEntries/finished"):
        return httpx.Response(200, json={"value": REPORTS[path.split("/")[-3]]})
    return httpx.Response(200, json={"dag_run_id": "r", "state": "success", "is_stale": False})


def _api() -> AirflowApi:
    return AirflowApi("http://127.0.0.1:1", "admin", "geheim", transport=httpx.MockTransport(_airflow))


def test_a_delivery_shows_the_tasks_of_the_shipyard_only() -> None:
    """Slipway's own tasks are left out."""
    done = deliver(_api(), "p.qa.delivery", "s", "image:1", {})
    assert [task.name for task in done.tasks] == ["deployment", "test"]
    assert (done.stage, done.context, done.succeeded) == ("qa", CONTEXT, True)


def test_the_follower_is_the_run_with_the_same_context() -> None:
    """Another run whose id happens to begin alike is not taken."""
    first = deliver(_api(), "p.qa.delivery", "s", "image:1", {})
    followed = follow(_api(), first, "p.production.delivery", appears=0)
    assert followed is not None
    assert f"{CONTEXT}-1" == followed.run_id


def test_no_follower_is_none() -> None:
    """A sequence that started nothing is told apart from one that takes long."""
    first = deliver(_api(), "p.qa.delivery", "s", "image:1", {})
    assert follow(_api(), first, "p.staging.delivery", appears=0) is None


def test_the_tables_hold_results_and_load() -> None:
    """Stage, task, result, seconds; and the numbers of the one load test."""
    done = deliver(_api(), "p.qa.delivery", "s", "image:1", {})
    console = Console(width=120, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as shown:
        console.print(tasks_table([done]))
        console.print(load_table([done]))
    for part in ("qa", "deployment", "pass", "1.5", "120", "8.5"):
        assert part in shown.get()


def test_without_a_load_test_there_is_no_table_of_load() -> None:
    """Production has no test here."""
    first = deliver(_api(), "p.qa.delivery", "s", "image:1", {})
    followed = follow(_api(), first, "p.production.delivery", appears=0)
    assert followed is not None
    assert load_table([followed]) is None


def _connections(known: list[str]) -> AirflowApi:
    """Return an Airflow that gets one connection more at each look."""
    found: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        there = request.url.path.rpartition("/")[2] in found
        found.update(known[:1])
        del known[:1]
        return httpx.Response(200 if there else 404, json={"description": ""} if there else {"detail": "not found"})

    return AirflowApi("http://127.0.0.1:1", "admin", "geheim", transport=httpx.MockTransport(answer))


def test_the_access_of_all_stages_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery that begins before the publisher has made it would fail; what is waited for is said."""
    slept: list[float] = []
    said: list[str] = []
    monkeypatch.setattr("time.sleep", slept.append)
    wait_for_connections(_connections(["a", "b"]), ["a", "b"], progress=said.append)
    assert len(slept) >= 1
    assert said == ["Waiting for access to the stages: a, b"]


def test_access_that_does_not_come_is_an_error_with_what_to_look_at() -> None:
    """Not a wait without end."""
    with pytest.raises(NotReady, match=r"no connection b after 0 s.*logs publisher"):
        wait_for_connections(_connections(["a"]), ["a", "b"], timeout=0.2)
