"""What Airflow's /api/v2/monitor/health says, and how a part of a local Airflow is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

# The daemons that tell their health there, and the name they have there.
HEALTH = {"scheduler": "scheduler", "dag-processor": "dag_processor", "triggerer": "triggerer"}


class Part(NamedTuple):
    """One process of a local Airflow, as `status` reports it."""

    name: str
    pid: int | None
    health: str
    log: Path


def is_healthy(name: str, health: Mapping[str, Any], began: datetime | None) -> bool:
    """Say whether a daemon is healthy; a heartbeat from before it `began` is that of the one before it."""
    report = health.get(HEALTH[name]) or {}
    if report.get("status") != "healthy":
        return False
    return began is None or datetime.fromisoformat(report[f"latest_{HEALTH[name]}_heartbeat"]) > began


def health_word(name: str, pid: int | None, health: Mapping[str, Any]) -> str:
    """Return one word on a part; `health` is empty when the API server does not answer."""
    if pid is None:
        return "down"
    if name in HEALTH:
        return str((health.get(HEALTH[name]) or {}).get("status") or "unknown")
    if name == "api-server":
        return "healthy" if health else "no answer"
    return "running"
