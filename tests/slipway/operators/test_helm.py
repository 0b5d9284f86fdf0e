"""Whose release it is that an operator finds half done: a Helm of its own that was killed, or somebody else's."""

from datetime import UTC, datetime, timedelta

import pytest
from slipway.hooks.faults import HelmUnavailable
from slipway.hooks.helm import BUSY
from slipway.operators.helm_deploy import HelmDeployOperator
from slipway.operators.helm_scale import HelmScaleOperator
from slipway.operators.scale_back import ScaleBackOperator
from slipway.operators.task import Seat
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import NewAction, Scaled, TaskRun


class Killed(BaseException):
    """The worker ends, and nothing of ours is run any more."""


class StandInHelm:
    """Keeps a history as Helm does, and refuses while somebody works on the release."""

    cluster = type("Cluster", (), {"address": "stand-in", "ensure_namespace": lambda *_: None})()

    def __init__(self, *states):
        self.revisions, self.freed, self.ends = [], [], []
        for state in states:
            self.begin(state)

    def begin(self, state):
        """Add a revision, as anybody's Helm does."""
        number = self.revisions[-1]["revision"] + 1 if self.revisions else 1
        self.revisions.append({"revision": number, "status": state, "updated": str(datetime.now(UTC))})

    def end(self, state):
        """End the Helm that is at work."""
        self.revisions[-1]["status"] = state

    def history(self, release, *, namespace):
        return list(self.revisions) if release == "carts" else []

    def upgrade(self, release, chart, **_):
        if self.revisions and self.revisions[-1]["status"].startswith("pending"):
            raise HelmUnavailable(BUSY)
        error = self.ends.pop(0) if self.ends else None
        if isinstance(error, HelmUnavailable):
            raise error
        self.begin("pending-upgrade" if self.revisions else "pending-install")
        if error:
            raise error
        self.end("deployed")
        return {"version": self.revisions[-1]["revision"]}

    def rollback(self, release, revision, *, namespace, wait):
        self.freed.append(f"rollback {revision}")
        self.begin("pending-rollback")
        if self.ends:
            raise self.ends.pop(0)
        self.end("deployed")

    def uninstall(self, release, *, namespace):
        self.freed.append("uninstall")
        self.revisions.clear()

    def values(self, release, *, namespace):
        return {}

    def manifest(self, release, *, namespace):
        return []

    def preview(self, release, chart, *, namespace, values):
        return []


class StandInWorkload:
    """Has a count that its chart's value changes."""

    kind, name, namespace = "Deployment", "carts", "shop-qa"

    def replicas(self):
        return 2

    def only_count_changes(self, before, after, count):
        return True


@pytest.fixture(autouse=True)
def _dead_at_once(monkeypatch):
    monkeypatch.setattr("slipway.hooks.release.DYING", timedelta())


@pytest.fixture
def project(tmp_path):
    """A project with a chart."""
    (tmp_path / "carts/charts/carts").mkdir(parents=True)
    (tmp_path / "carts/charts/carts/Chart.yaml").write_text("name: carts\n")
    return tmp_path


@pytest.fixture
def attempt(project, context, begin, records):
    """Make one try of a task."""
    run = TaskRun("shop.qa.remediation", "one", "action", "0")
    new = NewAction(
        context="c", project="shop", stage="qa", service="carts", run=run, action="scale", value="+1",
        asked=datetime.now(UTC),
    )  # fmt: skip

    def go(helm, kind=HelmDeployOperator, seat=True):
        if kind is ScaleBackOperator and not records.actions.find():
            records.actions.finish(records.actions.ask(new, HealingSettings()).id, "done", "", Scaled(1, 2, True))
        made = kind(task_id="deployment", files=project, seat=Seat("deployment") if seat else None)
        made.hook = helm
        made.workload_of = lambda release, payload: StandInWorkload()
        made.perform({**begin, "action": {"value": "+1"}}, context)

    return go


@pytest.mark.parametrize("kind", [HelmDeployOperator, HelmScaleOperator, ScaleBackOperator])
def test_another_try_frees_what_the_killed_one_left(attempt, kind):
    """Whatever it is that works with Helm; then it does its work."""
    helm = StandInHelm("superseded", "deployed")
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm, kind)
    assert "pending-upgrade" == helm.revisions[-1]["status"]
    attempt(helm, kind)
    assert (["rollback 2"], 5, "deployed") == (helm.freed, *list(helm.revisions[-1].values())[:2])


def test_an_installation_that_was_killed_is_removed(attempt):
    """There is nothing to go back to."""
    helm = StandInHelm()
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm)
    attempt(helm)
    assert (["uninstall"], 1) == (helm.freed, len(helm.revisions))


def test_a_killed_one_that_is_dying_yet_is_freed_by_a_later_try(attempt, monkeypatch):
    """That Helm finds it busy does not make it somebody else's."""
    helm = StandInHelm("deployed")
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm)
    with monkeypatch.context() as patch:
        patch.setattr("slipway.hooks.release.DYING", timedelta(seconds=40))
        for _ in range(2):
            with pytest.raises(HelmUnavailable):
                attempt(helm)
    attempt(helm)
    assert ["rollback 1"] == helm.freed


def test_a_try_that_is_killed_at_the_freeing_is_freed_too(attempt):
    """And one that is killed again behind it."""
    helm = StandInHelm("deployed")
    helm.ends = [Killed(), Killed()]
    for _ in range(2):
        with pytest.raises(Killed):
            attempt(helm)
    assert "pending-rollback" == helm.revisions[-1]["status"]
    helm.ends = []
    attempt(helm)
    assert (["rollback 1", "rollback 1"], "deployed") == (helm.freed, helm.revisions[-1]["status"])


def test_what_somebody_else_works_on_is_never_freed(attempt):
    """A person installs before our first try, it breaks, and they begin again: also when we were killed meanwhile."""
    helm = StandInHelm("pending-install")
    with pytest.raises(HelmUnavailable):
        attempt(helm)
    helm.end("failed")
    helm.begin("pending-upgrade")
    for _ in range(2):
        with pytest.raises(HelmUnavailable):
            attempt(helm)
    helm.end("deployed")
    helm.ends = [HelmUnavailable(BUSY)]  # they begin between our look and our Helm
    with pytest.raises(HelmUnavailable):
        attempt(helm)
    helm.begin("pending-upgrade")
    with pytest.raises(HelmUnavailable):
        attempt(helm)
    assert [] == helm.freed


def test_a_later_helm_of_somebody_else_is_not_the_killed_one(attempt):
    """Ours was ended in order; then a person began."""
    helm = StandInHelm("deployed")
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm)
    helm.end("failed")
    helm.begin("pending-upgrade")
    with pytest.raises(HelmUnavailable):
        attempt(helm)
    assert [] == helm.freed


def test_a_cleared_run_or_one_without_lanes_frees_nothing(attempt, context):
    """It begins anew; outside of a sequence somebody else may be at work."""
    helm = StandInHelm("deployed")
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm)
    context["dag_run"].clear_number = 1
    with pytest.raises(HelmUnavailable):
        attempt(helm)
    helm = StandInHelm("deployed")
    helm.ends = [Killed()]
    with pytest.raises(Killed):
        attempt(helm, seat=False)
    with pytest.raises(HelmUnavailable):
        attempt(helm, seat=False)
    assert [] == helm.freed
