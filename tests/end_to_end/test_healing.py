"""Problems that do not go away, on a running Airflow: one action after the other, and never more than allowed.

Actions are dry runs, so nothing has to be deployed; the evaluations ask the real Prometheus.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from slipway_core.records import Action, Records, open_records
from slipway_local import ways_in
from slipway_local.airflow import LocalAirflow
from slipway_local.api import ENDED, AirflowApi
from slipway_local.deliveries import wait_for_connections
from slipway_local.stages import PROMETHEUS_CONNECTION

from tests.end_to_end.conftest import within
from tests.end_to_end.ways_in_codes import alert, token, webhook

PROJECT, STAGE = "e2ehealing", "dev"
REMEDIATION = f"{PROJECT}.{STAGE}.remediation"
STUBBORN, FLAPPING = "stubborn", "flapping"  # services, each in a lane of its own
BUDGET = 3
SHIPYARD = f"""\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {{name: {PROJECT}}}
spec:
  stages:
    - name: {STAGE}
      sequences:
        - name: remediation
          triggeredOn:
            - event: {STAGE}.remediation.finished
              selector: {{match: {{evaluation.result: fail}}}}
          tasks:
            - name: get-action
            - name: action
            - name: evaluation
              properties: {{timeframe: 1m}}
"""
SETTINGS = f"""\
stages:
  {STAGE}:
    healing: {{dryRun: true, cooldown: 0s, actionsPerHour: {BUDGET}, scaleBackAfter: never}}
"""
REMEDY = """\
apiVersion: spec.keptn.sh/0.1.4
kind: Remediation
metadata: {name: any}
spec:
  remediations:
    - problemType: response_time_p90
      actionsOnOpen: [ACTIONS]
"""
NEVER = 'objectives: [{sli: one, pass: [{criteria: ["<=0"]}]}]\ntotal_score: {pass: 90%}\n'
ALWAYS = NEVER.replace("<=0", "<=1")
QUERY = "indicators: {one: vector(1)}\n"
FLAPS, EVERY = 30, 10.0  # five minutes


@pytest.fixture(scope="module", autouse=True)
def project(api: AirflowApi, sources: Path) -> None:
    """Publish a project with a service that no action helps, and one whose alert comes and goes."""
    services = {STUBBORN: (NEVER, ("+1", "+2", "+3")), FLAPPING: (ALWAYS, ("+1",))}
    for service, (objectives, values) in services.items():
        folder = sources / PROJECT / service
        (folder / "prometheus").mkdir(parents=True)
        actions = ", ".join(f'{{name: by {value}, action: scale, value: "{value}"}}' for value in values)
        (folder / "remediation.yaml").write_text(REMEDY.replace("ACTIONS", actions))
        (folder / "slo.yaml").write_text(objectives)
        (folder / "prometheus" / "sli.yaml").write_text(QUERY)
    (sources / PROJECT / "slipway.yaml").write_text(SETTINGS)
    (sources / PROJECT / "shipyard.yaml").write_text(SHIPYARD)
    api.wait_for_dag(REMEDIATION)
    wait_for_connections(api, [PROMETHEUS_CONNECTION], timeout=120)


@pytest.fixture
def records(airflow: LocalAirflow) -> Records:
    """The records of the test's Airflow."""
    return open_records((airflow.folder / "records-url").read_text())


def send(airflow: LocalAirflow, headers: dict[str, str], service: str) -> str:
    """Send an alert that fires for the first time, as Alertmanager does; return its context."""
    told = webhook({**alert(STAGE, project=PROJECT, service=service), "startsAt": datetime.now(UTC).isoformat()})
    answer = httpx.post(f"{airflow.address}/slipway/alerts", json=told, headers=headers, timeout=60, trust_env=False)
    return str(answer.raise_for_status().json()["taken"][0]["context"])


def chain(api: AirflowApi, context: str) -> list[dict[str, Any]]:
    """Return the runs of a context, oldest first."""
    return list(ways_in.context_state(api, context)["runs"])


def actions_of(records: Records, service: str) -> list[Action]:
    """Return the actions of a service, oldest first."""
    return list(records.actions.find(PROJECT, STAGE, service))[::-1]


def test_actions_are_taken_one_after_the_other_until_the_list_ends(
    airflow: LocalAirflow, api: AirflowApi, records: Records
) -> None:
    """Three actions that do not help are four linked runs of one context; the last one says that there is no other."""
    context = send(airflow, token(records, "alerts", PROJECT), STUBBORN)

    def over() -> bool:
        runs = chain(api, context)
        return len(runs) > len(actions_of(records, STUBBORN)) and all(run["state"] in ENDED for run in runs)

    assert within(400, over), chain(api, context)
    assert ["+1", "+2", "+3"] == [one.value for one in actions_of(records, STUBBORN)]
    assert {context} == {one.context for one in actions_of(records, STUBBORN)}
    runs = chain(api, context)
    assert ["failed"] * 4 == [run["state"] for run in runs]
    found = [api.xcom(REMEDIATION, run["run_id"], "get-action", "finished") for run in runs]
    assert ["pass", "pass", "pass", "fail"] == [one["result"] for one in found]
    assert [1, 2, 3] == [one["get-action"]["actionIndex"] for one in found[:3]]
    assert "action" in found[3]["message"], found[3]
    for earlier, later in pairwise(runs):
        started = api.xcom(REMEDIATION, earlier["run_id"], "slipway_follow_0", "started_run")
        assert started.endswith(later["run_id"]), (started, later)


@pytest.mark.soak
def test_an_alert_that_comes_and_goes_for_five_minutes_never_overdraws_the_budget(
    airflow: LocalAirflow, api: AirflowApi, records: Records
) -> None:
    """Each time it is another alert, and so another remediation; what is beyond the budget is refused, and says so."""
    headers, begun = token(records, "alerts", PROJECT), time.monotonic()
    contexts = []
    for number in range(FLAPS):
        time.sleep(max(0.0, begun + number * EVERY - time.monotonic()))
        contexts.append(send(airflow, headers, FLAPPING))
    assert len(set(contexts)) == FLAPS

    def over() -> bool:
        runs = [run for context in contexts for run in chain(api, context)]
        return len(runs) >= FLAPS and all(run["state"] in ENDED for run in runs)

    assert within(1200, over)
    states = Counter(one.state for one in actions_of(records, FLAPPING))
    print(f"{FLAPS} alerts in {FLAPS * EVERY:.0f} s: {dict(states)}")
    assert {"dry": BUDGET, "refused": FLAPS - BUDGET} == states
    refused = [one for one in actions_of(records, FLAPPING) if one.state == "refused"]
    assert all("hour" in one.why for one in refused), refused[0].why
