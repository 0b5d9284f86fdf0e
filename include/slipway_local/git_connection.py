"""The same as `python -m slipway.git_connection ID…`, with the settings of the Airflow that was started last.

For commands in a shell, which has no such settings. What it prints holds secrets: read it through a pipe.
"""

from __future__ import annotations

import os
import sys

from slipway_local.airflow import LocalAirflow, chosen_airflow
from slipway_local.settings import environment


def main(connections: list[str]) -> None:
    """Turn into the process that asks that Airflow; connections set in the shell go before its own."""
    airflow = LocalAirflow.kept(chosen_airflow().folder)
    variables = environment(airflow) if airflow else dict(os.environ)
    set_here = {name: value for name, value in os.environ.items() if name.startswith("AIRFLOW_CONN_")}
    argv = [sys.executable, "-m", "slipway.git_connection", *connections]
    os.execve(sys.executable, argv, {**variables, **set_here})


if __name__ == "__main__":
    main(sys.argv[1:])
