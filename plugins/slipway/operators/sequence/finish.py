"""The last task of a sequence: frees the lane, and fails the run when anything in it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from slipway_core.keptn import event

from slipway import lane
from slipway.operators.sequence.result import DECIDED
from slipway.reopened import count_again
from slipway.task_report import BEGIN_TASK_ID, FINISHED, RESULT_TASK_ID, TRIGGERED, task_states

FINISH_TASK_ID = "slipway_finish"


class FinishSequence(BaseOperator):
    """The last task, a teardown: frees the lane, and fails the run when anything in it failed.

    So no failure ends green. It also lets the notifiers of ``[slipway] notifiers`` tell how the sequence ended.
    """

    def execute(self, context: Any) -> None:
        """Raise when a task of this run did not end well; leave the lane in any case.

        :raises RunReopened: when the result must be worked out again first; then the run is on its way into its lane.
        """
        count_again(context["ti"])
        try:
            self._end(context)
        finally:
            lane.leave(context)

    def _end(self, context: Any) -> None:
        ti = context["ti"]
        begin = (ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED) or {}).get("data") or {}
        result = ti.xcom_pull(task_ids=RESULT_TASK_ID, key=FINISHED) or {}
        states = task_states(ti)
        self._settle_approvals(ti, states, begin)
        failure = self._over(context, states, result) or self._failure(states, result)
        self._tell(context, {**begin, **(result.get("payload") or {})}, result, failure)
        if failure:
            raise AirflowFailException(failure)

    def _settle_approvals(self, ti: Any, states: Mapping[str, str], data: Mapping[str, Any]) -> None:
        """Record who decided by marking the whole run: the sequence's result has not run then."""
        if states.get(RESULT_TASK_ID) == "success" or not data:
            return
        for task_id, task in ti.task.dag.task_dict.items():
            if hasattr(task, "approvers") and states.get(task_id) in DECIDED:
                from slipway.approval_marks import settle_ended  # late: few sequences need it

                settle_ended(ti, task_id, states[task_id], data)

    @staticmethod
    def _over(context: Any, states: Mapping[str, str], result: Mapping[str, Any]) -> str:
        """Say why somebody ended the sequence; "" when nobody did."""
        reason = result.get("over")
        begin = context["ti"].xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED)
        if begin and states.get(RESULT_TASK_ID) == "upstream_failed":
            reason = lane.over(context, begin)  # it never got its lane: then Airflow passes over the result, too
        return f"The sequence was ended. {reason}" if reason else ""

    def _failure(self, states: Mapping[str, str], result: Mapping[str, Any]) -> str:
        """Say why the run must fail; "" when all is well."""
        failed = sorted(task for task, state in states.items() if task != self.task_id and state == "failed")
        if failed:
            return f"The sequence failed: {', '.join(failed)}."
        # A run that somebody marked as failed: what had not begun is skipped, and nothing may have failed.
        if states.get(RESULT_TASK_ID) != "success":
            return "The sequence was ended before its last task."
        outcome = result.get("outcome") or {}
        return f"The sequence failed: {outcome}." if outcome.get("result") == event.FAIL else ""

    def _tell(self, context: Any, payload: Mapping[str, Any], result: Mapping[str, Any], failure: str) -> None:
        from slipway import notices  # late: every task start parses this file

        message = (result.get("data") or {}).get("message") or failure
        ended = event.FAIL if failure else (result.get("outcome") or {}).get("result") or event.PASS
        occasion = notices.FAILED if failure else notices.FINISHED
        notices.tell(occasion, context, payload, result=ended, message=message)
