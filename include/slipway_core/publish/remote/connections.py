"""Credentials out of Airflow's connections. Airflow is asked in a process of its own: nothing here may import it."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from collections.abc import Collection

from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.remote.records import Credentials, GitProject

log = logging.getLogger(__name__)
_TIMEOUT = 90.0  # seconds; Airflow takes some to start
_ASKER = "slipway.git_connection"
_ASKER_OF_THIS_MACHINE = "slipway_local.git_connection"  # the same, with the settings of the local Airflow

Asked = dict[str, Credentials | str]


def ask_airflow(connections: Collection[str]) -> Asked:
    """Return credentials by connection id; a text instead says why there are none.

    The answer comes through a pipe, and no part of it is ever shown.
    """
    if not connections:
        return {}
    argv = [sys.executable, "-m", _asker(), *sorted(connections)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=_TIMEOUT, check=True)
        answers: dict[str, dict[str, str]] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        log.warning("Airflow could not be asked for Git connections: %s", type(error).__name__)
        return dict.fromkeys(connections, "Airflow could not be asked for it")
    return {name: answer["error"] if "error" in answer else Credentials(**answer) for name, answer in answers.items()}


def login(project: GitProject, known: Asked) -> Credentials:
    """Return how to log in for a project. Raises :class:`RemoteFailed` when its connection cannot be had.

    :param known: what Airflow said
    """
    found = known.get(project.connection, "nobody asked for it yet") if project.connection else Credentials()
    if isinstance(found, str):
        advice = "Make it in Airflow under Admin → Connections, with the type git."
        raise RemoteFailed(f"connection '{project.connection}': {found}.", advice)
    return found


def _asker() -> str:
    """Return the module to run: a process of Airflow's has its settings, a shell on one's own machine has not."""
    has_settings = "AIRFLOW_HOME" in os.environ
    return _ASKER if has_settings or not _installed(_ASKER_OF_THIS_MACHINE) else _ASKER_OF_THIS_MACHINE


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
