"""The last steps of the demo: a problem that a person reports, and one that the monitoring finds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
from slipway_cluster.monitoring import ALERTMANAGER_URL
from slipway_cluster.places import CHECKOUT

from slipway_local import ways_in
from slipway_local.api import ENDED, Json
from slipway_local.deliveries import Delivery, ended
from slipway_local.demo_tour import PRODUCTION, PROJECT, SERVICE, Demo, show_deliveries, workloads_of
from slipway_local.errors import LocalError
from slipway_local.rush import rush
from slipway_local.sample_project import FOLDER

PROBLEM = CHECKOUT / "include" / "events" / "problem.json"
STAGE = "production"
REMEDIATION, SCALE_BACK = f"{PROJECT}.{STAGE}.remediation", f"{PROJECT}.{STAGE}.scale-back"
ALERT = "requests_per_pod"
RUSH, USUAL = 6, 2  # visitors, to each pod and in all; each asks ten times a second, and a pod is promised fifty
_LOOK = 2.0  # seconds between two looks
_ALERTMANAGER_RESTARTS = 60.0  # seconds; it does when a route comes or goes


def heal_what_is_reported(demo: Demo) -> None:
    """A problem, sent as an event, scales production; what is deployed in qa stays as it is."""
    _require_release(demo)
    before = {stage: _replicas(stage) for stage in ("qa", STAGE)}
    demo.say(f"./slipway send-event -f {PROBLEM.relative_to(CHECKOUT)}")
    context = ways_in.send_and_tell(demo.api, json.loads(PROBLEM.read_text("utf-8")), demo.say)
    healed = _healed(demo, context)
    after = _replicas(STAGE)
    demo.expect(after == before[STAGE] + 1, f"{SERVICE} in production runs in {after} pods, before in {before[STAGE]}")
    demo.expect(_replicas("qa") == before["qa"], f"qa keeps its {before['qa']}")
    results = {task.name: task.result for done in healed[-1:] for task in done.tasks}
    demo.expect(results.get("test") == "pass", "the load test after the action passed")
    demo.expect(results.get("evaluation") == "pass", "the evaluation after the action passed")


def heal_what_is_found(demo: Demo) -> None:
    """A load raises an alert, the alert a remediation; when it is over, production is scaled back."""
    _require_release(demo)
    before, known = _replicas(STAGE), _remediations(demo)
    with _visitors(RUSH * before, 240):
        demo.say(f"A rush of visitors, made by Locust in the cluster, asks {SERVICE} in production.")
        fired = _comes_true(lambda: _alerts() != [], 120)
        demo.expect(fired, f"Prometheus saw too much, Alertmanager's alert {ALERT} fires: {', '.join(_alerts())}")
        started = fired and _comes_true(lambda: _remediations(demo) > known, 60)
        if not demo.expect(started, f"Alertmanager's webhook started {REMEDIATION}, nobody else"):
            return
        context = _context(demo, min(_remediations(demo) - known))
        healed = _healed(demo, context)
        during = _replicas(STAGE)
        demo.expect(during > before, f"{SERVICE} in production rose from {before} to {during} pods")
        demo.expect(healed[-1].evaluation().get("result") == "pass", "its evaluation passed after the action")
        demo.expect(_comes_true(lambda: _alerts() == [], 120), "the alert is resolved")
    demo.say("The rush is over. The way back begins when the objectives have held for three minutes since the action.")
    with _visitors(USUAL, 420):  # without anybody there would be nothing to judge
        backs = _chain(demo, context, SCALE_BACK, 420)
    show_deliveries(demo, backs)
    former = _replicas(STAGE)
    demo.expect(bool(backs) and backs[-1].succeeded, f"{SCALE_BACK} ended well")
    demo.expect(former < during, f"production is scaled back from {during} to {former} pods")


def _visitors(count: int, seconds: int) -> AbstractContextManager[None]:
    return rush(FOLDER / SERVICE / "locust", f"{PROJECT}-{STAGE}", SERVICE, count, seconds)


def _require_release(demo: Demo) -> None:
    """See that production has something to heal, and has access and alert rules."""
    demo.api.wait_for_dag(REMEDIATION)
    if not workloads_of(STAGE):
        raise LocalError(f"Nothing runs in production yet ({PRODUCTION}). Do the steps before it first: STEPS=1-2.")


def _replicas(stage: str) -> int:
    """Return how many pods of the service are ready; 0 while not all that are wanted are."""
    return sum(one.ready for one in workloads_of(stage) if one.ready == one.wanted)


def _healed(demo: Demo, context: str) -> list[Delivery]:
    """Follow a remediation, with those that follow it, to its end, and show what was done."""
    healed = _chain(demo, context, REMEDIATION, 420)
    show_deliveries(demo, healed)
    demo.expect(bool(healed) and healed[-1].succeeded, f"{REMEDIATION} ended well")
    if not healed:
        raise LocalError(f"No run of {REMEDIATION} was started. `./slipway status {context}` says why.")
    return healed


def _chain(demo: Demo, context: str, dag_id: str, timeout: float) -> list[Delivery]:
    """Return the runs of a DAG in a context, oldest first, when all have ended.

    A run that follows another one is there before that one ends.
    """
    deadline = time.monotonic() + timeout

    def over() -> bool:
        runs = _runs(demo, context, dag_id)
        return bool(runs) and all(run["state"] in ENDED for run in runs)

    _comes_true(over, timeout)
    return [
        ended(demo.api, dag_id, run["run_id"], max(1.0, deadline - time.monotonic()))
        for run in _runs(demo, context, dag_id)
    ]


def _runs(demo: Demo, context: str, dag_id: str) -> list[Json]:
    return [run for run in ways_in.context_state(demo.api, context)["runs"] if run["dag_id"] == dag_id]


def _remediations(demo: Demo) -> set[str]:
    """Return the ids of all remediations of production."""
    return {run["dag_run_id"] for run in demo.api.dag_runs(REMEDIATION)}


def _context(demo: Demo, run_id: str) -> str:
    """Return the context of a run that has begun."""
    _comes_true(lambda: demo.api.xcom(REMEDIATION, run_id, "slipway_begin", "triggered") is not None, 60)
    return str(demo.api.xcom(REMEDIATION, run_id, "slipway_begin", "triggered")["context"])


def _alerts() -> list[str]:
    """Return what Alertmanager says of the alert, if it fires: one line for each."""
    wanted = [f'alertname="{ALERT}"', f'project="{PROJECT}"', f'stage="{STAGE}"']
    asked: dict[str, Any] = {"filter": wanted, "active": True}
    deadline = time.monotonic() + _ALERTMANAGER_RESTARTS
    while True:
        try:
            found = httpx.get(f"{ALERTMANAGER_URL}/api/v2/alerts", params=asked, trust_env=False).raise_for_status()
        except httpx.HTTPError as error:
            if time.monotonic() > deadline:
                raise LocalError(f"Alertmanager does not answer at {ALERTMANAGER_URL}: {error}") from error
            time.sleep(_LOOK)
        else:
            return [f"since {one['startsAt']}" for one in found.json()]


def _comes_true(holds: Callable[[], bool], timeout: float) -> bool:
    """Say whether something comes to hold.

    :param timeout: seconds.
    """
    deadline = time.monotonic() + timeout
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(_LOOK)
    return held
