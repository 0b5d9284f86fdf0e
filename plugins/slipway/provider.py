"""What Airflow asks of a provider package: who we are and which links we add."""

from __future__ import annotations

from typing import Any

import slipway_core

_TEXT = ["string", "null"]
_PROMETHEUS = {
    "connection-type": "prometheus",
    "hook-class-name": "slipway.hooks.prometheus.PrometheusHook",
    "hook-name": "Prometheus",
    "conn-fields": {
        "bearer_token": {
            "label": "Bearer token",
            "description": "Instead of user and password.",
            "schema": {"type": _TEXT, "format": "password"},
        },
        "ca_certificate": {
            "label": "CA certificate",
            "description": "Whom to trust instead of the system's CAs: PEM text, or the path of a file.",
            "schema": {"type": _TEXT, "format": "multiline"},
        },
        "verify": {
            "label": "Check the certificate",
            "description": "Without this, anybody on the way can read the credentials.",
            "schema": {"type": ["boolean", "null"], "default": True},
        },
        "headers": {
            "label": "Headers",
            "description": 'Sent with every query, as a JSON object: {"X-Scope-OrgID": "team-a"}',
            "schema": {"type": ["object", "null"]},
        },
    },
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port", "extra"],
        "relabeling": {"host": "URL", "login": "User"},
        "placeholders": {"host": "http://prometheus.monitoring:9090"},
    },
}


def get_provider_info() -> dict[str, Any]:
    """Return the description that Airflow reads through the entry point ``apache_airflow_provider``."""
    return {
        "package-name": "slipway",
        "name": "Slipway",
        "description": "Runs Keptn v1 shipyard files as Airflow DAGs.",
        "versions": [slipway_core.__version__],
        "connection-types": [_PROMETHEUS],
        "extra-links": [
            "slipway.links.StartedRunLink",
            "slipway.links.StartedByLink",
            "slipway.links.SourceCommitLink",
            "slipway.links.RunAheadLink",
            "slipway.links.LoadReportLink",
            "slipway.links.LoadStatisticsLink",
            "slipway.links.ServiceLink",
            "slipway.links.VerdictLink",
            "slipway.links.QueriesLink",
            "slipway.links.BaselineRunLink",
        ],
    }
