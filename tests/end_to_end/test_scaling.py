"""What healing has scaled can be upgraded by Helm 3 and by Helm 4, and keeps its count until it is scaled back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slipway.operators.action import ActionOperator
from slipway.operators.helm_deploy import HelmDeployOperator
from slipway.operators.helm_scale import HelmScaleOperator
from slipway.operators.scale_back import ScaleBackOperator
from slipway_cluster.access import grant
from slipway_cluster.binary import binary_dir
from slipway_cluster.kubectl import kubectl, read
from slipway_cluster.sample_images import HELLOSERVICE
from slipway_cluster.target import embedded_target

from tests.end_to_end.helm3_binary import helm3

PROJECT, STAGE = "e2escale", "qa"
NAMESPACE = f"{PROJECT}-{STAGE}"
OLD, NEW = f"{HELLOSERVICE}:v0.1.1", f"{HELLOSERVICE}:v0.1.2"
# How a chart says how many replicas it wants: by its value, by a number of its own, or not at all.
COUNTS = {"value": "replicas: {{ .Values.replicaCount }}", "fixed": "replicas: 1", "silent": ""}
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  COUNT
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "{{ .Values.image }}"}]
"""


class _Task:
    """What `execute` needs of Airflow."""

    def __init__(self, name: str) -> None:
        self.dag_id, self.run_id, self.task_id = "e2e", name, name

    def xcom_push(self, key: str, value: Any) -> None:
        """Nobody reads it."""

    def xcom_pull(self, **_: Any) -> None:
        """There is nothing."""


class _Store(dict):  # type: ignore[type-arg]
    def set(self, key: str, value: Any) -> None:
        self[key] = value


def _context(name: str) -> dict[str, Any]:
    ti = _Task(name)
    run = SimpleNamespace(dag_id=ti.dag_id, run_id=ti.run_id, clear_number=0)
    return {"ti": ti, "dag_run": run, "task_state_store": _Store()}


@pytest.fixture
def service(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], dict[str, Any]]]:
    """Make a service with a chart of its own, and a connection to its stage; return what operators are told."""
    config = grant(embedded_target(), PROJECT, STAGE)
    connection = {"conn_type": "kubernetes", "extra": {"kube_config": json.dumps(config)}}
    monkeypatch.setenv(f"AIRFLOW_CONN_KUBERNETES_{PROJECT}_{STAGE}".upper(), json.dumps(connection))
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")

    def make(name: str, count: str) -> dict[str, Any]:
        chart = tmp_path / PROJECT / name / "charts" / name
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n")
        (chart / "values.yaml").write_text("replicaCount: 1\n" if count == "value" else "{}\n")
        (chart / "templates" / "deployment.yaml").write_text(DEPLOYMENT.replace("COUNT", COUNTS[count]))
        return {"project": PROJECT, "stage": STAGE, "service": name}

    yield make
    kubectl(embedded_target(), "delete", "namespace", NAMESPACE, "--wait=true", "--ignore-not-found")


def _state(name: str) -> tuple[int, int, str]:
    """Return wanted and ready replicas, and the image."""
    found = read(embedded_target(), "deployment", name, f"--namespace={NAMESPACE}")
    assert found
    spec, status = found["spec"], found["status"]
    return spec["replicas"], status.get("readyReplicas", 0), spec["template"]["spec"]["containers"][0]["image"]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("first", "then"), [("helm3", "helm3"), ("helm4", "helm4"), ("helm3", "helm4")])
def test_what_was_healed_can_be_upgraded(
    service: Callable[[str, str], dict[str, Any]], tmp_path: Path, first: str, then: str, count: str
) -> None:
    """Deliver, scale, deliver a new version, scale back, deliver again."""
    helms = {"helm3": str(helm3()), "helm4": str(binary_dir() / "helm")}
    place = service("carts", count)
    arguments = {"files": tmp_path / PROJECT, "readiness_timeout": 90.0}

    def deliver(image: str, helm: str, run: str) -> dict[str, Any]:
        payload = {**place, "configurationChange": {"values": {"image": image}}}
        operator = HelmDeployOperator(task_id="deployment", payload=payload, helm=helms[helm], **arguments)
        return operator.execute(_context(run))

    deliver(OLD, first, "one")
    assert (1, 1, OLD) == _state("carts")
    scale = partial(HelmScaleOperator, task_id="scale", helm=helms[then], **arguments)
    payload = {**place, "action": {"action": "scale", "value": "+1"}}
    scaled = ActionOperator(task_id="action", payload=payload, handler=lambda name: scale()).execute(_context("heal"))
    assert {"before": 1, "after": 2, "byValues": count == "value"} == scaled["scaling"]
    assert (2, 2, OLD) == _state("carts")
    deliver(NEW, then, "two")
    assert (2, 2, NEW) == _state("carts")
    ScaleBackOperator(task_id="back", payload=place, helm=helms[then], **arguments).execute(_context("back"))
    assert 1 == _state("carts")[0]
    deliver(OLD, then, "three")
    assert (1, OLD) == (_state("carts")[0], _state("carts")[2])
