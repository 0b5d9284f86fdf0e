"""``ScaleBackOperator``: gives a service the count of replicas that it had before it was healed."""

from __future__ import annotations

from typing import Any

from slipway_core.keptn.incoming import lookup
from slipway_core.keptn.plan import SCALE_BACK

from slipway.operators.action import SCALING, new_action
from slipway.operators.helm import outcomes
from slipway.operators.helm_scale import HelmScaleOperator, NoRelease
from slipway.operators.task import TaskReport


class ScaleBackOperator(HelmScaleOperator):
    """Scale a service back to its former count, unless something newer decided about it meanwhile.

    ``scale-back.action`` of the payload names the action that asked for it; a later action has its own way back.
    Without it, as when somebody starts it by hand, whatever healing left behind is undone.
    """

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Scale back; a count that somebody changed by hand stays."""
        from slipway_core.records import Scaled

        place = payload["project"], payload["stage"], payload["service"]
        healed = self.records.actions.healed(*place)
        asked = lookup(payload, SCALE_BACK, "action")
        if healed is None:
            return TaskReport(message="Nothing to scale back: no count that healing gave is left.")
        if asked not in (None, healed.action):
            return TaskReport(message="A newer action scaled the service; that one's own way back decides.")
        with outcomes():
            try:
                release, workload = self.found(payload)
            except NoRelease:
                self.records.actions.settle(*place)
                return TaskReport(message=f"Service '{payload['service']}' is gone: nothing to scale back.")
            count = workload.replicas()
            if count not in (healed.replicas, healed.ready, healed.former):
                self.records.actions.settle(*place)
                return TaskReport(message=f"Somebody gave it {count} replicas meanwhile: they stay.")
            # A try before this one may have scaled already.
            before = healed.replicas if count == healed.former else count
            report = self.scaled(release, workload, healed.former, before, payload, context)
        new = new_action(payload, context, SCALE_BACK, healed.former)
        done = report.data[SCALING]
        self.records.actions.scaled_back(new, report.message, Scaled(done["before"], done["after"], done["byValues"]))
        return report
