"""What Keptn accepted in silence though it can hardly be meant: warnings and notes about a valid shipyard."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from slipway_core.keptn import approval
from slipway_core.keptn.event import FAIL, PASS
from slipway_core.keptn.event import WARNING as RESULT_WARNING
from slipway_core.keptn.problems import NOTE, WARNING
from slipway_core.keptn.source import Source

if TYPE_CHECKING:
    from slipway_core.keptn.shipyard import Sequence, Shipyard, Stage, Task, TriggeredOn

RESULTS = (PASS, RESULT_WARNING, FAIL)
_EVENT_PREFIX = "sh.keptn.event."
_MOST_NAMED = 30
_MOST_WRONG_EVENTS = 50  # finding out what was meant takes milliseconds each, and nobody reads thousands


def check(shipyard: Shipyard, source: Source) -> None:
    """Report everything that is valid but suspicious (sequences.md 1.2, 4, 11)."""
    known = _Known(shipyard)
    _check_events(known, shipyard, source)
    for stage in shipyard.stages:
        _check_sequence_names(stage, source)
        for sequence in stage.sequences:
            _check_tasks(stage, sequence, source)
            for trigger in sequence.triggered_on:
                _check_trigger(known, trigger, source)


def _check_sequence_names(stage: Stage, source: Source) -> None:
    first: dict[str, int] = {}
    for sequence in stage.sequences:
        if sequence.name in first:
            message = f"sequence '{sequence.name}' is in stage '{stage.name}' twice; only the first runs."
            source.report(sequence.line, message, "Rename or merge one of the two.", WARNING, (first[sequence.name],))
        first.setdefault(sequence.name, sequence.line)
        _check_name("sequence", sequence.name, sequence.line, source)


def _check_tasks(stage: Stage, sequence: Sequence, source: Source) -> None:
    if not sequence.tasks:
        message = f"sequence '{stage.name}.{sequence.name}' has no tasks: it can never run."
        source.report(sequence.line, message, "List its tasks under 'tasks:', or remove it.", WARNING)
    for task in sequence.tasks:
        _check_name("task", task.name, task.line, source)
        if task.name == approval.TASK:
            _check_approval(task, source)


def _check_approval(task: Task, source: Source) -> None:
    for result, strategy in (task.properties or {}).items():
        if result in (PASS, RESULT_WARNING) and strategy not in (approval.AUTOMATIC, approval.MANUAL):
            message = (
                f"approval of '{result}' says '{strategy}': only '{approval.AUTOMATIC}' approves; a person is asked."
            )
            advice = f"Write '{approval.AUTOMATIC}' or '{approval.MANUAL}'."
            source.report(task.line, message, advice, WARNING)


def _check_name(kind: str, name: str, line: int, source: Source) -> None:
    if not name:
        source.report(line, f"a {kind} has no name: it can never run.", f"Give the {kind} a name.", WARNING)
    elif "." in name:
        message = f"{kind} name '{name}' holds a dot, which events cannot carry: it can never run."
        source.report(line, message, "Use a hyphen instead.", WARNING)


class _Known:
    """What a ``triggeredOn`` item may name.

    ``events``: event → tasks of the sequence that ends with it; ``sequences``: stage → names of its own sequences.
    """

    def __init__(self, shipyard: Shipyard) -> None:
        self.events = {
            f"{stage.name}.{sequence.name}.finished": tuple(task.name for task in sequence.tasks)
            for stage in shipyard.stages
            for sequence in reversed(stage.sequences)  # of two with one name the first runs
        }
        for stage in shipyard.stages:
            self.events.setdefault(f"{stage.name}.evaluation.finished", ("evaluation",))
        self.sequences = {stage.name: {one.name for one in stage.sequences} for stage in shipyard.stages}
        self._named = sorted(self.events)[:_MOST_NAMED]

    def advice(self, event: str) -> str:
        """Return what was probably meant by an unknown event, or what there is."""
        if event in self.events:
            return f"Write 'event: {event}'."
        close = difflib.get_close_matches(event, self._named, n=1, cutoff=0.75)
        more = ", …" if len(self.events) > len(self._named) else ""
        return f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(self._named)}{more}."

    def why_unknown(self, event: str) -> str:
        """Return what is wrong with an unknown event."""
        stage, _, rest = event.partition(".")
        sequence = rest.removesuffix(".finished")
        if event.count(".") != 2 or sequence == rest:
            return "it must read <stage>.<sequence>.finished"
        if stage not in self.sequences:
            return f"there is no stage '{stage}'"
        if sequence in self.sequences[stage]:
            return "it must be written exactly as <stage>.<sequence>.finished"
        return f"stage '{stage}' has no sequence '{sequence}'"


def _check_events(known: _Known, shipyard: Shipyard, source: Source) -> None:
    """Report events that can never fire: the first of them one by one, the others by their number."""
    sequences = (sequence for stage in shipyard.stages for sequence in stage.sequences)
    wrong = [one for sequence in sequences for one in sequence.triggered_on if one.event not in known.events]
    for trigger in wrong[:_MOST_WRONG_EVENTS]:
        plain = trigger.event.removeprefix(_EVENT_PREFIX)
        message = f"event '{trigger.event}' can never fire: {known.why_unknown(plain)}."
        source.report(trigger.line, message, known.advice(plain), WARNING)
    if more := wrong[_MOST_WRONG_EVENTS:]:
        message = f"from here on {len(more)} more events can never fire."
        source.report(more[0].line, message, "Mend those above first.", WARNING)


def _check_trigger(known: _Known, trigger: TriggeredOn, source: Source) -> None:
    selector = trigger.selector or {}
    if len(selector) > 1:
        message = f"{' and '.join(selector)} are alternatives: one of them is enough, as in Keptn."
        source.report(trigger.line, message, "To want both, compute it in a task of your own.", WARNING)
    for key, value in selector.items():
        _check_selector(key, value, trigger, known.events.get(trigger.event), source)


def _check_selector(key: str, value: str, trigger: TriggeredOn, tasks: tuple[str, ...] | None, source: Source) -> None:
    """Report a selector that never matches, or not as its writer thinks (R37 to R41)."""
    line = trigger.line
    task = key.removesuffix(".result")
    if key != "result" and (task == key or not task):
        message = f"selector '{key}: {value}' is ignored: only 'result' and '<task>.result' are known."
        source.report(line, message, "Match on one of those.", WARNING)
        return
    if value == "failed":
        source.report(line, f"'{key}: failed' is taken as 'fail'; Keptn never matched it.", "Write 'fail'.", WARNING)
    elif value not in RESULTS:
        source.report(line, f"'{key}: {value}' can never match.", f"Use one of {', '.join(RESULTS)}.", WARNING)
    if key == "result" or tasks is None:
        return
    if task not in tasks:
        message = f"'{key}' can never match: the sequence has no task '{task}'."
        source.report(line, message, f"Its tasks are: {', '.join(tasks) or 'none'}.", WARNING)
    elif tasks[-1] != task and value in ("pass", "warning"):
        message = (
            f"'{key}: {value}' looks at the last run of '{task}', though other tasks follow; Keptn never matched it."
        )
        source.report(line, message, severity=NOTE)
