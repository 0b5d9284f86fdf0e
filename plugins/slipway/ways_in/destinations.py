"""What may be started: looked up in Airflow's own table of DAGs, so that what is wrong is refused at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from slipway_core.keptn import names
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent

from slipway.operators.task import BEGIN_TASK_ID


class Destinations:
    """The published sequences of a moment; made anew for each request, which asks for each only once."""

    def __init__(self) -> None:
        self._services: dict[str, tuple[str, ...] | None] = {}

    def require(self, scope: Scope, sequence: str) -> str:
        """Return the id of the DAG of a sequence; raises :class:`InvalidEvent` with what there is instead."""
        place = (scope.project, scope.stage, sequence)
        if place not in self._sequences:
            raise self._unknown(scope, sequence)
        dag_id = names.dag_id(*place)
        services = self._services_of(dag_id)
        if services is None:
            raise InvalidEvent("project", f"'{dag_id}' is no DAG of a shipyard")
        if scope.service not in services:
            has = f"it has: {_listed(services)}"
            raise InvalidEvent("service", f"project '{scope.project}' has no service '{scope.service}'; {has}")
        return dag_id

    def _unknown(self, scope: Scope, sequence: str) -> InvalidEvent:
        stages: dict[str, list[str]] = {}
        for project, stage, name in self._sequences:
            if project == scope.project:
                stages.setdefault(stage, []).append(name)
        if not stages:
            there = {project for project, _, _ in self._sequences}
            return InvalidEvent("project", f"there is no project '{scope.project}'; there are: {_listed(there)}")
        if scope.stage not in stages:
            has = f"it has: {_listed(stages)}"
            return InvalidEvent("stage", f"project '{scope.project}' has no stage '{scope.stage}'; {has}")
        has = f"it has: {_listed(stages[scope.stage])}"
        return InvalidEvent("sequence", f"stage '{scope.stage}' has no sequence '{sequence}'; {has}")

    @cached_property
    def _sequences(self) -> frozenset[tuple[str, str, str]]:
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        with create_session() as session:
            ids = session.scalars(select(DagModel.dag_id).where(DagModel.is_stale.is_(False))).all()
        return frozenset(place for dag_id in ids if (place := names.place_of(dag_id)))

    def _services_of(self, dag_id: str) -> tuple[str, ...] | None:
        if dag_id not in self._services:
            self._services[dag_id] = _services(dag_id)
        return self._services[dag_id]


def _services(dag_id: str) -> tuple[str, ...] | None:
    """Return the services that the trigger form of a DAG offers; ``None`` when the DAG is not one of ours."""
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.session import create_session

    with create_session() as session:
        dag: Any = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    if dag is None or not dag.has_task(BEGIN_TASK_ID) or "service" not in dag.params:
        return None
    return tuple(dag.params.get_param("service").schema.get("enum") or ())


def _listed(found: Iterable[str]) -> str:
    return ", ".join(sorted(found)) or "none"
