"""The Job in which Locust makes a load, as plain data."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.hooks.faults import LoadFailed

KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
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

    def files(self) -> dict[str, dict[str, str]]:
        """Return what the Job's ConfigMap holds: the files beside the script, flat, by name; ``binaryData`` in base64.

        Files whose names a ConfigMap cannot hold stay behind, unless the load needs them.

        :raises LoadFailed: when script or settings cannot be carried, or all are too large together.
        """
        needed = [self.script] + ([self.conf] if self.conf else [])
        for path in needed:
            if not KEY.fullmatch(path.name):
                raise LoadFailed(f"Rename {path.name}: Kubernetes carries only letters, digits, '-', '_' and '.'.")
        beside = (one for one in sorted(self.script.parent.iterdir()) if one.is_file() and KEY.fullmatch(one.name))
        contents = {path.name: path.read_bytes() for path in (*beside, *needed)}
        if sum(map(len, contents.values())) > LARGEST_CONFIG_MAP:
            raise LoadFailed(f"The files beside {self.script.name} are over 1 MB together; Kubernetes takes no more.")
        found: dict[str, dict[str, str]] = {"data": {}, "binaryData": {}}
        for name, content in contents.items():
            try:
                found["data"][name] = content.decode()
            except UnicodeDecodeError:
                found["binaryData"][name] = base64.b64encode(content).decode()
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
