"""A run that a person stops."""

from __future__ import annotations

import subprocess
import time

from slipway_cluster.target import current_target, kubectl_argv
from slipway_local.api import AirflowApi

from tests.end_to_end.conftest import PROJECT, within

QA, PRODUCTION = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery"


def load_jobs() -> list[str]:
    """Return the load Jobs in qa."""
    argv = [*kubectl_argv(current_target()), "get", "jobs", "--namespace", f"{PROJECT}-qa", "--output", "name"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()


def test_marking_a_run_as_failed_stops_the_load_and_starts_nothing(api: AirflowApi) -> None:
    """The Job is deleted, the run stays failed, and production is not touched."""
    api.wait_for_dag(QA)
    before = {run["dag_run_id"] for run in api.dag_runs(PRODUCTION)}
    conf = {"service": "helloservice", "image": "ghcr.io/slipway-samples/helloservice:v0.1.1"}
    run = api.trigger(QA, conf)["dag_run_id"]
    assert within(120, lambda: load_jobs() != [])
    api.patch(f"dags/{QA}/dagRuns/{run}", {"state": "failed"})
    assert within(60, lambda: load_jobs() == [])
    time.sleep(5)  # what would still be started, is started now
    assert api.dag_run(QA, run)["state"] == "failed"
    assert {run["dag_run_id"] for run in api.dag_runs(PRODUCTION)} == before
