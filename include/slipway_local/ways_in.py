"""Slipway's own routes in Airflow's API server, asked from outside: send an event, see what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from slipway_local.api import ENDED, AirflowApi, Json

SETTLES = 1.0  # seconds between two looks


def send_event(api: AirflowApi, event: Mapping[str, Any]) -> Json:
    """Send a CloudEvent; ApiError with status 422 names the field that cannot be used.

    :returns: ``keptnContext``, ``dag_id``, ``state`` and whether it was ``new``.
    """
    return api.ask("POST", "/slipway/events", body=event)


def send_and_tell(api: AirflowApi, event: Mapping[str, Any], say: Callable[[str], None]) -> str:
    """Send an event, say under which context, and return that."""
    answer = send_event(api, event)
    known = "" if answer["new"] else " It was sent before, and nothing is started twice."
    say(f"Keptn context: {answer['keptnContext']}  ({answer['dag_id']}){known}")
    return str(answer["keptnContext"])


def context_state(api: AirflowApi, context: str) -> Json:
    """Return the runs of a context and what came in for it; ApiError with status 404 when nothing is known of it."""
    return api.ask("GET", f"/slipway/contexts/{quote(context, safe='')}")


def lines_of(state: Json) -> list[str]:
    """Return the state of a context as people read it: what is not started yet or never will be, then the runs."""
    left = [one for one in state["received"] if one["state"] in ("new", "refused")]
    waiting = [f"{one['dag_id']}  {one['state']}  {one['why']}".rstrip() for one in left]
    return waiting + [f"{run['dag_id']}  {run['service']}  {run['state']}  {run['url']}" for run in state["runs"]]


def watch(api: AirflowApi, context: str, say: Callable[[str], None], timeout: float = 3600.0) -> bool:
    """Follow a context to its end, saying each change; return whether all of it ended well.

    A follower's run is there before the run that starts it ends, so nothing is missed between two stages.

    :param timeout: seconds; what has not ended by then has not ended well
    """
    deadline, said = time.monotonic() + timeout, set[str]()
    while True:
        state = context_state(api, context)
        for line in lines_of(state):
            if line not in said:
                said.add(line)
                say(line)
        outcomes = [run["state"] for run in state["runs"]]
        refused = any(one["state"] == "refused" for one in state["received"])
        if ENDED.issuperset(outcomes) and not any(one["state"] == "new" for one in state["received"]):
            return not refused and set(outcomes) <= {"success"}
        if time.monotonic() > deadline:
            say(f"Not at its end after {timeout:g} s.")
            return False
        time.sleep(SETTLES)
