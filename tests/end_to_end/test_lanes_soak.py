"""Random scenarios of runs that share a lane, on a running Airflow with PostgreSQL; `make soak` runs it.

SLIPWAY_SOAK_SCENARIOS says how many (100), SLIPWAY_SOAK_SEED with which seed to begin (0).
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest
from slipway_core.keptn.lanes import Run
from slipway_core.records import Records, open_records
from slipway_local.airflow import LocalAirflow
from slipway_local.api import ENDED, AirflowApi
from slipway_local.approvals import answer, open_approvals
from slipway_local.cancel import NothingToCancel, cancel
from slipway_local.errors import ApiError

from tests.end_to_end.conftest import within

pytestmark = pytest.mark.soak

PROJECT = "e2esoak"
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata:
  name: {PROJECT}
spec:
  stages:
    - name: qa
      sequences:
        - name: slow
          tasks:
            - name: release
              triggeredAfter: 9s
        - name: quick
          tasks:
            - name: release
        - name: asking
          tasks:
            - name: release
            - name: approval
            - name: release
        - name: rollback
          triggeredOn:
            - event: qa.slow.finished
              selector:
                match:
                  result: fail
          tasks:
            - name: release
"""
SEQUENCES = ("slow", "quick", "asking", "rollback")
AT_ONCE = 3  # scenarios side by side, each on a service of its own
SCENARIOS = int(os.environ.get("SLIPWAY_SOAK_SCENARIOS", "100"))
SEED = int(os.environ.get("SLIPWAY_SOAK_SEED", "0"))
# Airflow works on them, or holds them for a while; both while the run holds its lane.
WORK = ("release", "slipway_wait")


@pytest.fixture(scope="module")
def airflow(bare_airflow: LocalAirflow) -> LocalAirflow:
    """Return an Airflow; nothing here touches a cluster."""
    return bare_airflow


@pytest.fixture(scope="module")
def api(airflow: LocalAirflow) -> Iterator[AirflowApi]:
    """Return a client of the test's Airflow, as admin."""
    with airflow.api() as client:
        yield client


