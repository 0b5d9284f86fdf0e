"""The way back from healing: a run that waits, then looks whether the objectives held."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowSkipException
from slipway_core.keptn.incoming import lookup
from slipway_core.keptn.plan import SCALE_BACK

from slipway.handover import StartFollower
from slipway.operators.sequence import RESULT_TASK_ID
from slipway.operators.task import FINISHED

if TYPE_CHECKING:
    from slipway_core.records import Records

ITEM = -1  # no item of a triggeredOn starts it


class StartScaleBack(StartFollower):
    """Start the sequence ``scale-back`` of the stage, to begin when the objectives have had their time to hold.

    Until then Airflow keeps its run queued: no worker waits, and no lane. Its evaluation judges that very time. When
    that fails, it starts itself again; when a newer action scaled the service, that one's own way back decides.

    :param after: how long the objectives must hold.
    """

    def __init__(self, *, after: timedelta, **kwargs: Any) -> None:
        super().__init__(item=ITEM, **kwargs)
        self.after = after

    @cached_property
    def records(self) -> Records:
        """Where actions are kept."""
        from slipway_core.records import open_records  # late: every task start parses this file

        return open_records()

    def execute(self, context: Any) -> None:
        """Start the run if this chain has scaled the service."""
        finished = context["ti"].xcom_pull(task_ids=RESULT_TASK_ID, key=FINISHED)
        if not finished:
            raise AirflowSkipException("The sequence could not begin: nothing was scaled.")
        if finished.get("over"):
            raise AirflowSkipException(f"{finished['over']} Nothing follows.")
        payload = finished["payload"]
        healed = self.records.actions.healed(payload["project"], payload["stage"], payload["service"])
        asked = lookup(payload, SCALE_BACK, "action")
        if healed is None or healed.context != finished["context"] or asked not in (None, healed.action):
            raise AirflowSkipException("Nothing that this chain of runs has scaled is left to be scaled back.")
        from slipway_core.quality_gate.window import written

        now = timezone.utcnow()
        self.run_after = now + self.after
        window = {"start": written(now), "end": written(self.run_after)}
        self.log.info("In %s, if the objectives hold: back to %s replicas", self.after, healed.former)
        # What is judged then may be another revision than the one that this chain knows.
        deployment = lookup(payload, "deployment") or {}
        deployment = {name: value for name, value in deployment.items() if name not in ("release", "revision")}
        follow_up = {
            **payload,
            "deployment": deployment,
            "evaluation": window,
            SCALE_BACK: {"action": healed.action},
        }
        # By the action: a run that was cleared has scaled anew, and its way back is another one.
        self.start(context, finished["context"], follow_up, why=healed.action)
