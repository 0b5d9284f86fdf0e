"""What the monitoring chart is told: scrape jobs, alert rules, receivers. Each has an owner, and others' stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Values = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class ScrapeTarget:
    """A service of a stage, as Prometheus sees it.

    :param service: name of the service, which is its release and its Service too
    :param project: name of the project
    :param stage: name of the stage
    :param alerts: its group of alert rules, as in a rules file of Prometheus; `None`: it has none
    """

    service: str
    project: str
    stage: str
    alerts: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def job(self) -> str:
        """Name of the scrape job, which queries ask for."""
        return f"{self.service}-{self.project}-{self.stage}"

    @property
    def address(self) -> str:
        """Address of the Service, seen from Prometheus."""
        return f"{self.service}.{self.project}-{self.stage}:80"


class AlertRoute(Protocol):
    """Where the alerts of a project go; both mappings are as in Alertmanager's configuration."""

    @property
    def project(self) -> str:
        """Whose alerts."""

    @property
    def route(self) -> Mapping[str, Any]:
        """The route to the receiver."""

    @property
    def receiver(self) -> Mapping[str, Any]:
        """The receiver, which names the file with the token."""

    @property
    def token_file(self) -> str:
        """Name of the file with the token."""

    @property
    def token(self) -> str:
        """What is in it."""


def with_services(
    values: Values,
    targets: Sequence[ScrapeTarget],
    routes: Iterable[AlertRoute] = (),
    owner: str = "",
    keep: Iterable[ScrapeTarget] = (),
) -> dict[str, Any]:
    """Return the chart's values with the services of an owner; what others have stays, and keeps its place.

    :param targets: services with their alert rules; one without rules loses those it had
    :param routes: where the alerts of their projects go
    :param owner: whose they are; what this owner had before, and is not named now, is left out. Without an owner, no
        service and no route goes
    :param keep: services of which everything stays as it is, if it is there
    """
    kept = set(keep) - set(targets)
    bare = {target.job for target in targets if not target.alerts}
    kept_jobs = {target.job for target in kept}
    kept_projects = {target.project for target in kept} - {target.project for target in targets}
    kept_projects |= {target.project for target in kept if target.alerts}  # another stage of it may be good
    groups = [group for group in _listed(values, "alertingRuleGroups") if group.get("job") not in bare]
    return {
        **values,
        "scrapeJobs": _merged(_listed(values, "scrapeJobs"), map(_job, targets), "name", owner, kept_jobs),
        "alertingRuleGroups": _merged(groups, _groups(targets), "job", owner, kept_jobs),
        "alertReceivers": _merged(
            _listed(values, "alertReceivers"), map(_receiver, routes), "project", owner, kept_projects
        ),
    }


def jobs_of(values: Values) -> set[str]:
    """Return the names of the scrape jobs."""
    return {job["name"] for job in _listed(values, "scrapeJobs")}


def _listed(values: Values, name: str) -> list[dict[str, Any]]:
    return list(values.get(name) or [])


def _merged(
    before: Iterable[dict[str, Any]], fresh: Iterable[dict[str, Any]], key: str, owner: str, kept: set[str]
) -> list[dict[str, Any]]:
    """Lay entries over others of the same key; those of the owner that are neither fresh nor kept go."""
    fresh = {one[key]: one for one in fresh}
    merged = []
    for one in before:
        again = fresh.pop(one.get(key, ""), None)
        if again:
            merged.append({**again, "owner": owner or one.get("owner", "")})
        elif not owner or one.get("owner") != owner or one[key] in kept:
            merged.append(one)
    return [*merged, *({**one, "owner": owner} for one in fresh.values())]


def _job(target: ScrapeTarget) -> dict[str, Any]:
    return {"name": target.job, "target": target.address, "project": target.project}


def _groups(targets: Iterable[ScrapeTarget]) -> Iterator[dict[str, Any]]:
    return ({**target.alerts, "job": target.job} for target in targets if target.alerts)


def _receiver(route: AlertRoute) -> dict[str, Any]:
    return {
        "project": route.project,
        "route": dict(route.route),
        "receiver": dict(route.receiver),
        "tokenFile": route.token_file,
        "token": route.token,
    }
