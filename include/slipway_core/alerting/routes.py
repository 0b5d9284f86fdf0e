"""How Alertmanager hands a project's alerts to Slipway: one route and one receiver (evaluation.md 12)."""

from __future__ import annotations

from typing import Any, NamedTuple

from slipway_core.alerting.rules import SEVERITY

PATH = "/slipway/alerts"
# Keptn's were 10 s and 1 min. Without the second one, Alertmanager would look at a group every 5 minutes only:
# neither would a repetition come each minute, nor would an alert that is over be told soon.
_GROUP_WAIT, _GROUP_INTERVAL, _REPEAT_INTERVAL = "10s", "10s", "1m"


class AlertRoute(NamedTuple):
    """Where the alerts of a project go.

    :param project: whose alerts
    :param address: of the Airflow that takes them, as Alertmanager sees it
    :param token: the right to send them; never written into a configuration, which people look at
    """

    project: str
    address: str
    token: str = ""

    @property
    def name(self) -> str:
        """Name of the receiver."""
        return f"slipway-{self.project}"

    @property
    def token_file(self) -> str:
        """Name of the file with the token, beside Alertmanager's configuration."""
        return f"{self.name}.token"

    @property
    def receiver(self) -> dict[str, Any]:
        """The receiver, as it stands in Alertmanager's configuration."""
        credentials = {"type": "Bearer", "credentials_file": self.token_file}
        hook = {"url": f"{self.address}{PATH}", "send_resolved": True, "http_config": {"authorization": credentials}}
        return {"name": self.name, "webhook_configs": [hook]}

    @property
    def route(self) -> dict[str, Any]:
        """The route to it; whoever else wants these alerts gets them too."""
        return {
            "receiver": self.name,
            "matchers": [f'severity="{SEVERITY}"', f'project="{self.project}"'],
            "group_by": ["project", "stage", "service", "alertname"],
            "group_wait": _GROUP_WAIT,
            "group_interval": _GROUP_INTERVAL,
            "repeat_interval": _REPEAT_INTERVAL,
            "continue": True,
        }
