"""Slipway's own tasks around those of a sequence: the first takes the run's input, the last ones say how it ended."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, timezone
from airflow.sdk.exceptions import AirflowFailException
from slipway_core.keptn import event, incoming
from slipway_core.keptn.ending import end_sequence
from slipway_core.keptn.lanes import FIFO, Policy
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.publish.load import commit_of, project_source
from slipway_core.publish.remote.address import commit_page
from slipway_core.records import RecordsUnavailable

from slipway import lane
from slipway.links import SourceCommitLink, StartedByLink, run_url
from slipway.operators.task import BEGIN_TASK_ID, FINISHED, TRIGGERED, finished_task
from slipway.task_report import APPROVAL, HANDOVER_KEY, RESULT_TASK_ID, task_states

FINISH_TASK_ID = "slipway_finish"
DECIDED = ("success", "failed", "skipped")  # states that somebody may have given an approval by hand
CONTEXTS = uuid.UUID("7d9b2a56-0a53-4f7e-9f4b-0d6f9f9f6f11")  # the name space of context ids made from run ids


class Evaluates(enum.Enum):
    """Whether a sequence begins with an evaluation."""

    NOT_FIRST = "not first"
    WITH_OWN_WINDOW = "the shipyard names the window"
    WITHOUT_WINDOW = "nothing names the window"

    @classmethod
    def of(cls, task: str, properties: Mapping[str, Any] | None) -> Evaluates:
        """Tell by the first task of a sequence."""
        if task != "evaluation":
            return cls.NOT_FIRST
        named = {"start", "end", "timeframe"} & set(properties or {})
        return cls.WITH_OWN_WINDOW if named else cls.WITHOUT_WINDOW


class InputRefused(AirflowFailException):
    """The run's input is wrong; the message names the field."""


