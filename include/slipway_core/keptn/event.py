"""Payloads: what a task or a sequence takes and reports, how they merge, and what follows.

Rules of sequences.md 2.3 to 2.6, 3 and 4 with decisions.md. Every payload is built afresh from its sources; nothing
given to a function here is ever changed, and nothing returned shares lists or mappings with what was given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

PASS, WARNING, FAIL = "pass", "warning", "fail"
SUCCEEDED, ERRORED, ABORTED, UNKNOWN = "succeeded", "errored", "aborted", "unknown"

Data = Mapping[str, Any]


class Scope(NamedTuple):
    """Where a sequence runs."""

    project: str
    stage: str
    service: str


def scope_of(data: Data) -> Scope:
    """Return project, stage and service of a payload."""
    return Scope(data["project"], data["stage"], data["service"])


class Outcome(NamedTuple):
    """How a task or sequence ended: ``result`` is pass, warning or fail; ``status`` says how the work itself went."""

    result: str
    status: str

    @property
    def stops(self) -> bool:
        """Whether the sequence ends here (sequences.md 3.3)."""
        return self.result == FAIL or self.status == ERRORED


class FinishedTask(NamedTuple):
    """A task that is done.

    :param name: the task's own name
    :param reports: data of its ``.finished`` events in order of arrival, one an executor
    """

    name: str
    reports: tuple[Data, ...]

    @property
    def outcome(self) -> Outcome:
        """All its reports taken together."""
        return aggregate(self.reports)


class SequenceOutcome(NamedTuple):
    """How a sequence ended.

    :param tasks: task name → result of its last run in this sequence; tasks not reached are missing
    """

    result: str
    status: str
    tasks: Mapping[str, str]


def merge(old: Any, new: Any) -> Any:
    """Return ``old`` with ``new`` on top, by the table of sequences.md 2.5; the newest wins for plain values too.

    Mappings merge key by key, lists join newest first, null leaves mappings and lists and empties text.
    """
    if isinstance(old, Mapping):
        if isinstance(new, Mapping):
            merged = {key: _copy(value) if key not in new else merge(value, new[key]) for key, value in old.items()}
            merged.update((key, _copy(value)) for key, value in new.items() if key not in old)
            return merged
        return _copy(old if new is None else new)
    if isinstance(old, list):
        return _copy(old if new is None else new + old if isinstance(new, list) else new)
    if isinstance(old, str) and new is None:
        return ""
    return _copy(new)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_copy(part) for part in value]
    return value


def aggregate(reports: Sequence[Data]) -> Outcome:
    """Return the outcome of one task from the reports of its executors (sequences.md 3.2, R23 to R27).

    An errored executor makes the task fail as well (decisions.md). No report at all counts as errored.
    """
    results = {report.get("result") for report in reports}
    statuses = {report.get("status") for report in reports}
    if ERRORED in statuses or not reports:
        return Outcome(FAIL, ERRORED)
    result = FAIL if results - {PASS, WARNING} else WARNING if WARNING in results else PASS
    if ABORTED in statuses:
        return Outcome(result, ABORTED)
    return Outcome(result, SUCCEEDED) if statuses == {SUCCEEDED} else Outcome(FAIL, UNKNOWN)


def sequence_outcome(finished: Sequence[FinishedTask], aborted: bool = False) -> SequenceOutcome:
    """Return the outcome of a sequence: that of the last task that ran (sequences.md 3.3, R28).

    :param finished: its tasks that ran, in order; none at all is errored, as for a sequence that cannot start (R7)
    :param aborted: whether somebody ended it; then the result is fail and nothing follows (decisions.md)
    """
    tasks = {task.name: task.outcome.result for task in finished}
    if aborted:
        return SequenceOutcome(FAIL, ABORTED, tasks)
    last = finished[-1].outcome if finished else Outcome(FAIL, ERRORED)
    return SequenceOutcome(last.result, last.status, tasks)


def matches(selector: Mapping[str, str] | None, outcome: SequenceOutcome, aborted: bool = False) -> bool:
    """Say whether a trigger item fires after a sequence (sequences.md 4, R36 to R41, with decisions.md).

    Without a selector: on pass and on warning. With several keys: one is enough. `<task>.result` looks at the last run
    of that task. What asks for pass or warning never follows a failed sequence. `failed` means `fail`.

    :param selector: the pairs under ``match``
    :param outcome: of the sequence that finished
    :param aborted: whether somebody ended that sequence; then nothing fires
    """
    if aborted:
        return False
    if not selector:
        return outcome.result in (PASS, WARNING)
    for key, value in selector.items():
        wanted = FAIL if value == "failed" else value
        if outcome.result == FAIL and wanted != FAIL:
            continue
        if key == "result":
            actual: str | None = outcome.result
        elif key.endswith(".result"):
            actual = outcome.tasks.get(key.removesuffix(".result"))
        else:
            continue
        if actual == wanted:
            return True
    return False


def task_input(
    trigger_data: Data,
    scope: Scope,
    finished_before: Iterable[FinishedTask],
    properties: Data | None,
    task_name: str,
) -> dict[str, Any]:
    """Return the data that a task gets (sequences.md 2.4, R11 to R22).

    :param trigger_data: data of the event that started the sequence
    :param scope: project, stage and service of the sequence, which win over the data's own
    :param finished_before: tasks of this sequence that are done, in order
    :param properties: of the task, from the shipyard; they go into the block named like the task
    :param task_name: the task's own name
    """
    data = _data_after(trigger_data, scope, finished_before)
    if properties is not None:
        data[task_name] = merge(data.get(task_name), properties)
    return _without_message(data)


def follow_up_data(trigger_data: Data, scope: Scope, finished: Iterable[FinishedTask], stage: str) -> dict[str, Any]:
    """Return the data that starts a following sequence: all input and reports, result and status (sequences.md 4, R22).

    :param trigger_data: data of the event that started the finished sequence
    :param scope: where that sequence ran
    :param finished: its tasks, in order
    :param stage: stage of the sequence that follows
    """
    data = _data_after(trigger_data, scope, finished)
    data["stage"] = stage
    return _without_message(data)


def report(
    payload: Data, result: str, status: str = SUCCEEDED, message: str = "", data: Data | None = None
) -> dict[str, Any]:
    """Return the data of a task's ``.finished``, with scope and labels of the payload it answers (sequences.md 2.6).

    :param payload: data of its ``.triggered``
    :param data: blocks that later tasks read, such as ``{"deployment": {...}}``
    """
    kept = {key: _copy(payload[key]) for key in (*Scope._fields, "labels") if key in payload}
    return {**kept, "status": status, "result": result, "message": message, **(data or {})}


def finished_data(
    trigger_data: Data, scope: Scope, finished: Sequence[FinishedTask], outcome: SequenceOutcome
) -> dict[str, Any]:
    """Return the data of a sequence's ``.finished``: no task blocks; labels and message of the last report (R35).

    A sequence of which nothing ran keeps the labels it was started with.
    """
    data: dict[str, Any] = scope._asdict()
    last: Data = finished[-1].reports[-1] if finished and finished[-1].reports else {}
    if not finished:
        last = {"labels": trigger_data.get("labels")}
    if last.get("labels"):
        data["labels"] = _copy(last["labels"])
    if last.get("message"):
        data["message"] = last["message"]
    return {**data, "status": outcome.status, "result": outcome.result}


def _data_after(trigger_data: Data, scope: Scope, finished: Iterable[FinishedTask]) -> dict[str, Any]:
    data: dict[str, Any] = _copy(trigger_data) | scope._asdict()
    outcome: Outcome | None = None
    for task in finished:
        reported: Any = {}
        for report in task.reports:
            reported = merge(reported, report)
        data = merge(data, reported)
        outcome = task.outcome
    if outcome is not None:
        data |= outcome._asdict()
    return data


def _without_message(data: dict[str, Any]) -> dict[str, Any]:
    if "message" in data:
        data["message"] = ""
    return data
