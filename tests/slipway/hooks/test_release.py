"""Names and addresses of a release."""

from datetime import UTC, datetime, timedelta

import pytest
from slipway.hooks.release import DYING, Release

LABELS = {"spec": {"selector": {"matchLabels": {"app": "carts", "tier": "web"}}}}


class StandInHelm:
    """Has these objects, or a history; remembers how a release was freed."""

    def __init__(self, *objects, history=()):
        self.objects, self.revisions, self.freed = objects, list(history), []

    def history(self, release, *, namespace):
        return self.revisions

    def rollback(self, release, revision, *, namespace, wait):
        self.freed.append(("rollback", revision, wait))

    def uninstall(self, release, *, namespace):
        self.freed.append(("uninstall",))

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


def helm_with(*states, ago=DYING + timedelta(seconds=1)):
    """Return a Helm with revisions of these states, begun so long ago."""
    began = str(datetime.now(UTC) - ago)
    return StandInHelm(history=[{"revision": 1 + at, "status": one, "updated": began} for at, one in enumerate(states)])


@pytest.mark.parametrize(
    ("states", "done"),
    [
        (["superseded", "deployed", "pending-upgrade"], ("rollback", 2, False)),
        (["deployed", "failed", "pending-upgrade"], ("rollback", 1, False)),
        (["superseded", "superseded", "pending-rollback"], ("rollback", 2, False)),
        (["failed", "pending-upgrade"], ("rollback", 1, False)),
        (["deployed", "pending-upgrade", "pending-rollback"], ("rollback", 1, False)),
        (["pending-install"], ("uninstall",)),
    ],
)
def test_a_release_whose_helm_was_killed_is_freed(states, done):
    """It goes back to what was deployed last, without waiting; what was never installed is removed."""
    helm = helm_with(*states)
    release = Release(helm, "carts", "shop-qa")
    assert release.is_left_pending([release.newest()])
    assert states[-1] in release.free()
    assert [done] == helm.freed


@pytest.mark.parametrize("states", [[], ["deployed"], ["deployed", "failed"]])
def test_a_release_that_nobody_works_on_is_not_left_pending(states):
    """An upgrade of it works."""
    release = Release(helm_with(*states), "carts", "shop-qa")
    assert len(states) == release.newest()
    assert not release.is_left_pending([len(states)])


@pytest.mark.parametrize(("among", "ago"), [([2], timedelta()), ([1, 3], DYING + timedelta(seconds=1)), ([], DYING)])
def test_a_helm_that_may_still_work_or_is_somebody_elses_is_not_left_pending(among, ago):
    """It began just now, or its revision is none of those asked about."""
    assert not Release(helm_with("deployed", "pending-upgrade", ago=ago), "carts", "shop-qa").is_left_pending(among)
