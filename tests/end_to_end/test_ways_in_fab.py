"""The status codes of the ways in with FAB's auth manager: the same ones. FAB is not among our requirements."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from slipway_cluster.places import CHECKOUT, state_dir
from slipway_core.records import open_records
from slipway_local import airflow as local
from slipway_local.airflow import LocalAirflow

from tests.end_to_end.ways_in_codes import PROJECT, ROLES, login, senders, tables, write_project

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        importlib.util.find_spec("airflow.providers.fab") is None,
        reason="apache-airflow-providers-fab is not installed: uv pip install apache-airflow-providers-fab==3.10.2",
    ),
]
MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


@pytest.fixture
def with_fab(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAirflow]:
    """Start an Airflow whose users are FAB's, with the names and passwords of the local one."""
    plain = local.environment

    def environment(airflow: LocalAirflow) -> dict[str, str]:
        return {**plain(airflow), "AIRFLOW__CORE__AUTH_MANAGER": MANAGER}

    monkeypatch.setattr(local, "environment", environment)
    folder = state_dir() / "airflow-fab"
    if before := LocalAirflow.kept(folder):
        before.down()
    shutil.rmtree(folder, ignore_errors=True)
    write_project(folder / "sources")
    places = {"folder": folder, "sources": folder / "sources", "published": folder / "published"}
    started = LocalAirflow(name="fab", port=18280, parallelism=2, **places)
    try:
        started.up(print)
        for role in ROLES:
            make_user(started, environment(started), role)
        yield started
    finally:
        started.down()


def make_user(airflow: LocalAirflow, variables: Mapping[str, str], role: str) -> None:
    """Make a user of the same name as their role."""
    words = [*("--username", role), *("--password", airflow.password(role)), *("--role", role.title())]
    who = [*("--firstname", role), *("--lastname", "Test"), *("--email", f"{role}@example.org")]
    argv = [sys.executable, "-m", "airflow", "users", "create", *words, *who]
    made = subprocess.run(argv, env=dict(variables), capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def test_the_status_codes_are_those_of_the_documentation(with_fab: LocalAirflow) -> None:
    """Whoever manages the logins: the tables of docs/ways-in.md hold."""
    with httpx.Client(base_url=with_fab.address, timeout=60, trust_env=False) as client, with_fab.api() as api:
        api.wait_for_dag(f"{PROJECT}.dev.announce")
        records = open_records(Path(with_fab.folder, "records-url").read_text())
        logins = {role: login(client, role, with_fab.password(role)) for role in ROLES}
        measured = tables(client, senders(records, logins))
    print(measured)
    assert measured in (CHECKOUT / "docs" / "ways-in.md").read_text()
