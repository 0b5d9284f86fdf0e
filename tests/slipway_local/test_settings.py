from __future__ import annotations

import json
import stat
from importlib.util import find_spec
from pathlib import Path

import pytest
from slipway_local.airflow import LocalAirflow, chosen_airflow
from slipway_local.errors import LocalError
from slipway_local.settings import foreign, settings


def test_ports_and_addresses_follow_the_one_port(described: LocalAirflow) -> None:
    """Two Airflows side by side differ in one number only."""
    values = settings(described)
    assert values["AIRFLOW__API__PORT"] == "18081"
    assert values["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18081"
    assert values["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18081/execution/"
    assert values["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] == "18794"
    assert values["AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT"] == "18794"


def test_settings_that_are_slow_or_open_by_default_are_set(described: LocalAirflow) -> None:
    """The defaults would listen on all addresses, load examples, pause DAGs and notice changes after minutes."""
    values = settings(described)
    expected = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Disabled",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "DO_NOT_TRACK": "true",
    }
    assert expected == {name: values.get(name) for name in expected}


def test_every_setting_is_one_that_airflow_has(described: LocalAirflow) -> None:
    """A misspelt setting would be ignored in silence."""
    import yaml

    # Found, not imported: Airflow would make a folder in the home at its import.
    [package] = find_spec("airflow").submodule_search_locations  # type: ignore[union-attr, misc]
    template = Path(package) / "config_templates" / "config.yml"
    known = yaml.load(template.read_text(), yaml.CSafeLoader)
    ours = {
        tuple(name.removeprefix("AIRFLOW__").lower().split("__", 1)) for name in settings(described) if "__" in name
    }
    assert set() == {(section, name) for section, name in ours if name not in known[section]["options"]}


def test_dags_come_from_the_published_repository(described: LocalAirflow) -> None:
    """The bundle follows branch main of the published repository."""
    [bundle] = json.loads(settings(described)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert str(described.published) == bundle["kwargs"]["repo_url"]
    assert (bundle["kwargs"]["tracking_ref"], bundle["kwargs"]["subdir"]) == ("main", "dags")


def test_records_have_a_database_of_their_own(described: LocalAirflow) -> None:
    """On the same server, never among Airflow's tables."""
    values = settings(described)
    assert "@/slipway?host=" in values["SLIPWAY_RECORDS_URL"]
    assert values["SLIPWAY_RECORDS_URL"].startswith("postgresql+psycopg2://slipway:")
    assert "@/airflow?host=" in values["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]


def test_keys_and_passwords_stay_the_same(described: LocalAirflow) -> None:
    """A restart must be able to read what was encrypted before, and people keep their password."""
    assert settings(described) == settings(described)
    assert described.password() == described.password("admin")


def test_no_secret_is_readable_by_others(described: LocalAirflow) -> None:
    """Each file that holds a secret has mode 0600."""
    settings(described)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in described.folder.iterdir() if path.is_file()}
    assert modes == {"passwords.json": 0o600, "secrets.json": 0o600, "postgres-password": 0o600}


def test_what_is_shown_of_an_airflow_holds_no_secret(described: LocalAirflow) -> None:
    """Neither the description nor its REST client show a password."""
    password = described.password()
    assert password not in repr(described)
    assert password not in repr(described.api())


def test_the_callers_cluster_and_settings_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A KUBECONFIG or an AIRFLOW__ variable that happens to be set decides nothing."""
    for name in ("KUBECONFIG", "AIRFLOW__CORE__EXECUTOR", "GIT_DIR", "PYTHONPATH"):
        monkeypatch.setenv(name, "theirs")
    assert {"KUBECONFIG", "AIRFLOW__CORE__EXECUTOR", "GIT_DIR", "PYTHONPATH"} <= set(foreign())
    assert "PATH" not in foreign()
    monkeypatch.setenv("AIRFLOW__SLIPWAY__NOTIFIERS", "[]")
    assert "AIRFLOW__SLIPWAY__NOTIFIERS" not in foreign()


def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """SLIPWAY_PORT is checked before anything starts."""
    monkeypatch.setenv("SLIPWAY_PORT", "http")
    with pytest.raises(LocalError, match="SLIPWAY_PORT is 'http'"):
        chosen_airflow()
