"""`./slipway demo`: brings everything up, carries a service through its stages, and shows what came of it.

Each part of the demo is one Step; a step that needs another one names nothing, it just comes later in STEPS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from slipway_cluster.target import chosen_target

from slipway_local.airflow import LocalAirflow, chosen_airflow
from slipway_local.api import AirflowApi
from slipway_local.commands import everything_up, login_hint
from slipway_local.deliveries import Delivery, deliver, follow, wait_for_connections
from slipway_local.demo_tables import load_table, running_table, tasks_table
from slipway_local.errors import LocalError
from slipway_local.stages import Stage
from slipway_local.workloads import Workload, workloads

PROJECT = "fulltour"
STAGES = ("qa", "production")
SERVICE = "helloservice"
IMAGE = "ghcr.io/slipway-samples/helloservice"


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


@dataclass(frozen=True)
class Step:
    """One part of the demo."""

    number: int
    title: str
    run: Callable[[Demo], None]


def deliver_first_version(demo: Demo) -> None:
    """A good version goes through qa and, with the same context, into production."""
    version = "v0.1.1"
    demo.api.wait_for_dag(f"{PROJECT}.qa.delivery")  # before it is published, nobody gives its stages access
    wait_for_connections(demo.api, [Stage(PROJECT, stage, ()).connection for stage in STAGES], progress=demo.say)
    first = deliver(
        demo.api, f"{PROJECT}.qa.delivery", SERVICE, f"{IMAGE}:{version}", {"demo": "step 1"}, progress=demo.say
    )
    done = [first, *_follow(demo, first, f"{PROJECT}.production.delivery")]
    show_deliveries(demo, done)
    running = {stage: workloads(f"{PROJECT}-{stage}") for stage in STAGES}
    demo.console.print(running_table(running))
    for delivery in done:
        demo.expect(delivery.succeeded, f"{delivery.dag_id} ended well")
    for stage, found in running.items():
        demo.expect(
            _runs(found, f"{IMAGE}:{version}"), f"{IMAGE}:{version} is ready in {PROJECT}-{stage}, says the cluster"
        )
    demo.expect(any(delivery.load() for delivery in done), "Locust reported its numbers")


STEPS: Sequence[Step] = (Step(1, f"{SERVICE} v0.1.1 through qa and production", deliver_first_version),)


def run_demo(steps: str) -> None:
    """Bring everything up and run the chosen steps.

    :param steps: as `chosen_steps` takes them.
    :raises LocalError: when an outcome did not hold; says which.
    """
    console = Console(highlight=False)
    chosen = chosen_steps(steps)
    if not (target := chosen_target()).embedded:
        raise LocalError(
            f"The demo's images are in the embedded cluster only, and this one is chosen: {target}. "
            "`./slipway cluster use --embedded` goes back."
        )
    airflow = chosen_airflow()
    began = time.monotonic()
    everything_up(airflow, lambda text: console.print(f"[{time.monotonic() - began:4.0f} s] {text}", markup=False))
    with airflow.api() as api:
        tour = Demo(airflow, api, console)
        for step in chosen:
            console.rule(f"Step {step.number}: {step.title}")
            step.run(tour)
    console.rule()
    console.print(login_hint(airflow), markup=False, soft_wrap=True)
    console.print(f"{time.monotonic() - began:.0f} s. `./slipway down --cluster` stops everything.")
    if tour.missed:
        raise LocalError("These outcomes did not hold:\n" + "\n".join(f"  - {outcome}" for outcome in tour.missed))


def chosen_steps(text: str, steps: Sequence[Step] = STEPS) -> list[Step]:
    """Return the steps that `text` names: `2`, `1-2`, or all when it is empty."""
    if not text:
        return list(steps)
    first, _, last = text.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        raise LocalError(f"STEPS is {text!r}; give one number or two, such as 1 or 1-2.")
    chosen = [step for step in steps if int(first) <= step.number <= int(last or first)]
    if not chosen:
        raise LocalError(f"There is no step {text}; there are {steps[0].number} to {steps[-1].number}.")
    return chosen


def show_deliveries(demo: Demo, deliveries: Sequence[Delivery]) -> None:
    """Show the tasks of deliveries, and the numbers of their load tests."""
    demo.console.print(tasks_table(deliveries))
    if load := load_table(deliveries):
        demo.console.print(load)


def _follow(demo: Demo, delivery: Delivery, dag_id: str) -> list[Delivery]:
    if not delivery.succeeded:
        return []
    followed = follow(demo.api, delivery, dag_id, progress=demo.say)
    demo.expect(followed is not None, f"{dag_id} started with the context of {delivery.dag_id}")
    return [followed] if followed else []


def _runs(found: Sequence[Workload], image: str) -> bool:
    return any(workload.image == image and 0 < workload.wanted == workload.ready for workload in found)
