"""A remediation sequence that really runs, in one process, with a stand-in for what scales."""

import json
from datetime import timedelta

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from slipway import task_catalog
from slipway.kept import task_run
from slipway.operators.task import TaskFailed, TaskOperator, TaskReport
from slipway_core.records import Scaled, open_records

SHIPYARD = """
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
spec:
  stages:
    - name: production
      sequences:
        - name: remediation
          triggeredOn:
            - event: production.remediation.finished
              selector: {match: {evaluation.result: fail}}
          tasks: [{name: get-action}, {name: action}]
"""
REMEDIATION = """
apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
spec:
  remediations: [{problemType: slow, actionsOnOpen: [{name: more, action: scale, value: "+1"}]}]
"""
BACK = "shop.production.scale-back"
LOCAL_BUNDLE = "airflow.dag_processing.bundles.local.LocalDagBundle"


class StandInScale(TaskOperator):
    """Scales nothing."""

    def perform(self, payload, context):
        """Report as if it had."""
        return TaskReport(message="1 → 2", data={"scaling": {"before": 1, "after": 2, "byValues": True}})


class StandInMiss(TaskOperator):
    """Scales, and what it made does not get ready."""

    def perform(self, payload, context):
        """Fail as a scaling does."""
        open_records().actions.change(task_run(context), Scaled(1, 2, True))
        raise TaskFailed("not ready with 2 replicas")


@pytest.fixture
def project(tmp_path):
    """Write a project that heals, with these settings; return its folder."""

    def make(settings=""):
        (tmp_path / "shop" / "carts").mkdir(parents=True)
        (tmp_path / "shop" / "shipyard.yaml").write_text(SHIPYARD)
        (tmp_path / "shop" / "slipway.yaml").write_text(settings)
        (tmp_path / "shop" / "carts" / "remediation.yaml").write_text(REMEDIATION)
        return tmp_path / "shop"

    return make


def test_a_stage_that_heals_has_a_way_back(publish, load, project):
    """Each sequence with an action starts it at its end, and so does the way back itself."""
    dags = load(publish(project())).dags
    assert {"shop.production.remediation", BACK} == set(dags)
    assert all("slipway_scale_back" in dag.task_ids for dag in dags.values())


def test_a_stage_that_never_scales_back_starts_no_way_back(publish, load, project):
    """It can still be started by hand."""
    dags = load(publish(project("stages: {production: {healing: {scaleBackAfter: never}}}"))).dags
    assert BACK in dags
    assert not any("slipway_scale_back" in dag.task_ids for dag in dags.values())


@pytest.mark.parametrize(
    ("handler", "ended", "became"), [(StandInScale, "success", "done"), (StandInMiss, "failed", "failed")]
)
def test_an_action_is_taken_recorded_and_its_way_back_waits(
    publish, project, tmp_path, monkeypatch, handler, ended, became
):
    """In Airflow, as a run that is not due yet, of the same context; also when what it made did not get ready."""
    from airflow import settings
    from airflow.models.dagrun import DagRun
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    settings.configure_orm()
    initdb()
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path / 'records.db'}")
    monkeypatch.setattr(
        task_catalog, "action_operator", lambda place, name: handler(seat=place.seat, **place.arguments)
    )
    dags = publish(project()) / "dags"
    local = {"name": "slipway", "classpath": LOCAL_BUNDLE, "kwargs": {"path": str(dags), "refresh_interval": 0}}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([local]))
    bag = BundleDagBag(dags, bundle_path=dags, bundle_name="slipway")
    payload = {"project": "shop", "stage": "production", "service": "carts", "problem": {"problemTitle": "slow"}}
    conf = {"service": "carts", "slipway": {"context": f"alert-{became}", "payload": payload}}
    run = bag.dags["shop.production.remediation"].test(run_conf=conf)
    assert ended == run.state
    [taken] = open_records().actions.find()
    assert (became, "scale", "+1", f"alert-{became}") == (taken.state, taken.action, taken.value, taken.context)
    with create_session() as session:
        back = session.query(DagRun).filter(DagRun.dag_id == BACK).order_by(DagRun.id.desc()).first()
        assert ("queued", f"alert-{became}") == (back.state, back.conf["slipway"]["context"])
        assert timedelta(minutes=29) < back.run_after - run.run_after < timedelta(minutes=35)
