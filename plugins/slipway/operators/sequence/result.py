"""The task behind those of a sequence: works out how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from slipway_core.keptn import event
from slipway_core.keptn.ending import end_sequence

from slipway import lane
from slipway.reopened import COUNTED
from slipway.task_report import APPROVAL, BEGIN_TASK_ID, FINISHED, TRIGGERED, finished_task, task_states

DECIDED = ("success", "failed", "skipped")  # states that somebody may have given an approval by hand


class SequenceResult(BaseOperator):
    """Work out how a sequence ended, and the data that its followers inherit (sequences.md 3.2, 3.3, 4).

    The state of a task is the truth; its report adds what the state cannot say (a warning, data, a message).
    Its XCom ``finished`` holds ``context``, ``outcome``, ``payload`` (what a follower inherits), ``data`` (that of
    ``<stage>.<sequence>.finished``) and ``over`` (why the sequence was ended before its time; then nothing follows).
    Its XCom ``counted`` holds the states that it is made of.

    :param tasks: ``(Airflow task id, task name)`` of the sequence's tasks, in order.
    """

    def __init__(self, *, tasks: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tasks = tuple(tasks)

    def execute(self, context: Any) -> None:
        """Fold the tasks' reports into the sequence's outcome."""
        ti = context["ti"]
        begin = ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED)
        if not begin:  # the input was refused: nothing has run, nothing follows
            ti.xcom_push(key=FINISHED, value=None)
            return
        states = task_states(ti)
        ti.xcom_push(key=COUNTED, value={task_id: states.get(task_id) for task_id, _ in self.tasks})
        executed = self._executed(ti, states, begin["data"])
        ending = end_sequence(begin["data"], executed)
        # Only what somebody ended has failed, and the records need not be asked about the others.
        if ending.outcome.result == event.FAIL and (reason := lane.over(context, begin)):
            ending = end_sequence(begin["data"], executed, over=reason)
        ti.xcom_push(key=FINISHED, value={"context": begin["context"], **ending.as_dict()})
        outcome = ending.outcome
        self.log.info("Sequence ended with result %s, status %s. %s", outcome.result, outcome.status, ending.over)

    def _executed(self, ti: Any, states: Mapping[str, str], data: Mapping[str, Any]) -> list[event.FinishedTask]:
        """Return the tasks up to the first that did not end well; what was marked by hand behind it does not count."""
        executed = []
        for task_id, name in self.tasks:
            state = states.get(task_id)
            if refused := self._refused(ti, task_id, name, state, data):
                executed.append(refused)
                break
            # Skipped, or held up by a failed wait: the sequence did not come to its end, which must not pass.
            executed.append(finished_task(ti, task_id, name, "success" if state == "success" else "failed"))
            if state != "success":
                break
        return executed

    def _refused(
        self, ti: Any, task_id: str, name: str, state: str | None, data: Mapping[str, Any]
    ) -> event.FinishedTask | None:
        """Record an approval that was marked by hand; return how it ended when the mark does not hold."""
        if name != APPROVAL or state not in DECIDED:
            return None
        from slipway.approval_marks import settle  # late: few sequences need it

        why = settle(ti, task_id, state, data)
        if not why:
            return None
        self.log.error("%s", why)
        return event.FinishedTask(name, ({"status": event.SUCCEEDED, "result": event.FAIL, "message": why},))
