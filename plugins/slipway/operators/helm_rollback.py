"""``HelmRollbackOperator``: brings a service back to its last good revision."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slipway.hooks.release import Release
from slipway.kept import keep, kept
from slipway.operators.helm import HelmOperator, outcomes
from slipway.operators.task import TaskFailed, TaskReport

History = Sequence[Mapping[str, Any]]
GOOD = ("deployed", "superseded")
ROLLED_BACK = re.compile(r"Rollback to (\d+)")  # Helm's own description of such a revision


class HelmRollbackOperator(HelmOperator):
    """Run ``helm rollback`` to the newest revision before the running one that passed an evaluation, else became ready.

    It passes when the rollback worked, whatever result it was handed: a rollback after a failed delivery that
    works is no failure (decisions.md).
    """

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Roll back; report the revision."""
        with outcomes():
            release = self.release_of(payload)
            history = self.hook.history(release.name, namespace=release.namespace)
            if kept(context, "target") is None and (newer := self._newer_delivery(release, payload, history)):
                return TaskReport(message=newer, data={self._name: {}})
            target, why = self._target(history, self._passed(release, payload, history), context)
            if target is None:
                raise TaskFailed(
                    f"Release {release.name} in {release.namespace} has no earlier good revision to go back to."
                )
            self.hook.rollback(release.name, target, namespace=release.namespace, timeout=self.readiness_timeout)
            image = release.image(self.hook.manifest(release.name, namespace=release.namespace))
        message = f"Release {release.name} in {release.namespace} is back at revision {target} ({why}): {image}."
        return TaskReport(message=message, data={self._name: {"revision": target, "image": image}})

    @property
    def _name(self) -> str:
        return self.seat.name if self.seat else "rollback"

    def _newer_delivery(self, release: Release, payload: Mapping[str, Any], history: History) -> str:
        """Say that what failed runs no more; "" when it does, or when this chain has not deployed here.

        A delivery that waited for its lane runs before the rollback of the one that failed (sequences.md R49).
        """
        mine = payload.get("deployment")
        if not history or not isinstance(mine, Mapping) or mine.get("release") != release.name:
            return ""
        revision = mine.get("revision")
        if mine.get("namespace") != release.namespace or not isinstance(revision, int):
            return ""
        newest = int(history[-1]["revision"])
        if newest <= revision:
            return ""
        image = release.image(self.hook.manifest(release.name, namespace=release.namespace))
        if image == mine.get("image"):  # scaled meanwhile, and still what failed
            return ""
        return f"Nothing to roll back: revision {newest} with {image} has replaced revision {revision}, which failed."

    def _passed(self, release: Release, payload: Mapping[str, Any], history: History) -> set[int]:
        """Return the revisions that passed an evaluation.

        Numbers begin anew when a release is removed: what passed before a revision was made was another one.
        """
        passed = self.records.evaluations.passed_revisions(
            payload["project"], payload["stage"], payload["service"], release.name
        )
        made = {int(one["revision"]): one.get("updated") for one in history}
        return {
            number
            for number, at in passed.items()
            if (text := made.get(number)) and at >= datetime.fromisoformat(text).astimezone(UTC)
        }

    def _target(self, history: History, passed: Collection[int], context: Any) -> tuple[int | None, str]:
        """Return where to go, and why there; another try goes where the first one went, which may have arrived."""
        if stored := kept(context, "target"):
            return stored[0], stored[1]
        target, why = last_good_revision(history, passed), "the last that passed an evaluation"
        if target is None:
            target, why = last_good_revision(history), "the last that became ready; none passed an evaluation"
        if target is not None:
            keep(context, "target", [target, why])
        return target, why


def last_good_revision(history: History, among: Collection[int] | None = None) -> int | None:
    """Return the newest revision before the running one that was once deployed.

    What runs after a rollback is the revision that it went back to, so a second one goes further back.

    :param history: Helm's own list of revisions, oldest first.
    :param among: only these; ``None``: any.
    """
    if not history:
        return None
    went_back = ROLLED_BACK.match(history[-1].get("description") or "")
    running = int(went_back[1] if went_back else history[-1]["revision"])
    earlier = [int(one["revision"]) for one in history if one["revision"] < running and _was_ready(one, history)]
    return next((number for number in reversed(earlier) if among is None or number in among), None)


def _was_ready(one: Mapping[str, Any], history: History) -> bool:
    """Say whether a revision became ready; what a release was freed to is called deployed, whatever it went back to."""
    went_back = ROLLED_BACK.match(one.get("description") or "")
    source = next((other for other in history if went_back and other["revision"] == int(went_back[1])), None)
    return one["status"] in GOOD and (source is None or _was_ready(source, history))
