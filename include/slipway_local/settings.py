"""Every setting of a local Airflow, as environment variables (airflow.md 10 and 12). No file holds settings."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from slipway_cluster.places import CHECKOUT

from slipway_local.private_files import keep_once

if TYPE_CHECKING:
    from slipway_local.airflow import LocalAirflow

# Our own tables: a database beside Airflow's, never in it.
RECORDS_DATABASE = "slipway"

# The sample project; its files are in a repository of this name on the Git server.
SAMPLE = "fulltour"

# Simple auth manager's user → role. People use `admin`; the others are for trying what each role may do.
USERS = {"admin": "admin", "op": "op", "user": "user", "viewer": "viewer"}
# What tasks ask Airflow as, through the connection `slipway_api`; of the roles that may answer approvals, the least.
SERVICE_USER = {"slipway": "user"}

# What the caller's shell must not decide: other settings of Airflow, another cluster, another repository (Git sets
# the GIT_ ones around a hook), other Python modules. Without byte code every start would compile all of Airflow.
_FOREIGN = (
    *("AIRFLOW", "KUBECONFIG", "HELM_", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"),
)
# But Slipway's own section of Airflow's configuration is theirs: the load image, notifiers.
_OURS = "AIRFLOW__SLIPWAY__"


def passwords(airflow: LocalAirflow) -> dict[str, str]:
    """Return user → password; made at the first call and kept in a file that only its owner may read."""
    return keep_once(airflow.passwords_file, dict.fromkeys(_roles(), lambda: secrets.token_urlsafe(12)))


def records_owner(airflow: LocalAirflow) -> tuple[str, str]:
    """Return role and password that own the records. Tasks see them, so they open nothing of Airflow's."""
    kept = keep_once(airflow.folder / "secrets.json", {"records_password": lambda: secrets.token_urlsafe(24)})
    return RECORDS_DATABASE, kept["records_password"]


def git_token(airflow: LocalAirflow) -> str:
    """Return the token of the Git server; made at the first call and kept."""
    kept = keep_once(airflow.folder / "secrets.json", {"git_token": lambda: secrets.token_urlsafe(24)})
    return kept["git_token"]


def settings(airflow: LocalAirflow) -> dict[str, str]:
    """Return the settings as Airflow's own environment variables. They hold secrets: hand them to processes only."""
    kept = keep_once(
        airflow.folder / "secrets.json",
        {
            "fernet_key": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "jwt_secret": lambda: secrets.token_urlsafe(64),
            "secret_key": lambda: secrets.token_urlsafe(32),
        },
    )
    by_section: dict[str, dict[str, object]] = {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": airflow.parallelism,
            "execution_api_server_url": f"{airflow.address}/execution/",
            "hostname_callable": "slipway_local.ports.loopback",
            "dags_folder": airflow.home / "no-dags",  # all DAGs come from the bundle
            "plugins_folder": CHECKOUT / "plugins",
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "min_serialized_dag_update_interval": 5,
            "fernet_key": kept["fernet_key"],
            "simple_auth_manager_users": ",".join(f"{user}:{role}" for user, role in _roles().items()),
            "simple_auth_manager_passwords_file": airflow.passwords_file,
            "test_connection": "Enabled" if airflow.test_connection else "Disabled",
        },
        "database": {
            "sql_alchemy_conn": airflow.postgres.url("psycopg2"),
            "sql_alchemy_conn_async": airflow.postgres.url("asyncpg"),
        },
        "logging": {
            "base_log_folder": airflow.home / "logs",
            "dag_processor_child_process_log_directory": airflow.home / "logs" / "dag_processor",
            "worker_log_server_port": airflow.log_port,
            "trigger_log_server_port": airflow.log_port,  # one server serves both, see LocalAirflow
            "colored_console_log": False,
        },
        "api": {
            "host": "127.0.0.1",
            "port": airflow.port,
            "base_url": airflow.address,
            "secret_key": kept["secret_key"],
            "workers": 1,
            "instance_name": f"Slipway ({airflow.name})",
        },
        "api_auth": {"jwt_secret": kept["jwt_secret"]},
        "scheduler": {
            "scheduler_idle_sleep_time": 0.1,  # a short one makes the resume race rare (airflow.md 2)
            "task_instance_heartbeat_timeout": airflow.heartbeat_timeout,
            # Tasks of a scheduler that was killed hard belong to nobody, not even to that timeout, until this look.
            "orphaned_tasks_check_interval": 30,
            "enable_health_check": False,  # it would listen on all addresses
        },
        "dag_processor": {
            "dag_bundle_config_list": json.dumps([_bundle(airflow.published)]),
            "dag_bundle_storage_path": airflow.home / "bundles",
            "refresh_interval": 5,
            "min_file_process_interval": 5,
        },
    }
    variables = {
        f"AIRFLOW__{section}__{name}".upper(): str(value)
        for section, values in by_section.items()
        for name, value in values.items()
    }
    return {
        **variables,
        "AIRFLOW_HOME": str(airflow.home),
        # Named so that the Git bundle finds it at once, instead of asking the API server in every task.
        "AIRFLOW_CONN_SLIPWAY_PUBLISHED": json.dumps({"conn_type": "git", "host": str(airflow.published)}),
        "AIRFLOW_CONN_SLIPWAY_API": _api_connection(airflow),
        "AIRFLOW_CONN_SLIPWAY_GIT": _git_connection(airflow, airflow.git_address),
        "AIRFLOW_CONN_SLIPWAY_SAMPLE": _git_connection(airflow, airflow.sample_address),
        "SLIPWAY_RECORDS_URL": airflow.postgres.url("psycopg2", RECORDS_DATABASE, records_owner(airflow)),
        "DO_NOT_TRACK": "true",
        "SCARF_NO_ANALYTICS": "true",
    }


def environment(airflow: LocalAirflow) -> dict[str, str]:
    """Return the environment of Airflow's processes: the caller's, without what is not theirs, and the settings."""
    from slipway_cluster.target import cluster_bin

    kept = {name: value for name, value in os.environ.items() if name not in foreign()}
    direct = ",".join(filter(None, [kept.get("NO_PROXY"), "127.0.0.1,localhost"]))
    return {
        **kept,
        "PATH": os.pathsep.join([str(cluster_bin()), kept.get("PATH", os.defpath)]),
        "NO_PROXY": direct,
        "no_proxy": direct,
        **settings(airflow),
    }


def foreign() -> list[str]:
    """Return the names of the caller's variables that Airflow's processes must not see."""
    return sorted(name for name in os.environ if name.startswith(_FOREIGN) and not name.startswith(_OURS))


def _roles() -> dict[str, str]:
    return {**USERS, **SERVICE_USER}


def _api_connection(airflow: LocalAirflow) -> str:
    [user] = SERVICE_USER
    login = {"login": user, "password": passwords(airflow)[user]}
    return json.dumps({"conn_type": "http", "host": airflow.address, **login})


def _git_connection(airflow: LocalAirflow, address: str) -> str:
    return json.dumps({"conn_type": "git", "host": address, "login": "slipway", "password": git_token(airflow)})


def _bundle(published: Path) -> dict[str, object]:
    return {
        "name": "published",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": {
            "repo_url": str(published),
            "git_conn_id": "slipway_published",
            "tracking_ref": "main",
            "subdir": "dags",
            "refresh_interval": 5,
        },
    }
