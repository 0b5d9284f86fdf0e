"""The tokens with which the local Alertmanager sends alerts: one a project, made once and kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from slipway_local.airflow import LocalAirflow
from slipway_local.private_files import keep_once


def alert_tokens(airflow: LocalAirflow, create: Callable[[str, str], str]) -> Callable[[str], str]:
    """Return what gives the token of a project.

    :param airflow: the one that takes the alerts; the file beside its passwords is for its owner only
    :param create: name of the token, project → a new token, whose text cannot be read again later
    """

    def token(project: str) -> str:
        # A name of its own each time: when the file is lost, the records still have the old one's.
        name = f"alertmanager-{project}-{secrets.token_hex(3)}"
        return keep_once(airflow.folder / "alert-tokens.json", {project: lambda: create(name, project)})[project]

    return token
