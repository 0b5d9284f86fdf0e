"""From what is watched of projects to what the cluster's monitoring is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from slipway_core.alerting.project import Watched
from slipway_core.alerting.routes import AlertRoute

if TYPE_CHECKING:
    from slipway_cluster.monitoring_values import ScrapeTarget

# Project → the token with which its alerts may be sent; `None`: there are no tokens.
Tokens = Callable[[str], str] | None


def scrape_targets(services: Iterable[Watched], refused: Collection[str] = ()) -> list[ScrapeTarget]:
    """Return services as Prometheus' targets, with their alert rules.

    :param refused: names of groups of rules that are left out
    """
    from slipway_cluster.monitoring_values import ScrapeTarget

    return [
        ScrapeTarget(
            one.scope.service,
            one.scope.project,
            one.scope.stage,
            one.group if one.rules and one.group["name"] not in refused else None,
        )
        for one in services
    ]


def alert_routes(targets: Iterable[ScrapeTarget], address: str, tokens: Tokens) -> list[AlertRoute]:
    """Return where the alerts of projects go; nowhere without tokens, and only those of projects that have rules.

    :param address: of the Airflow that takes them, as Alertmanager sees it
    """
    if tokens is None:
        return []
    projects = sorted({target.project for target in targets if target.alerts})
    return [AlertRoute(project, address, tokens(project)) for project in projects]
