"""A finished sequence starts those that follow it, each by an explicit run (sequences.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowSkipException
from slipway_core.keptn import names
from slipway_core.keptn.ending import Ending

from slipway.kept import keep, kept
from slipway.links import StartedRunLink, run_url
from slipway.task_report import FINISHED, HANDOVER_KEY, RESULT_TASK_ID

STARTING = "starting"  # the run that a try of this task was about to start


class StartFollower(TriggerDagRunOperator):
    """Start the run of a following sequence when its selector matches how this one ended; else skip.

    Safe to repeat: the run id is made of context, parent DAG, parent run and trigger item, and a run that
    exists already is left alone. The person who began the chain is carried on by Airflow.

    :param follower_stage: stage of the following sequence.
    :param item: running number of the trigger item among all that name this sequence.
    :param selector: ``match`` of the trigger item; None: pass or warning starts it.
    """

    operator_extra_links = (StartedRunLink(),)

    def __init__(
        self, *, follower_stage: str, item: int, selector: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(logical_date=None, skip_when_already_exists=True, **kwargs)
        self.follower_stage = follower_stage
        self.item = item
        self.selector = selector

    def execute(self, context: Any) -> None:
        """Start the follower's run with the whole payload."""
        ti = context["ti"]
        finished = ti.xcom_pull(task_ids=RESULT_TASK_ID, key=FINISHED)
        if not finished:
            raise AirflowSkipException("The sequence could not begin: nothing follows it.")
        ending = Ending.from_dict(finished)
        if ending.over:
            raise AirflowSkipException(f"{ending.over} Nothing follows.")
        payload = ending.follow_up(self.selector, self.follower_stage)
        if payload is None:
            wanted = dict(self.selector) if self.selector else "pass or warning"
            raise AirflowSkipException(f"The result is {ending.outcome.result}; {self.trigger_dag_id} wants {wanted}.")
        self.log.info("Result %s", ending.outcome.result)
        self.start(context, finished["context"], payload)

    def start(self, context: Any, chain: str, payload: Mapping[str, Any], why: str = "") -> None:
        """Start a run of the same chain with this payload.

        :param chain: its context.
        :param why: what makes this start another one than an earlier start by the same run.
        """
        ti = context["ti"]
        at = timezone.utcnow().isoformat()
        parent = {"dag_id": ti.dag_id, "run_id": ti.run_id, "item": self.item, "at": at}
        self.trigger_run_id = names.run_id(chain, ti.dag_id, f"{ti.run_id}{why}", self.item)
        self.conf = {
            "service": payload["service"],
            HANDOVER_KEY: {"context": chain, "payload": payload, "parent": parent},
        }
        self.note = f"Follows [{ti.dag_id}]({run_url(ti.dag_id, ti.run_id)})"
        address = run_url(self.trigger_dag_id, self.trigger_run_id)
        # Stored before the start: a repeated start is skipped, and its page still needs the link.
        ti.xcom_push(key="started_run", value=address)
        if kept(context, STARTING) == self.trigger_run_id and self._is_there(ti):
            # Airflow itself would skip this task, as if nothing had followed.
            self.log.info("An earlier try has started %s", address)
            return
        keep(context, STARTING, self.trigger_run_id)
        self.log.info("Starting %s", address)
        TriggerDagRunOperator.execute(self, context)

    def _is_there(self, ti: Any) -> bool:
        return bool(ti.get_dr_count(dag_id=self.trigger_dag_id, run_ids=[self.trigger_run_id]))