class BeginSequence(BaseOperator):
    """Take the input of a run, from the trigger form or from the sequence before, and refuse what is wrong.

    Its XCom ``triggered`` holds ``context`` (one id for a whole chain of stages) and ``data`` (the data of
    ``<stage>.<sequence>.triggered``).

    :param project: name of the project.
    :param stage: name of the stage.
    :param services: the services that the project has.
    :param deploys: the sequence deploys, so a run started by hand needs an image or values.
    :param evaluates: it begins with an evaluation, so a run started by hand may name a window; the last five minutes
        when it names none, unless the shipyard does.
    :param tree: the published tree; it says which commits a project in Git was made from.
    :param policy: of the lane in which the run takes a place; it waits there later, in a task of its own.
    """

    operator_extra_links = (StartedByLink(), SourceCommitLink())

    def __init__(
        self,
        *,
        project: str,
        stage: str,
        services: Sequence[str],
        deploys: bool = False,
        evaluates: Evaluates = Evaluates.NOT_FIRST,
        tree: Path | None = None,
        policy: Policy = FIFO,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project = project
        self.stage = stage
        self.services = tuple(services)
        self.deploys = deploys
        self.evaluates = evaluates
        self.tree = tree
        self.policy = policy

    def execute(self, context: Any) -> None:
        """Check the input, store it as the sequence's payload, and take a place in the lane."""
        ti, run = context["ti"], context["dag_run"]
        self._show_source(ti)
        self._check_place(run.conf or {})
        handover = (run.conf or {}).get(HANDOVER_KEY)
        if handover is None:
            chain, data = str(uuid.uuid5(CONTEXTS, f"{run.dag_id}/{run.run_id}")), self._own_input(context)
        else:
            chain, data = self._from_handover(handover)
            parent = handover.get("parent") or {}
            if parent.get("dag_id") and parent.get("run_id"):
                address = run_url(str(parent["dag_id"]), str(parent["run_id"]))
                ti.xcom_push(key="started_by", value=address)
                self.log.info("Started by %s", address)
        begin = {"context": chain, "data": data}
        ti.xcom_push(key=TRIGGERED, value=begin)
        self.log.info("Context %s, service %s", chain, data["service"])
        try:
            lane.enter(context, begin, self.policy)
        except RecordsUnavailable as error:
            self.log.warning("The next task takes a place in the lane: %s", error)

    def _show_source(self, ti: Any) -> None:
        """Say which commits the files of this run come from; XCom ``sources`` holds them, too."""
        source = project_source(self.tree, self.project) if self.tree else None
        if source is None:
            return
        ti.xcom_push(key="sources", value=source)
        for branch, commit in source["commits"].items():
            self.log.info("Files from %s, branch %s, commit %s", source["remote"], branch, commit)
        if page := commit_page(source["remote"], commit_of(source, self.stage)):
            ti.xcom_push(key="source_commit", value=page)
            self.log.info("Source commit: %s", page)

    def _own_input(self, context: Any) -> dict[str, Any]:
        """Return the data of a run that no other sequence started: from the trigger form."""
        params = context["params"]
        service, image = self._known_service(params.get("service")), params.get("image") or ""
        values = params.get("values") or {}
        if not isinstance(values, Mapping):
            raise InputRefused(f"Field 'values' must be a mapping such as {{\"replicaCount\": 2}}, not {values!r}.")
        if self.deploys and not image and not values:
            raise InputRefused("Field 'image' is empty. Say which image to deliver, such as ghcr.io/org/app:1.0.")
        try:
            data = incoming.trigger_data_from_form(
                self.project, self.stage, service, image, params.get("labels") or {}, dict(values)
            )
        except InvalidEvent as error:
            raise InputRefused(str(error)) from error
        return data | self._window(params)

    def _window(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return what `trigger evaluation` sent: a window that is resolved at once (sequences.md 9, R79)."""
        start, end, timeframe = (str(params.get(name) or "") for name in ("start", "end", "timeframe"))
        said = bool(start or end or timeframe)
        if self.evaluates is Evaluates.NOT_FIRST or (self.evaluates is Evaluates.WITH_OWN_WINDOW and not said):
            return {}
        from slipway_core.quality_gate.window import InvalidWindow, by_hand, triggered_data

        try:
            return triggered_data(by_hand(start, end, timeframe, timezone.utcnow()))
        except InvalidWindow as error:
            raise InputRefused(f"Fields 'start', 'end', 'timeframe': {error}") from error

    def _from_handover(self, handover: Any) -> tuple[str, dict[str, Any]]:
        if not isinstance(handover, Mapping) or not isinstance(handover.get("payload"), Mapping):
            raise InputRefused(f"Field '{HANDOVER_KEY}' must hold 'context' and 'payload', as a handover writes it.")
        chain, payload = handover.get("context"), dict(handover["payload"])
        if not isinstance(chain, str) or not chain:
            raise InputRefused(f"Field '{HANDOVER_KEY}.context' must be a text, not {chain!r}.")
        self._check_place(payload)
        self._known_service(payload.get("service"))
        try:
            incoming.check_trigger_data({**payload, "project": self.project, "stage": self.stage})
        except InvalidEvent as error:
            raise InputRefused(str(error)) from error
        return chain, {**payload, "project": self.project, "stage": self.stage}

    def _check_place(self, given: Mapping[str, Any]) -> None:
        """Refuse input that was meant for somewhere else; saying nothing of project and stage is fine."""
        self._check_own(given, "project", self.project)
        self._check_own(given, "stage", self.stage)

    def _check_own(self, given: Mapping[str, Any], field: str, own: str) -> None:
        if given.get(field, own) != own:
            raise InputRefused(
                f"Field '{field}' says {given[field]!r}, but this sequence belongs to {field} '{own}'. "
                "Start the DAG of that one, or leave the field out."
            )

    def _known_service(self, service: Any) -> str:
        if service not in self.services:
            known = ", ".join(self.services)
            raise InputRefused(f"Field 'service': project '{self.project}' has no {service!r}; it has: {known}.")
        return str(service)


class SequenceResult(BaseOperator):
    """Work out how a sequence ended, and the data that its followers inherit (sequences.md 3.2, 3.3, 4).

    The state of a task is the truth; its report adds what the state cannot say (a warning, data, a message).
    Its XCom ``finished`` holds ``context``, ``outcome``, ``payload`` (what a follower inherits), ``data`` (that of
    ``<stage>.<sequence>.finished``) and ``over`` (why the sequence was ended before its time; then nothing follows).

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
        executed = self._executed(ti, begin["data"])
        ending = end_sequence(begin["data"], executed)
        # Only what somebody ended has failed, and the records need not be asked about the others.
        if ending.outcome.result == event.FAIL and (reason := lane.over(context, begin)):
            ending = end_sequence(begin["data"], executed, over=reason)
        ti.xcom_push(key=FINISHED, value={"context": begin["context"], **ending.as_dict()})
        outcome = ending.outcome
        self.log.info("Sequence ended with result %s, status %s. %s", outcome.result, outcome.status, ending.over)

    def _executed(self, ti: Any, data: Mapping[str, Any]) -> list[event.FinishedTask]:
        """Return the tasks up to the first that did not end well; what was marked by hand behind it does not count."""
        states = task_states(ti)
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


class FinishSequence(BaseOperator):
    """The last task, a teardown: frees the lane, and fails the run when anything in it failed.

    So no failure ends green. It also lets the notifiers of ``[slipway] notifiers`` tell how the sequence ended.
    """

    def execute(self, context: Any) -> None:
        """Raise when a task of this run did not end well; leave the lane in any case."""
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
        """Record who declined by marking the whole run as failed: the sequence's result has not run then."""
        if states.get(RESULT_TASK_ID) == "success" or not data:
            return
        for task_id, task in ti.task.dag.task_dict.items():
            if hasattr(task, "approvers") and states.get(task_id) == "failed":
                from slipway.approval_marks import settle  # late: few sequences need it

                settle(ti, task_id, "failed", data)

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
