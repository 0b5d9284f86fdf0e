"""The tokens with which the local Alertmanager sends alerts: one a project, made once and kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from slipway_core.records import open_records

from slipway_local.airflow import LocalAirflow
from slipway_local.private_files import keep_once


def recorded_alert_tokens(airflow: LocalAirflow) -> Callable[[str], str]:
    """Return what gives the token of a project, made in the records of the Airflow that takes the alerts."""

    def create(name: str, project: str) -> str:
        # Opened when needed: the publisher starts before there are records.
        records = open_records((airflow.folder / "records-url").read_text("utf-8").strip())
        return records.tokens.create(name, project, "alerts")

    return alert_tokens(airflow, create)


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
