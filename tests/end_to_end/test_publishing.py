"""A shipyard that breaks while a delivery is under way."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from slipway_local.api import AirflowApi

from tests.end_to_end.conftest import PROJECT

QA = f"{PROJECT}.qa.delivery"
OTHER = "e2eother"
OTHER_SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: e2eother
spec:
  stages:
    - name: dev
      sequences:
        - name: announce
          tasks:
            - name: release
"""


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Say whether something comes to hold within a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(1)
    return holds()


def test_a_broken_shipyard_stops_neither_its_own_run_nor_another_project(api: AirflowApi, sources: Path) -> None:
    """The run ends well, the other project goes on, the error shows with its line; mended, it is back in a minute."""
    shipyard = sources / PROJECT / "shipyard.yaml"
    good = shipyard.read_text()
    broken = good.replace("spec.keptn.sh/0.2.2", "spec.keptn.sh/0.1.7")
    line = next(number for number, text in enumerate(broken.splitlines(), 1) if text.startswith("apiVersion:"))
    api.wait_for_dag(QA)
    run = api.trigger(QA, {"service": "helloservice", "image": "ghcr.io/slipway-samples/helloservice:v0.1.1"})
    try:
        shipyard.write_text(broken)
        (sources / OTHER / "runner").mkdir(parents=True)
        (sources / OTHER / "runner" / "values.yaml").write_text("")
        (sources / OTHER / "shipyard.yaml").write_text(OTHER_SHIPYARD)
        assert within(60, lambda: any(f"shipyard.yaml, line {line}" in text for text in errors(api))), errors(api)
        api.wait_for_dag(f"{OTHER}.dev.announce", timeout=60)
        other = api.trigger(f"{OTHER}.dev.announce", {"service": "runner"})
        assert api.wait_for_run(f"{OTHER}.dev.announce", other["dag_run_id"])["state"] == "success"
        assert api.wait_for_run(QA, run["dag_run_id"])["state"] == "success"
        assert api.dag(QA)["is_stale"] is False
    finally:
        shipyard.write_text(good)
    assert within(60, lambda: errors(api) == []), errors(api)


def errors(api: AirflowApi) -> list[str]:
    """Return the texts of Airflow's import errors."""
    return [one["stack_trace"] for one in api.import_errors()]
