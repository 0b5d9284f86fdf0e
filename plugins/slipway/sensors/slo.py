"""``SLOSensor``: the quality gate (evaluation.md). Waits for the window to end, reads, judges, stores, reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, timezone
from slipway_core.keptn import event

from slipway.kept import clear_number, keep, kept
from slipway.links import BaselineRunLink, QueriesLink, VerdictLink
from slipway.sensors.waiting import wait_until
from slipway.task_report import BEGIN_TASK_ID, FINISHED, TRIGGERED, Seat, TaskReport, hand_in, take_payload

if TYPE_CHECKING:
    from slipway_core.keptn.project_files import ProjectFiles
    from slipway_core.quality_gate.finished import Evaluation
    from slipway_core.records import Evaluation as StoredEvaluation
    from slipway_core.records import Records, Revision

    from slipway.hooks.gate_numbers import GateNumbers, GateNumbersHook

WINDOW, JUDGED = "window", "judged"


class SLOSensor(BaseSensorOperator):
    """Judge a service by its ``slo.yaml``, by the numbers of a window of time.

    The window comes from the payload: ``evaluation.timeframe``, ``.start`` and ``.end``, else the times of the test
    before. The sensor waits, without a worker, until the window has ended and its last scrape has arrived. It fails
    on ``fail`` with one block that says per objective value, limit, baseline, verdict and why. A source that does not
    answer fails the gate. Give it ``retries`` of 2 or more: Airflow sometimes loses a task that is deferred.

    .. code-block:: python

        SLOSensor(
            task_id="evaluation",
            files="/opt/projects/shop",
            payload={"project": "shop", "stage": "qa", "service": "carts", "evaluation": {"timeframe": "5m"}},
        )

    :param payload: data of ``evaluation.triggered`` (templated).
    :param seat: the task's place in its sequence, instead of a payload.
    :param files: folder of the project: ``slo.yaml`` of the service, ``prometheus/sli.yaml``.
    :param prometheus_conn_id: Airflow connection of type ``prometheus`` (templated).
    :param source: kind of source; "": the folder of the service's ``sli.yaml`` names it.
    :param scrape_delay: how long after the window's end its last numbers may still arrive.
    :param longest_wait: a window that ends later than this from now is refused.
    :param query_timeout: seconds for one try of one query.
    """

    template_fields: Sequence[str] = ("payload", "prometheus_conn_id")
    template_fields_renderers = {"payload": "json"}
    operator_extra_links = (VerdictLink(), QueriesLink(), BaselineRunLink())

    def __init__(
        self,
        *,
        payload: Mapping[str, Any] | None = None,
        seat: Seat | None = None,
        files: Path | str | None = None,
        prometheus_conn_id: str = "prometheus_default",
        source: str = "",
        scrape_delay: timedelta = timedelta(seconds=15),
        longest_wait: timedelta = timedelta(hours=1),
        query_timeout: float = 30.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.payload = payload
        self.seat = seat
        self.files = files
        self.prometheus_conn_id = prometheus_conn_id
        self.source = source
        self.scrape_delay = scrape_delay
        self.longest_wait = longest_wait
        self.query_timeout = query_timeout

    # Imported late, all of them: every task start parses this file.

    @cached_property
    def hook(self) -> GateNumbersHook:
        """Where the numbers come from."""
        from slipway.hooks.gate_numbers import GateNumbersHook

        return GateNumbersHook(self.prometheus_conn_id, self.source, self.query_timeout)

    @cached_property
    def records(self) -> Records:
        """Where evaluations are kept."""
        from slipway_core.records import open_records

        return open_records()

    def execute(self, context: Any) -> dict[str, Any]:
        """Work out the window, wait for its end, judge, store, report; what an earlier try judged holds.

        :raises TaskFailed: when the result is ``fail``.
        :raises RecordsUnavailable: when the verdict could not be stored; the next try stores it.
        """
        payload = take_payload(context["ti"], self.seat, self.payload)
        judged = kept(context, JUDGED) or keep(context, JUDGED, self._judged(context, payload))
        self.log.info("%s", judged["text"])
        stored = self._store(context, payload, judged)
        self._push_links(context["ti"], judged, stored)
        data = stored.data
        report = TaskReport(
            data["result"], data.get("message", ""), {self._block_name: data["evaluation"]}, data["status"]
        )
        return hand_in(context["ti"], payload, report, why=judged["text"])

    def execute_complete(self, context: Any, event: Any = None) -> dict[str, Any]:
        """Go on when the window has ended."""
        return self.execute(context)

    @property
    def _block_name(self) -> str:
        return self.seat.name if self.seat else "evaluation"

    def _judged(self, context: Any, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Wait for the window's end, read and judge; return all that is to be stored and shown."""
        from slipway_core.quality_gate.finished import Scope, errored
        from slipway_core.quality_gate.values import Answer
        from slipway_core.quality_gate.window import InvalidWindow, instant

        from slipway.hooks.gate_numbers import GateNumbers
        from slipway.sensors.slo_report import as_text, queries_address

        window: tuple[str, str] | None = None
        try:
            window = self._window(context, payload)
            wait_until(self, self._ready(window[1]))
            evaluation, numbers = self._evaluate(context, payload, window)
        except InvalidWindow as error:
            window, numbers = None, GateNumbers(Answer((), labels=payload.get("labels")))
            evaluation = errored(Scope(*_scope(payload)), numbers.answer, str(error))
        return {
            "data": evaluation.data(),
            "text": as_text(evaluation, numbers),
            "window": [instant(text).isoformat() for text in window or ()],
            "queries": dict(numbers.queries),
            "queries_page": queries_address(numbers) if numbers.address else "",
            "finished": datetime.now(UTC).isoformat(),
        }

    def _window(self, context: Any, payload: Mapping[str, Any]) -> tuple[str, str]:
        """Return the window's begin and end; worked out once, so that a retry judges the same time."""
        from slipway_core.quality_gate.window import of_task

        blocks = (payload.get(name) for name in (self._block_name, "test"))
        evaluation, test = (one if isinstance(one, Mapping) else {} for one in blocks)
        start, end = kept(context, WINDOW) or keep(context, WINDOW, list(of_task(evaluation, test, timezone.utcnow())))
        return start, end

    def _ready(self, end: str) -> datetime:
        """Return when the numbers of the window are complete; refuse a window that ends too far ahead."""
        from slipway_core.quality_gate.window import InvalidWindow, instant

        moment = instant(end)
        if moment - timezone.utcnow() > self.longest_wait:
            raise InvalidWindow(
                f"The window ends at {end}, more than {self.longest_wait} from now. Evaluate it when it is over."
            )
        return moment + self.scrape_delay

    def _evaluate(
        self, context: Any, payload: Mapping[str, Any], window: tuple[str, str]
    ) -> tuple[Evaluation, GateNumbers]:
        from slipway_core.keptn.project_files import ProjectFiles
        from slipway_core.quality_gate.finished import Scope, errored, evaluate
        from slipway_core.quality_gate.values import Answer, Earlier
        from slipway_core.quality_gate.window import instant

        from slipway.hooks.gate_numbers import GateNumbers

        scope = Scope(*_scope(payload))
        if not self.files or not Path(self.files).is_dir():
            why = f"The project's files are not there: files={str(self.files)!r}. Give SLOSensor the project's folder."
            nothing = GateNumbers(Answer((), *window, labels=payload.get("labels")))
            return errored(scope, nothing.answer, why), nothing
        files = ProjectFiles(Path(self.files), scope.stage, scope.service)
        path = files.find("slo.yaml")
        slo = path.read_bytes() if path else None
        shown = f"{files.folder.name}/{path.relative_to(files.folder)}" if path else "slo.yaml"
        numbers = self._numbers(slo, shown, files, payload, window)
        # A scheduled run may judge a time long past, by a backfill: only what was before that time counts.
        past = getattr(context["dag_run"], "run_type", "") in ("scheduled", "backfill")
        history = self.records.evaluations.history(*scope, before=instant(window[1]) if past else None)
        return evaluate(scope, slo, numbers.answer, [Earlier.of(*one) for one in history], shown), numbers

    def _numbers(
        self, slo: bytes | None, shown: str, files: ProjectFiles, payload: Mapping[str, Any], window: tuple[str, str]
    ) -> GateNumbers:
        from slipway_core.quality_gate.gate import gate_of
        from slipway_core.quality_gate.placeholders import Context
        from slipway_core.quality_gate.values import Answer
        from slipway_core.quality_gate.window import instant

        from slipway.hooks.gate_numbers import GateNumbers

        labels = dict(payload.get("labels") or {})
        gate = gate_of(slo, shown)[0] if slo else None
        if gate is None:  # nothing to ask for: no file, or one that cannot be parsed
            return GateNumbers(Answer((), *window, labels=labels))
        deployment = payload.get("deployment")
        names = deployment.get("deploymentNames") if isinstance(deployment, Mapping) else None
        start, end = (instant(text) for text in window)
        name = str(names[0]) if isinstance(names, list) and names else ""
        context = Context(*_scope(payload), start, end, name, labels, gate.slo.filter)
        return self.hook.read([goal.sli for goal in gate.goals], files, context, window)

    def _store(self, context: Any, payload: Mapping[str, Any], judged: Mapping[str, Any]) -> StoredEvaluation:
        from slipway_core.records import NewEvaluation, RecordsUnavailable, TaskRun

        ti = context["ti"]
        begin = ti.xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED) or {}
        start, end = [timezone.parse(one) for one in judged["window"]] or (None, None)
        new = NewEvaluation(
            context=str(begin.get("context", "")),
            data=judged["data"],
            started=getattr(ti, "start_date", None) or timezone.utcnow(),
            finished=timezone.parse(judged["finished"]),
            window_start=start,
            window_end=end,
            queries=judged["queries"],
            commit=str(getattr(getattr(ti, "bundle_instance", None), "version", "") or ""),
            release=_release(payload),
            run=TaskRun(ti.dag_id, ti.run_id, ti.task_id, str(clear_number(context))),
        )
        try:
            return self.records.evaluations.store(new)
        except RecordsUnavailable as error:
            # After the last try the task fails, and this is what is left to say of it.
            why = f"The verdict could not be stored, so the gate fails. {error}\nIt was: {judged['text']}"
            ti.xcom_push(key=FINISHED, value=TaskReport(event.FAIL, why, status=event.ERRORED).as_event(payload))
            raise

    def _push_links(self, ti: Any, judged: Mapping[str, Any], stored: StoredEvaluation) -> None:
        from slipway.links import run_url

        # The id is what later evaluations name in `comparedEvents`.
        ti.xcom_push(key="evaluation", value=stored.id)
        if judged["queries_page"]:
            ti.xcom_push(key=QueriesLink.xcom_key, value=judged["queries_page"])
        compared = stored.data["evaluation"].get("comparedEvents") or []
        if compared:
            [newest] = self.records.evaluations.find(ids=compared[:1]) or [None]
            if newest and newest.run:
                ti.xcom_push(key=BaselineRunLink.xcom_key, value=run_url(newest.run.dag_id, newest.run.run_id))


def _scope(payload: Mapping[str, Any]) -> tuple[str, str, str]:
    return payload["project"], payload["stage"], payload["service"]


def _release(payload: Mapping[str, Any]) -> Revision | None:
    """Return the revision that is judged: what was deployed in this very stage, not in the one before."""
    from slipway_core.keptn import names
    from slipway_core.records import Revision

    block = payload.get("deployment")
    own = names.namespace(payload["project"], payload["stage"])
    if not isinstance(block, Mapping) or block.get("namespace") != own:
        return None
    name, number = block.get("release"), block.get("revision")
    return Revision(name, int(number)) if isinstance(name, str) and isinstance(number, int | float) else None
