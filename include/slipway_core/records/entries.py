"""What goes into the records and what comes out: plain frozen records, all times with a zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from slipway_core.keptn.lanes import Entry, Place

Choice = Literal["approve", "decline"]


class TaskRun(NamedTuple):
    """The task of Airflow that something belongs to, and its place in idempotence.

    :param dag_id: of the task's run
    :param run_id: of the task's run
    :param task_id: with the map index, where tasks are mapped
    :param attempt: what changes when a task is cleared and stays when it is only retried; same words, same record
    """

    dag_id: str
    run_id: str
    task_id: str
    attempt: str = ""


class Revision(NamedTuple):
    """A revision of a Helm release."""

    name: str
    number: int


@dataclass(frozen=True, kw_only=True)
class NewEvaluation:
    """A finished evaluation, to be stored.

    :param context: of the delivery
    :param data: the `data` of evaluation.finished, as the judge gives it (evaluation.md 9); project, stage, service,
        result, score and labels are taken from it
    :param started: when the evaluation began
    :param finished: when it ended; decides which earlier evaluations are the newest
    :param window_start: begin of what was judged; ``None`` when no window could be worked out
    :param window_end: its end
    :param queries: indicator → the query as it was sent
    :param commit: of the published tree that the run works from
    :param release: the release that was judged, and its revision; ``None`` when that is not known
    :param run: ``None`` for what no task did, which is stored each time
    """

    context: str
    data: Mapping[str, Any]
    started: datetime
    finished: datetime
    window_start: datetime | None = None
    window_end: datetime | None = None
    queries: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    release: Revision | None = None
    run: TaskRun | None = None


class Invalidation(NamedTuple):
    """Who took an evaluation out of later baselines, when and why."""

    at: datetime
    by: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Evaluation(NewEvaluation):
    """An evaluation as it is stored.

    :param id: what other evaluations name in `comparedEvents`
    :param result: of the event: pass, warning or fail
    :param invalidated: ``None`` while it counts
    """

    id: str
    project: str
    stage: str
    service: str
    result: str
    score: float
    labels: Mapping[str, str]
    invalidated: Invalidation | None = None


class PastValue(NamedTuple):
    """The value of one indicator; field by field what the judge takes (quality_gate.values.SliValue)."""

    metric: str
    value: float
    success: bool
    message: str
    compared_value: float


class PastEvaluation(NamedTuple):
    """An earlier evaluation that counts; field by field what the judge takes (quality_gate.values.Earlier)."""

    id: str
    time: datetime
    result: str
    values: Sequence[PastValue]


@dataclass(frozen=True, kw_only=True)
class NewApproval:
    """A question to a person.

    :param evidence: what is shown with it: image, what runs, the gate's table, load figures
    """

    context: str
    project: str
    stage: str
    service: str
    run: TaskRun
    asked: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Decision(NamedTuple):
    """An answer.

    :param choice: approve or decline
    :param by: who, as Airflow or the machine calls them
    :param at: when
    :param how: by which way: answer, mark, command, expired, strategy, superseded;
        cleared or failed for a question that nobody can answer any more
    :param why: their comment
    """

    choice: Choice
    by: str
    at: datetime
    how: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Approval(NewApproval):
    """A question as it is stored.

    :param decision: the one that holds; ``None`` while the question is open
    :param overruled: decisions that held before it, oldest first
    :param superseded_by: id of the newer approval that declined this one, else empty
    """

    id: str
    decision: Decision | None = None
    overruled: tuple[Decision, ...] = ()
    superseded_by: str = ""


class Decided(NamedTuple):
    """What came of an answer.

    :param approval: as it is now
    :param changed: false when there was an answer before; that one holds
    """

    approval: Approval
    changed: bool


@dataclass(frozen=True)
class InLane:
    """A run in its lane.

    :param since: when its state last changed
    """

    place: Place
    entry: Entry
    since: datetime


@dataclass(frozen=True)
class Cancellation:
    """An order to end the sequences of a context.

    :param stage: only those of this stage; empty: of every stage
    :param at: sequences that were triggered until then are meant
    :param by: who
    :param why: their comment
    """

    context: str
    stage: str
    at: datetime
    by: str
    why: str = ""

    def __str__(self) -> str:
        return f"Cancelled by {self.by} at {self.at:%Y-%m-%d %H:%M:%S} UTC{': ' if self.why else '.'}{self.why}"


class Pruned(NamedTuple):
    """How many records were deleted."""

    evaluations: int
    approvals: int
    actions: int
    messages: int
