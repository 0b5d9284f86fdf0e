"""What runs in a stage now."""

import pytest
from slipway.hooks.faults import HelmUnavailable, NoAccess
from slipway.hooks.running import NOTHING, running_now

PAYLOAD = {"project": "shop", "stage": "production", "service": "carts"}
DEPLOYMENT = {
    "kind": "Deployment",
    "spec": {"template": {"spec": {"containers": [{"image": "ghcr.io/shop/carts:1.0"}]}}},
}


class StandInHelm:
    """Has one release, or none, or does not answer."""

    def __init__(self, *revisions, fault=None):
        self.revisions, self.fault = revisions, fault

    def history(self, release, *, namespace):
        if self.fault:
            raise self.fault
        assert "shop-production" == namespace
        return list(self.revisions) if release == "carts" else []

    def manifest(self, release, *, namespace):
        return [DEPLOYMENT]


def test_image_and_revision_of_the_release_are_said():
    """As Helm knows them."""
    helm = StandInHelm({"revision": 1, "status": "superseded"}, {"revision": 2, "status": "deployed"})
    assert "ghcr.io/shop/carts:1.0, revision 2 (deployed)" == running_now(PAYLOAD, hook=helm)


def test_a_stage_without_a_release_runs_nothing():
    """The first delivery."""
    assert NOTHING == running_now(PAYLOAD, hook=StandInHelm())


@pytest.mark.parametrize("fault", [HelmUnavailable("connection refused\nlong story"), NoAccess("not allowed")])
def test_a_cluster_that_does_not_answer_is_said_in_one_line(fault):
    """The person is asked all the same."""
    said = running_now(PAYLOAD, hook=StandInHelm(fault=fault))
    assert f"not known: {str(fault).splitlines()[0]}" == said
