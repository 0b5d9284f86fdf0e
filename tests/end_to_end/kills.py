"""What the soak of kills kills, and when: at every step of a two-stage delivery each kind of process."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import NamedTuple

STEPS = {
    "qa": (
        *("slipway_begin", "slipway_lane", "deployment", "test", "evaluation"),
        *("slipway_result", "slipway_follow_0", "slipway_finish"),
    ),
    "production": (
        *("slipway_begin", "slipway_lane", "approval", "slipway_lane_1", "deployment", "test", "evaluation"),
        *("slipway_result", "slipway_finish"),
    ),
}
WORKER = "worker"  # the process of the step itself, with its supervisor and what it has started
# In this order, and dealt as `dealt` does it, no worker dies in the test just before something else is to be killed
# while the evaluation waits: a test that is late leaves the evaluation nothing to wait for.
DAEMONS = ("scheduler", "triggerer", "dag-processor")
KINDS = (*DAEMONS, WORKER)
BEFORE, WHILE = "before", "while"
# Where a step spends its time when no worker is held.
WAITS = {"evaluation": "deferred", "approval": "awaiting_input"}
# In the middle of these, not while they begin: so many seconds after the step's process, or that with this argument
# which it has started, came to life. Helm has noted down by then that it works on the release.
INTO = {"deployment": ("upgrade", 1.5), "test": ("", 5.0)}
TO_COME = (None, "scheduled", "queued")
OVER = ("success", "failed", "skipped", "upstream_failed")


class Kill(NamedTuple):
    """One SIGKILL.

    :param number: of its step, over both stages
    :param moment: before the step (the one before has ended, it has not begun) or while it runs or waits
    """

    number: int
    stage: str
    step: str
    moment: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.moment} {self.stage}.{self.step}"


class Task(NamedTuple):
    """A task of a run, as Airflow's database has it."""

    state: str | None
    tries: int
    pid: int | None


Tasks = Mapping[tuple[str, str], Task]  # by stage and step


def all_kills(seed: int) -> list[Kill]:
    """Return a kill of each kind at each step. Of the daemons, an odd seed takes the other half of the moments."""
    places = [(stage, step) for stage, steps in STEPS.items() for step in steps]
    return [
        Kill(number, stage, step, _moment(number + seed, kind), kind)
        for number, (stage, step) in enumerate(places)
        for kind in KINDS
    ]


def _moment(number: int, kind: str) -> str:
    # Before a step there is no worker of it. The DAG processor takes its turn where the others do not.
    return WHILE if kind == WORKER or (number + KINDS.index(kind) // 2) % 2 == 0 else BEFORE


def chosen(seed: int, limit: int) -> list[Kill]:
    """Return all kills, or so many of them, drawn by the seed."""
    every = all_kills(seed)
    return every if limit >= len(every) else sorted(random.Random(seed).sample(every, limit))


def dealt(kills: Iterable[Kill]) -> list[list[Kill]]:
    """Deal kills out to as many deliveries as there are kinds: none gets two at one step, each gets every kind."""
    shares: list[list[Kill]] = [[] for _ in KINDS]
    for kill in kills:
        shares[(KINDS.index(kill.kind) + kill.number) % len(KINDS)].append(kill)
    return shares


def reached(kill: Kill, tasks: Tasks) -> bool:
    """Say whether the moment of a kill is now."""
    task = tasks.get((kill.stage, kill.step))
    if task is None:
        return False
    if kill.moment == WHILE:
        return task.state == ("running" if kill.kind == WORKER else WAITS.get(kill.step, "running"))
    steps = STEPS[kill.stage]
    earlier = [tasks.get((kill.stage, step)) for step in steps[: steps.index(kill.step)]]
    return task.state in TO_COME and all(one is not None and one.state in OVER for one in earlier)


def missed(kill: Kill, tasks: Tasks) -> bool:
    """Say whether the moment of a kill is over for this delivery."""
    task = tasks.get((kill.stage, kill.step))
    return task is not None and task.state in OVER
