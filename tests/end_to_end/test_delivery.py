"""A delivery on a real Airflow and a real cluster, with what people see of it."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest
from slipway_cluster.monitoring import PROMETHEUS_URL
from slipway_cluster.target import current_target, helm_argv
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.deliveries import Delivery, deliver, ended, follow, follower
from slipway_local.errors import ApiError
from slipway_local.workloads import workloads

from tests.end_to_end.conftest import PROJECT, approve, within

IMAGE = "ghcr.io/slipway-samples/helloservice:v0.1.1"
QA, PRODUCTION = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery"


@pytest.fixture(scope="module")
def in_qa(api: AirflowApi) -> Delivery:
    """Deliver v0.1.1 to qa."""
    return deliver(api, QA, "helloservice", IMAGE, {"build": "42"}, progress=print)


@pytest.fixture(scope="module")
def in_production(api: AirflowApi, in_qa: Delivery) -> Delivery:
    """Approve the delivery that follows in production, and wait for its end."""
    run_id = follower(api, in_qa.context, PRODUCTION)
    assert run_id is not None, f"nothing followed {in_qa}"
    approve(api, PRODUCTION, run_id)
    return ended(api, PRODUCTION, run_id, timeout=600)


def links(api: AirflowApi, delivery: Delivery, task_id: str) -> dict[str, str]:
    """Return the links on a task's page."""
    path = f"dags/{delivery.dag_id}/dagRuns/{delivery.run_id}/taskInstances/{task_id}/links"
    return dict(api.get(path)["extra_links"])


def test_every_task_of_qa_passes(in_qa: Delivery) -> None:
    """The tasks of the shipyard ran in order and passed."""
    passed = [(name, "pass") for name in ("deployment", "test", "evaluation")]
    assert [(task.name, task.result) for task in in_qa.tasks] == passed


def test_production_follows_with_the_same_context_and_payload(
    api: AirflowApi, in_qa: Delivery, in_production: Delivery
) -> None:
    """Image, labels and the reports of qa reach production; nobody has to say them again (R11, R19, R22)."""
    payload = api.xcom(PRODUCTION, in_production.run_id, "deployment", "triggered")
    assert in_production.succeeded
    assert in_production.context == in_qa.context
    assert payload["configurationChange"]["values"]["image"] == IMAGE
    assert payload["labels"] == {"build": "42"}
    assert (payload["stage"], payload["result"]) == ("production", "pass")
    assert payload["test"]["requests"] > 0


def test_the_person_who_began_is_known_in_production(api: AirflowApi, in_production: Delivery) -> None:
    """A chain belongs to whoever started its first run."""
    assert api.dag_run(PRODUCTION, in_production.run_id)["triggering_user_name"] == "admin"


def test_the_runs_link_to_each_other(api: AirflowApi, in_qa: Delivery, in_production: Delivery) -> None:
    """From the parent's handover to the child, from the child's first task and note to the parent."""
    assert links(api, in_qa, "slipway_follow_0")["Started run"] == api.run_page(PRODUCTION, in_production.run_id)
    assert links(api, in_production, "slipway_begin")["Started by"] == api.run_page(QA, in_qa.run_id)
    assert api.run_page(QA, in_qa.run_id) in api.dag_run(PRODUCTION, in_production.run_id)["note"]


@pytest.mark.parametrize("stage", ["qa", "production"])
def test_the_image_runs_in_the_stage(stage: str, in_production: Delivery) -> None:
    """The cluster itself says so."""
    found = [(one.image, one.ready == one.wanted > 0) for one in workloads(f"{PROJECT}-{stage}")]
    assert found == [(IMAGE, True)]


def test_helm_has_one_revision_named_after_the_service(in_qa: Delivery) -> None:
    """The release carries the service's name, in the namespace of project and stage; it was installed once."""
    argv = [*helm_argv(current_target()), "list", "--namespace", f"{PROJECT}-qa", "--output", "json"]
    releases = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    assert [(one["name"], one["revision"]) for one in releases] == [("helloservice", "1")]


