"""``HelmScaleOperator``: changes how many replicas a service has, so that the next upgrade still works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway_core.keptn import scaling
from slipway_core.keptn.incoming import lookup
from slipway_core.keptn.problems import InvalidEvent

from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess, NotScaled
from slipway.hooks.release import Release
from slipway.hooks.workload import Workload
from slipway.kept import keep, kept, task_run
from slipway.operators.helm import HelmOperator, outcomes
from slipway.operators.task import TaskFailed, TaskReport

FEWEST = 1  # a healing action that leaves nothing running heals nothing


class NoRelease(TaskFailed):
    """The service is not there: it was never delivered, or somebody removed it."""


class HelmScaleOperator(HelmOperator):
    """Set or change the count of replicas of a service, and wait until they are ready.

    The release's own values get another ``replicaCount``; all else, the image too, stays as it runs. Where the chart
    of the run's commit would change more than that, knows no such value, or is not there, the workload is scaled by
    the API of the cluster, and the field is given back, so that Helm 3 and Helm 4 can upgrade the release afterwards.

    .. code-block:: python

        HelmScaleOperator(
            task_id="more",
            files="/opt/projects/shop",
            payload={"project": "shop", "stage": "qa", "service": "carts", "action": {"value": "+1"}},
        )

    :param plain_adds: a value without a sign is added; else it is set.
    :param max_replicas: more than that is refused.
    """

    def __init__(self, *, plain_adds: bool = False, max_replicas: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plain_adds = plain_adds
        self.max_replicas = max_replicas

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Scale as ``action.value`` says; report the counts before and after."""
        try:
            change = scaling.read_change(lookup(payload, "action", "value"), self.plain_adds)
        except InvalidEvent as error:
            raise TaskFailed(str(error)) from error
        with outcomes():
            release, workload = self.found(payload)
            # Another try after a lost one must not add a second time.
            stored = kept(context, "before")
            before = keep(context, "before", workload.replicas()) if stored is None else int(stored)
            target = change.applied_to(before)
            self._check(target, before, workload)
            if target == before:
                return TaskReport(message=f"{workload.kind} {workload.name} has {before} replicas already.")
            return self.scaled(release, workload, target, before, payload, context)

    def scaled(
        self, release: Release, workload: Workload, count: int, before: int, payload: Mapping[str, Any], context: Any
    ) -> TaskReport:
        """Give a workload so many replicas, and return the report of it.

        The change is recorded before it is made: what does not get ready, or is broken off, can be scaled back too.
        """
        from slipway_core.records import Scaled

        self.free(release, context)  # before its values are read: those of a try that was killed go
        values = self.hook.values(release.name, namespace=release.namespace) | {scaling.VALUE: count}
        chart = self.project_files(payload).chart()
        by_values = chart is not None and self._takes(release, workload, chart, values, count)
        report: dict[str, Any] = {}
        self.records.actions.change(task_run(context), Scaled(before, count, by_values))
        try:
            if chart and by_values:
                done = self.upgrade(release, chart, (), values, context)
                # An evaluation that follows judges this revision.
                block = {"release": release.name, "namespace": release.namespace, "revision": done["version"]}
                report = {"deployment": block}
            else:
                self.scale_workload(release, workload, count)
        except HelmUnavailable:
            raise
        except (HelmFailed, NoAccess, NotScaled) as error:
            raise TaskFailed(f"{error}{self._left_behind(workload, before, context)}") from error
        way = f"by its value {scaling.VALUE}" if by_values else "by the cluster's API"
        message = f"{workload.kind} {workload.name} in {release.namespace}: {before} → {count} replicas, {way}."
        return TaskReport(
            message=message, data={**report, "scaling": {"before": before, "after": count, "byValues": by_values}}
        )

    def found(self, payload: Mapping[str, Any]) -> tuple[Release, Workload]:
        """Return the release of the payload's service, and what of it is scaled; raises :class:`NoRelease`."""
        release = self.release_of(payload)
        if not self.hook.history(release.name, namespace=release.namespace):
            raise NoRelease(
                f"There is no release '{release.name}' in {release.namespace}, so nothing can be scaled. Deliver first."
            )
        return release, self.workload_of(release, payload)

    def _left_behind(self, workload: Workload, before: int, context: Any) -> str:
        """Say which count a scaling that failed has left; when it changed nothing, there is nothing to undo."""
        from slipway.hooks.pods import NO_ANSWER

        try:
            count = workload.replicas()
        except (NotScaled, NoAccess, *NO_ANSWER) as error:
            self.log.warning("How many replicas %s %s has now is not known: %s", workload.kind, workload.name, error)
            return ""
        if count == before:
            self.records.actions.change(task_run(context), None)
            return ""
        return f"\nIt has {count} replicas now; before, {before}. The sequence scale-back undoes that."

    def _check(self, target: int, before: int, workload: Workload) -> None:
        if target > max(before, self.max_replicas):
            raise TaskFailed(
                f"{workload.kind} {workload.name} would have {target} replicas; at most {self.max_replicas} are "
                "allowed (healing.maxReplicas in slipway.yaml)."
            )
        if target < FEWEST:
            raise TaskFailed(f"{workload.kind} {workload.name} would have {target} replicas; at least {FEWEST} stays.")

    def _takes(self, release: Release, workload: Workload, chart: Path, values: dict[str, Any], count: int) -> bool:
        """Say whether an upgrade with these values would change the count, and nothing else."""
        before = self.hook.manifest(release.name, namespace=release.namespace)
        try:
            after = self.hook.preview(release.name, chart, namespace=release.namespace, values=values)
        except HelmUnavailable:
            raise
        except HelmFailed as error:
            self.log.warning("The chart of this run cannot be upgraded to, scaling by the API: %s", error)
            return False
        if workload.only_count_changes(before, after, count):
            return True
        self.log.info("The chart's %s would not change the count alone: scaling by the API", scaling.VALUE)
        return False
