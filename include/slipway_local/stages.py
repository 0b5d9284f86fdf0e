"""Readies the stages of published projects: access, Airflow's connection, what Prometheus scrapes and warns of."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway_core.alerting.project import Watched
from slipway_core.keptn import names
from slipway_core.keptn.event import Scope

from slipway_local.airflow import LocalAirflow
from slipway_local.errors import ApiError
from slipway_local.monitoring import Tokens, alert_routes, scrape_targets

if TYPE_CHECKING:
    from slipway_cluster.target import Target

_LOOK_AGAIN = 300.0  # seconds after which even a ready stage is readied again: a person may have removed something
_OURS = "Made by Slipway for"
_GROUP = "Group of alert rules "
PROMETHEUS_CONNECTION = "prometheus_default"
log = logging.getLogger("slipway.stages")


@dataclass(frozen=True, order=True)
class Stage:
    """One stage of a project and the services that are delivered there.

    :param own_connection: id of the Airflow connection that its slipway.yaml names; empty: we make one.
    :param alerts: those of its services that have alert rules, with them.
    """

    project: str
    name: str
    services: tuple[str, ...]
    own_connection: str = ""
    alerts: tuple[Watched, ...] = ()

    @property
    def namespace(self) -> str:
        """The namespace that holds its services."""
        return names.namespace(self.project, self.name)

    @property
    def watched(self) -> list[Watched]:
        """All its services, with the alert rules they have."""
        bare = {service: Watched(Scope(self.project, self.name, service)) for service in self.services}
        return list({**bare, **{one.scope.service: one for one in self.alerts}}.values())

    @property
    def connection(self) -> str:
        """Id of the Airflow connection that its tasks use."""
        return self.own_connection or names.connection_id(self.project, self.name)


class StageKeeper:
    """Readies the wanted stages, and tries again as long as the cluster or Airflow is away.

    :param airflow: the Airflow that gets the connections, and the alerts.
    :param tokens: project → the token with which Alertmanager may send its alerts; without it, they go nowhere.
    """

    def __init__(self, airflow: LocalAirflow, tokens: Tokens = None) -> None:
        self._airflow, self._tokens = airflow, tokens
        self._api = airflow.api()
        self._wanted: frozenset[Stage] | None = None  # not known before the first publishing
        self._cluster: object = None
        self._done: dict[str, tuple[object, float]] = {}  # piece of work → for what, and when
        self._told: dict[str, str] = {}
        self._changed = threading.Event()

    def want(self, stages: frozenset[Stage]) -> None:
        """Say which stages there are from now on."""
        self._wanted = stages
        self._changed.set()

    def keep(self, every: float) -> None:
        """Ready what is wanted, again and again; a failure is told once and tried again after `every` seconds."""
        while True:
            self.ready()
            self._changed.wait(every)
            self._changed.clear()

    def ready(self) -> None:
        """Ready every wanted stage, unless that is done and the cluster is still the same.

        What fails is told, and keeps no other stage from becoming ready.
        """
        from slipway_cluster.target import current_target

        wanted = self._wanted
        if wanted is None:
            return
        try:
            target = current_target()
            # A cluster that was made anew has a new kubeconfig, and none of our accounts.
            cluster = (target, target.kubeconfig.read_bytes())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the publishing
            self._tell("The cluster", error)
            return
        self._told.pop("The cluster", None)
        if cluster != self._cluster:
            self._cluster, self._done = cluster, {}
        good = [
            stage for stage in sorted(wanted) if self._do_once(f"Stage {stage.namespace}", stage, self._grant, target)
        ]
        if target.embedded:  # Prometheus is not ours to install in a cluster of somebody's own
            state = (wanted, tuple(good))
            self._do_once("Monitoring", state, self._watch_services, target)
            self._do_once("Prometheus", PROMETHEUS_CONNECTION, self._connect_prometheus, target)

    def _do_once(self, what: str, state: Any, work: Callable[[Target, Any], str], target: Target) -> bool:
        """Do a piece of work unless it is done for this state; say whether it is done now."""
        before, when = self._done.pop(what, (None, 0.0))
        if before == state and time.monotonic() - when < _LOOK_AGAIN:
            self._done[what] = before, when
            return True
        try:
            outcome = work(target, state)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            self._tell(what, error)
            return False
        if before != state:
            log.info("%s %s", what, outcome)
        self._done[what] = state, time.monotonic()
        self._told.pop(what, None)
        return True

    def _tell(self, what: str, error: Exception | str) -> None:
        """Log a failure, unless it is the one that was logged last."""
        text = str(error) or type(error).__name__
        if text != self._told.get(what):
            log.warning("%s is not ready yet, trying again: %s", what, text)
        self._told[what] = text

    def _grant(self, target: Target, stage: Stage) -> str:
        """Give the stage its connection; return what came of it."""
        from slipway_cluster.access import grant

        if stage.own_connection:
            return f"uses the connection {stage.connection}, as its slipway.yaml says"
        if self._is_somebody_elses(stage.connection):
            return f"keeps its connection {stage.connection}: it is not ours"
        kubeconfig = grant(target, stage.project, stage.name)
        # As a mapping, not as text: so Airflow masks the token in it.
        extra = {"kube_config": kubeconfig, "namespace": stage.namespace}
        self._api.put_connection(
            stage.connection, "kubernetes", extra, description=f"{_OURS} stage {stage.name} of {stage.project}"
        )
        return f"is ready: connection {stage.connection}"

    def _connect_prometheus(self, target: Target, connection: str) -> str:
        """Give quality gates their source of numbers; return what came of it."""
        from slipway_cluster.monitoring import PROMETHEUS_URL

        if self._is_somebody_elses(connection):
            return f"keeps its connection {connection}: it is not ours"
        about = f"{_OURS} the Prometheus of the embedded cluster"
        self._api.put_connection(connection, "prometheus", {}, host=PROMETHEUS_URL, description=about)
        return f"is ready: connection {connection}"

    def _is_somebody_elses(self, connection: str) -> bool:
        """Say whether a person gave the stage a cluster of its own: their connection does not carry our words."""
        try:
            description = self._api.get(f"connections/{connection}")["description"] or ""
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return not description.startswith(_OURS)

    def _watch_services(self, target: Target, state: tuple[frozenset[Stage], tuple[Stage, ...]]) -> str:
        """Have Prometheus watch the good stages, and no more those that are gone; return what came of it."""
        from slipway_cluster.monitoring import install
        from slipway_cluster.monitoring_checks import refused_groups

        wanted, good = ([one for stage in sorted(stages) for one in stage.watched] for stages in state)
        refused = refused_groups(one.group for one in good if one.rules)
        self._tell_refused(refused)
        targets = scrape_targets(good, refused)
        routes = alert_routes(targets, self._airflow.address, self._tokens)
        # Another Airflow may share the cluster: under the owner's name, what it watches is left alone.
        install(target, targets, routes=routes, owner=self._airflow.name, keep=scrape_targets(wanted))
        groups = sum(one.alerts is not None for one in targets)
        return f"scrapes {len(targets)} services, {groups} of them with alert rules"

    def _tell_refused(self, refused: Mapping[str, str]) -> None:
        """Log which services get no alert rules, each once: a query may be good for a gate and still make no rule."""
        mended = [what for what in self._told if what.startswith(_GROUP) and what.removeprefix(_GROUP) not in refused]
        for what in mended:
            del self._told[what]
        for name, why in refused.items():
            self._tell(f"{_GROUP}{name}", why)
