"""Names and addresses of a release."""

import pytest
from slipway.hooks.release import Release, release_name

LABELS = {"spec": {"selector": {"matchLabels": {"app": "carts", "tier": "web"}}}}


class StandInHelm:
    """Has these objects."""

    def __init__(self, *objects):
        self.objects = objects

    def manifest(self, release, *, namespace):
        return list(self.objects)


@pytest.mark.parametrize(
    ("service", "expected"), [("carts", "carts"), ("Carts_DB.2", "carts-db-2"), ("x" * 60, "x" * 53), ("a.", "a")]
)
def test_a_release_has_the_nearest_legal_name(service, expected):
    """Keptn's names may hold more than Helm's."""
    assert expected == release_name(service)


def test_pods_are_found_by_the_workloads_own_labels():
    """Else by the label that charts commonly set."""
    release = Release(StandInHelm({"kind": "Deployment", **LABELS}), "carts", "shop-qa")
    assert "app=carts,tier=web" == release.pod_selector()
    assert "app.kubernetes.io/instance=carts" == Release(StandInHelm(), "carts", "shop-qa").pod_selector()


def test_a_release_without_a_service_has_no_address():
    """Nor one with a headless Service without ports."""
    release = Release(StandInHelm(), "carts", "shop-qa")
    assert [] == release.local_uris([{"kind": "Service", "metadata": {"name": "carts"}, "spec": {}}], "carts")
    assert "" == release.image([])
