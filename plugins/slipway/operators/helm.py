"""What the operators that work on a stage's Helm release share."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway_core.keptn import names
from slipway_core.keptn.project_files import ProjectFiles

from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess, NotScaled
from slipway.hooks.helm import BUSY, HelmHook
from slipway.hooks.release import Release
from slipway.kept import keep, kept
from slipway.operators.task import TaskFailed, TaskOperator

if TYPE_CHECKING:
    from slipway_core.records import Records

    from slipway.hooks.workload import Workload

# A pod may miss its image or its configuration for a moment; after this many seconds it will not come right.
HOPELESS_AFTER = 45.0
OURS = "revisions"  # the numbers of those that a Helm of this task may have made last


@contextmanager
def outcomes() -> Iterator[None]:
    """Turn what another try would not cure into the outcome of the task."""
    try:
        yield
    except HelmUnavailable:
        raise
    except (HelmFailed, NoAccess, NotScaled) as error:
        raise TaskFailed(str(error)) from error


class HelmOperator(TaskOperator):
    """What the operators that work on a stage's release share.

    :param files: folder of the project: charts, values, scripts.
    :param kubernetes_conn_id: Airflow connection to the stage's cluster (templated);
        ``kubernetes_<project>_<stage>`` when nothing is said.
    :param helm: name or path of the Helm binary.
    :param readiness_timeout: seconds until the release must be ready.
    """

    template_fields: Sequence[str] = (*TaskOperator.template_fields, "kubernetes_conn_id")

    def __init__(
        self,
        *,
        files: Path | str | None = None,
        kubernetes_conn_id: str = "",
        helm: str = "helm",
        readiness_timeout: float = 300.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.kubernetes_conn_id = kubernetes_conn_id
        self.helm = helm
        self.readiness_timeout = readiness_timeout

    @cached_property
    def hook(self) -> HelmHook:
        """Helm, on the cluster of the stage."""
        from slipway.hooks.cluster import ClusterHook  # late: every task start parses this file

        return HelmHook(cluster=ClusterHook(kubernetes_conn_id=self.kubernetes_conn_id), helm=self.helm)

    @cached_property
    def records(self) -> Records:
        """What healing and gates left behind."""
        from slipway_core.records import open_records

        return open_records()

    def release_of(self, payload: Mapping[str, Any]) -> Release:
        """Return the release that the payload speaks of, on the cluster of its stage."""
        if not self.kubernetes_conn_id:
            self.kubernetes_conn_id = names.connection_id(payload["project"], payload["stage"])
        return Release.find(self.hook, payload["project"], payload["stage"], payload["service"])

    def project_files(self, payload: Mapping[str, Any]) -> ProjectFiles:
        """Return the files of the payload's service in its stage."""
        return ProjectFiles(Path(str(self.files)), payload["stage"], payload["service"])

    def free(self, release: Release, context: Any) -> None:
        """Free the release from a Helm that an earlier try of this task has begun, and that was killed with it.

        No other sequence works on the release, for this run has its lane; what a person's Helm has begun stays.
        """
        ours = kept(context, OURS)
        if ours and release.is_left_pending(ours):
            with self._ours(release, context):  # who is killed at this leaves something half done as well
                self.log.warning("%s", release.free())

    @contextmanager
    def _ours(self, release: Release, context: Any) -> Iterator[None]:
        """Note down before Helm makes a revision that it is ours: another try can tell it from everybody else's.

        Not outside of a sequence: there are no lanes, so that anybody may be at work beside us.
        """
        if not self.seat:
            yield
            return
        newest = release.newest()
        earlier = [newest] if newest in (kept(context, OURS) or ()) else []
        keep(context, OURS, [*earlier, newest + 1])
        try:
            yield
        except HelmUnavailable as error:
            if BUSY in str(error):  # if there is such a revision, somebody else has begun it
                keep(context, OURS, earlier)
            raise

    def upgrade(
        self, release: Release, chart: Path, values_files: Sequence[Path], values: dict[str, Any], context: Any
    ) -> dict[str, Any]:
        """Install or upgrade a release and wait until it is ready; a failure says what the pods say.

        Whoever calls it has called :meth:`free` before.
        """
        self.log.info(
            "Deploying %s to namespace %s at %s with %s",
            release.name,
            release.namespace,
            self.hook.cluster.address,
            chart,
        )
        watch = _Watch(self, release)
        try:
            with self._ours(release, context):
                return self.hook.upgrade(
                    release.name,
                    chart,
                    namespace=release.namespace,
                    values_files=values_files,
                    values=values,
                    timeout=self.readiness_timeout,
                    while_waiting=watch,
                )
        except HelmUnavailable:
            raise
        except HelmFailed as error:
            from slipway.hooks import pods

            told = pods.describe(self.hook.cluster, release.namespace, release.pod_selector())
            raise HelmFailed(
                f"Release {release.name} in {release.namespace} did not get ready.\n{error}\n{told}"
            ) from error

    def workload_of(self, release: Release, payload: Mapping[str, Any]) -> Workload:
        """Return what of the release is scaled; raises :class:`NotScaled` when there is no such thing."""
        from slipway.hooks.workload import Workload

        objects = self.hook.manifest(release.name, namespace=release.namespace)
        return Workload.of(self.hook.cluster, release.namespace, objects, (payload["service"], release.name))

    def scale_workload(self, release: Release, workload: Workload, count: int) -> None:
        """Give a workload so many replicas by the API of the cluster, and wait until they are ready.

        :raises NotScaled: they did not get ready.
        """
        from slipway.hooks import pods

        self.log.info("Scaling %s %s in %s to %s", workload.kind, workload.name, workload.namespace, count)
        workload.scale(count)
        if not workload.wait_until_ready(count, self.readiness_timeout):
            told = pods.describe(self.hook.cluster, release.namespace, release.pod_selector())
            raise NotScaled(
                f"{workload.kind} {workload.name} in {workload.namespace} is not ready with {count} replicas after "
                f"{self.readiness_timeout:.0f} s.\n{told}".rstrip()
            )

    def on_kill(self) -> None:
        """End the Helm command that runs."""
        super().on_kill()
        self.hook.stop()


class _Watch:
    """Tells in the task's log what the pods wait for, and gives up on those that wait in vain."""

    def __init__(self, operator: HelmOperator, release: Release) -> None:
        self.operator = operator
        self.release = release
        self.told: dict[str, str] = {}
        self.hopeless_since: float | None = None

    def __call__(self) -> str | None:
        from slipway.hooks import pods

        cluster = self.operator.hook.cluster
        try:
            waiting = pods.not_ready(cluster, self.release.namespace, self.release.pod_selector())
        except pods.NO_ANSWER as error:  # Helm itself decides whether to go on without the cluster
            self.operator.log.info("The cluster does not say how the pods are: %s", error)
            return None
        for name, why in waiting.items():
            if self.told.get(name) != why:
                self.operator.log.info("Waiting for pod %s: %s", name, why)
        self.told = waiting
        hopeless = [f"{name}: {why}" for name, why in waiting.items() if pods.is_hopeless(why)]
        if not hopeless:
            self.hopeless_since = None
            return None
        self.hopeless_since = self.hopeless_since or time.monotonic()
        if time.monotonic() - self.hopeless_since < HOPELESS_AFTER:
            return None
        return f"Given up after {HOPELESS_AFTER:.0f} s: " + "; ".join(hopeless)
