"""The quality gate on a real Airflow, with numbers of a real Prometheus, and what people see of it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from click.testing import CliRunner
from slipway_cluster import processes
from slipway_core.cli import history as history_cli
from slipway_local import sessions
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.deliveries import Delivery, deliver, follow
from slipway_local.workloads import workloads

from tests.end_to_end.conftest import PROJECT, within

SLOW = "ghcr.io/slipway-samples/helloservice:v0.1.2"
QA, PRODUCTION, BY_HAND = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery", f"{PROJECT}.qa.evaluation"


@pytest.fixture(scope="module")
def slow(api: AirflowApi) -> Delivery:
    """Deliver a version that answers too slowly."""
    return deliver(api, QA, "helloservice", SLOW, {"build": "slow"}, progress=print)


def gate_links(api: AirflowApi, delivery: Delivery) -> dict[str, str]:
    """Return the links on the page of a delivery's gate."""
    path = f"dags/{delivery.dag_id}/dagRuns/{delivery.run_id}/taskInstances/evaluation/links"
    return dict(api.get(path)["extra_links"])


def test_a_slow_version_fails_with_the_objective_named(api: AirflowApi, slow: Delivery) -> None:
    """It reached qa, and the gate's log has the whole table."""
    assert [(task.name, task.result) for task in slow.tasks] == [
        ("deployment", "pass"),
        ("test", "pass"),
        ("evaluation", "fail"),
    ]
    assert SLOW in [one.image for one in workloads(f"{PROJECT}-qa")]
    log = api.logs(QA, slow.run_id, "evaluation")
    for word in ("Mean response time in seconds (key)", "<=0.2", "missed: <=0.2", "127.0.0.1:30090"):
        assert word in log


def test_nothing_follows_a_failed_gate(api: AirflowApi, slow: Delivery) -> None:
    """The run failed, and production was not asked."""
    assert slow.state == "failed"
    assert follow(api, slow, PRODUCTION, appears=3) is None


def test_the_verdict_s_page_is_for_those_who_may_see_the_run(
    airflow: LocalAirflow, api: AirflowApi, slow: Delivery
) -> None:
    """Nobody without a login; a viewer sees objectives, limits and queries."""
    address = gate_links(api, slow)["Verdict"]
    login = {"username": "viewer", "password": airflow.password("viewer")}
    token = httpx.post(f"{airflow.address}/auth/token", json=login).json()["access_token"]
    assert httpx.get(address).status_code == 401
    shown = httpx.get(address, headers={"Authorization": f"Bearer {token}"})
    assert shown.status_code == 200
    for text in ("Mean response time in seconds", "http_server_request_duration_seconds_sum", "missed: &lt;=0.2"):
        assert text in shown.text
    assert "of the published tree" in shown.text


def test_the_queries_open_in_prometheus_own_page(api: AirflowApi, slow: Delivery) -> None:
    """Prometheus knows the page, and the first query gives a number at the window's end."""
    address = httpx.URL(gate_links(api, slow)["Queries"])
    assert httpx.get(address, follow_redirects=True, trust_env=False).status_code == 200
    moment = datetime.strptime(address.params["g0.end_input"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    asked = {"query": address.params["g0.expr"], "time": moment.timestamp()}
    answer = httpx.get(address.copy_with(path="/api/v1/query", query=None), params=asked, trust_env=False).json()
    assert float(answer["data"]["result"][0]["value"][1]) > 0.2


def test_the_verdict_is_in_the_history(monkeypatch: pytest.MonkeyPatch, airflow: LocalAirflow, slow: Delivery) -> None:
    """With its result, for everybody at a shell."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", (airflow.folder / "records-url").read_text())
    listed = CliRunner().invoke(history_cli.history, [PROJECT, "--format", "json"])
    assert listed.exit_code == 0, listed.output
    assert '"slow"' in listed.output


def test_the_test_button_asks_the_real_prometheus(api: AirflowApi, slow: Delivery) -> None:
    """As the connection's form does; a wrong address is named."""
    kept = api.get("connections/prometheus_default")
    body = {name: kept[name] for name in ("connection_id", "conn_type", "host")}
    good = api.post("connections/test", body)
    assert (good["status"], good["message"]) == (True, f"{kept['host']} answers queries.")
    bad = api.post("connections/test", {**body, "connection_id": "elsewhere", "host": "http://127.0.0.1:1"})
    assert bad["status"] is False
    assert "http://127.0.0.1:1 cannot be reached" in bad["message"]


def test_a_restart_while_a_gate_waits_loses_nothing(airflow: LocalAirflow, api: AirflowApi, slow: Delivery) -> None:
    """Scheduler and triggerer go and come; the window stays the one that was waited for."""
    start = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    run_id = api.trigger(BY_HAND, {"service": "helloservice", "start": start, "timeframe": "1m"})["dag_run_id"]

    def state() -> str:
        return {task["task_id"]: task["state"] for task in api.task_instances(BY_HAND, run_id)}["evaluation"]

    assert within(60, lambda: state() == "deferred")
    for part in ("scheduler", "triggerer"):
        leader = sessions.recorded(part, airflow.folder)
        processes.stop(part, airflow.folder)
        sessions.end_session(leader)
    airflow.up(print)
    api.wait_for_run(BY_HAND, run_id, timeout=180)
    report = api.xcom(BY_HAND, run_id, "evaluation", "finished")
    assert report["evaluation"]["timeStart"] == start
    assert report["status"] == "succeeded"
