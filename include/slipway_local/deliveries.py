"""Deliveries as one sees them from outside: started, followed and read through Airflow's REST API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from slipway_local.api import AirflowApi
from slipway_local.errors import ApiError, NotReady

_OWN = "slipway_"  # prefix of the tasks that are no task of the shipyard


@dataclass(frozen=True)
class TaskOutcome:
    """How a task of the shipyard ended. `result` is its report's, or Airflow's state when it reported nothing."""

    name: str
    result: str
    seconds: float
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One run of a stage's sequence that has ended."""

    dag_id: str
    run_id: str
    context: str
    state: str
    tasks: tuple[TaskOutcome, ...]

    @property
    def stage(self) -> str:
        """The stage's name, from the DAG's."""
        return self.dag_id.split(".")[1]

    @property
    def succeeded(self) -> bool:
        """Whether the run ended well."""
        return self.state == "success"

    def load(self) -> Mapping[str, Any]:
        """Return the numbers of its load test: requests, failures, percentiles; empty when there was none."""
        numbers = self._block("test")
        return numbers if numbers.get("requests") is not None else {}

    def evaluation(self) -> Mapping[str, Any]:
        """Return its verdict, as evaluation.finished has it; empty when nothing was judged."""
        return self._block("evaluation")

    def _block(self, name: str) -> Mapping[str, Any]:
        block = next((task.report.get(name) for task in self.tasks if task.name == name), None)
        return block if isinstance(block, Mapping) else {}


def deliver(
    api: AirflowApi,
    dag_id: str,
    service: str,
    image: str,
    labels: Mapping[str, str],
    *,
    timeout: float = 900.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Delivery:
    """Start a delivery as its trigger form does, and wait for its end.

    :param dag_id: `<project>.<stage>.<sequence>`; waited for when it is only just published.
    :param timeout: seconds for the whole run.
    """
    progress(f"Waiting for DAG {dag_id}")
    api.wait_for_dag(dag_id)
    run = api.trigger(dag_id, {"service": service, "image": image, "labels": dict(labels)})
    progress(f"Started {api.run_page(dag_id, run['dag_run_id'])}")
    return ended(api, dag_id, run["dag_run_id"], timeout)


def wait_for_connections(
    api: AirflowApi,
    connections: Iterable[str],
    *,
    timeout: float = 60.0,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Wait until stages have their access: the publisher makes it a moment after it has published them.

    :param connections: ids of Airflow connections.
    :param timeout: seconds for all of them.
    :raises NotReady: one is still missing.
    """
    missing = list(connections)
    progress(f"Waiting for access to the stages: {', '.join(missing)}")
    deadline = time.monotonic() + timeout
    while missing := [name for name in missing if not _has_connection(api, name)]:
        if time.monotonic() > deadline:
            raise NotReady(
                f"{api.address} has no connection {', '.join(missing)} after {timeout:.0f} s. "
                "What the publisher says of it: ./slipway logs publisher"
            )
        time.sleep(1)


def _has_connection(api: AirflowApi, name: str) -> bool:
    try:
        api.get(f"connections/{name}")
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return True


def follow(
    api: AirflowApi,
    before: Delivery,
    dag_id: str,
    *,
    appears: float = 30.0,
    timeout: float = 900.0,
    progress: Callable[[str], None] = lambda _: None,
) -> Delivery | None:
    """Return the delivery that followed `before` in another DAG, when it has ended; None when none was started.

    :param appears: seconds for its run to appear.
    :param timeout: seconds for the whole run.
    """
    run_id = follower(api, before.context, dag_id, appears)
    if run_id is None:
        return None
    progress(f"Followed by {api.run_page(dag_id, run_id)}")
    return ended(api, dag_id, run_id, timeout)


def follower(api: AirflowApi, context: str, dag_id: str, appears: float = 30.0) -> str | None:
    """Return the id of the run that carries a context in a DAG; None when there is none.

    :param appears: seconds for it to appear.
    """
    deadline = time.monotonic() + appears
    while True:
        for run in api.dag_runs(dag_id, run_id_prefix_pattern=context):
            if ((run["conf"] or {}).get("slipway") or {}).get("context") == context:
                return str(run["dag_run_id"])
        if time.monotonic() > deadline:
            return None
        time.sleep(1)


def ended(api: AirflowApi, dag_id: str, run_id: str, timeout: float) -> Delivery:
    """Wait for the end of a run and return what became of it.

    :param timeout: seconds for the whole run.
    """
    run = api.wait_for_run(dag_id, run_id, timeout)
    begin = api.xcom(dag_id, run_id, f"{_OWN}begin", "triggered") or {}
    tasks = tuple(
        _outcome(api, task) for task in api.task_instances(dag_id, run_id) if not task["task_id"].startswith(_OWN)
    )
    return Delivery(dag_id, run_id, str(begin.get("context", "")), run["state"], tasks)


def _outcome(api: AirflowApi, task: Mapping[str, Any]) -> TaskOutcome:
    report = api.xcom(task["dag_id"], task["dag_run_id"], task["task_id"], "finished") or {}
    # A task that was stopped or marked by hand has an older report, or none: its state wins.
    state = task["state"] or "none"
    result = report.get("result", state) if state in ("success", "failed") else state
    return TaskOutcome(task["task_display_name"], str(result), float(task["duration"] or 0.0), report)
