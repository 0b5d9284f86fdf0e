"""The local image registry: Debian's docker-registry, and containerd told that it mirrors every other registry."""

import json
from pathlib import Path

from slipway_cluster.addresses import REGISTRY_PORT

REGISTRY = f"127.0.0.1:{REGISTRY_PORT}"


def registry_config(storage: Path) -> str:
    """Return the configuration of docker-registry (YAML, of which JSON is a part)."""
    return json.dumps(
        {
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {
                "filesystem": {"rootdirectory": str(storage)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": REGISTRY},
        },
        indent=1,
    )


def mirror_config() -> str:
    """Return containerd's `_default/hosts.toml`: whatever registry an image names, it is asked for here and only here.

    `server` is what containerd would fall back to; without it that were the registry on the Internet.
    """
    return f"""server = "http://{REGISTRY}"

[host."http://{REGISTRY}"]
  capabilities = ["pull", "resolve"]
"""
