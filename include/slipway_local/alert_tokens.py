"""The tokens with which the local Alertmanager sends alerts: one a project, made once and kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from slipway_core.records import open_records

from slipway_local.airflow import LocalAirflow
from slipway_local.private_files import forget, keep_once

if TYPE_CHECKING:
    from slipway_core.records.tokens import Tokens


def recorded_alert_tokens(airflow: LocalAirflow, *, renew: bool = False) -> Callable[[str], str]:
    """Return what gives the token of a project, made in the records of the Airflow that takes the alerts.

    :param renew: one that the records do not know, or that was revoked, is made anew
    """

    def tokens() -> Tokens:
        # Opened when needed: the publisher starts before there are records.
        return open_records((airflow.folder / "records-url").read_text("utf-8").strip()).tokens

    def holds(told: str) -> bool:
        token = tokens().known(told)
        return token is not None and token.revoked is None

    def create(name: str, project: str) -> str:
        return tokens().create(name, project, "alerts")

    return alert_tokens(airflow, create, holds if renew else None)


def alert_tokens(
    airflow: LocalAirflow, create: Callable[[str, str], str], holds: Callable[[str], bool] | None = None
) -> Callable[[str], str]:
    """Return what gives the token of a project.

    :param airflow: the one that takes the alerts; the file beside its passwords is for its owner only
    :param create: name of the token, project → a new token, whose text cannot be read again later
    :param holds: says whether a kept token is worth something still; without it, it is taken as it is
    """
    path = airflow.folder / "alert-tokens.json"

    def token(project: str) -> str:
        # A name of its own each time: when the file is lost, the records still have the old one's.
        name = f"alertmanager-{project}-{secrets.token_hex(3)}"
        make = {project: lambda: create(name, project)}
        kept = keep_once(path, make)[project]
        if holds is None or holds(kept):
            return kept
        forget(path, project)
        return keep_once(path, make)[project]

    return token
