"""Going back to the last good revision."""

import pytest
from slipway.hooks.faults import HelmUnavailable
from slipway.operators.helm_rollback import HelmRollbackOperator, last_good_revision
from slipway.operators.task import Seat, TaskFailed


def revisions(*lines):
    """Make a history from ``(status, description)``."""
    return [{"revision": n, "status": s, "description": d} for n, (s, d) in enumerate(lines, 1)]


GOOD, BETTER, BAD = ("superseded", ""), ("deployed", "Upgrade complete"), ("failed", "Upgrade failed")
BACK = ("deployed", "Rollback to 1")


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
        (revisions(GOOD, GOOD, ("superseded", "Rollback to 1"), BETTER), 3),
    ],
)
def test_the_last_good_revision_is_one_before_the_running_one(history, expected):
    """After a rollback the running one is that which it went back to."""
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
