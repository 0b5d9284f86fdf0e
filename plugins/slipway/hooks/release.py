"""A release of a service in its stage: its name, its pods, its addresses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from slipway_core.keptn import names

from slipway.hooks.faults import HelmFailed

if TYPE_CHECKING:
    from slipway.hooks.helm import HelmHook

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
# A Helm whose worker was killed is told so, and notes down within this time that its release has failed.
DYING = timedelta(seconds=40)
BACK_TO = ("deployed", "superseded", "failed")  # of these states, the first that a revision has


@dataclass(frozen=True)
class Release:
    """A Helm release in the namespace ``<project>-<stage>``."""

    hook: HelmHook
    name: str
    namespace: str

    @classmethod
    def find(cls, hook: HelmHook, project: str, stage: str, service: str) -> Release:
        """Return the release of a service; one with the longer name of other executors is adopted (decisions.md)."""
        namespace = names.namespace(project, stage)
        longer, short = names.release_name(f"{project}-{stage}-{service}"), names.release_name(service)
        if hook.history(longer, namespace=namespace) and not hook.history(short, namespace=namespace):
            return cls(hook, longer, namespace)
        return cls(hook, short, namespace)

    def newest(self) -> int:
        """Return the number of the newest revision, whatever its state; 0 when there is none."""
        history = self.hook.history(self.name, namespace=self.namespace)
        return int(history[-1]["revision"]) if history else 0

    def is_left_pending(self, among: Collection[int]) -> bool:
        """Say whether one of these revisions is the newest, and a Helm that was killed has left it half done.

        While Helm works on a release it notes that down, and no other may begin. When it is killed together with its
        worker, the note stays for good.
        """
        history = self.hook.history(self.name, namespace=self.namespace)
        if not history or history[-1]["revision"] not in among or not history[-1]["status"].startswith("pending-"):
            return False
        return datetime.now(UTC) - datetime.fromisoformat(history[-1]["updated"]).astimezone(UTC) >= DYING

    def free(self) -> str:
        """Free the release from a Helm that was killed at its work, and say what was done; see `is_left_pending`."""
        history = self.hook.history(self.name, namespace=self.namespace)
        left = f"An earlier try was killed, and left release {self.name} in {self.namespace} {history[-1]['status']}"
        back = next((one["revision"] for state in BACK_TO for one in history[::-1] if one["status"] == state), None)
        if back is None:
            self.hook.uninstall(self.name, namespace=self.namespace)
            return f"{left}: it was never installed, so what there is of it was removed."
        # Nobody waits for its pods: what is deployed next replaces them.
        self.hook.rollback(self.name, int(back), namespace=self.namespace, wait=False)
        return f"{left}: it was brought back to revision {back}."

    def pod_selector(self) -> str:
        """Return the label selector of the release's pods."""
        try:
            objects = self.hook.manifest(self.name, namespace=self.namespace)
        except HelmFailed:  # it failed before Helm had stored anything
            objects = []
        for one in _of_kind(objects, WORKLOADS):
            labels = one.get("spec", {}).get("selector", {}).get("matchLabels") or {}
            if labels:
                return ",".join(f"{key}={value}" for key, value in labels.items())
        return f"app.kubernetes.io/instance={self.name}"

    def local_uris(self, objects: Sequence[Mapping[str, Any]], service: str) -> list[str]:
        """Return the address inside the cluster: of the Service named like the service, else of the first one."""
        services = list(_of_kind(objects, ("Service",)))
        services.sort(key=lambda one: one["metadata"]["name"] not in (service, self.name))
        for one in services:
            ports = one.get("spec", {}).get("ports") or []
            if ports:
                return [f"http://{one['metadata']['name']}.{self.namespace}:{ports[0]['port']}"]
        return []

    @staticmethod
    def public_uris(objects: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the addresses that the release's Ingresses give it."""
        uris = []
        for one in _of_kind(objects, ("Ingress",)):
            scheme = "https" if one.get("spec", {}).get("tls") else "http"
            uris += [
                f"{scheme}://{rule['host']}" for rule in one.get("spec", {}).get("rules") or [] if rule.get("host")
            ]
        return uris

    @staticmethod
    def image(objects: Sequence[Mapping[str, Any]]) -> str:
        """Return the image of the first container of the first workload."""
        for one in _of_kind(objects, WORKLOADS):
            containers = one.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
            if containers:
                return str(containers[0].get("image", ""))
        return ""


def _of_kind(objects: Sequence[Mapping[str, Any]], kinds: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    return (one for one in objects if one.get("kind") in kinds)
