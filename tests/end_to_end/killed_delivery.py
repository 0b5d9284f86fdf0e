"""A delivery through two stages, and what is killed while it is under way."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from slipway_cluster.target import current_target, helm_argv, kubectl_argv
from slipway_core.keptn.lanes import Run
from slipway_core.records import Records
from slipway_local.api import ENDED, AirflowApi
from slipway_local.approvals import APPROVE, answer, open_approvals
from slipway_local.deliveries import ended
from slipway_local.errors import ApiError, LocalError
from slipway_local.workloads import workloads
from sqlalchemy import Engine, text

from tests.end_to_end.conftest import SETTLED, within
from tests.end_to_end.keeper import Keeper, age
from tests.end_to_end.kills import DAEMONS, INTO, STEPS, WHILE, WORKER, Kill, Task, Tasks, missed, reached

PROJECT = "e2ekills"
QA, PRODUCTION = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery"
LOOK_EVERY, ASK_EVERY = 0.1, 1.0  # seconds: into Airflow's database, through its API
LONGEST = 2400.0  # seconds for one delivery with all its kills
LOOK = text(
    "SELECT dag_id, task_id, state, try_number, pid FROM task_instance"
    " WHERE dag_id = :qa AND run_id = :run OR dag_id = :production AND run_id LIKE :context"
)


class Outcome(NamedTuple):
    """All that must be the same, however many tries it took.

    :param runs: DAG and state of every run with the delivery's context
    :param tasks: stage, task and state, in the order of the stage
    :param results: stage, task of the shipyard and result of its report
    :param verdicts: stage and result of every stored evaluation
    :param decisions: stage and choice of every recorded approval
    :param deployed: stage, whether exactly the delivered image is ready, and the state of the Helm release
    :param left: what should be gone: load Jobs, places in lanes
    """

    runs: tuple[tuple[str, str], ...]
    tasks: tuple[tuple[str, str, str | None], ...]
    results: tuple[tuple[str, str, str], ...]
    verdicts: tuple[tuple[str, str], ...]
    decisions: tuple[tuple[str, str], ...]
    deployed: tuple[tuple[str, bool, str], ...]
    left: tuple[str, ...]

    def good(self) -> bool:
        """Say whether both stages were delivered, once each."""
        stages = [(stage, True, "deployed") for stage in STEPS]
        return self.runs == ((PRODUCTION, "success"), (QA, "success")) and list(self.deployed) == stages


@dataclass
class KilledDelivery:
    """One delivery of a service through qa and production.

    :param kills: at most one at each step
    """

    service: str
    image: str
    kills: list[Kill]
    api: AirflowApi
    records: Records
    engine: Engine
    keeper: Keeper
    struck: list[Kill] = field(default_factory=list)
    missed: list[Kill] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    trouble: str = ""  # why it could not be followed to its end
    run_id: str = ""
    context: str = ""

    def play(self) -> None:
        """Deliver, kill, approve, until the last run has ended; what goes wrong is kept in `trouble`."""
        try:
            self._play()
        except (LocalError, subprocess.SubprocessError) as error:
            self.trouble = f"{type(error).__name__}: {error}"

    def _play(self) -> None:
        self.run_id = self.api.trigger(QA, {"service": self.service, "image": self.image})["dag_run_id"]
        to_come, deadline, asked = list(self.kills), time.monotonic() + LONGEST, 0.0
        while time.monotonic() < deadline and not self.keeper.trouble:
            tasks = self._look()
            for kill in list(to_come):
                if missed(kill, tasks):
                    self.missed.append(kill)
                elif not (reached(kill, tasks) and self._strike(kill, tasks)):
                    continue
                to_come.remove(kill)
            if time.monotonic() - asked > ASK_EVERY:
                asked = time.monotonic()
                with suppress(ApiError):  # it is busy; asked again
                    if self._go_on(to_come):
                        self.missed += to_come
                        return
            time.sleep(LOOK_EVERY)
        self.trouble = self.keeper.trouble or f"It has not ended within {LONGEST:.0f} s."

    def _look(self) -> Tasks:
        asked = {"qa": QA, "run": self.run_id, "production": PRODUCTION, "context": f"{self.context or 'none yet'}.%"}
        with self.engine.connect() as connection:
            rows = connection.execute(LOOK, asked).all()
        return {(row.dag_id.split(".")[1], row.task_id): Task(row.state, row.try_number, row.pid) for row in rows}

    def _strike(self, kill: Kill, tasks: Tasks) -> bool:
        task = tasks[kill.stage, kill.step]
        if kill.moment == WHILE and kill.step in INTO:
            argument, seconds = INTO[kill.step]
            if task.pid is None or age(task.pid, argument) < seconds:
                return False
        if kill.kind != WORKER:
            done = self.keeper.kill(kill.kind)
        else:
            done = task.pid is not None and self.keeper.kill_worker(task.pid)
        if done:
            self.struck.append(kill)
            self.story.append(f"{time.strftime('%H:%M:%S')} {kill} ({task.state}, try {task.tries})")
            print(f"{self.service}: {self.story[-1]}")
        return done

    def _go_on(self, to_come: list[Kill]) -> bool:
        """Approve, and say whether all runs of the delivery have ended."""
        begin = self.api.xcom(QA, self.run_id, "slipway_begin", "triggered") or {}
        self.context = begin.get("context", "")
        self._approve(to_come)
        return all(self.api.dag_run(*run)["state"] in ENDED for run in self._runs())

    def _approve(self, to_come: list[Kill]) -> None:
        """Answer what waits for a person, once all daemons that are to be killed while it waits have been."""
        if not self.context or any(one.step == "approval" and one.kind in DAEMONS for one in to_come):
            return
        for run in self._runs():
            for waiting in open_approvals(self.api, *run):
                if time.time() - waiting.since.timestamp() > SETTLED:
                    with suppress(LocalError):  # answered a moment ago, or asked anew
                        answer(self.api, waiting, APPROVE)

    def _runs(self) -> Iterator[Run]:
        """Yield every run of the delivery; those of production by its context, were there two of them."""
        if self.run_id:
            yield Run(QA, self.run_id)
        if self.context:
            for run in self.api.dag_runs(PRODUCTION, run_id_prefix_pattern=self.context):
                yield Run(PRODUCTION, run["dag_run_id"])

    def outcome(self) -> Outcome:
        """Return what became of the delivery."""
        deliveries = [ended(self.api, *run, timeout=1) for run in self._runs()]
        tasks = self._look()
        return Outcome(
            runs=tuple(sorted((one.dag_id, one.state) for one in deliveries)),
            tasks=tuple(
                (stage, step, tasks.get((stage, step), Task("missing", 0, None)).state)
                for stage, steps in STEPS.items()
                for step in steps
            ),
            results=tuple((one.stage, task.name, task.result) for one in deliveries for task in one.tasks),
            verdicts=tuple(sorted((one.stage, one.result) for one in self._evaluations())),
            decisions=tuple(
                (one.stage, one.decision.choice if one.decision else "open")
                for one in self.records.approvals.find(context=self.context)
            ),
            deployed=tuple((stage, self._image_is_ready(stage), self._release(stage)) for stage in STEPS),
            left=tuple(sorted([*self._load_jobs(), *self._lanes()])),
        )

    def difference(self, expected: Outcome) -> str:
        """Return how it ended otherwise than expected, and what was done to it; "" when all is as it should be."""
        if not self.trouble:
            # What is deleted in the cluster goes a moment later.
            with suppress(LocalError):
                within(60, lambda: self.outcome() == expected)
            found = self.outcome()
            if found == expected:
                return ""
            pairs = zip(expected._fields, found, expected, strict=True)
            different = [f"  {name}: {was}\n    not {should}" for name, was, should in pairs if was != should]
            self.trouble = "\n".join(different)
        looked = self._look().items()
        tasks = "\n".join(f"  {'.'.join(place)}: {task.state}, {task.tries} tries" for place, task in looked)
        pages = "\n".join(f"  {self.api.run_page(*run)}" for run in self._runs())
        kills = "\n".join(f"  {line}" for line in self.story)
        title = f"{self.service} with {self.image} did not end as without kills:"
        return f"{title}\n{self.trouble}\nKills:\n{kills}\nTasks:\n{tasks}\nRuns:\n{pages}"

    def _evaluations(self) -> Any:
        return self.records.evaluations.find(PROJECT, context=self.context)

    def _image_is_ready(self, stage: str) -> bool:
        found = [one for one in workloads(f"{PROJECT}-{stage}") if one.name == self.service]
        return [(one.image, one.ready == one.wanted > 0) for one in found] == [(self.image, True)]

    def _release(self, stage: str) -> str:
        """Return the state of the newest revision."""
        argv = [*helm_argv(current_target()), "history", self.service, f"--namespace={PROJECT}-{stage}"]
        return str(_json([*argv, "--output=json"])[-1]["status"])

    def _load_jobs(self) -> Iterator[str]:
        for stage in STEPS:
            argv = [*kubectl_argv(current_target()), "get", "jobs", f"--namespace={PROJECT}-{stage}", "--output=json"]
            for job in _json(argv)["items"]:
                if f"http://{self.service}." in " ".join(job["spec"]["template"]["spec"]["containers"][0]["args"]):
                    yield f"Job {job['metadata']['name']} in {stage}"

    def _lanes(self) -> Iterator[str]:
        for one in self.records.lanes.all(self.context):
            yield f"{one.entry.run} is {one.entry.state} in {one.place}"


def _json(argv: list[str]) -> Any:
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout)
