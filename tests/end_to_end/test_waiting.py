"""Two hundred gates and approvals wait at once: what that costs. Prints what it measured (`make soak`)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from slipway_cluster import processes
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi

from tests.end_to_end.conftest import within

pytestmark = pytest.mark.soak
PROJECT = "e2ewaiting"
APPROVALS, GATES = f"{PROJECT}.production.delivery", f"{PROJECT}.production.evaluation"
EACH = 100
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: {PROJECT}
spec:
  stages:
    - name: production
      sequences:
        - name: delivery
          tasks:
            - name: approval
            - name: release
"""


@pytest.fixture(scope="module")
def airflow(bare_airflow: LocalAirflow) -> LocalAirflow:
    """Return an Airflow; nothing here touches a cluster."""
    return bare_airflow


@pytest.fixture(scope="module")
def api(airflow: LocalAirflow) -> Iterator[AirflowApi]:
    """Return a client of the test's Airflow, as admin."""
    with airflow.api() as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project with a hundred services: what belongs to one service might wait for its own kind."""
    for number in range(EACH):
        (sources / PROJECT / f"service{number}").mkdir(parents=True, exist_ok=True)
        (sources / PROJECT / f"service{number}" / "values.yaml").write_text("")
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    api.wait_for_dag(APPROVALS)
    api.wait_for_dag(GATES)


def waiting(api: AirflowApi) -> Counter[str]:
    """Return how many tasks are in which state, of all those that are to wait."""
    states: Counter[str] = Counter()
    for dag_id, task_id in ((APPROVALS, "approval"), (GATES, "evaluation")):
        for task in api.pages(f"dags/{dag_id}/dagRuns/~/taskInstances", "task_instances", task_id=task_id):
            states[task["state"] or "none"] += 1
    return states


def memory(airflow: LocalAirflow, part: str) -> float:
    """Return the proportional memory of a part and all its processes, in MiB."""
    leader = processes.running(part, airflow.folder)
    assert leader is not None
    kilobytes = 0
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getsid(int(folder.name)) == os.getsid(leader):
                lines = (folder / "smaps_rollup").read_text().splitlines()
                kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, ProcessLookupError):
            continue  # it has ended meanwhile
    return kilobytes / 1024


def test_two_hundred_that_wait_hold_no_worker(airflow: LocalAirflow, api: AirflowApi) -> None:
    """No worker slot, no slot of the pool; the triggerer's memory is told."""
    before = memory(airflow, "triggerer")
    start = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    runs = []
    for number in range(EACH):
        service = f"service{number}"
        runs.append((APPROVALS, api.trigger(APPROVALS, {"service": service})["dag_run_id"]))
        window = {"service": service, "start": start, "timeframe": "55m"}
        runs.append((GATES, api.trigger(GATES, window)["dag_run_id"]))
    began = datetime.now(UTC)
    try:
        assert within(2400, lambda: waiting(api) == {"awaiting_input": EACH, "deferred": EACH}), waiting(api)
        took = (datetime.now(UTC) - began).total_seconds()
        pool = api.get("pools/default_pool")
        after = memory(airflow, "triggerer")
        print(f"\n{2 * EACH} wait after {took:.0f} s; worker slots held: {pool['running_slots']}", end="")
        print(f"; pool slots: {pool['occupied_slots']}; triggerer: {before:.0f} MiB before, {after:.0f} MiB now")
        assert (pool["running_slots"], pool["queued_slots"], pool["occupied_slots"]) == (0, 0, 0)
    finally:
        for dag_id, run_id in runs:
            api.patch(f"dags/{dag_id}/dagRuns/{run_id}", {"state": "failed"})
