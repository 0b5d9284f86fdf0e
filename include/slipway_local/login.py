"""As whom a command speaks to Airflow: a user of the local one, or anybody whose password is in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.errors import LocalError
from slipway_local.settings import USERS

PASSWORD = "SLIPWAY_PASSWORD"  # noqa: S105 - the variable's name


def asks_who(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that says as whom it speaks."""
    told = f"As whom; the password is in ${PASSWORD}, or known for: {', '.join(USERS)}."
    return click.option("--user", envvar="SLIPWAY_USER", default="admin", show_default=True, help=told)(command)


def logged_in(airflow: LocalAirflow, user: str) -> AirflowApi:
    """Return a client that speaks as a user.

    :raises LocalError: when nobody knows the password.
    """
    if password := os.environ.get(PASSWORD):
        return AirflowApi(airflow.address, user, password)
    if user not in USERS:
        known = ", ".join(USERS)
        raise LocalError(f"The password of user {user!r} is not known here. Set {PASSWORD}, or use one of: {known}.")
    return airflow.api(user)
