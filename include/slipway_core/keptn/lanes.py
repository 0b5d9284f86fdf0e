"""Lanes: of each project, stage and service one sequence runs at a time, the others wait (sequences.md 5, R46 to R49).

A lane is a tuple of entries, one a run. Each step takes a lane and returns the lane after it; nothing is changed in
place, and nothing here knows where lanes are kept or who waits how::

    lane = enter(lane, Entry(run, context, triggered))     # waits
    lane = take(lane, run)                                 # runs, if it is its turn
    lane = park(lane, run)                                 # a person is asked: others may run
    lane = leave(lane, run)                                # it has ended, however it ended

A turn is taken, never given: a run that died while it waited cannot hold a lane that nobody uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, get_args

State = Literal["waiting", "running", "parked", "superseded"]
WAITING: State = "waiting"
RUNNING: State = "running"
PARKED: State = "parked"  # waits for a person, not for the lane
SUPERSEDED: State = "superseded"  # a newer run goes instead of it; it has not begun and will not

Policy = Literal["fifo", "latest-wins"]
FIFO: Policy = "fifo"
LATEST_WINS: Policy = "latest-wins"
POLICIES: tuple[Policy, ...] = get_args(Policy)


class Place(NamedTuple):
    """What makes a lane. The name of the sequence does not matter (R47)."""

    project: str
    stage: str
    service: str

    def __str__(self) -> str:
        return "/".join(self)


class Run(NamedTuple):
    """A run of a sequence's DAG."""

    dag_id: str
    run_id: str


class Entry(NamedTuple):
    """A run in its lane.

    :param context: of the chain of sequences it belongs to
    :param triggered: when the run was triggered; decides the order
    :param number: order of arrival, for runs that were triggered in the same moment
    :param begun: whether it has held the lane before
    :param superseded_by: the newer run that goes instead
    """

    run: Run
    context: str
    triggered: datetime
    number: int = 0
    state: State = WAITING
    begun: bool = False
    superseded_by: Run | None = None

    @property
    def order(self) -> tuple[datetime, int]:
        """What entries are sorted by: the first that was triggered is the first that runs."""
        return self.triggered, self.number


Lane = tuple[Entry, ...]


class Standing(NamedTuple):
    """Where a run stands in its lane.

    :param place: 0: it does not wait; 1: its turn comes next; 2: one more waits before it; and so on
    :param ahead: the run just before it
    """

    state: State
    place: int = 0
    ahead: Run | None = None
    superseded_by: Run | None = None


def enter(lane: Lane, entry: Entry, policy: Policy = FIFO) -> Lane:
    """Add a waiting run. One that is there already keeps its place; a parked one waits again, by its first trigger.

    With `latest-wins`, of the runs of one sequence that wait and have not begun only the newest stays. Runs of one
    context are never played off against each other, nor are different sequences: a rollback replaces no delivery.
    """
    before = find(lane, entry.run)
    if before is not None:
        return _put(lane, before._replace(state=WAITING)) if before.state == PARKED else lane
    number = 1 + max((other.number for other in lane), default=0)
    lane = (*lane, entry._replace(number=number, state=WAITING, begun=False, superseded_by=None))
    return _only_the_newest(lane, entry) if policy == LATEST_WINS else lane


def _only_the_newest(lane: Lane, entry: Entry) -> Lane:
    rivals = [
        other
        for other in lane
        if other.state == WAITING
        and not other.begun
        and other.run.dag_id == entry.run.dag_id
        and (other.run == entry.run or other.context != entry.context)
    ]
    newest = max(rivals, key=lambda other: other.order)
    for other in rivals:
        if other.run != newest.run and entry.run in (newest.run, other.run):
            lane = _put(lane, other._replace(state=SUPERSEDED, superseded_by=newest.run))
    return lane


def take(lane: Lane, run: Run) -> Lane:
    """Let a waiting run run, if no other does and none that waits was triggered before it; else change nothing."""
    entry = find(lane, run)
    if entry is None or entry.state != WAITING or standing(lane, run) != Standing(WAITING, 1):
        return lane
    return _put(lane, entry._replace(state=RUNNING, begun=True))


def park(lane: Lane, run: Run) -> Lane:
    """Free the lane while a person is asked; the run stays known."""
    entry = find(lane, run)
    return _put(lane, entry._replace(state=PARKED)) if entry is not None and entry.state == RUNNING else lane


def leave(lane: Lane, run: Run) -> Lane:
    """Forget a run."""
    return tuple(entry for entry in lane if entry.run != run)


def find(lane: Lane, run: Run) -> Entry | None:
    """Return the entry of a run."""
    return next((entry for entry in lane if entry.run == run), None)


def standing(lane: Lane, run: Run) -> Standing | None:
    """Return where a run stands; None when it is not in the lane."""
    return standings(lane).get(run)


def standings(lane: Lane) -> Mapping[Run, Standing]:
    """Return where each run of a lane stands."""
    found = {entry.run: Standing(entry.state, superseded_by=entry.superseded_by) for entry in lane}
    before = [entry.run for entry in lane if entry.state == RUNNING]
    waiting = sorted((entry for entry in lane if entry.state == WAITING), key=lambda entry: entry.order)
    for number, entry in enumerate(waiting):
        found[entry.run] = Standing(WAITING, number + 1, before[-1] if before else None)
        before.append(entry.run)
    return found


def _put(lane: Lane, changed: Entry) -> Lane:
    return tuple(changed if entry.run == changed.run else entry for entry in lane)
