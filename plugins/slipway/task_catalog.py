"""Which operator takes which task of a shipyard.

Each function here is an entry point of the group ``slipway.tasks``: its name there is the task's name in a shipyard.
Those for actions of a remediation.yaml are entry points of ``slipway.actions``. It gets the task's place in its
sequence and returns an Airflow operator. Another package adds tasks and actions of its own in the same way, without a
change here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from airflow.sdk.configuration import conf
from slipway_core.keptn.settings import ApprovalSettings, LoadSettings, StageSettings

from slipway.operators.task import Seat

GROUP = "slipway.tasks"
ACTIONS = "slipway.actions"


@dataclass(frozen=True)
class TaskPlace:
    """What a builder of an operator is told.

    :param seat: the task's place in its sequence; the operator builds its payload from it.
    :param arguments: ``task_id``, ``task_display_name`` and the like; to be passed on to the operator.
    :param files: folder of the project in the published tree.
    :param settings: what the project's slipway.yaml says of the stage.
    """

    seat: Seat
    arguments: dict[str, Any]
    files: Path
    settings: StageSettings = field(default_factory=StageSettings)


Builder = Callable[[TaskPlace], Any]


@cache
def builder(task: str) -> Builder:
    """Return the builder for a task name.

    :raises LookupError: when nothing handles it; publishing refuses such a shipyard, so this is a last guard.
    """
    points = _entry_points(GROUP)
    if task not in points:
        raise LookupError(f"Nothing handles the task '{task}'; known tasks: {', '.join(sorted(points))}.")
    loaded: Builder = points[task].load()
    return loaded


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of all packages by name; looking through them takes longer than building a DAG."""
    return {point.name: point for point in entry_points(group=group)}


def action_operator(place: TaskPlace, name: str) -> Any:
    """Return the operator that takes an action of a remediation.yaml: an entry point of the group ``slipway.actions``.

    :param place: that of the task ``action``.
    :raises LookupError: when nothing handles it.
    """
    points = _entry_points(ACTIONS)
    if name not in points:
        raise LookupError(
            f"Nothing handles the action '{name}'; known actions: {', '.join(sorted(points))}. Name one of those in "
            f"remediation.yaml, or install a package with an entry point '{name}' in the group '{ACTIONS}'."
        )
    return points[name].load()(place)


def action(place: TaskPlace) -> Any:
    """``action``: what remediation.yaml says is done, within the limits of the stage."""
    from slipway.operators.action import ActionOperator

    handler = partial(action_operator, place)
    return ActionOperator(seat=place.seat, handler=handler, limits=place.settings.healing, **place.arguments)


def approval(place: TaskPlace) -> Any:
    """``approval``: the strategy decides, or a person."""
    from slipway.sensors.approval import ApprovalSensor

    return ApprovalSensor(
        seat=place.seat,
        kubernetes_conn_id=place.settings.connection,
        **_approval_settings(place.settings.approval),
        **place.arguments,
    )


def deployment(place: TaskPlace) -> Any:
    """``deployment``: Helm brings the service into its stage."""
    from slipway.operators.helm_deploy import HelmDeployOperator

    return HelmDeployOperator(seat=place.seat, **_on_cluster(place), **place.arguments)


def evaluation(place: TaskPlace) -> Any:
    """``evaluation``: the quality gate judges the service by its slo.yaml."""
    from slipway.sensors.slo import SLOSensor

    settings = place.settings.evaluation
    return SLOSensor(
        seat=place.seat,
        files=str(place.files),
        prometheus_conn_id=settings.source.connection,
        source=settings.source.type,
        scrape_delay=timedelta(seconds=settings.scrape_delay),
        **place.arguments,
    )


def get_action(place: TaskPlace) -> Any:
    """``get-action``: finds the next action against a problem."""
    from slipway.operators.get_action import GetActionOperator

    return GetActionOperator(seat=place.seat, files=str(place.files), **place.arguments)


def scale_back(place: TaskPlace) -> Any:
    """``scale-back``: gives a healed service its former count of replicas."""
    from slipway.operators.scale_back import ScaleBackOperator

    return ScaleBackOperator(seat=place.seat, **_on_cluster(place), **place.arguments)


def test(place: TaskPlace) -> Any:
    """``test``: Locust makes load on the service."""
    from slipway.operators.locust import IMAGE, LocustOperator

    # AIRFLOW__SLIPWAY__LOCUST_IMAGE: a cluster of one's own pulls from a registry of one's own.
    image = conf.get("slipway", "locust_image", fallback=IMAGE)
    return LocustOperator(
        seat=place.seat, image=image, **_on_cluster(place), **_load_settings(place.settings.test), **place.arguments
    )


def release(place: TaskPlace) -> Any:
    """``release``: passes on the result that came in; a direct deployment is released already (decisions.md)."""
    from slipway.operators.release import ReleaseOperator

    return ReleaseOperator(seat=place.seat, **place.arguments)


def rollback(place: TaskPlace) -> Any:
    """``rollback``: Helm brings the service back to its last good revision."""
    from slipway.operators.helm_rollback import HelmRollbackOperator

    return HelmRollbackOperator(seat=place.seat, **_on_cluster(place), **place.arguments)


def scale_action(place: TaskPlace) -> Any:
    """Action ``scale``: sets the count of replicas, or changes it by a value with a sign."""
    return _scaling(place, plain_adds=False)


def scaling_action(place: TaskPlace) -> Any:
    """Action ``scaling``, the older one: adds its value to the count of replicas."""
    return _scaling(place, plain_adds=True)


def rollback_action(place: TaskPlace) -> Any:
    """Action ``rollback``: as the task."""
    return rollback(replace(place, seat=replace(place.seat, name="rollback")))


def _scaling(place: TaskPlace, plain_adds: bool) -> Any:
    from slipway.operators.helm_scale import HelmScaleOperator

    return HelmScaleOperator(
        seat=place.seat,
        plain_adds=plain_adds,
        max_replicas=place.settings.healing.max_replicas,
        **_on_cluster(place),
        **place.arguments,
    )


def _on_cluster(place: TaskPlace) -> dict[str, Any]:
    """Return what operators need that work on the stage's cluster; without a connection they find the stage's own."""
    return {"files": str(place.files), "kubernetes_conn_id": place.settings.connection}


def _load_settings(load: LoadSettings) -> dict[str, Any]:
    limit = {} if load.timeout is None else {"longest_run": load.timeout}
    return {"accepted_failure_ratio": load.accepted_failure_ratio, **limit}


def _approval_settings(approval: ApprovalSettings) -> dict[str, Any]:
    expires = None if approval.expires_after is None else timedelta(seconds=approval.expires_after)
    return {"expires_after": expires, "approvers": approval.approvers, "supersede": approval.supersede}