def test_prometheus_scrapes_the_service(in_qa: Delivery) -> None:
    """One job with one target, named as Keptn named it, up within a minute of the delivery (evaluation.md 12)."""
    assert within(60, lambda: scraped(f"helloservice-{PROJECT}-qa") == ["up"])


def scraped(job: str) -> list[str]:
    """Return the health of each target of a scrape job."""
    targets = httpx.get(f"{PROMETHEUS_URL}/api/v1/targets", trust_env=False).json()["data"]["activeTargets"]
    return [target["health"] for target in targets if target["labels"]["job"] == job]


def test_the_load_report_is_shown_to_those_who_may_see_it_only(
    airflow: LocalAirflow, api: AirflowApi, in_qa: Delivery
) -> None:
    """Nobody without a login; a viewer's token opens Locust's own page, in a sandbox."""
    address = links(api, in_qa, "test")["Load report"]
    login = {"username": "viewer", "password": airflow.password("viewer")}
    token = httpx.post(f"{airflow.address}/auth/token", json=login).json()["access_token"]
    report = httpx.get(address, headers={"Authorization": f"Bearer {token}"})
    assert httpx.get(address).status_code == 401
    assert report.status_code == 200
    assert "Locust" in report.text
    assert report.headers["content-security-policy"].startswith("sandbox")


def test_load_and_progress_stand_in_the_log(api: AirflowApi, in_qa: Delivery) -> None:
    """Locust's own lines came while it ran, and the table of figures at the end."""
    log = api.logs(QA, in_qa.run_id, "test")
    assert "Aggregated" in log
    assert "p95 ms" in log


@pytest.mark.parametrize(
    ("conf", "field"),
    [
        ({"service": "nobody", "image": IMAGE}, "service"),
        ({"service": "helloservice", "image": "two words"}, "image"),
        ({"service": "helloservice", "image": IMAGE, "labels": {"build": 42}}, "labels"),
        ({"service": "helloservice", "image": IMAGE, "values": "replicaCount=2"}, "values"),
    ],
)
def test_wrong_input_is_refused_at_the_door(api: AirflowApi, conf: dict[str, object], field: str) -> None:
    """The form's own check names what is wrong; no run is made."""
    with pytest.raises(ApiError, match=field):
        api.trigger(QA, conf)


def test_an_empty_image_is_refused_by_the_first_task(api: AirflowApi, in_qa: Delivery) -> None:
    """Nothing is deployed, nothing follows, and the log names the field."""
    run = api.trigger(QA, {"service": "helloservice"})["dag_run_id"]
    assert api.wait_for_run(QA, run)["state"] == "failed"
    states = {task["task_id"]: task["state"] for task in api.task_instances(QA, run)}
    assert states["deployment"] == "upstream_failed"
    assert states["slipway_follow_0"] == "upstream_failed"  # as all between a failed setup and its teardown
    assert "Field 'image' is empty" in api.logs(QA, run, "slipway_begin")


def test_an_image_that_cannot_be_pulled_fails_with_the_reason(api: AirflowApi, in_production: Delivery) -> None:
    """The log has the pod's own words, production keeps what it had, and Airflow does not try again."""
    wrong = "ghcr.io/slipway-samples/helloservice:v9.9.9"
    failed = deliver(api, QA, "helloservice", wrong, {}, progress=print)
    log = api.logs(QA, failed.run_id, "deployment")
    assert failed.state == "failed"
    assert ("deployment", "fail") in [(task.name, task.result) for task in failed.tasks]
    assert "ImagePullBackOff" in log or "ErrImagePull" in log
    assert follow(api, failed, PRODUCTION, appears=3) is None
    assert [one.image for one in workloads(f"{PROJECT}-production")] == [IMAGE]