@dataclass
class Scenario:
    """Runs of one service, and what is done to them while they run and wait."""

    seed: int
    service: str
    api: AirflowApi
    records: Records
    runs: list[Run] = field(default_factory=list)
    meddled: set[Run] = field(default_factory=set)  # their order is nobody's promise any more
    done: list[str] = field(default_factory=list)

    def play(self) -> None:
        """Start runs, meddle with them, wait until all have ended, and look at what happened."""
        dice = random.Random(self.seed)
        for _ in range(dice.randint(2, 5)):
            dag_id = f"{PROJECT}.qa.{dice.choice(SEQUENCES[:3])}"
            self.runs.append(Run(dag_id, self.api.trigger(dag_id, {"service": self.service})["dag_run_id"]))
            time.sleep(dice.choice([0.0, 0.0, 0.5, 3.0]))
        for _ in range(dice.randint(0, 2)):
            time.sleep(dice.uniform(0.0, 12.0))
            meddle = dice.choice([self.mark_run, self.mark_task, self.cancel, self.clear])
            run = dice.choice(self.runs)
            self.meddled.add(run)
            self.done.append(f"{meddle.__name__} {run}")
            with suppress(ApiError, NothingToCancel):  # it may have ended just before
                meddle(run)
        assert within(400, self.all_ended), f"{self} did not end"
        self.look()

    def mark_run(self, run: Run) -> None:
        """As a person does in the UI."""
        self.api.patch(f"dags/{run.dag_id}/dagRuns/{run.run_id}", {"state": "failed"})

    def mark_task(self, run: Run) -> None:
        """Whatever Airflow works on just now."""
        for task in self.api.task_instances(*run):
            if task["state"] in ("running", "deferred") and not task["task_id"].endswith(("begin", "result", "finish")):
                path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task['task_id']}"
                self.api.patch(path, {"new_state": "failed"})

    def cancel(self, run: Run) -> None:
        """By the context of the run."""
        if begin := self.api.xcom(*run, "slipway_begin", "triggered"):
            cancel(self.api, self.records, begin["context"])

    def clear(self, run: Run) -> None:
        """One task, with what hangs on it."""
        body = {"dry_run": False, "dag_run_id": run.run_id, "task_ids": ["release"], "only_failed": False}
        self.api.post(f"dags/{run.dag_id}/clearTaskInstances", {**body, "include_downstream": True})

    def all_ended(self) -> bool:
        """Approve what waits for a person, and say whether all runs of the service have ended."""
        for run in self.all_runs():
            for waiting in open_approvals(self.api, *run):
                if time.time() - waiting.since.timestamp() > 3.0:
                    with suppress(ApiError):
                        answer(self.api, waiting, "Approve")
        return all(self.api.dag_run(*run)["state"] in ENDED for run in self.all_runs())

    def all_runs(self) -> list[Run]:
        """Return the runs of the scenario, with the rollbacks that followed."""
        started = {run.run_id for run in self.runs}
        rollbacks = [
            Run(one["dag_id"], one["dag_run_id"])
            for one in self.api.dag_runs(f"{PROJECT}.qa.rollback")
            if (((one["conf"] or {}).get("slipway") or {}).get("parent") or {}).get("run_id") in started
        ]
        return [*self.runs, *rollbacks]

    def look(self) -> None:
        """No two runs worked at once, those that were left alone worked in order, and nothing is left in the lane."""
        spans = {run: self.work(run) for run in self.all_runs()}
        for one, other in combinations(spans, 2):
            for begun, ended in spans[one]:
                for later, end in spans[other]:
                    assert ended <= later or end <= begun, f"{one} and {other} worked at once: {self}"
        for earlier, later in combinations(self.runs, 2):
            if not {earlier, later} & self.meddled and self.entered(earlier) < spans[later][0][0]:
                assert spans[earlier][0] < spans[later][0], f"{later} overtook {earlier}: {self}"
        if not within(30, lambda: not self.left_over()):
            self.sweep()

    def sweep(self) -> None:
        """A run that was marked while its first task worked may leave its place behind: whoever comes next frees it."""
        assert set(self.left_over()) <= self.meddled, f"left in the lane: {self.left_over()}: {self}"
        self.done.append("swept")
        run = self.api.trigger(f"{PROJECT}.qa.quick", {"service": self.service})["dag_run_id"]
        assert self.api.wait_for_run(f"{PROJECT}.qa.quick", run, timeout=90)["state"] == "success", f"stuck: {self}"
        assert within(30, lambda: not self.left_over()), f"left in the lane: {self.left_over()}: {self}"

    def work(self, run: Run) -> list[tuple[datetime, datetime]]:
        """Return from when until when a run worked, task by task.

        A task that a mark has passed over has begun and ended at the same moment: it did not work.
        """
        return sorted(
            (datetime.fromisoformat(begun), datetime.fromisoformat(ended))
            for task in self.api.task_instances(*run)
            if task["task_id"].startswith(WORK)
            for begun, ended in [(task["start_date"], task["end_date"])]
            if begun and ended and begun != ended
        )

    def entered(self, run: Run) -> datetime:
        """Return when a run had its place in the lane."""
        [begin] = [task for task in self.api.task_instances(*run) if task["task_id"] == "slipway_begin"]
        return datetime.fromisoformat(begin["end_date"])

    def left_over(self) -> list[Run]:
        """Return the runs of the service that are in a lane."""
        return [one.entry.run for one in self.records.lanes.all() if one.place.service == self.service]


def test_random_scenarios_keep_their_lanes(airflow: LocalAirflow, api: AirflowApi, sources: Path) -> None:
    """One running per lane, order kept, no lane stuck, every run ends."""
    services = [f"service{number}" for number in range(AT_ONCE)]
    for service in services:
        (sources / PROJECT / service).mkdir(parents=True, exist_ok=True)
        (sources / PROJECT / service / "values.yaml").write_text("")
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    for sequence in SEQUENCES:
        api.wait_for_dag(f"{PROJECT}.qa.{sequence}")
    records = open_records((airflow.folder / "records-url").read_text())
    begun, failed = time.monotonic(), []

    def play(service: str, seeds: range) -> int:
        with airflow.api() as own:
            for seed in seeds:
                scenario = Scenario(seed, service, own, records)
                try:
                    scenario.play()
                except Exception as error:
                    failed.append("".join(traceback.format_exception(error)))
                said = f"{len(scenario.runs)} runs; {'; '.join(scenario.done) or 'left alone'}"
                print(f"scenario {seed}: {said}\n", end="", flush=True)
        return len(seeds)

    shares = [range(SEED + number, SEED + SCENARIOS, AT_ONCE) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = sum(pool.map(play, services, shares))
    print(f"{played} scenarios in {time.monotonic() - begun:.0f} s: one running per lane, order kept, all ended.")
    assert not failed, "\n".join(failed)
    assert played == SCENARIOS
