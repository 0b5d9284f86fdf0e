"""A sequence and all that follows it, walked without Airflow: every event in order.

The decisions are those of the DAGs: payloads and outcomes of :mod:`event`, the end of a sequence of :mod:`ending`, the
strategy of :mod:`approval`. Breadth first: a sequence runs to its end, then its followers queue up in file order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

from slipway_core.keptn import approval, event, get_action
from slipway_core.keptn.answers import ALL_WELL, Answers, decision_of
from slipway_core.keptn.ending import end_sequence
from slipway_core.keptn.plan import PlannedTask, ProjectPlan, SequencePlan
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.remediation import Remediation

PREFIX = "sh.keptn.event."
TRIGGERED = ".triggered"
LIMIT = 20

# stage, service → their remediation.yaml or None; raises InvalidFile
Remediations = Callable[[str, str], Remediation | None]


class Said(NamedTuple):
    """One event.

    :param subject: ``<task>``, or ``<stage>.<sequence>``
    :param verb: ``triggered`` or ``finished``
    :param after_seconds: how long the task's start is put off (``triggeredAfter``)
    :param reports: of a finished task, what each executor said
    """

    subject: str
    verb: str
    data: dict[str, Any]
    after_seconds: float = 0.0
    reports: tuple[event.Data, ...] = ()

    def as_event(self) -> dict[str, Any]:
        """Return type and data as Keptn's events have them."""
        delay = {"after_seconds": self.after_seconds} if self.after_seconds else {}
        return {"type": f"{PREFIX}{self.subject}.{self.verb}", "data": self.data, **delay}


class Course:
    """One start of a sequence, and what came of it.

    :ivar waiting: approvals that a person would have to answer; their sequences did not end
    :ivar limited: sequences still queued when the limit was reached
    """

    def __init__(self, plan: ProjectPlan, answers: Answers, remediations: Remediations, limit: int = LIMIT) -> None:
        self.plan, self.answers, self.remediations, self.limit = plan, answers, remediations, limit
        self.waiting: list[str] = []
        self.limited = False
        self._asked: Counter[str] = Counter()

    def walk(self, first: SequencePlan, data: event.Data) -> Iterator[Said]:
        """Yield every event but the first ``.triggered``, in order.

        :param first: the sequence that is started
        :param data: of the event that starts it, checked
        """
        queue: deque[tuple[SequencePlan, event.Data]] = deque([(first, data)])
        for _ in range(self.limit):
            if not queue:
                return
            one, given = queue.popleft()
            executed = yield from self._tasks(one, given)
            if executed is None:
                continue
            ending = end_sequence(given, executed)
            yield Said(f"{one.stage}.{one.sequence}", "finished", ending.data)
            for follower in one.followers:
                inherited = ending.follow_up(follower.selector, follower.stage)
                planned = self.plan.find(follower.stage, follower.sequence)
                if inherited is not None and planned is not None:
                    yield Said(f"{follower.stage}.{follower.sequence}", "triggered", inherited)
                    queue.append((planned, inherited))
        self.limited = bool(queue)

    def _tasks(self, one: SequencePlan, given: event.Data) -> Generator[Said, None, list[event.FinishedTask] | None]:
        """Run the tasks of one sequence; returns those that ran, or ``None`` while a person is asked."""
        executed: list[event.FinishedTask] = []
        for task in one.tasks:
            payload = event.task_input(given, event.scope_of(given), executed, task.properties, task.name)
            yield Said(task.name, "triggered", payload, task.delay_seconds)
            reports = self._reports(one, task, payload)
            if reports is None:
                self.waiting.append(f"{one.stage}.{one.sequence}.{task.name}")
                return None
            executed.append(event.FinishedTask(task.name, reports))
            outcome = executed[-1].outcome
            yield Said(task.name, "finished", outcome._asdict(), reports=reports)
            if outcome.stops:
                break
        return executed

    def _reports(self, one: SequencePlan, task: PlannedTask, payload: dict[str, Any]) -> tuple[event.Data, ...] | None:
        key = f"{one.stage}.{one.sequence}.{task.name}"
        answer = self.answers.nth(key, self._asked[key])
        self._asked[key] += 1
        if task.name == get_action.TASK:
            return (self._next_action(payload),)
        if task.name != approval.TASK:
            return (ALL_WELL,) if answer is None else answer
        decision = approval.decide(approval.effective_result(payload), task.properties)
        if decision == approval.ASK:
            if answer is None:
                return None
            decision = decision_of(answer, key)
        return (event.report(payload, event.PASS if decision == approval.APPROVE else event.FAIL),)

    def _next_action(self, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            remediation = self.remediations(payload["stage"], payload["service"])
        except InvalidFile as error:
            return get_action.next_action(payload, None, str(error))
        return get_action.next_action(payload, remediation)
