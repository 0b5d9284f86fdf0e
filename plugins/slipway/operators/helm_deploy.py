"""``HelmDeployOperator``: brings a service into its stage with Helm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slipway_core.keptn import deployment, scaling

from slipway.links import ServiceLink
from slipway.operators.helm import HelmOperator, outcomes
from slipway.operators.task import TaskFailed, TaskReport

if TYPE_CHECKING:
    from slipway.hooks.release import Release


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
        files = self.project_files(payload)
        chart = files.chart()
        if chart is None:
            raise TaskFailed(
                f"Service '{payload['service']}' has no chart. Put one at {payload['service']}/charts/"
                f"{payload['service']}.tgz, {payload['service']}/charts/{payload['service']}/ or "
                f"{payload['service']}/helm/ in project '{payload['project']}'."
            )
        values = _values(payload)
        with outcomes():
            release = self.release_of(payload)
            healed = self._healed_count(release, payload, values)  # None: the chart's own count
            self.hook.cluster.ensure_namespace(release.namespace, self._pull_secrets(payload))
            self.free(release, context)
            done = self.upgrade(release, chart, files.overlay("values.yaml"), values, context)
            if healed is not None:
                self._keep_count(release, payload, healed)
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
        if healed is not None:
            message += f" It keeps the {healed} replicas that healing gave it."
        return TaskReport(message=message, data={self._block_name: block})

    def _pull_secrets(self, payload: Mapping[str, Any]) -> list[str]:
        named = (payload.get("deployment") or {}).get("imagePullSecrets") or []
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise TaskFailed(f"deployment.imagePullSecrets must be a list of names, not {named!r}.")
        return list(dict.fromkeys([*self.image_pull_secrets, *named]))

    @property
    def _block_name(self) -> str:
        return self.seat.name if self.seat else "deployment"

    def _healed_count(self, release: Release, payload: Mapping[str, Any], values: dict[str, Any]) -> int | None:
        """Return the count of replicas that this delivery keeps; one that its own values name wins (decisions.md).

        One that never got ready is not kept: this delivery would not get ready either.
        """
        place = payload["project"], payload["stage"], payload["service"]
        if scaling.VALUE in values:
            self.records.actions.settle(*place)
            return None
        healed = self.records.actions.healed(*place)
        if healed is None:
            return None
        if not self.hook.history(release.name, namespace=release.namespace):
            self.records.actions.settle(*place)  # it was another release, which is gone
            return None
        if healed.ready is None:
            return None
        if healed.by_values:
            values[scaling.VALUE] = healed.ready
        return healed.ready

    def _keep_count(self, release: Release, payload: Mapping[str, Any], count: int) -> None:
        """Scale again what the chart's own count has just undone."""
        workload = self.workload_of(release, payload)
        if workload.replicas() != count:
            self.scale_workload(release, workload, count)


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
