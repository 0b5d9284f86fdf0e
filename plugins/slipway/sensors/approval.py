"""``ApprovalSensor``: a release waits until its strategy or a person approves it (sequences.md 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput
from slipway_core.keptn import approval
from slipway_core.keptn.event import FAIL, PASS

from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable, SlipwayApi
from slipway.task_report import Seat, TaskReport, hand_in, take_payload

APPROVE, DECLINE = "Approve", "Decline"
COMMENT = "comment"
# XCom beside the report: the report travels on as data of the delivery, and Keptn's has no such block.
DECISION = "approval"
EXPIRY = "expiry"  # stands for the person when nobody has answered in time


class ApprovalSensor(HITLOperator):
    """Approve or decline a release by its strategy, or wait for a person, without a worker and without a triggerer.

    The person sees image, stage, gate and load figures. Approved means result ``pass``, also after a warning;
    declined means ``fail``, and the sequence ends. Who decided, when and why is the XCom ``approval``.
    Give it ``retries`` of 2 or more: Airflow sometimes loses a task that is answered the moment it begins to wait.

    .. code-block:: python

        ApprovalSensor(
            task_id="approval",
            payload={
                "project": "shop", "stage": "production", "service": "carts",
                "result": "warning", "approval": {"pass": "automatic", "warning": "manual"},
            },
            expires_after=timedelta(days=2),
        )

    :param payload: data of ``approval.triggered`` (templated).
    :param seat: the task's place in its sequence, instead of a payload.
    :param assigned_users: who may answer, ``[{"id": …, "name": …}]``; nobody named: all who may answer in Airflow.
    :param expires_after: after this time without an answer it is declined; None: it waits for ever.
    :param notifiers: Airflow notifiers that are told when a person is asked.
    """

    template_fields: Sequence[str] = ("payload",)
    template_fields_renderers = {"payload": "json"}

    def __init__(
        self,
        *,
        payload: Mapping[str, Any] | None = None,
        seat: Seat | None = None,
        expires_after: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("params", None)  # of the DAG: its trigger form is not this one
        comment = Param("", "Why; kept with the decision", "task", type=["string", "null"], title="Comment")
        super().__init__(
            subject="Release?",  # until the payload is known
            options=[APPROVE, DECLINE],
            # Not a bare timeout: Airflow raises that as a fault, and a retry would ask again.
            defaults=[DECLINE] if expires_after else None,
            response_timeout=expires_after,
            params={COMMENT: comment},
            **kwargs,
        )
        self.payload = payload
        self.seat = seat

    @cached_property
    def hook(self) -> SlipwayApi:
        """Airflow's own API, for the answer to an earlier try."""
        return SlipwayApi()

    def execute(self, context: Any) -> dict[str, Any]:
        """Decide by the strategy, or by an answer that an earlier try got; else ask and wait."""
        payload = take_payload(context["ti"], self.seat, self.payload)
        result, properties = approval.effective_result(payload), payload.get(self._block_name)
        properties = properties if isinstance(properties, Mapping) else {}
        self.log.info("%s", approval.started_message(result, properties))
        decision = approval.decide(result, properties)
        if decision != approval.ASK:
            by = f"strategy for result '{result}'"
            return self._conclude(context, payload, _decision(decision == approval.APPROVE, by))
        if given := self._answer_given(context):
            self.log.info("An earlier try got this answer; nobody is asked again.")
            return self._conclude(context, payload, given)
        from slipway_core import evidence  # late: every task start parses this file

        self.subject, self.body = evidence.subject(payload), evidence.body(payload, result)
        try:
            return super().execute(context)
        except TaskAwaitingInput:
            context["task_state_store"].set(_key(context, "asked"), True)
            raise

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Take the answer, or the decline of an approval that has expired."""
        if "error" not in event:
            # A form that somebody filled in by hand, over the API, must not fail a decision that was made.
            comment = (event.get("params_input") or {}).get(COMMENT)
            event = {**event, "params_input": {COMMENT: str(comment or "")}}
        answer = _answer(super().execute_complete(context, event))
        # First of all: a fault from here on must not lose it.
        context["task_state_store"].set(_key(context, "answer"), answer)
        return self._conclude(context, take_payload(context["ti"], self.seat, self.payload), answer)

    @property
    def _block_name(self) -> str:
        return self.seat.name if self.seat else "approval"

    def _answer_given(self, context: Any) -> dict[str, Any] | None:
        """Return the answer to the question of an earlier try; None when there was none, or the task was cleared."""
        store = context["task_state_store"]
        if kept := store.get(_key(context, "answer")):
            return dict(kept)
        if not store.get(_key(context, "asked")):
            return None
        try:
            detail = self.hook.human_input(context["ti"])
        except (NoConnection, ApiUnavailable) as error:
            self.log.warning(
                "This is another try. Whether somebody answered the one before cannot be known: %s Asking again.", error
            )
            return None
        return _answer(detail) if detail.get("response_received") else None

    def _conclude(self, context: Any, payload: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
        ti = context["ti"]
        ti.xcom_push(key=DECISION, value=decision)
        approved = decision["decision"] == APPROVE
        message = f"{'Approved' if approved else 'Declined'} by {decision['by']}"
        message += f" at {decision['at']}" if decision["at"] else ""
        message += f": {decision[COMMENT]}" if decision[COMMENT] else "."
        self.log.info("%s", message)
        return hand_in(ti, payload, TaskReport(PASS if approved else FAIL, message))


def _answer(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return a decision from what Airflow keeps of an answer, in a resumed task or behind its API."""
    responder = response.get("responded_by_user") or {}
    by = str(responder.get("name") or responder.get("id") or EXPIRY)
    comment = str((response.get("params_input") or {}).get(COMMENT) or "").strip()
    approved = list(response.get("chosen_options") or ()) == [APPROVE]
    at = response["responded_at"]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return _decision(approved, by, moment.isoformat(timespec="seconds"), comment)


def _decision(approved: bool, by: str, at: str = "", comment: str = "") -> dict[str, Any]:
    return {"decision": APPROVE if approved else DECLINE, "by": by, "at": at, COMMENT: comment}


def _key(context: Any, name: str) -> str:
    # The store outlives a clear, after which people are asked anew.
    return f"{name}-{getattr(context['dag_run'], 'clear_number', 0)}"
