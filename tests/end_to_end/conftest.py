"""A real Airflow with folders, ports, database and project of its own, on the embedded cluster.

It stands beside the one of `./slipway up`, which may go on running. Its logs stay in .slipway/airflow-test/logs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from slipway_cluster.places import CHECKOUT, state_dir
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import APPROVE, answer, approval_of_run, open_approvals

if TYPE_CHECKING:
    from tests.end_to_end.sshd import Sshd

HERE = Path(__file__).parent
OWNER = "test"
# Airflow loses a task now and then that is answered the moment it begins to wait.
SETTLED = 3.0
PROJECT = "e2etour"  # fulltour under another name: its namespaces are not those of the demo


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.end_to_end)


def cannot(reason: str) -> NoReturn:
    """Skip what this machine cannot do; in CI (`CI=true`) that is a failure, so that nothing goes untested unseen."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Say whether something comes to hold within a time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.5)
    return holds()


def approve(api: AirflowApi, dag_id: str, run_id: str, seconds: float = 60) -> None:
    """Wait until a run asks a person, and say yes."""
    assert within(seconds, lambda: open_approvals(api, dag_id, run_id) != []), f"{dag_id} {run_id} asks nobody"
    time.sleep(SETTLED)
    answer(api, approval_of_run(api, dag_id, run_id), APPROVE, "looks good")


@pytest.fixture(scope="session")
def after_airflow() -> list[Callable[[], None]]:
    """Return what is to be done when the test's Airflow has ended."""
    return []


@pytest.fixture(scope="session")
def cluster(after_airflow: list[Callable[[], None]]) -> None:
    """Bring the embedded cluster up, with images and monitoring; it is left running, without what tests deployed."""
    if os.geteuid() != 0:
        cannot("end-to-end tests need root: the embedded cluster makes network links and mounts")
    from slipway_local.commands import cluster_up

    cluster_up(print)
    after_airflow.append(_remove_deployed)


@pytest.fixture(scope="session")
def sources() -> Path:
    """Return a folder of projects that tests may change: the demo's project, renamed."""
    folder = state_dir() / "airflow-test" / "sources"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CHECKOUT / "include" / "samples" / "fulltour", folder / PROJECT)
    shipyard = folder / PROJECT / "shipyard.yaml"
    shipyard.write_text(shipyard.read_text().replace("name: fulltour", f"name: {PROJECT}"))
    return folder


@pytest.fixture(scope="session")
def bare_airflow(sources: Path, after_airflow: list[Callable[[], None]]) -> Iterator[LocalAirflow]:
    """Start an Airflow with an empty database, and end it after the last test; for tests that touch no cluster."""
    if os.geteuid() != 0:
        cannot("end-to-end tests need root")
    folder = state_dir() / "airflow-test"
    if before := LocalAirflow.kept(folder):  # of a run that was killed
        before.down()
        if _cluster_runs():
            _remove_deployed()
    for place in folder.iterdir() if folder.exists() else ():
        if place != sources:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
    started = LocalAirflow(
        name=OWNER,
        folder=folder,
        port=int(os.environ.get("SLIPWAY_TEST_PORT", "18080")),
        sources=sources,
        published=folder / "published",
        parallelism=4,
        heartbeat_timeout=30,
        test_connection=True,
    )
    try:
        started.up(print)
        yield started
    finally:
        started.down()
        for work in after_airflow:
            work()


@pytest.fixture(scope="session")
def airflow(cluster: None, bare_airflow: LocalAirflow) -> LocalAirflow:
    """Return an Airflow that delivers to the embedded cluster."""
    return bare_airflow


@pytest.fixture(scope="session")
def api(airflow: LocalAirflow) -> Iterator[AirflowApi]:
    """Return a client of the test's Airflow, as admin."""
    with airflow.api() as client:
        yield client


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """Start an sshd for git."""
    from tests.end_to_end.sshd import running_sshd

    with running_sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def _cluster_runs() -> bool:
    from slipway_cluster import embedded

    return all(part.health == "healthy" for part in embedded.status())


def _remove_deployed() -> None:
    """Remove the namespaces of the tests' projects (all begin with `e2e`) and what Prometheus scrapes there."""
    from slipway_cluster.monitoring import install
    from slipway_cluster.target import embedded_target, kubectl_argv

    target = embedded_target()
    install(target, [], owner=OWNER)
    kubectl = kubectl_argv(target)
    ours = ["get", "namespaces", "--selector=app.kubernetes.io/managed-by=slipway", "--output=name"]
    found = subprocess.run([*kubectl, *ours], capture_output=True, text=True, check=True).stdout.split()
    if namespaces := [name for name in found if name.startswith("namespace/e2e")]:
        subprocess.run([*kubectl, "delete", "--ignore-not-found", *namespaces], check=True)
