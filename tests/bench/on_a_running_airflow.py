"""Alert received → action started, and lane freed → the next run works, on a running Airflow. Printed, not asserted.

Run it with `python tests/bench/on_a_running_airflow.py`. It starts an Airflow of its own in .slipway/airflow-bench and
ends it. Actions are dry runs, and no cluster is needed, nor touched if there is one. Goals: 5 s and 3 s.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from slipway_cluster.places import state_dir
from slipway_core.keptn.lanes import Run
from slipway_core.records import Records, open_records
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi

PORT = 18280
LONGEST = {"alerts": 120.0, "lanes": 90.0}  # seconds; what is not measured by then is left out
ALERTS, HANDOVERS = 10, 5
SHORTEST_WAIT = 5.0  # seconds: a task that waits for less may resume later (SHORTEST_DEFERRAL of the lane's trigger)
PROJECT, STAGE, QUEUE = "bench", "dev", "queue"
REMEDIATION, SLOW, QUICK = (f"{PROJECT}.{STAGE}.{name}" for name in ("remediation", "slow", "quick"))
FILES = {
    "shipyard.yaml": f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {{name: {PROJECT}}}
spec:
  stages:
    - name: {STAGE}
      sequences:
        - {{name: remediation, tasks: [{{name: get-action}}, {{name: action}}]}}
        - {{name: slow, tasks: [{{name: release, triggeredAfter: 20s}}]}}
        - {{name: quick, tasks: [{{name: release}}]}}
""",
    "slipway.yaml": f"stages: {{{STAGE}: {{healing: {{dryRun: true, scaleBackAfter: never}}}}}}\n",
}
SERVICE_FILE = """\
apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
metadata: {name: any}
spec:
  remediations: [{problemType: default, actionsOnOpen: [{name: more, action: scale, value: "+1"}]}]
"""
SERVICES = [f"service{number}" for number in range(ALERTS + 1)]  # one each: no lane is taken; the first warms up


def write_project(sources: Path) -> None:
    """Write the project into a folder of projects."""
    for name in (*SERVICES, QUEUE):
        (sources / PROJECT / name).mkdir(parents=True)
        (sources / PROJECT / name / "remediation.yaml").write_text(SERVICE_FILE)
    for name, text in FILES.items():
        (sources / PROJECT / name).write_text(text)


@contextmanager
def fresh_airflow() -> Iterator[LocalAirflow]:
    """Start an Airflow with an empty database; end it in any case."""
    folder = state_dir() / "airflow-bench"
    if before := LocalAirflow.kept(folder):  # of a bench that was killed
        before.down()
    shutil.rmtree(folder, ignore_errors=True)
    # With a state of its own its publisher finds no cluster to ready stages in.
    os.environ["SLIPWAY_STATE"] = str(folder / "no-cluster")
    write_project(folder / "sources")
    airflow = LocalAirflow(
        name="bench", folder=folder, port=PORT, sources=folder / "sources", published=folder / "published"
    )
    try:
        airflow.up(lambda text: print(text, file=sys.stderr))
        yield airflow
    finally:
        airflow.down()


def started(api: AirflowApi, run: Run, task_id: str, deadline: float) -> datetime | None:
    """Wait until a task of a run has started and return when; `None` when it has not by the deadline."""
    while True:
        for task in api.task_instances(*run):
            if task["task_id"] == task_id and task["start_date"]:
                return datetime.fromisoformat(task["start_date"])
        if time.monotonic() > deadline:
            return None
        time.sleep(0.5)


def alert(service: str) -> dict[str, Any]:
    """Return Alertmanager's body with one alert that fires for the first time."""
    labels = {"project": PROJECT, "stage": STAGE, "service": service}
    told = {"labels": labels, "annotations": {"summary": "slow"}, "fingerprint": uuid4().hex[:16], "startsAt": "x"}
    return {"version": "4", "status": "firing", "alerts": [{"status": "firing", **told}]}


def alerts_to_actions(airflow: LocalAirflow, api: AirflowApi, records: Records) -> list[float]:
    """Post one alert after the other; return the seconds until each one's action started."""
    deadline = time.monotonic() + LONGEST["alerts"]
    headers = {"Authorization": f"Bearer {records.tokens.create('bench', PROJECT, 'alerts')}"}
    taken: list[float] = []
    with httpx.Client(base_url=airflow.address, headers=headers, timeout=60, trust_env=False) as client:
        for service in SERVICES:
            posted = datetime.now(UTC)
            answer = client.post("/slipway/alerts", json=alert(service)).raise_for_status()
            # The run's id begins with the context.
            context = answer.json()["taken"][0]["context"]
            while not (runs := list(api.dag_runs(REMEDIATION, run_id_prefix_pattern=context))):
                if time.monotonic() > deadline:
                    return taken
                time.sleep(0.2)
            run = Run(REMEDIATION, runs[0]["dag_run_id"])
            begun = started(api, run, "action", deadline)
            if begun is None:
                return taken
            taken.append((begun - posted).total_seconds())
            # Its end, so that the next one finds an Airflow that is idle.
            state = api.wait_for_run(*run, timeout=120)["state"]
            assert state == "success", f"{api.run_page(*run)}: {state}"
    return taken


def handovers(api: AirflowApi, records: Records) -> list[float]:
    """Have runs of one service wait behind a slow one; return the seconds from each free lane to the next one's work.

    Free is when the records say so, looked at every 20 ms.
    """
    deadline = time.monotonic() + LONGEST["lanes"]

    def start(dag_id: str) -> Run:
        return Run(dag_id, api.trigger(dag_id, {"service": QUEUE})["dag_run_id"])

    def seen(run: Run, *, in_lane: bool) -> bool:
        while (records.lanes.standing(run) is not None) != in_lane:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    runs, freed = [start(SLOW)], []
    if not seen(runs[0], in_lane=True):
        return []
    runs += [start(QUICK) for _ in range(HANDOVERS)]
    for run in runs[:-1]:
        if not seen(run, in_lane=False):
            break
        freed.append(datetime.now(UTC))
    taken = []
    for moment, run in zip(freed, runs[1:], strict=False):
        waits = started(api, run, "slipway_lane", deadline)
        works = started(api, run, "release", deadline)
        if waits and works and (moment - waits).total_seconds() >= SHORTEST_WAIT:
            taken.append((works - moment).total_seconds())
    return taken


def tell(what: str, taken: list[float], wanted: int, goal: float) -> None:
    """Print median and maximum, or that there are none."""
    if not taken:
        print(f"{what:<47} none of {wanted} in time")
        return
    of = f"{len(taken)} of {wanted}" if len(taken) < wanted else str(wanted)
    print(f"{what:<47} {statistics.median(taken):8.3f} s            goal {goal:g} (max {max(taken):.3f}, of {of})")


def main() -> None:
    """Start Airflow, measure both, print, end it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with fresh_airflow() as airflow, airflow.api() as api:
        for dag_id in (REMEDIATION, SLOW, QUICK):
            api.wait_for_dag(dag_id)
        records = open_records((airflow.folder / "records-url").read_text())
        first, *later = alerts_to_actions(airflow, api, records) or [float("nan")]
        waited = handovers(api, records)
    tell("Alert received → action started, free lane", later, ALERTS, goal=5)
    print(f"{'  the first one after the start':<47} {first:8.3f} s            left out above")
    tell(f"Lane freed → next run works, it waited {SHORTEST_WAIT:g} s", waited, HANDOVERS, goal=3)


if __name__ == "__main__":
    main()
