"""`slipway plan`, with a stand-in for Airflow."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from slipway_core.publish.changes import ALTERED, REMOVED, DagChange
from slipway_core.publish.publisher import publish_once
from slipway_local import plan as plan_command
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.plan import in_flight, plan

FIXTURE = Path(__file__).parents[1] / "slipway_core/fixtures/project"


def api(request: httpx.Request) -> httpx.Response:
    """Answer as Airflow does: one run of one DAG."""
    if request.url.path == "/auth/token":
        return httpx.Response(201, json={"access_token": "token"})
    if "shop.qa.delivery" not in request.url.path:
        return httpx.Response(404, json={"detail": "no such DAG"})
    assert ["queued", "running"] == request.url.params.get_list("state")
    return httpx.Response(200, json={"dag_runs": [{"dag_run_id": "run-1", "state": "running"}], "total_entries": 1})


@pytest.mark.parametrize(
    ("what", "becomes"), [(ALTERED, "ends with the files it began with"), (REMOVED, "stands still")]
)
def test_runs_in_flight_are_named_with_what_becomes_of_them(what: str, becomes: str) -> None:
    """A DAG that Airflow does not know has none."""
    with AirflowApi("http://test", "admin", "secret", transport=httpx.MockTransport(api)) as client:
        lines = list(in_flight(client, [DagChange(what, "shop.qa.delivery"), DagChange(what, "shop.dev.delivery")]))
        assert ["No run of these DAGs is in flight."] == list(in_flight(client, []))
    assert 1 == len(lines)
    assert "shop.qa.delivery run-1 (running): it " in lines[0]
    assert becomes in lines[0]


def test_a_plan_says_what_publishing_would_change(
    tmp_path: Path, described: LocalAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at first, then a task more; a broken shipyard would be refused."""
    monkeypatch.setattr(plan_command, "handled_tasks", lambda: {"deployment", "test"})
    monkeypatch.setattr(plan_command, "kept_airflow", lambda: described)
    sources, dags, store = tmp_path / "sources", tmp_path / "dags", tmp_path / "published"
    shipyard = Path(shutil.copytree(FIXTURE, sources / "shop")) / "shipyard.yaml"
    dags.mkdir()
    (dags / "deliveries.py").write_text("# airflow dag\n")
    where = ["shop", "--sources", str(sources), "--store", str(store)]
    said = CliRunner().invoke(plan, where).output
    assert "+ shop.qa.delivery (added)\n    tasks: deployment\n" in said
    publish_once(sources, dags, store, {"deployment", "test"})
    assert "No DAG and no service changes" in CliRunner().invoke(plan, where).output
    good = shipyard.read_text()
    shipyard.write_text(good.replace("name: deployment\n", "name: deployment\n            - name: test\n", 1))
    said = CliRunner().invoke(plan, where).output
    assert "~ shop.qa.delivery (altered)\n    task test comes\n" in said
    assert "Airflow does not run: no run is in flight." in said
    shipyard.write_text("apiVersion: spec.keptn.sh/0.1.9\n")
    result = CliRunner().invoke(plan, where)
    assert 1 == result.exit_code
    assert "It would be refused; what is published goes on." in result.output
