"""From project sources to one versioned tree that Airflow runs from.

``publish_once`` and ``watch`` are imported on first use: :mod:`slipway_core.publish.load`, which Airflow reads the
tree with, must stay light.
"""

from typing import Any

__all__ = ["publish_once", "watch"]


def __getattr__(name: str) -> Any:
    if name == "publish_once":
        from slipway_core.publish.publisher import publish_once

        return publish_once
    if name == "watch":
        from slipway_core.publish.watcher import watch

        return watch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
