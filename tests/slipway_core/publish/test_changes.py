"""What a changed shipyard would change."""

from pathlib import Path

import pytest
from slipway_core.keptn.plan import plan_project
from slipway_core.keptn.shipyard import shipyard_of
from slipway_core.keptn.source import read_source
from slipway_core.publish.changes import changed_dags, changed_services

SHIPYARD = (Path(__file__).parents[1] / "fixtures/project/shipyard.yaml").read_text()


def plan(text=SHIPYARD, services=("carts",)):
    """Compile a shipyard."""
    return plan_project(shipyard_of(read_source(text, "shipyard.yaml"))[0], "shop", services, {"deployment", "test"})


def test_nothing_changed_is_nothing():
    """Compiled twice."""
    assert [] == changed_dags(plan(), plan())
    assert [] == changed_services(plan(), plan())


def test_everything_is_added_at_first():
    """There is no DAG yet."""
    assert {"added"} == {one.what for one in changed_dags(None, plan())}
    assert ["+ carts"] == changed_services(None, plan())


def test_a_stage_that_goes_takes_its_dags_along():
    """And those that started it are altered."""
    alone = SHIPYARD[: SHIPYARD.index("    - name: production")]
    changes = {one.dag_id: one.what for one in changed_dags(plan(), plan(alone))}
    assert "removed" == changes["shop.production.delivery"]
    assert "altered" == changes["shop.qa.delivery"]


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ("name: deployment\n", "name: deployment\n            - name: test\n", "task test comes"),
        (
            "name: deployment\n",
            "name: deployment\n              triggeredAfter: 5m\n",
            "delay of deployment: 0 s becomes 300 s",
        ),
        (
            "name: deployment\n",
            "name: deployment\n              properties:\n                deploymentstrategy: direct\n",
            "properties of deployment: None becomes {'deploymentstrategy': 'direct'}",
        ),
        ("name: deployment\n", "name: test\n", "task deployment goes"),
    ],
)
def test_an_altered_dag_says_how(old, new, detail):
    """One line for each thing."""
    (change,) = changed_dags(plan(), plan(SHIPYARD.replace(old, new, 1)))
    assert ("altered", "shop.qa.delivery") == (change.what, change.dag_id)
    assert detail in change.details


def test_another_trigger_is_named():
    """With its selector."""
    event = "            - event: qa.delivery.finished\n"
    changed = SHIPYARD.replace(
        event, f"{event}              selector:\n                match:\n                  result: fail\n"
    )
    details = {one.dag_id: one.details for one in changed_dags(plan(), plan(changed))}
    expected = "starts after qa.delivery.finished: becomes qa.delivery.finished if {'result': 'fail'}"
    assert (expected,) == details["shop.production.delivery"]


def test_services_that_come_and_go_are_named():
    """They are no DAGs."""
    assert ["+ orders", "- carts"] == changed_services(plan(), plan(services=["orders"]))
