"""Links from a task's page."""

from types import SimpleNamespace

import pytest
from slipway import links
from slipway.handover import StartFollower
from slipway.operators.helm_deploy import HelmDeployOperator
from slipway.operators.locust import LocustOperator
from slipway.operators.sequence import BeginSequence
from slipway.provider import get_provider_info
from slipway.sensors.lane import LaneSensor
from slipway.sensors.slo import SLOSensor

OPERATORS = (BeginSequence, HelmDeployOperator, LaneSensor, LocustOperator, SLOSensor, StartFollower)


@pytest.mark.parametrize(
    ("link", "key"),
    [
        (links.StartedRunLink(), "started_run"),
        (links.StartedByLink(), "started_by"),
        (links.SourceCommitLink(), "source_commit"),
        (links.RunAheadLink(), "run_ahead"),
        (links.LoadReportLink(), "load_report"),
        (links.LoadStatisticsLink(), "load_statistics"),
        (links.ServiceLink(), "service_address"),
        (links.QueriesLink(), "queries"),
        (links.BaselineRunLink(), "baseline_run"),
    ],
)
def test_a_link_is_what_the_task_stored(monkeypatch, link, key):
    """And empty when it stored none."""
    stored = {key: "http://there"}
    monkeypatch.setattr(links.XCom, "get_value", lambda ti_key, key: stored.get(key))
    ti = SimpleNamespace(task_id="t", dag_id="d", run_id="r", map_index=-1)
    assert "http://there" == link.get_link(None, ti_key=ti)
    stored.clear()
    assert "" == link.get_link(None, ti_key=ti)


def test_airflow_shows_what_the_task_stored_at_once():
    """Not a copy, which Airflow makes only after it has shown the task as deferred or ended."""
    shown = {link.name: link.xcom_key for one in OPERATORS for link in one.operator_extra_links}
    assert ("run_ahead", "started_run", "queries") == tuple(
        shown[name] for name in ("Run ahead", "Started run", "Queries")
    )


def test_every_link_of_an_operator_is_announced_by_the_provider():
    """The API server knows no others."""
    used = {f"slipway.links.{type(link).__name__}" for one in OPERATORS for link in one.operator_extra_links}
    assert used == set(get_provider_info()["extra-links"])


def test_the_links_have_names_of_their_own():
    """Two of one name on a task would hide each other."""
    for one in OPERATORS:
        names = [link.name for link in one.operator_extra_links]
        assert len(names) == len(set(names))


def test_a_gate_that_has_judged_links_to_its_verdict(monkeypatch):
    """One that has not yet links nowhere."""
    stored = {"evaluation": "some id"}
    monkeypatch.setattr(links.XCom, "get_value", lambda ti_key, key: stored.get(key))
    ti = SimpleNamespace(task_id="evaluation", dag_id="shop.qa.delivery", run_id="manual__1+02:00", map_index=-1)
    address = links.VerdictLink().get_link(None, ti_key=ti)
    assert address.endswith("/slipway/verdicts/shop.qa.delivery/manual__1%2B02%3A00/evaluation")
    stored.clear()
    assert "" == links.VerdictLink().get_link(None, ti_key=ti)
