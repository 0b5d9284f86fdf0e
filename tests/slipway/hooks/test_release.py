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


SINCE = timedelta(minutes=5)  # so long ago the first try of the task began


def freed(*states, ago=DYING + timedelta(seconds=1)):
    """Free a release with revisions of these states, the last of them begun so long ago; return what was done."""
    now = datetime.now(UTC)
    history = [{"revision": 1 + at, "status": one, "updated": str(now - ago)} for at, one in enumerate(states)]
    helm = StandInHelm(history=history)
    told = Release(helm, "carts", "shop-qa").free(now - SINCE)
    assert bool(told) == bool(helm.freed)
    return helm.freed


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
    assert [done] == freed(*states)


@pytest.mark.parametrize("states", [[], ["deployed"], ["deployed", "failed"]])
def test_a_release_that_nobody_works_on_is_left_alone(states):
    """An upgrade of it works."""
    assert [] == freed(*states)


@pytest.mark.parametrize("ago", [SINCE + timedelta(seconds=1), timedelta()])
def test_a_helm_that_may_still_work_or_is_somebody_elses_is_left_alone(ago):
    """It began before the task did, or just now: the task is tried again."""
    assert [] == freed("deployed", "pending-upgrade", ago=ago)
