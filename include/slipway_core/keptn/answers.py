"""What the executors of a walk say: answers that people wrote down, else "all went well"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from slipway_core.keptn import get_action, json_input
from slipway_core.keptn.approval import APPROVE, DECLINE
from slipway_core.keptn.event import PASS, SUCCEEDED, Data
from slipway_core.keptn.incoming import check_report
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.keptn.problems import InvalidEvent, InvalidFile, has_errors
from slipway_core.keptn.scalars import fits_an_event
from slipway_core.keptn.source import Mapping as Node
from slipway_core.keptn.source import Source

ALL_WELL: Data = {"status": SUCCEEDED, "result": PASS}
_FORM = "Write '<stage>.<sequence>.<task>:' and a list: one item each time the task is asked."
_NOT_ASKED = f"Its action comes from {get_action.FILE}."

Answer = tuple[Data, ...]


class Answers(NamedTuple):
    """Answers by ``<stage>.<sequence>.<task>``; the n-th answers the n-th time that the task is triggered.

    An answer holds the data of ``.finished``, one an executor.
    """

    by_task: Mapping[str, tuple[Answer, ...]]

    def nth(self, task: str, count: int) -> Answer | None:
        """Return the answer to the ``count``-th time, from 0; ``None`` when nothing was written for it."""
        given = self.by_task.get(task, ())
        return given[count] if count < len(given) else None


def read_answers(entry: object, field: str = "answers") -> Answers:
    """Read answers out of plain data; raises :class:`InvalidEvent` naming what cannot be used."""
    tasks = json_input.mapping(entry or {}, field)
    for name in tasks:
        if _is_get_action(name):
            raise InvalidEvent(f"{field}: {name}", f"is never asked. {_NOT_ASKED}")
    return Answers({name: _answers_of(given, f"{field}: {name}") for name, given in tasks.items()})


def answers_of(source: Source, plan: ProjectPlan) -> Answers:
    """Read an answers file; raises :class:`InvalidFile` with the lines of all that is wrong.

    :param plan: what the answers are for; one that nothing can ask for is an error
    """
    root = source.root
    by_task: dict[str, tuple[Answer, ...]] = {}
    if root is not None and not root.is_null and not isinstance(root, Node):
        source.report(root.line, "answers must be a mapping.", _FORM)
    tasks = {f"{one.stage}.{one.sequence}.{task.name}" for one in plan.sequences for task in one.tasks}
    known = {name for name in tasks if not _is_get_action(name)}
    for name, (line, node) in root.entries.items() if isinstance(root, Node) else ():
        if name not in known:
            advice = _NOT_ASKED if _is_get_action(name) else f"There are: {', '.join(sorted(known))}."
            source.report(line, f"nothing ever asks '{name}'.", advice)
        try:
            by_task[name] = _answers_of(node.value, name)
        except InvalidEvent as error:
            source.report(line, f"{error}", _FORM)
    if has_errors(source.problems):
        raise InvalidFile(source.problems)
    return Answers(by_task)


def decision_of(answer: Answer, task: str) -> str:
    """Return what a person said to an approval; raises :class:`InvalidEvent` when it is no answer."""
    decision = answer[0].get("decision") if answer else None
    if decision not in (APPROVE, DECLINE):
        raise InvalidEvent(f"answers: {task}", f"a person says 'decision: {APPROVE}' or '{DECLINE}', not {decision!r}")
    return str(decision)


def _is_get_action(name: str) -> bool:
    return name.rpartition(".")[2] == get_action.TASK


def _answers_of(given: object, field: str) -> tuple[Answer, ...]:
    if not isinstance(given, list):
        raise InvalidEvent(field, "must be a list with one item each time it is asked.")
    return tuple(tuple(_reports(item, f"{field}[{place}]")) for place, item in enumerate(given))


def _reports(item: object, field: str) -> Iterable[Data]:
    """Yield the reports of one answer; a single executor may stand without a list."""
    for one in item if isinstance(item, list) else [item]:
        if not fits_an_event(one):
            raise InvalidEvent(field, "holds a number that is not finite.")
        report = json_input.mapping(one, field)
        try:
            check_report(report)
        except InvalidEvent as error:
            raise InvalidEvent(field, str(error)) from error
        yield report
