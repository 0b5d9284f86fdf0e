"""The ways in, on a running Airflow with its simple auth manager. Nothing here touches a cluster."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from slipway_cluster import processes
from slipway_cluster.places import CHECKOUT
from slipway_core.records import Records, open_records
from slipway_local import commands, trigger_commands
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import open_approvals

from tests.end_to_end.conftest import SETTLED, within
from tests.end_to_end.ways_in_codes import (
    PROJECT,
    ROLES,
    alert,
    approval,
    event,
    login,
    senders,
    tables,
    token,
    webhook,
    write_project,
)

ANNOUNCE, AFTERMATH = f"{PROJECT}.dev.announce", f"{PROJECT}.production.aftermath"
REMEDIATION, BULK = f"{PROJECT}.dev.remediation", f"{PROJECT}.bulk.remediation"
DELIVERY = f"{PROJECT}.production.delivery"


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project whose tasks do nothing; what comes in bulk is started, and then waits."""
    write_project(sources)
    for dag_id in (ANNOUNCE, AFTERMATH, REMEDIATION, BULK, DELIVERY):
        api.wait_for_dag(dag_id)
    api.patch(f"dags/{BULK}", {"is_paused": True})


@pytest.fixture(scope="module")
def records(airflow: LocalAirflow) -> Records:
    """The records of the test's Airflow."""
    return open_records((airflow.folder / "records-url").read_text())


@pytest.fixture(scope="module")
def client(airflow: LocalAirflow) -> Iterator[httpx.Client]:
    """Ask it as nobody."""
    with httpx.Client(base_url=airflow.address, timeout=60, trust_env=False) as opened:
        yield opened


def runs_of(api: AirflowApi, dag_id: str, context: str) -> list[dict[str, Any]]:
    """Return the runs of a context in a DAG."""
    return list(api.dag_runs(dag_id, run_id_prefix_pattern=context))


def test_the_status_codes_are_those_of_the_documentation(
    airflow: LocalAirflow, client: httpx.Client, records: Records
) -> None:
    """docs/ways-in.md holds these two tables; copy them from here when they are to change."""
    logins = {role: login(client, role, airflow.password(role)) for role in ROLES}
    measured = tables(client, senders(records, logins))
    print(measured)
    assert measured in (CHECKOUT / "docs" / "ways-in.md").read_text()


def test_an_alert_that_repeats_starts_one_remediation(client: httpx.Client, api: AirflowApi, records: Records) -> None:
    """In the name of its token, with the problem as the payload."""
    headers, body = token(records, "alerts"), webhook(alert())
    contexts = {client.post("/slipway/alerts", json=body, headers=headers).json()["taken"][0]["context"] for _ in "123"}
    [context] = contexts
    assert within(30, lambda: len(runs_of(api, REMEDIATION, context)) == 1)
    [run] = runs_of(api, REMEDIATION, context)
    assert api.wait_for_run(REMEDIATION, run["dag_run_id"])["state"] == "success"
    assert run["triggering_user_name"].startswith("token:test-")
    payload = api.xcom(REMEDIATION, run["dag_run_id"], "release", "triggered")
    assert payload["problem"]["ProblemTitle"] == "response_time_p90"
    assert len(runs_of(api, REMEDIATION, context)) == 1


def test_an_event_that_is_sent_twice_starts_one_run_and_its_followers(
    client: httpx.Client, api: AirflowApi, records: Records
) -> None:
    """The state of the context shows both stages."""
    headers, sent = token(records, "events"), event()
    first, again = (client.post("/slipway/events", json=sent, headers=headers).json() for _ in "12")
    assert (first["new"], again["new"], first["keptnContext"]) == (True, False, again["keptnContext"])
    context = first["keptnContext"]
    assert within(90, lambda: [run["state"] for run in runs_of(api, AFTERMATH, context)] == ["success"])
    state = api.ask("GET", f"/slipway/contexts/{context}")
    assert [run["stage"] for run in state["runs"]] == ["dev", "production"]
    assert {run["service"] for run in state["runs"]} == {"runner"}
    assert [one["state"] for one in state["received"]] == ["started"]


