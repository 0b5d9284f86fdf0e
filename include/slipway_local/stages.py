"""Readies the stages of published projects: access to the cluster, Airflow's connection, Prometheus' targets."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway_local.airflow import LocalAirflow
from slipway_local.errors import ApiError

if TYPE_CHECKING:
    from slipway_cluster.target import Target

_LOOK_AGAIN = 300.0  # seconds after which even a ready stage is readied again: a person may have removed something
_OURS = "Made by Slipway for stage"
log = logging.getLogger("slipway.stages")


@dataclass(frozen=True, order=True)
class Stage:
    """One stage of a project and the services that are delivered there."""

    project: str
    name: str
    services: tuple[str, ...]

    @property
    def namespace(self) -> str:
        """The namespace that holds its services."""
        return f"{self.project}-{self.name}"

    @property
    def connection(self) -> str:
        """Id of the Airflow connection that its tasks use."""
        return f"kubernetes_{self.project}_{self.name}"


class StageKeeper:
    """Readies the wanted stages, and tries again as long as the cluster or Airflow is away.

    :param airflow: the Airflow that gets the connections.
    """

    def __init__(self, airflow: LocalAirflow) -> None:
        self._airflow = airflow
        self._api = airflow.api()
        self._wanted: frozenset[Stage] = frozenset()
        self._done: tuple[object, ...] = ()
        self._done_at = 0.0
        self._told = ""
        self._changed = threading.Event()

    def want(self, stages: frozenset[Stage]) -> None:
        """Say which stages there are from now on."""
        self._wanted = stages
        self._changed.set()

    def keep(self, every: float) -> None:
        """Ready what is wanted, again and again; a failure is told once and tried again after `every` seconds."""
        while True:
            try:
                self.ready()
                self._told = ""
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the publishing
                text = str(error) or type(error).__name__
                if text != self._told:
                    log.warning("Stages are not ready yet, trying again every %.0f s: %s", every, text)
                self._told = text
            self._changed.wait(every)
            self._changed.clear()

    def ready(self) -> None:
        """Ready every wanted stage, unless that is done and the cluster is still the same."""
        from slipway_cluster.access import grant
        from slipway_cluster.target import current_target

        wanted = self._wanted
        if not wanted:
            return
        target = current_target()
        # A cluster that was made anew has a new kubeconfig, and none of our accounts.
        state = (wanted, target, target.kubeconfig.read_bytes())
        if state == self._done and time.monotonic() - self._done_at < _LOOK_AGAIN:
            return
        first = state != self._done
        for stage in sorted(wanted):
            if self._is_somebody_elses(stage.connection):
                if first:
                    log.info("Stage %s keeps its connection %s: it is not ours", stage.namespace, stage.connection)
                continue
            kubeconfig = grant(target, stage.project, stage.name)
            # As a mapping, not as text: so Airflow masks the token in it.
            extra = {"kube_config": kubeconfig, "namespace": stage.namespace}
            self._api.put_connection(
                stage.connection, "kubernetes", extra, description=f"{_OURS} {stage.name} of {stage.project}"
            )
            if first:
                log.info("Stage %s is ready: connection %s", stage.namespace, stage.connection)
        if target.embedded:  # Prometheus is not ours to install in a cluster of somebody's own
            self._watch_services(target, wanted)
        self._done, self._done_at = state, time.monotonic()

    def _is_somebody_elses(self, connection: str) -> bool:
        """Say whether a person gave the stage a cluster of its own: their connection does not carry our words."""
        try:
            description = self._api.get(f"connections/{connection}")["description"] or ""
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return not description.startswith(_OURS)

    def _watch_services(self, target: Target, wanted: Iterable[Stage]) -> None:
        from slipway_cluster.monitoring import ScrapeTarget, install

        install(
            target,
            [
                ScrapeTarget(service, stage.project, stage.name)
                for stage in sorted(wanted)
                for service in stage.services
            ],
        )
