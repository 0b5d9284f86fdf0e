"""``LaneSensor``: holds a run until no other runs for its project, stage and service (sequences.md 5)."""

from __future__ import annotations

import time
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException
from slipway_core.keptn.lanes import FIFO, RUNNING, Policy

from slipway import lane
from slipway.links import RunAheadLink, run_url
from slipway.task_report import BEGIN_TASK_ID, TRIGGERED, TaskFailed


class SequenceOver(AirflowFailException):
    """The sequence is not to go on: it was cancelled, or a newer run goes instead of it."""


class LaneSensor(BaseSensorOperator):
    """Take a run's turn in its lane, or wait for it without a worker, however many wait.

    Safe to repeat: a run that holds its lane goes on. The place is in the log; the link leads to the run ahead.

    :param policy: ``fifo``, or ``latest-wins``: of the runs of this sequence that wait, only the newest goes on.
    """

    operator_extra_links = (RunAheadLink(),)

    def __init__(self, *, policy: Policy = FIFO, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.policy = policy

    def execute(self, context: Any, event: Any = None) -> None:
        """Go on, wait, or end a run that is not to go on.

        :raises SequenceOver: when it was cancelled, or superseded.
        """
        ti = context["ti"]
        begin = ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED)
        if not begin:
            raise TaskFailed(f"Task '{BEGIN_TASK_ID}' has left no input: it was marked by hand. Clear it instead.")
        standing = lane.go(context, begin, self.policy)
        if reason := lane.over(context, begin):
            raise SequenceOver(reason)
        if standing.state == RUNNING:
            self.log.info("This run holds its lane.")
            return
        from slipway.triggers.lane import LaneTrigger, said  # late: most runs need not wait

        if standing.ahead:
            ti.xcom_push(key=RunAheadLink.xcom_key, value=run_url(*standing.ahead))
        self.log.info("%s", said(standing))
        trigger = LaneTrigger(dag_id=ti.dag_id, run_id=ti.run_id, since=time.time())
        self.defer(trigger=trigger, method_name="execute")
