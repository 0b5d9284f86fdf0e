"""The first task of a sequence: takes the run's input, or refuses it by the name of a field."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, timezone
from airflow.sdk.exceptions import AirflowFailException
from slipway_core.keptn import incoming
from slipway_core.keptn.lanes import FIFO, Policy
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.publish.load import commit_of, project_source
from slipway_core.publish.remote.address import commit_page
from slipway_core.records import RecordsUnavailable

from slipway import lane
from slipway.links import SourceCommitLink, StartedByLink, run_url
from slipway.task_report import HANDOVER_KEY, TRIGGERED

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
            lane.leave_if_marked(context)
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
