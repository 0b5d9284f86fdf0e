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

from slipway import approval_record, lane, notices
from slipway.approval_record import APPROVE, COMMENT, DECISION, DECLINE, retold, told
from slipway.hooks.faults import NoConnection
from slipway.hooks.slipway_api import ApiUnavailable, SlipwayApi
from slipway.kept import keep, kept
from slipway.links import run_url
from slipway.task_report import APPROVAL, Seat, TaskFailed, TaskReport, hand_in, take_payload

WAY = "how"  # a second field of the answer's form, which only `./slipway approve | decline` fill in
EXPIRY = "expiry"  # stands for the person when nobody has answered in time


class ApprovalSensor(HITLOperator):
    """Approve or decline a release by its strategy, or wait for a person, without a worker and without a triggerer.

    The person sees image, stage, gate and load figures. Approved means result ``pass``, also after a warning;
    declined means ``fail``, and the sequence ends. Who decided, when, how and why goes into the records, and is the
    XCom ``approval``.
    Give it ``retries`` of 2 or more: Airflow sometimes loses a task that is answered the moment it begins to wait.

    .. code-block:: python

        ApprovalSensor(
            task_id="approval",
            payload={
                "project": "shop", "stage": "production", "service": "carts",
                "result": "warning", "approval": {"pass": "automatic", "warning": "manual"},
            },
            approvers=["alice", "bob"],
            expires_after=timedelta(days=2),
        )

    :param payload: data of ``approval.triggered`` (templated).
    :param seat: the task's place in its sequence, instead of a payload.
    :param kubernetes_conn_id: Airflow connection to the stage's cluster, which is asked what runs there now;
        ``kubernetes_<project>_<stage>`` when nothing is said.
    :param approvers: names of the users who may decide; nobody named: all who may answer in Airflow. Where a user's
        id is not the name (FAB: a number; Keycloak: a UUID), ``name:id``.
    :param expires_after: after this time without an answer it is declined; None: it waits for ever.
    :param supersede: asking declines what is still open of the same project, stage and service.
    :param notifiers: Airflow notifiers that are told when a person is asked, besides those of ``[slipway] notifiers``.
    """

    template_fields: Sequence[str] = ("payload", "kubernetes_conn_id")
    template_fields_renderers = {"payload": "json"}
    assigned_users: Any
    notifiers: Any

    def __init__(
        self,
        *,
        payload: Mapping[str, Any] | None = None,
        seat: Seat | None = None,
        kubernetes_conn_id: str = "",
        approvers: Sequence[str] = (),
        expires_after: timedelta | None = None,
        supersede: bool = False,
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
        self.kubernetes_conn_id = kubernetes_conn_id
        self.approvers = tuple(approvers)
        self.supersede = supersede

    @cached_property
    def hook(self) -> SlipwayApi:
        """Airflow's own API, for the answer to an earlier try."""
        return SlipwayApi()

    def execute(self, context: Any) -> dict[str, Any]:
        """Decide by the strategy, or by an answer that an earlier try got; else ask and wait."""
        payload = take_payload(context["ti"], self.seat, self.payload)
        result, properties = approval.effective_result(payload), self._strategy(payload)
        self.log.info("%s", approval.started_message(result, properties))
        decision = approval.decide(result, properties)
        if decision != approval.ASK:
            by = f"strategy for result '{result}'"
            return self._conclude(context, payload, told(decision == approval.APPROVE, by, "strategy"))
        if given := self._answer_given(context):
            self.log.info("An earlier try got this answer; nobody is asked again.")
            return self._conclude(context, payload, given)
        return self._ask(context, payload, result)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> dict[str, Any]:
        """Take the answer, or the decline of an approval that has expired."""
        checked = event
        if "error" not in event:
            # A form that somebody filled in by hand, over the API, must not fail a decision that was made.
            checked = {**event, "params_input": {COMMENT: _field(event, COMMENT)}}
        super().execute_complete(context, checked)
        answer = _answer(event)
        # First of all: a fault from here on must not lose it.
        keep(context, "answer", answer)
        return self._conclude(context, take_payload(context["ti"], self.seat, self.payload), answer)

    def _ask(self, context: Any, payload: dict[str, Any], result: str) -> dict[str, Any]:
        from slipway_core import evidence  # late: every task start parses this file

        from slipway.hooks.running import running_now

        running = running_now(payload, self.kubernetes_conn_id)
        self.subject, self.body = evidence.subject(payload), evidence.body(payload, result, running)
        shown = {"question": self.subject, "image": evidence.image_of(payload), "body": self.body}
        question = approval_record.ask(context, payload, shown)  # what cannot be recorded is not asked
        if question.decision:
            self.log.info("This was decided before an earlier try came to its end; nobody is asked again.")
            return self._conclude(context, payload, retold(question.decision))
        if self.supersede:
            self._decline_older(question)
        self.assigned_users = self._who_may_answer() or self.assigned_users
        self.notifiers = [*self.notifiers, lambda running: self._tell(running, payload, result)]
        lane.park(context)
        try:
            return super().execute(context)
        except TaskAwaitingInput:
            keep(context, "asked", True)
            raise

    def _decline_older(self, question: Any) -> None:
        """End the open approvals that this one replaces: in the records, and by an answer to their waiting tasks."""
        reason = f"superseded by {run_url(question.run.dag_id, question.run.run_id)}"
        for older in approval_record.superseded_by(question):
            dag_id, run_id, task_id, _ = older.run
            if self.hook.answer(dag_id, run_id, task_id, DECLINE, reason):
                self.log.info("Declined the older approval of %s, %s.", dag_id, run_id)

    def _who_may_answer(self) -> list[dict[str, str]]:
        """Return the approvers as Airflow wants them; with Slipway's own user where a newer approval must answer."""
        split = (one.partition(":") for one in self.approvers)
        named = [{"id": user_id or name, "name": name} for name, _, user_id in split]
        return [*named, self.hook.user] if named and self.supersede else named

    def _tell(self, context: Any, payload: Mapping[str, Any], result: str) -> None:
        notices.tell(notices.APPROVAL, context, payload, result=result, message=self.subject)

    def _strategy(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what is approved without a person: as the shipyard says, whatever the run's own input says of it.

        Else whoever may start a run could switch the person off.
        """
        properties = self.seat.properties if self.seat else payload.get(APPROVAL)
        return properties if isinstance(properties, Mapping) else {}

    def _answer_given(self, context: Any) -> dict[str, Any] | None:
        """Return the answer to the question of an earlier try; None when there was none, or the task was cleared."""
        if answered := kept(context, "answer"):
            return dict(answered)
        if not kept(context, "asked"):
            return None
        try:
            detail = self.hook.human_input(context["ti"])
        except (NoConnection, ApiUnavailable) as error:
            self.log.warning(
                "This is another try. Whether somebody answered the one before cannot be known: %s Asking again.", error
            )
            return None
        return _answer(detail) if detail.get("response_received") else None

    def _refuse_strangers(self, decision: Mapping[str, str]) -> None:
        """Fail when somebody else than a named approver has approved.

        Airflow keeps who may answer from the first time it asked, also when the approvers were others then.
        """
        named = [one.partition(":")[0] for one in self.approvers]
        asked = decision["how"] in ("answer", "command") and decision["decision"] == APPROVE
        if named and asked and not {decision["by"], *self._ids_of(decision["by"])} & {*named, *self.approvers}:
            raise TaskFailed(
                f"Approved by '{decision['by']}', but only {', '.join(named)} may. Clear this task, and they are asked "
                "again; if Airflow still lets others answer, start the sequence anew."
            )

    def _ids_of(self, by: str) -> list[str]:
        """Return the approvers whose id in Airflow is this."""
        return [one for one in self.approvers if one.partition(":")[2] == by]

    def _conclude(self, context: Any, payload: dict[str, Any], decision: dict[str, Any]) -> dict[str, Any]:
        ti = context["ti"]
        self._refuse_strangers(decision)
        ti.xcom_push(key=DECISION, value=decision)
        approval_record.conclude(context, payload, decision)
        approved = decision["decision"] == APPROVE
        message = f"{'Approved' if approved else 'Declined'} by {decision['by']}"
        message += f" at {decision['at']}" if decision["at"] else ""
        message += f": {decision[COMMENT]}" if decision[COMMENT] else "."
        self.log.info("%s", message)
        return hand_in(ti, payload, TaskReport(PASS if approved else FAIL, message))


def _answer(response: Mapping[str, Any]) -> dict[str, str]:
    """Return a decision from what Airflow keeps of an answer, in a resumed task or behind its API."""
    responder = response.get("responded_by_user") or {}
    by = str(responder.get("name") or responder.get("id") or EXPIRY)
    how = "command" if _field(response, WAY) == "command" else "answer"
    approved = list(response.get("chosen_options") or ()) == [APPROVE]
    at = response["responded_at"]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    comment = _field(response, COMMENT).strip()
    return told(approved, by, how if responder else "expired", moment.isoformat(timespec="seconds"), comment)


def _field(response: Mapping[str, Any], name: str) -> str:
    return str((response.get("params_input") or {}).get(name) or "")
