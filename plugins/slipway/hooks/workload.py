"""The workload of a release whose replicas are counted: how many there are, and how that is changed."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubernetes.client.exceptions import ApiException

from slipway.hooks.faults import NoAccess, NotScaled

if TYPE_CHECKING:
    from slipway.hooks.cluster import ClusterHook

# How the client calls the kinds that have a count of replicas.
KINDS = {"Deployment": "deployment", "StatefulSet": "stateful_set"}
MANAGER = "slipway-scale"  # under this name the API notes who wrote a field
POLL = 1.0  # seconds between two looks at the pods
TRIES = 5
_CHANGED_MEANWHILE = (409, 422)

Objects = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet of a release."""

    cluster: ClusterHook
    kind: str
    name: str
    namespace: str

    @classmethod
    def of(cls, cluster: ClusterHook, namespace: str, objects: Objects, names: Sequence[str]) -> Workload:
        """Return the workload of a release that is to be scaled: the one called like the service, else the only one.

        :param objects: those of the release.
        :param names: of the service and the release.
        :raises NotScaled: there is none, or nobody can tell which, or it scales itself.
        """
        found = [one for one in objects if one.get("kind") in KINDS]
        chosen = [one for one in found if one["metadata"]["name"] in names] or found
        if len(chosen) != 1:
            said = ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in found) or "none"
            raise NotScaled(
                f"Which workload of {namespace} is to be scaled? It has: {said}. "
                f"Give the chart one Deployment or StatefulSet named '{names[0]}'."
            )
        [one] = chosen
        kind, name = str(one["kind"]), str(one["metadata"]["name"])
        if any(_target(scaler) == (kind, name) for scaler in objects):
            raise NotScaled(f"{kind} {name} in {namespace} has a HorizontalPodAutoscaler. Change that instead.")
        return cls(cluster, kind, name, namespace)

    def replicas(self) -> int:
        """Return how many replicas are wanted now."""
        return int(self._call("read", "scale").spec.replicas or 0)

    def scale(self, count: int) -> None:
        """Want so many replicas, by the API, and give the field back.

        Helm 4 applies on the server, and refuses a field that somebody else owns. So our name is taken off it again;
        the count stays.
        """
        self._call("patch", "scale", {"spec": {"replicas": count}}, field_manager=MANAGER)
        for _ in range(TRIES):
            if self._give_back():
                return
        raise NotScaled(
            f"{self.kind} {self.name} in {self.namespace} has {count} replicas, but the field could not be given back: "
            "it changes all the time. Helm 4 may refuse the next upgrade; run the task again."
        )

    def wait_until_ready(self, count: int, timeout: float) -> bool:
        """Return whether exactly so many replicas became ready in time.

        :param timeout: seconds.
        """
        end = time.monotonic() + timeout
        while True:
            found = self._call("read")
            status = found.status
            seen = (status.observed_generation or 0) >= found.metadata.generation
            if seen and (status.replicas or 0) == (status.ready_replicas or 0) == count:
                return True
            if time.monotonic() > end:
                return False
            time.sleep(POLL)

    def only_count_changes(self, before: Objects, after: Objects, count: int) -> bool:
        """Say whether two states of the release differ in nothing but this workload's count, which becomes `count`."""
        wanted = [one.get("spec", {}).get("replicas") for one in after if self._is(one)]
        return wanted == [count] and self._without_count(before) == self._without_count(after)

    def _give_back(self) -> bool:
        fields = self._call("read").metadata.managed_fields or []
        ours = next((at for at, one in enumerate(fields) if one.manager == MANAGER), None)
        if ours is None:
            return True
        path = f"/metadata/managedFields/{ours}"
        patch = [{"op": "test", "path": f"{path}/manager", "value": MANAGER}, {"op": "remove", "path": path}]
        try:
            self._call("patch", "", patch)
        except ApiException as error:
            if error.status not in _CHANGED_MEANWHILE:
                raise
        return False

    def _call(self, verb: str, part: str = "", *arguments: Any, **named: Any) -> Any:
        method = "_".join(filter(None, (verb, "namespaced", KINDS[self.kind], part)))
        try:
            return getattr(self.cluster.apps_v1_client, method)(self.name, self.namespace, *arguments, **named)
        except ApiException as error:
            what = f"{self.kind} {self.name} in {self.namespace}"
            if error.status == 404:
                raise NotScaled(f"{what} does not exist: somebody removed it. Deliver again.") from error
            if error.status in (401, 403):
                raise NoAccess(f"The account of connection '{self.cluster.conn_id}' may not scale {what}.") from error
            raise

    def _is(self, one: Mapping[str, Any]) -> bool:
        return one.get("kind") == self.kind and one.get("metadata", {}).get("name") == self.name

    def _without_count(self, objects: Objects) -> list[Any]:
        plain = copy.deepcopy(list(objects))
        for one in plain:
            if self._is(one):
                one.get("spec", {}).pop("replicas", None)
        return plain


def _target(scaler: Mapping[str, Any]) -> tuple[str, str] | None:
    if scaler.get("kind") != "HorizontalPodAutoscaler":
        return None
    target = scaler.get("spec", {}).get("scaleTargetRef", {})
    return target.get("kind", ""), target.get("name", "")
