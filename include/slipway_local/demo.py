"""`./slipway demo`: brings everything up, carries a service through its stages, and shows what came of it.

Each part of the demo is one Step; a step that needs another one names nothing, it just comes later in STEPS.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from slipway_cluster.target import chosen_target

from slipway_local import demo_healing, demo_tour
from slipway_local.airflow import chosen_airflow
from slipway_local.commands import everything_up, login_hint
from slipway_local.demo_tour import SERVICE, Demo
from slipway_local.errors import LocalError


@dataclass(frozen=True)
class Step:
    """One part of the demo."""

    number: int
    title: str
    run: Callable[[Demo], None]


STEPS: Sequence[Step] = (
    Step(1, f"{SERVICE} v0.1.1 to qa: deployed, loaded, judged", demo_tour.deliver_to_qa),
    Step(2, "Production waits for a person, and goes through when they answer", demo_tour.approve_for_production),
    Step(3, f"{SERVICE} v0.1.2 is too slow: its gate in qa fails", demo_tour.stop_a_slow_version),
    Step(4, "The evaluation in production after the release", demo_tour.judge_production),
    Step(5, "The nightly evaluation of production", demo_tour.run_the_nightly_evaluation),
    Step(6, "Somebody reports a problem: production gets one pod more", demo_healing.heal_what_is_reported),
    Step(7, "Too many visitors: an alert scales production, and it goes back", demo_healing.heal_what_is_found),
)


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
