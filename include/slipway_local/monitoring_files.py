"""Files for a Prometheus and an Alertmanager of somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from slipway_cluster.monitoring_values import ScrapeTarget
from slipway_core.alerting.routes import AlertRoute

_MADE = "# Made by `./slipway configure-monitoring`; it is written anew each time."
_SCRAPE = {"scrape_interval": "5s", "scrape_timeout": "3s", "metrics_path": "/metrics"}  # evaluation.md 12


def files_of(project: str, targets: Iterable[ScrapeTarget], route: AlertRoute) -> dict[str, str]:
    """Return the files of a project, name → content. Each project has its own, so none loses another's."""
    targets = list(targets)
    return {
        f"slipway-{project}.scrape.yml": _text(
            "Scrape jobs. In prometheus.yml: 'scrape_config_files: [slipway-*.scrape.yml]', or copy them there.",
            {"scrape_configs": [_job(target) for target in targets]},
        ),
        f"slipway-{project}.rules.yml": _text(
            "Alert rules. In prometheus.yml: 'rule_files: [slipway-*.rules.yml]'.",
            {"groups": [target.alerts for target in targets if target.alerts]},
        ),
        f"slipway-{project}.alertmanager.yml": _text(
            "A route and a receiver: copy both into alertmanager.yml, the route before others.\n"
            f"# The right to send is a token in {route.token_file} beside it: ./slipway token create --help",
            _alertmanager(route),
        ),
    }


def configuration(files: dict[str, str]) -> dict[str, str]:
    """Return files as Prometheus and Alertmanager would read them, so that their tools can look at them."""
    scrape, rules, alertmanager = files
    jobs = yaml.safe_load(files[scrape])
    return {
        "prometheus.yml": yaml.safe_dump({"rule_files": [rules], **jobs}),
        rules: files[rules],
        "alertmanager.yml": files[alertmanager],
    }


def _job(target: ScrapeTarget) -> dict[str, Any]:
    return {"job_name": target.job, **_SCRAPE, "static_configs": [{"targets": [target.address]}]}


def _alertmanager(route: AlertRoute) -> dict[str, Any]:
    nobody = "nobody"
    return {
        "route": {"receiver": nobody, "routes": [route.route]},
        "receivers": [{"name": nobody}, route.receiver],
    }


def _text(about: str, content: dict[str, Any]) -> str:
    return f"{_MADE}\n# {about}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)}"
