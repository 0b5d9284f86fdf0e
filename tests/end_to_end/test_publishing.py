"""A shipyard that breaks while a delivery is under way."""

from __future__ import annotations

from pathlib import Path

from slipway_local.api import AirflowApi

from tests.end_to_end.conftest import PROJECT, within

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


def test_a_change_shows_within_a_minute(api: AirflowApi, sources: Path) -> None:
    """A task more in the shipyard is a task more in the DAG; nobody has to restart anything."""
    shipyard = sources / PROJECT / "shipyard.yaml"
    good = shipyard.read_text()
    last_of_qa = "                teststrategy: performance\n"
    api.wait_for_dag(QA)
    assert "release" not in tasks(api)
    try:
        shipyard.write_text(good.replace(last_of_qa, f"{last_of_qa}            - name: release\n"))
        assert within(60, lambda: "release" in tasks(api)), tasks(api)
    finally:
        shipyard.write_text(good)
    assert within(60, lambda: "release" not in tasks(api)), tasks(api)


def tasks(api: AirflowApi) -> list[str]:
    """Return the names of the tasks of the delivery to qa, as Airflow knows them now."""
    return [str(task["task_id"]) for task in api.get(f"dags/{QA}/tasks")["tasks"]]


def errors(api: AirflowApi) -> list[str]:
    """Return the texts of Airflow's import errors."""
    return [one["stack_trace"] for one in api.import_errors()]
