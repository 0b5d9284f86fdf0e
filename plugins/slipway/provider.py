"""What Airflow asks of a provider package: who we are and which links we add."""

from __future__ import annotations

from typing import Any

import slipway_core


def get_provider_info() -> dict[str, Any]:
    """Return the description that Airflow reads through the entry point ``apache_airflow_provider``."""
    return {
        "package-name": "slipway",
        "name": "Slipway",
        "description": "Runs Keptn v1 shipyard files as Airflow DAGs.",
        "versions": [slipway_core.__version__],
        "extra-links": [
            "slipway.links.StartedRunLink",
            "slipway.links.StartedByLink",
            "slipway.links.LoadReportLink",
            "slipway.links.LoadStatisticsLink",
            "slipway.links.ServiceLink",
        ],
    }