def test_an_approval_is_answered_by_an_event_of_one_who_may(
    airflow: LocalAirflow, client: httpx.Client, api: AirflowApi, records: Records
) -> None:
    """Once; a viewer may not, another answer comes too late."""
    delivery = event("delivery", stage="production")
    context = client.post("/slipway/events", json=delivery, headers=token(records, "events")).json()["keptnContext"]
    assert within(60, lambda: len(runs_of(api, DELIVERY, context)) == 1)
    [run] = runs_of(api, DELIVERY, context)
    assert within(60, lambda: open_approvals(api, DELIVERY, run["dag_run_id"]) != [])
    time.sleep(SETTLED)
    sent = {**approval(), "shkeptncontext": context}
    viewer = login(client, "viewer", airflow.password("viewer"))
    assert client.post("/slipway/events", json=sent, headers=viewer).status_code == 403
    headers = login(client, "op", airflow.password("op"))
    answers = [client.post("/slipway/events", json=sent, headers=headers) for _ in "12"]
    assert [(one.status_code, one.json()["new"]) for one in answers] == [(202, True), (202, False)]
    assert api.wait_for_run(DELIVERY, run["dag_run_id"])["state"] == "success"
    assert api.xcom(DELIVERY, run["dag_run_id"], "approval", "approval")["by"] == "op"
    late = {**approval("fail"), "shkeptncontext": context}
    assert client.post("/slipway/events", json=late, headers=headers).status_code == 422


def test_the_command_line_sends_and_follows(
    airflow: LocalAirflow, api: AirflowApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user who may; a viewer is told that the role does not allow it."""
    for module in (commands, trigger_commands):
        monkeypatch.setattr(module, "kept_airflow", lambda: airflow)
    words = ["sequence", "announce", "--project", PROJECT, "--stage", "dev", "--service", "runner", "--watch"]
    done = CliRunner().invoke(trigger_commands.trigger, [*words, "--user", "user"])
    assert done.exit_code == 0, done.output
    assert AFTERMATH in done.output
    refused = CliRunner().invoke(trigger_commands.trigger, [*words, "--user", "viewer"])
    assert (refused.exit_code, "403 (as user 'viewer')" in refused.output) == (1, True), refused.output


def test_a_server_that_is_killed_loses_nothing_that_it_has_taken(
    airflow: LocalAirflow, client: httpx.Client, api: AirflowApi, records: Records
) -> None:
    """Nor is anything doubled; nobody has to ask the new server for it. A thousand alerts in one body are taken."""
    headers, body = token(records, "alerts"), webhook(*(alert("bulk") for _ in range(1000)))
    began = time.monotonic()
    answer = client.post("/slipway/alerts", json=body, headers=headers)
    print(f"A thousand alerts were taken in {time.monotonic() - began:.1f} s")
    pid = processes.running("api-server", airflow.folder)
    assert pid
    os.kill(pid, signal.SIGKILL)
    assert answer.status_code == 202
    contexts = {one["context"] for one in answer.json()["taken"]}
    left = sum(one.state == "new" for one in records.inbox.find(project=PROJECT, limit=2000))
    assert left > 0, "all were started before the server was killed; that proves nothing"
    airflow.up(print)
    assert within(300, lambda: all(one.state == "started" for one in ours(records, contexts)))
    print(f"All were started {time.monotonic() - began:.0f} s after they came; {left} of them by the second server")
    started = [run["conf"]["slipway"]["context"] for run in api.dag_runs(BULK)]
    assert sorted(contexts) == sorted(started)


def ours(records: Records, contexts: set[str]) -> list[Any]:
    """Return what was stored of these contexts."""
    found = [one for one in records.inbox.find(project=PROJECT, limit=3000) if one.context in contexts]
    assert len(found) == len(contexts)
    return found
