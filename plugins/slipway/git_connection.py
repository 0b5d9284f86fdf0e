"""Prints Airflow's Git connections as JSON, for the publisher: `python -m slipway.git_connection ID…`.

A process of its own, because publishing never imports Airflow. What it prints holds secrets: read it through a pipe.
The REST API shows no passwords, so this goes through Airflow's secrets backends, the database among them.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit


def main(connections: list[str]) -> None:
    """Print ``{id: credentials or {"error": why}}``."""
    # Airflow asks its database only in a process that says it belongs to the server's side.
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    with redirect_stdout(sys.stderr):  # what Airflow says while it starts is no part of the answer
        found = {name: described(name) for name in connections}
    json.dump(found, sys.stdout)


def described(name: str) -> dict[str, str]:
    """Return a connection as :class:`slipway_core.publish.remote.records.Credentials` takes it."""
    from airflow.sdk import BaseHook

    try:
        connection = BaseHook.get_connection(name)
    except Exception as error:  # noqa: BLE001 - a secrets backend may raise anything; its text may hold secrets
        missing = "NotFound" in type(error).__name__
        return {"error": "Airflow has no such connection" if missing else f"Airflow gave {type(error).__name__}"}
    if connection.conn_type != "git":
        return {"error": f"it has the type '{connection.conn_type}', not 'git'"}
    try:
        return _credentials(connection)
    except OSError as error:
        return {"error": f"{error.filename} cannot be read: {error.strerror}"}


def _credentials(connection: Any) -> dict[str, str]:
    extra = connection.extra_dejson
    remote, user, password = without_login(connection.host or "")
    return {
        "remote": remote,
        "user": connection.login or user,
        "password": connection.password or password,
        "private_key": str(extra.get("private_key") or _text(extra.get("key_file"))),
        "known_hosts": str(extra.get("known_hosts") or _text(extra.get("known_hosts_file"))),
    }


def without_login(address: str) -> tuple[str, str, str]:
    """Return an address without user and password, and the two; as Airflow's own Git hook takes them out."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.username:
        return address, "", ""
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return plain, unquote(parts.username), unquote(parts.password or "")


def _text(path: Any) -> str:
    return Path(str(path)).expanduser().read_text() if path else ""


if __name__ == "__main__":
    main(sys.argv[1:])
