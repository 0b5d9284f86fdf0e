"""``HelmDeployOperator``: brings a service into its stage with Helm."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway_core.keptn import deployment, names
from slipway_core.keptn.project_files import ProjectFiles

from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess
from slipway.hooks.helm import HelmHook
from slipway.hooks.release import Release
from slipway.links import ServiceLink
from slipway.operators.task import TaskFailed, TaskOperator, TaskReport

# A pod may miss its image or its configuration for a moment; after this many seconds it will not come right.
HOPELESS_AFTER = 45.0


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

    def release_of(self, payload: Mapping[str, Any]) -> Release:
        """Return the release that the payload speaks of, on the cluster of its stage."""
        if not self.kubernetes_conn_id:
            self.kubernetes_conn_id = names.connection_id(payload["project"], payload["stage"])
        return Release.find(self.hook, payload["project"], payload["stage"], payload["service"])

    def on_kill(self) -> None:
        """End the Helm command that runs."""
        super().on_kill()
        self.hook.stop()


class HelmDeployOperator(HelmOperator):
    """Install or upgrade the release of a service and wait until it is ready.

    The chart is the service's ``charts/<service>.tgz``, ``charts/<service>/`` or under ``helm/``; values come from the
    ``values.yaml`` of service and stage, and from the payload (``configurationChange.values``), which wins.

    .. code-block:: python

        HelmDeployOperator(
            task_id="deployment",
            files="/opt/projects/shop",
            payload={
                "project": "shop", "stage": "qa", "service": "carts",
                "configurationChange": {"values": {"image": "ghcr.io/shop/carts:1.2.0"}},
            },
        )

    :param image_pull_secrets: names of secrets in the namespace that pods pull with; a shipyard names them in the
        task's properties as ``imagePullSecrets``.
    """

    operator_extra_links = (ServiceLink(),)

    def __init__(self, *, image_pull_secrets: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image_pull_secrets = tuple(image_pull_secrets)

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Deploy; report URIs, revision and image."""
        strategy = _strategy(payload)
        files = ProjectFiles(Path(str(self.files)), payload["stage"], payload["service"])
        chart = files.chart()
        if chart is None:
            raise TaskFailed(
                f"Service '{payload['service']}' has no chart. Put one at {payload['service']}/charts/"
                f"{payload['service']}.tgz, {payload['service']}/charts/{payload['service']}/ or "
                f"{payload['service']}/helm/ in project '{payload['project']}'."
            )
        try:
            release = self.release_of(payload)
            self.hook.cluster.ensure_namespace(release.namespace, self._pull_secrets(payload))
            done = self._upgrade(release, chart, files.overlay("values.yaml"), _values(payload))
        except HelmUnavailable:
            raise
        except (HelmFailed, NoAccess) as error:
            raise TaskFailed(str(error)) from error
        objects = self.hook.manifest(release.name, namespace=release.namespace)
        local, public = release.local_uris(objects, payload["service"]), release.public_uris(objects)
        address = next(iter([*public, *local]), "")
        if public:
            context["ti"].xcom_push(key="service_address", value=public[0])
        block = {
            "deploymentstrategy": strategy or "direct",
            "deploymentURIsLocal": local,
            "deploymentURIsPublic": public,
            # Lists grow from stage to stage as they merge; this is the one address of this stage.
            "uri": address,
            "deploymentNames": ["direct"],
            "release": release.name,
            "namespace": release.namespace,
            "revision": done["version"],
            "image": release.image(objects),
        }
        message = f"Release {release.name} in {release.namespace} is at revision {done['version']}: {block['image']}."
        return TaskReport(message=message, data={self._block_name: block})

    def _pull_secrets(self, payload: Mapping[str, Any]) -> list[str]:
        named = (payload.get("deployment") or {}).get("imagePullSecrets") or []
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise TaskFailed(f"deployment.imagePullSecrets must be a list of names, not {named!r}.")
        return list(dict.fromkeys([*self.image_pull_secrets, *named]))

    @property
    def _block_name(self) -> str:
        return self.seat.name if self.seat else "deployment"

    def _upgrade(
        self, release: Release, chart: Path, values_files: Sequence[Path], values: dict[str, Any]
    ) -> dict[str, Any]:
        self.log.info(
            "Deploying %s to namespace %s at %s with %s",
            release.name,
            release.namespace,
            self.hook.cluster.address,
            chart,
        )
        watch = _Watch(self, release)
        try:
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


class _Watch:
    """Tells in the task's log what the pods wait for, and gives up on those that wait in vain."""

    def __init__(self, operator: HelmDeployOperator, release: Release) -> None:
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


def _strategy(payload: Mapping[str, Any]) -> str:
    strategy = (payload.get("deployment") or {}).get("deploymentstrategy") or ""
    if wrong := deployment.wrong_strategy(strategy):
        raise TaskFailed(f"{wrong} {deployment.ADVICE}")
    return str(strategy)


def _values(payload: Mapping[str, Any]) -> dict[str, Any]:
    values = (payload.get("configurationChange") or {}).get("values") or {}
    if not isinstance(values, Mapping):
        raise TaskFailed(f"configurationChange.values must be a mapping, not {type(values).__name__}.")
    image = values.get("image")
    if image is not None and not (isinstance(image, str) and re.fullmatch(r"\S+", image)):
        raise TaskFailed(
            f"configurationChange.values.image must be one word like 'ghcr.io/org/app:1.0', not {image!r}."
        )
    return dict(values)
