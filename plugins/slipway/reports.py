"""Where the reports of load tests are kept, so that the API server can show them later."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from airflow.sdk.configuration import conf

from slipway.links import page_url

# Airflow's own rule for the ids; none of them can climb out of the folder.
LEGAL = re.compile(r"[A-Za-z0-9_~:+.-]*[A-Za-z0-9_~:+-][A-Za-z0-9_~:+.-]*")


def store(dag_id: str, run_id: str, task_id: str, name: str, content: bytes) -> str:
    """Keep one report of a task and return the address of its page.

    :param name: file name such as ``load.html``.
    """
    path = _path(dag_id, run_id, task_id, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return page_url("reports", dag_id, run_id, task_id, name)


def read(dag_id: str, run_id: str, task_id: str, name: str) -> bytes | None:
    """Return a report that was kept, or None.

    :raises ValueError: when a part of the name is no legal id.
    """
    path = _path(dag_id, run_id, task_id, name)
    return bytes(path.read_bytes()) if path.exists() else None


def _path(*parts: str) -> Any:
    from airflow.sdk import ObjectStoragePath

    for part in parts:
        if not LEGAL.fullmatch(part):
            raise ValueError(f"{part!r} is no legal id")
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    root = conf.get("slipway", "reports_path", fallback=f"file://{home}/slipway-reports")
    return ObjectStoragePath(root).joinpath(*parts)
