"""SIGKILL at every step of a two-stage delivery; each ends as it would have without. `make soak` runs it.

SLIPWAY_SOAK_KILLS says how many kills (all of them, which is 68), SLIPWAY_SOAK_SEED which half of the moments the
daemons are killed at (0 or 1), and which kills are drawn when there are to be fewer.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from slipway_cluster.places import CHECKOUT
from slipway_core.keptn.names import connection_id
from slipway_core.records import open_records
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.deliveries import wait_for_connections
from sqlalchemy import Engine, create_engine

from tests.end_to_end.keeper import Keeper
from tests.end_to_end.killed_delivery import PRODUCTION, PROJECT, QA, KilledDelivery
from tests.end_to_end.kills import KINDS, Kill, all_kills, chosen, dealt

pytestmark = pytest.mark.soak

SAMPLE = CHECKOUT / "include" / "samples" / "fulltour"
SERVICES = ("north", "east", "south", "west")  # each has its lanes, so they are delivered side by side
UPGRADED = SERVICES[:2]  # by the first killed deliveries; the calm ones have installed them. The others are installed
FIRST, SECOND = (f"ghcr.io/slipway-samples/helloservice:{version}" for version in ("v0.1.1", "v0.1.2"))
LOAD = """\
users = 2
spawn-rate = 2
run-time = 5s
stop-timeout = 2
"""
# What is judged depends on nothing but the delivery: not on how busy the machine is, nor on when Prometheus looks.
SLI = """\
spec_version: "1.0"
indicators:
  promise: vector(1)
"""
SLO = """\
spec_version: "1.0"
objectives:
  - sli: promise
    pass:
      - criteria:
          - ">=1"
total_score:
  pass: "90%"
  warning: "75%"
"""
KILLS = int(os.environ.get("SLIPWAY_SOAK_KILLS", str(len(all_kills(0)))))
SEED = int(os.environ.get("SLIPWAY_SOAK_SEED", "0"))
ROUNDS = 5  # a kill whose moment was missed is tried with a further delivery


@pytest.fixture
def engine(airflow: LocalAirflow) -> Iterator[Engine]:
    """Return Airflow's own database: some steps are over sooner than its API answers."""
    made = create_engine(airflow.postgres.url("psycopg2"))
    yield made
    made.dispose()


def write_project(sources: Path) -> None:
    """Write the sample project under another name, with four services and little load."""
    for service in SERVICES:
        folder = sources / PROJECT / service
        shutil.copytree(SAMPLE / "helloservice", folder)
        (folder / "charts" / "helloservice").rename(folder / "charts" / service)
        for file, text in (("locust/locust.conf", LOAD), ("prometheus/sli.yaml", SLI), ("slo.yaml", SLO)):
            (folder / file).write_text(text)
    (sources / PROJECT / "slipway.yaml").write_text("source:\n  type: prometheus\n")
    text = (SAMPLE / "shipyard.yaml").read_text()
    (sources / PROJECT / "shipyard.yaml").write_text(text.replace("name: fulltour", f"name: {PROJECT}"))


def publish(api: AirflowApi, sources: Path) -> None:
    """Write the project, and wait until it can be delivered."""
    write_project(sources)
    for dag_id in (QA, PRODUCTION):
        api.wait_for_dag(dag_id)
    wait_for_connections(api, [connection_id(PROJECT, stage) for stage in ("qa", "production")])


def test_a_killed_delivery_ends_as_it_would_have_without(
    airflow: LocalAirflow, api: AirflowApi, engine: Engine, sources: Path
) -> None:
    """At each step scheduler, triggerer, DAG processor and worker are killed, once each."""
    publish(api, sources)
    records = open_records((airflow.folder / "records-url").read_text())
    begun = time.monotonic()
    asked = left = chosen(SEED, KILLS)
    struck: list[Kill] = []

    def play(shares: Mapping[str, list[Kill]], number: int) -> list[KilledDelivery]:
        """Deliver to services side by side; every second time each gets the other image."""
        images = {service: (FIRST, SECOND)[(number + (service in UPGRADED)) % 2] for service in shares}
        made = [KilledDelivery(one, images[one], shares[one], api, records, engine, keeper) for one in shares]
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(KilledDelivery.play, made))
        return made

    with Keeper(airflow) as keeper:
        calm = play({service: [] for service in UPGRADED}, -1)
        assert [one.trouble for one in calm] == ["" for _ in calm]
        expected = calm[0].outcome()
        wrong = [one.difference(expected) for one in calm]
        assert expected.good(), f"the calm delivery itself did not end well: {expected}"
        for number in range(ROUNDS):
            if any(wrong) or not left:
                break
            shares = {service: share for service, share in zip(SERVICES, dealt(left), strict=True) if share}
            deliveries = play(shares, number)
            wrong += [one.difference(expected) for one in deliveries]
            struck += (now := [kill for one in deliveries for kill in one.struck])
            left = sorted(kill for one in deliveries for kill in one.missed)
            print(f"Round {number + 1}: {len(now)} kills in {len(deliveries)} deliveries; {len(left)} kills came late.")
    kinds = ", ".join(f"{sum(one.kind == kind for one in struck)} of a {kind}" for kind in KINDS)
    print(f"{len(struck)} kills ({kinds}), {keeper.restarts} restarts, in {time.monotonic() - begun:.0f} s.")
    print(f"Without kills a delivery ends so: {expected}")
    assert not any(wrong), "\n\n".join(filter(None, wrong))
    assert not left, f"these never met their moment: {'; '.join(map(str, left))}"
    assert sorted(struck) == sorted(asked)
