"""Going back to the last good revision."""

from datetime import UTC, datetime, timedelta

import pytest
from slipway.hooks.faults import HelmUnavailable
from slipway.operators.helm_rollback import HelmRollbackOperator, last_good_revision
from slipway.operators.task import Seat, TaskFailed
from slipway_core.quality_gate.finished import errored
from slipway_core.quality_gate.values import Answer, Scope
from slipway_core.records import NewEvaluation, Revision


def revisions(*lines):
    """Make a history from ``(status, description)``."""
    return [{"revision": n, "status": s, "description": d} for n, (s, d) in enumerate(lines, 1)]


GOOD, BETTER, BAD = ("superseded", ""), ("deployed", "Upgrade complete"), ("failed", "Upgrade failed")
BACK, GOOD_BACK = ("deployed", "Rollback to 1"), ("superseded", "Rollback to 1")


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (revisions(), None),
        (revisions(BETTER), None),
        (revisions(GOOD, BETTER), 1),
        (revisions(("deployed", ""), BAD), 1),
        (revisions(GOOD, ("deployed", ""), BAD, BAD), 2),
        (revisions(BAD, BAD), None),
        (revisions(GOOD, GOOD, BACK), None),
        (revisions(GOOD, GOOD, GOOD_BACK, BETTER), 3),
        (revisions(BAD, GOOD_BACK, BETTER), None),
        (revisions(BAD, GOOD_BACK, ("superseded", "Rollback to 2"), BETTER), None),
        (revisions(GOOD, BAD, ("superseded", "Rollback to 2"), BETTER), 1),
        (revisions(GOOD, BAD, GOOD_BACK, ("superseded", "Rollback to 3"), BETTER), 4),
    ],
)
def test_the_last_good_revision_is_one_before_the_running_one(history, expected):
    """After a rollback the running one is that which it went back to; what went back to a failed one is none."""
    assert expected == last_good_revision(history)


class StandInHelm:
    """Has a history; the first question after a rollback may fail."""

    def __init__(self, history, fails=False):
        self.revisions, self.fails, self.went_to = history, fails, []

    def history(self, release, *, namespace):
        return self.revisions if release == "carts" else []

    def rollback(self, release, revision, *, namespace, timeout):
        self.went_to.append(revision)
        self.revisions = [*self.revisions, {"revision": 9, "status": "deployed", "description": "Rollback complete"}]

    def manifest(self, release, *, namespace):
        if self.fails:
            self.fails = False
            raise HelmUnavailable("cluster unreachable")
        return []


def operator(helm):
    made = HelmRollbackOperator(task_id="rollback", seat=Seat("rollback"))
    made.hook = helm
    return made


def test_a_rollback_that_works_passes(context, ti, begin):
    """Whatever result it was handed (decisions.md)."""
    ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "result": "fail"}})
    reported = operator(StandInHelm(revisions(GOOD, BETTER))).execute(context)
    assert ("pass", 1) == (reported["result"], reported["rollback"]["revision"])


def test_another_try_goes_to_the_same_revision(context):
    """The first one may have arrived: one further back, or forward again, would be wrong."""
    helm = StandInHelm(revisions(GOOD, GOOD, BETTER), fails=True)
    with pytest.raises(HelmUnavailable):
        operator(helm).execute(context)
    operator(helm).execute(context)
    assert [2, 2] == helm.went_to


def test_without_an_earlier_good_revision_it_fails(context):
    """And says so."""
    with pytest.raises(TaskFailed, match="no earlier good revision"):
        operator(StandInHelm(revisions(BETTER))).execute(context)


MADE = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def passed(records):
    """Record that a revision passed an evaluation, so long after the revisions were made."""

    def go(revision, minutes=5):
        data = errored(Scope("shop", "qa", "carts"), Answer(()), "").data() | {"result": "pass"}
        at = MADE + timedelta(minutes=minutes)
        release = Revision("carts", revision)
        records.evaluations.store(NewEvaluation(context="c", data=data, started=at, finished=at, release=release))

    return go


def dated(*lines):
    """Make a history whose revisions were all made at one time, as Helm writes it."""
    return [{**one, "updated": "2024-01-01T13:00:00.123456789+01:00"} for one in revisions(*lines)]


def test_a_rollback_goes_to_the_last_revision_that_passed(context, passed):
    """Not to one that merely became ready; the message says which it was."""
    passed(1)
    passed(2)
    helm = StandInHelm(dated(GOOD, GOOD, GOOD, BETTER))
    reported = operator(helm).execute(context)
    assert [2] == helm.went_to
    assert "is back at revision 2 (the last that passed an evaluation)" in reported["message"]


def test_without_one_that_passed_it_goes_to_the_last_that_became_ready(context, passed):
    """What runs now does not count, nor what passed under the same number before the release was removed."""
    passed(4)
    passed(2, minutes=-60)
    helm = StandInHelm(dated(GOOD, GOOD, GOOD, BETTER))
    reported = operator(helm).execute(context)
    assert [3] == helm.went_to
    assert "none passed an evaluation" in reported["message"]


DEPLOYED = {"release": "carts", "namespace": "shop-qa", "revision": 1, "image": "carts:1"}


class NewerHelm(StandInHelm):
    """Runs another image, in a newer revision."""

    def manifest(self, release, *, namespace):
        containers = [{"image": "carts:2"}]
        return [{"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}]


def test_a_newer_delivery_is_not_rolled_back(context, ti, begin):
    """It waited for the lane, and ran before this rollback of an older one (R49)."""
    ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "deployment": DEPLOYED}})
    helm = NewerHelm(revisions(GOOD, BETTER))
    reported = operator(helm).execute(context)
    assert ("pass", []) == (reported["result"], helm.went_to)
    assert "revision 2 with carts:2 has replaced revision 1" in reported["message"]


def test_what_was_only_scaled_meanwhile_is_rolled_back(context, ti, begin):
    """It still runs what failed."""
    deployed = {**DEPLOYED, "image": "carts:2"}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": {**begin, "deployment": deployed}})
    helm = NewerHelm(revisions(GOOD, BETTER, BETTER))
    operator(helm).execute(context)
    assert [2] == helm.went_to
