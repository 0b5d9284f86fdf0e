"""Names and addresses of a release."""

from slipway.hooks.release import Release

LABELS = {"spec": {"selector": {"matchLabels": {"app": "carts", "tier": "web"}}}}


class StandInHelm:
    """Has these objects."""

    def __init__(self, *objects):
        self.objects = objects

    def manifest(self, release, *, namespace):
        return list(self.objects)


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
