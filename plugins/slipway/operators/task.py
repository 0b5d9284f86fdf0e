"""The base of every operator that takes a task of a shipyard."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from slipway_core.keptn import event

from slipway.task_report import (
    BEGIN_TASK_ID,
    FINISHED,
    TRIGGERED,
    Seat,
    TaskFailed,
    TaskReport,
    finished_task,
    hand_in,
    take_payload,
)

__all__ = [
    "BEGIN_TASK_ID",
    "FINISHED",
    "TRIGGERED",
    "Seat",
    "TaskFailed",
    "TaskOperator",
    "TaskReport",
    "TaskStopped",
    "finished_task",
]


class TaskStopped(Exception):
    """The work was ended from outside. Not an outcome: a person's mark stands already, all else may be retried."""


class TaskOperator(BaseOperator):
    """Take one task of a sequence: build its payload, do the work, report.

    In a DAG that Slipway made, the payload comes from the earlier tasks. On its own in any other DAG the
    operator takes it as ``payload``, in the form of the data of Keptn's ``<task>.triggered``.

    :param payload: data of the task (templated), e.g. ``{"project": "shop", "stage": "qa", "service": "carts"}``.
    :param seat: the task's place in its sequence, instead of a payload.
    """

    template_fields: Sequence[str] = ("payload",)
    template_fields_renderers = {"payload": "json"}

    def __init__(self, *, payload: Mapping[str, Any] | None = None, seat: Seat | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.payload = payload
        self.seat = seat
        self._stopped = False

    def on_kill(self) -> None:
        """Remember that somebody ends this task: what fails now is no outcome."""
        self._stopped = True

    def execute(self, context: Any) -> dict[str, Any]:
        """Run the task and return the data of its ``.finished`` event, which is also the XCom ``finished``.

        :raises TaskFailed: when the task's result is ``fail``.
        """
        ti = context["ti"]
        payload = take_payload(ti, self.seat, self.payload)
        try:
            report = self.perform(payload, context)
        except TaskFailed as error:
            if self._stopped:
                raise TaskStopped(f"Task '{self.task_id}' was stopped: {error}") from error
            report = TaskReport("fail", str(error), status=event.ERRORED)
            ti.xcom_push(key=FINISHED, value=report.as_event(payload))
            raise
        if self._stopped:
            raise TaskStopped(f"Task '{self.task_id}' was stopped.")
        finished = hand_in(ti, payload, report)
        if report.message:
            self.log.info("%s", report.message)
        return finished

    @abstractmethod
    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Do the work and say how it went; a fault of the ground (a server away) is raised, and tried again."""
