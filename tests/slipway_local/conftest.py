"""A local Airflow that is only described, never started."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_local.airflow import LocalAirflow
from slipway_local.private_files import write_private


@pytest.fixture
def described(tmp_path: Path) -> LocalAirflow:
    """Return an Airflow whose database has a password already, so that its settings can be worked out."""
    airflow = LocalAirflow(name="described", folder=tmp_path / "airflow", port=18081, published=tmp_path / "published")
    write_private(airflow.folder / "postgres-password", "only a test's")
    return airflow
