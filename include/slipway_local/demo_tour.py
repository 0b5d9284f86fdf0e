"""The steps of the demo: what is done in each, and which outcomes must hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from slipway_core.keptn import names

from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import APPROVE, OpenApproval, answer, open_approvals
from slipway_local.deliveries import Delivery, deliver, ended, follow, follower, wait_for_connections
from slipway_local.demo_tables import load_table, running_table, tasks_table, verdict_table
from slipway_local.errors import LocalError
from slipway_local.settings import SAMPLE
from slipway_local.stages import PROMETHEUS_CONNECTION, Stage
from slipway_local.workloads import Workload, workloads

PROJECT = SAMPLE
STAGES = ("qa", "production")
SERVICE = "helloservice"
IMAGE = "ghcr.io/slipway-samples/helloservice"
GOOD, SLOW = f"{IMAGE}:v0.1.1", f"{IMAGE}:v0.1.2"
QA, PRODUCTION = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery"
KEY_OBJECTIVE = "Mean response time"
SETTLED = 3.0  # seconds: Airflow loses a task now and then that is answered the moment it begins to wait


@dataclass
class Demo:
    """What the steps share: the Airflow, where they show things, and the outcomes that did not hold."""

    airflow: LocalAirflow
    api: AirflowApi
    console: Console
    missed: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Show one line of progress."""
        self.console.print(text, style="dim", highlight=False, markup=False)

    def expect(self, held: bool, outcome: str) -> bool:
        """Show an outcome and keep it when it did not hold."""
        self.console.print(f"[{'green' if held else 'red'}]{'✓' if held else '✗'}[/] {outcome}", highlight=False)
        if not held:
            self.missed.append(outcome)
        return held

    def deliver(self, image: str, step: str) -> Delivery:
        """Deliver a version to qa, when the publisher has readied everything, and show what was done."""
        self.api.wait_for_dag(QA)  # before it is published, nobody gives its stages access
        connections = [Stage(PROJECT, stage, ()).connection for stage in STAGES]
        wait_for_connections(self.api, [*connections, PROMETHEUS_CONNECTION], progress=self.say)
        done = deliver(self.api, QA, SERVICE, image, {"demo": step}, progress=self.say)
        show_deliveries(self, [done])
        return done


def deliver_to_qa(demo: Demo) -> None:
    """A good version is deployed in qa, loaded and judged, and a run in production waits for a person."""
    done = demo.deliver(GOOD, "step 1")
    demo.expect(done.succeeded, f"{QA} ended well")
    demo.expect(bool(done.load()), "Locust reported its numbers")
    demo.expect(runs("qa", GOOD), f"{GOOD} is ready in {PROJECT}-qa, says the cluster")
    demo.expect(done.evaluation().get("result") == "pass", "the quality gate in qa passed")
    waiting = done.succeeded and follower(demo.api, done.context, PRODUCTION, appears=60) is not None
    demo.expect(waiting, f"{PRODUCTION} started with the context of {QA}")


def approve_for_production(demo: Demo) -> None:
    """The release waits at production until a person answers; then it goes through, is loaded and judged there."""
    approval = newest_approval(demo)
    demo.say(f"Waiting for a person: {approval.service} {approval.image}, {approval.dag_id} {approval.run_id}")
    demo.expect(approval.image == GOOD, "the person is asked about the image that went through qa")
    before = demo.api.dag_run(approval.dag_id, approval.run_id)["state"]
    demo.expect(before == "running", "production waits, and no worker is held")
    answer(demo.api, approval, APPROVE, "looks good in qa")
    done = ended(demo.api, approval.dag_id, approval.run_id, timeout=900)
    show_deliveries(demo, [done])
    demo.console.print(running_table({stage: workloads_of(stage) for stage in STAGES}))
    demo.expect(done.succeeded, f"{PRODUCTION} ended well after the answer")
    demo.expect(runs("production", GOOD), f"{GOOD} is ready in {PROJECT}-production, says the cluster")


def stop_a_slow_version(demo: Demo) -> None:
    """A version that is too slow reaches qa and fails its gate there; production keeps what it has."""
    before = [one.image for one in workloads_of("production")]
    done = demo.deliver(SLOW, "step 3")
    report = next((task.report for task in done.tasks if task.name == "evaluation"), {})
    demo.expect(runs("qa", SLOW), f"{SLOW} reached {PROJECT}-qa")
    demo.expect(report.get("result") == "fail", "the quality gate in qa failed")
    demo.expect(KEY_OBJECTIVE in str(report.get("message")), f"it names the objective: {report.get('message')}")
    demo.expect(done.state == "failed", f"{QA} failed")
    demo.expect(follow(demo.api, done, PRODUCTION, appears=5) is None, f"no run of {PRODUCTION} followed")
    demo.expect([one.image for one in workloads_of("production")] == before, f"production keeps {', '.join(before)}")


def judge_production(demo: Demo) -> None:
    """The evaluation in production, after the release, has passed."""
    from slipway_core.records import open_records

    records = open_records((demo.airflow.folder / "records-url").read_text())
    found = [
        one
        for one in records.evaluations.find(PROJECT, "production", SERVICE)
        if one.run and one.run.dag_id == PRODUCTION
    ]
    if not found:
        raise LocalError("Nothing was released to production yet. Do the steps before it first: STEPS=1-2.")
    demo.console.print(verdict_table("production", found[0].data["evaluation"]))
    demo.expect(found[0].result == "pass", "the evaluation in production after the release passed")


def run_the_nightly_evaluation(demo: Demo) -> None:
    """The nightly evaluation of production is run now: it looks back over the last ten minutes."""
    dag_id = names.schedule_dag_id(PROJECT, "production", "evaluation", 1, SERVICE)
    demo.api.wait_for_dag(dag_id)
    run = demo.api.trigger(dag_id, {})
    demo.say(f"Started {demo.api.run_page(dag_id, run['dag_run_id'])}")
    done = ended(demo.api, dag_id, run["dag_run_id"], timeout=300)
    show_deliveries(demo, [done])
    demo.expect(done.evaluation().get("result") == "pass", "the nightly evaluation of production passed")


def newest_approval(demo: Demo, appears: float = 60.0) -> OpenApproval:
    """Return the approval that was opened last; older ones of an earlier demo may be open too.

    :param appears: seconds for it to be opened: the run that asks may only just have begun.
    """
    deadline = time.monotonic() + appears
    while not (found := open_approvals(demo.api, PRODUCTION)):
        if time.monotonic() > deadline:
            raise LocalError("No release waits for an approval. Do the step before it first: STEPS=1-2.")
        time.sleep(1)
    time.sleep(SETTLED)
    return found[-1]


def show_deliveries(demo: Demo, deliveries: Sequence[Delivery]) -> None:
    """Show the tasks of deliveries, the numbers of their load tests, and their verdicts."""
    demo.console.print(tasks_table(deliveries))
    if load := load_table(deliveries):
        demo.console.print(load)
    for delivery in deliveries:
        if evaluation := delivery.evaluation():
            demo.console.print(verdict_table(delivery.stage, evaluation))


def runs(stage: str, image: str) -> bool:
    """Say whether an image, and nothing else, is ready in a stage, as the cluster says."""
    return any(one.image == image and 0 < one.wanted == one.ready for one in workloads_of(stage))


def workloads_of(stage: str) -> Sequence[Workload]:
    """Return what the cluster runs in a stage."""
    return workloads(f"{PROJECT}-{stage}")
