"""Which database holds the records."""

from __future__ import annotations

import os
from pathlib import Path

from slipway_core.places import state_folder

VARIABLE = "SLIPWAY_RECORDS_URL"


def noted_url() -> Path:
    """Return the file in which `./slipway up` notes the address of its database, for commands in a shell.

    It holds a password; only its owner may read it.
    """
    return state_folder() / "airflow" / "records-url"


def records_url() -> str:
    """Return the database's address: $SLIPWAY_RECORDS_URL, else that of `./slipway up`, else a SQLite file.

    It may hold a password: for connecting, not for showing.
    """
    if told := os.environ.get(VARIABLE, "").strip():
        return told
    try:
        return noted_url().read_text("utf-8").strip()
    except FileNotFoundError:
        return f"sqlite:///{state_folder().absolute()}/records.db"
