"""The Job in which Locust makes a load, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.hooks.faults import LoadFailed

LARGEST_CONFIG_MAP = 1_000_000  # bytes; the API server's own limit for an object is a little over


@dataclass(frozen=True)
class LoadJob:
    """One load to make.

    :param name: of the Job, the same for every try of the same work.
    :param host: base address that Locust sends its requests to.
    :param script: Locust's script; the files beside it are taken along.
    :param conf: Locust's own configuration file, or None for the runner's defaults.
    :param longest_run: seconds.
    """

    name: str
    namespace: str
    service: str
    image: str
    host: str
    script: Path
    conf: Path | None
    longest_run: float

    def files(self) -> dict[str, str]:
        """Return the scripts that the Job gets, flat, by name.

        :raises LoadFailed: when a script is no text, or they are too large together.
        """
        found = {}
        paths = {one.name: one for one in sorted(self.script.parent.iterdir()) if one.is_file()}
        paths[self.script.name] = self.script
        if self.conf:
            paths[self.conf.name] = self.conf
        try:
            for name, path in paths.items():
                found[name] = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise LoadFailed(f"Load script {path.name} cannot be read as text: {error}") from error
        if sum(len(text.encode()) for text in found.values()) > LARGEST_CONFIG_MAP:
            raise LoadFailed(f"The files beside {self.script.name} are over 1 MB together; Kubernetes takes no more.")
        return found

    def manifest(self) -> dict[str, Any]:
        """Return the Job for Kubernetes."""
        arguments = ["--host", self.host, "--script", self.script.name]
        if self.conf:
            arguments += ["--config", self.conf.name]
        labels = {"app.kubernetes.io/name": "slipway-load", "app.kubernetes.io/managed-by": "slipway"}
        container = {
            "name": "locust",
            "image": self.image,
            "args": arguments,
            "volumeMounts": [{"name": "scripts", "mountPath": "/scripts"}, {"name": "work", "mountPath": "/tmp"}],  # noqa: S108
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
        pod = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 65534},
            "containers": [container],
            "volumes": [{"name": "scripts", "configMap": {"name": self.name}}, {"name": "work", "emptyDir": {}}],
        }
        return {
            "metadata": {"name": self.name, "labels": labels},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": int(self.longest_run),
                "ttlSecondsAfterFinished": 3600,
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
