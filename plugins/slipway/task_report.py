"""What every task of a shipyard does, operator or sensor: a payload comes in, a report goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowFailException
from slipway_core.keptn import event
from slipway_core.keptn.incoming import check_labels, check_report
from slipway_core.keptn.problems import InvalidEvent

BEGIN_TASK_ID = "slipway_begin"
RESULT_TASK_ID = "slipway_result"
HANDOVER_KEY = "slipway"  # in the conf of a run that another run, or something from outside, has started
TRIGGERED = "triggered"
FINISHED = "finished"
APPROVAL = "approval"  # the name of a task that a person decides


@dataclass(frozen=True)
class Seat:
    """Where a task stands in its sequence: what it needs to know to build its payload (sequences.md 2.4).

    :param name: the task's name in the shipyard.
    :param properties: the task's ``properties`` in the shipyard.
    :param earlier: ``(Airflow task id, name)`` of the sequence's earlier tasks, in order.
    """

    name: str
    properties: Mapping[str, Any] | None = None
    earlier: tuple[tuple[str, str], ...] = ()

    def payload(self, ti: Any) -> dict[str, Any]:
        """Return the data of this task's ``.triggered`` event, built afresh from the XComs of its sequence.

        :param ti: the running task instance.
        :raises TaskFailed: when it must not go on: no input, or an approval that does not hold.
        :raises RunReopened: when its run was taken up again; worth another try.
        """
        begin = ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED)
        if not begin:
            raise TaskFailed(f"Task '{BEGIN_TASK_ID}' has left no input: it was marked by hand. Clear it instead.")
        self._settle_marks(ti, begin["data"])
        from slipway.reopened import run_old_again  # late: it builds on this module

        run_old_again(ti)
        # This task runs, so every earlier one has ended well.
        finished = [finished_task(ti, task_id, name, "success") for task_id, name in self.earlier]
        return event.task_input(begin["data"], event.scope_of(begin["data"]), finished, self.properties, self.name)

    def _settle_marks(self, ti: Any, data: Mapping[str, Any]) -> None:
        """Refuse to go on behind an approval that was marked by somebody who may not approve."""
        approvals = [task_id for task_id, name in self.earlier if name == APPROVAL]
        if not approvals:
            return
        from slipway.approval_marks import settle  # late: few tasks need it

        for task_id in approvals:
            if why := settle(ti, task_id, "success", data):
                raise TaskFailed(why)


def finished_task(ti: Any, task_id: str, name: str, state: str) -> event.FinishedTask:
    """Return how a task of this run ended. Its state is the truth; its report adds data, a message, a warning.

    A task that was marked by hand has no report, or an older one that says something else.

    :param ti: a running task instance of the same run.
    :param name: the task's name in the shipyard.
    :param state: ``success`` or ``failed``.
    """
    report = ti.xcom_pull(task_ids=task_id, key=FINISHED)
    if state == "success":
        report = {"status": event.SUCCEEDED, **(report or {})}
        if report.get("result") not in (event.PASS, event.WARNING):
            report = {**report, "status": event.SUCCEEDED, "result": event.PASS}
    else:
        report = {"status": event.SUCCEEDED if report else event.ERRORED, **(report or {}), "result": event.FAIL}
    return event.FinishedTask(name, (report,))


@dataclass
class TaskReport:
    """What a task has to say at its end (sequences.md 2.3).

    :param result: ``pass``, ``warning`` or ``fail``.
    :param status: ``succeeded``: the work was done, whatever its result; ``errored``: it could not be done.
    :param message: one readable text; the reason of a failure.
    :param data: blocks that later tasks read, such as ``{"deployment": {...}}``.
    """

    result: str = "pass"
    message: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    status: str = event.SUCCEEDED

    def as_event(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data of the ``.finished`` event, with the scope and labels of the payload it answers."""
        return event.report(payload, self.result, self.status, self.message, self.data)


class TaskFailed(AirflowFailException):
    """A task has done its work and the outcome is bad: Airflow must not try again."""


def take_payload(ti: Any, seat: Seat | None, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a task's payload, and store it as the XCom ``triggered``.

    :param ti: the running task instance.
    :param seat: the task's place in its sequence; None for an operator in a DAG of somebody's own.
    :param given: the payload of such an operator.
    :raises TaskFailed: when project, stage or service is missing, or a label is no text.
    """
    payload = seat.payload(ti) if seat else dict(given or {})
    for name in ("project", "stage", "service"):
        if not payload.get(name):
            raise TaskFailed(f"Task '{ti.task_id}': its payload has no '{name}'. Give it as payload={{...}}.")
    try:
        if payload.get("labels") is not None:
            check_labels(payload["labels"])
    except InvalidEvent as error:
        raise TaskFailed(f"Task '{ti.task_id}': its payload cannot be used: {error}") from error
    ti.xcom_push(key=TRIGGERED, value=payload)
    return payload


def hand_in(ti: Any, payload: Mapping[str, Any], report: TaskReport, why: str = "") -> dict[str, Any]:
    """Store a report as the XCom ``finished`` and return it; followers read it, whatever the result.

    One that cannot be used, as with labels that are no text, is stored as an errored one that names the field.

    :param why: a longer text than the report's message, for the error of a failed task.
    :raises TaskFailed: when the sequence stops here, because of a result or a status.
    """
    finished = report.as_event(payload)
    try:
        check_report(finished)
    except InvalidEvent as error:
        why = f"Task '{ti.task_id}': its report cannot be used: {error}"
        finished = TaskReport(event.FAIL, why, status=event.ERRORED).as_event(payload)
    ti.xcom_push(key=FINISHED, value=finished)
    if event.aggregate([finished]).stops:
        raise TaskFailed(why or report.message or f"Task '{ti.task_id}' failed.")
    return finished


def task_states(ti: Any) -> dict[str, str]:
    """Return ``{task id: state}`` for the tasks of the run that ``ti`` belongs to."""
    return dict(ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {}))
