"""Alert rules come from what is published, not from what somebody is writing."""

import pytest
from slipway_core.alerting.published import PublishedAlerts

from tests.slipway_core.publish.conftest import World

SLO = 'objectives: [{sli: speed, pass: [{criteria: ["<=600"]}]}]\ntotal_score: {pass: 90%}\n'
REMEDIATION = "apiVersion: spec.keptn.sh/0.1.4\nkind: Remediation\nmetadata: {name: any}\nspec: {remediations: []}\n"


@pytest.fixture
def world(tmp_path):
    """Two good projects; the services of one have files for alert rules."""
    made = World(tmp_path)
    carts = made.sources / "shop" / "carts"
    (carts / "prometheus").mkdir()
    (carts / "prometheus" / "sli.yaml").write_text("indicators: {speed: Q}\n")
    (carts / "slo.yaml").write_text(SLO)
    (made.sources / "shop" / "common.yaml").write_text(REMEDIATION)
    (carts / "remediation.yaml").symlink_to("../common.yaml")
    return made


def rules(alerts, world, project="shop"):
    """Publish; return the expressions of a project's rules, each once."""
    [plan] = [one.plan for one in world.publish().running if one.name == project]
    return {rule.expression for one in alerts.of(plan) for rule in one.rules}


def test_the_files_of_the_published_project_make_the_rules(world):
    """Links too."""
    alerts = PublishedAlerts(world.store)
    assert {"Q>600"} == rules(alerts, world)
    assert set() == rules(alerts, world, "blog")


def test_a_refused_change_changes_no_rule(world):
    """The last good ones go on; once mended, the new ones come."""
    alerts = PublishedAlerts(world.store)
    rules(alerts, world)
    slo = world.sources / "shop" / "carts" / "slo.yaml"
    slo.write_text("objectives: 1\n")
    assert {"Q>600"} == rules(alerts, world) == rules(PublishedAlerts(world.store), world)
    slo.write_text(SLO.replace("600", "700"))
    assert {"Q>700"} == rules(alerts, world)


def test_files_that_cannot_be_read_give_no_rules_and_are_told(world, caplog):
    """They must not end the publishing."""
    alerts = PublishedAlerts(world.store)
    [plan, *_] = [one.plan for one in world.publish().running]
    (world.store / "HEAD").unlink()
    assert () == alerts.of(plan)
    assert "could not be made" in caplog.text
