"""``HelmRollbackOperator``: brings a service back to its last good revision."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess
from slipway.operators.helm_deploy import HelmOperator
from slipway.operators.task import TaskFailed, TaskReport

GOOD = ("deployed", "superseded")
ROLLED_BACK = re.compile(r"Rollback to (\d+)")  # Helm's own description of such a revision


class HelmRollbackOperator(HelmOperator):
    """Run ``helm rollback`` to the newest revision before the running one that became ready.

    It passes when the rollback worked, whatever result it was handed: a rollback after a failed delivery that
    works is no failure (decisions.md).
    """

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Roll back; report the revision."""
        try:
            release = self.release_of(payload)
            history = self.hook.history(release.name, namespace=release.namespace)
            target = self._target(history, context)
            if target is None:
                raise TaskFailed(
                    f"Release {release.name} in {release.namespace} has no earlier good revision to go back to."
                )
            self.hook.rollback(release.name, target, namespace=release.namespace, timeout=self.readiness_timeout)
            image = release.image(self.hook.manifest(release.name, namespace=release.namespace))
        except HelmUnavailable:
            raise
        except (HelmFailed, NoAccess) as error:
            raise TaskFailed(str(error)) from error
        name = self.seat.name if self.seat else "rollback"
        message = f"Release {release.name} in {release.namespace} is back at revision {target}: {image}."
        return TaskReport(message=message, data={name: {"revision": target, "image": image}})

    def _target(self, history: Sequence[Mapping[str, Any]], context: Any) -> int | None:
        """Return where to go; another try goes where the first one went, for that may have arrived already."""
        store = context["task_state_store"]
        key = f"target-{getattr(context['dag_run'], 'clear_number', 0)}"
        if (stored := store.get(key)) is not None:
            return int(stored)
        target = last_good_revision(history)
        if target is not None:
            store.set(key, target)
        return target


def last_good_revision(history: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the newest revision before the running one that was once deployed.

    What runs after a rollback is the revision that it went back to, so a second one goes further back.

    :param history: Helm's own list of revisions, oldest first.
    """
    if not history:
        return None
    went_back = ROLLED_BACK.match(history[-1].get("description") or "")
    running = int(went_back[1] if went_back else history[-1]["revision"])
    earlier = [one["revision"] for one in history if one["revision"] < running and one["status"] in GOOD]
    return int(earlier[-1]) if earlier else None
