"""Publishes the projects of a local Airflow whenever their files change, and readies each stage for deliveries.

Runs as `python -m slipway_local.publisher FOLDER`, one of the parts of LocalAirflow. What a person would do by
hand on a cluster of their own is done here for each stage: `slipway cluster grant`, its kubeconfig as an Airflow
connection, and Prometheus told of the stage's services and their alert rules.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from slipway_core.alerting.project import Watched

from slipway_local.airflow import LocalAirflow
from slipway_local.alert_tokens import recorded_alert_tokens
from slipway_local.stages import Stage, StageKeeper

_AGAIN = 5.0  # seconds between two looks, at the sources and at what is still to be done
log = logging.getLogger("slipway.publisher")


def main(folder: Path) -> None:
    """Publish the projects of the Airflow in `folder` until the process is ended."""
    from slipway_core.alerting.published import PublishedAlerts
    from slipway_core.publish import watch
    from slipway_core.publish.remote.keeper import GitProjects, git_folder

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    airflow = LocalAirflow.kept(folder)
    if airflow is None:
        sys.exit(f"{folder} holds no Airflow. `./slipway up` makes one.")
    keeper = StageKeeper(airflow, recorded_alert_tokens(airflow))
    alerts = PublishedAlerts(airflow.published)
    threading.Thread(target=keeper.keep, kwargs={"every": _AGAIN}, daemon=True).start()
    log.info("Publishing %s into %s", airflow.sources, airflow.published)

    def published(projects: Iterable[Any]) -> None:
        stages = frozenset(stages_of(projects, alerts.of))
        log.info("Published: %s", ", ".join(sorted(stage.namespace for stage in stages)) or "no project")
        keeper.want(stages)

    git = GitProjects(airflow.sources, git_folder(airflow.published))
    watch(airflow.sources, airflow.dags, airflow.published, every=_AGAIN, on_published=published, git=git)


def stages_of(projects: Iterable[Any], watched: Callable[[Any], Iterable[Watched]]) -> Iterable[Stage]:
    """Yield every stage of the published projects with its services.

    :param watched: a project's plan → what is watched of it
    """
    for project in projects:
        rules = [one for one in watched(project.plan) if one.rules]
        for stage in project.stages:
            own = project.settings.stage(stage).connection
            alerts = tuple(one for one in rules if one.scope.stage == stage)
            yield Stage(project.name, stage, tuple(project.services), own, alerts)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
