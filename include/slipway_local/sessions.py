"""Ends what a part of Airflow left behind.

Airflow's tasks and parsers run in process groups of their own, so a signal to the part's group does not reach
them, and a part that was killed hard leaves them alone. All of them stay in the session that the part was
started in, and the kernel gives no number twice while a session of that number has members.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from slipway_local.errors import LocalError


class _Stat(NamedTuple):
    pid: int
    session: int
    started: int
    state: str


def recorded(name: str, folder: Path) -> tuple[int, int] | None:
    """Return (pid, start time in clock ticks) of the last process started as `name` since boot, alive or not."""
    try:
        record = json.loads((folder / "run" / f"{name}.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    # After a reboot the numbers mean other processes.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return (record["pid"], record["started"]) if record.get("boot") == boot else None


def end_session(leader: tuple[int, int] | None, grace: float = 5.0) -> None:
    """End every process of the session that `leader` began: SIGTERM, then SIGKILL after `grace` seconds.

    :param leader: pid and start time, as `recorded` gives them; None does nothing.
    """
    began = time.monotonic()
    while members := _members(leader):
        waited = time.monotonic() - began
        if waited > grace + 10:
            raise LocalError(
                f"Processes {members} do not end, not even on SIGKILL. Look at them with `ps -o pid,stat,wchan`."
            )
        sent = signal.SIGKILL if waited > grace else signal.SIGTERM
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, sent)
        time.sleep(0.1)


def _members(leader: tuple[int, int] | None) -> list[int]:
    if leader is None:
        return []
    pid, started = leader
    everyone = [stat for stat in map(_stat, Path("/proc").glob("[0-9]*")) if stat]
    head = next((stat for stat in everyone if stat.pid == pid), None)
    if head and head.started != started:  # the number was given anew: not ours
        return []
    return [stat.pid for stat in everyone if stat.session == pid and stat.state != "Z"]


def _stat(process: Path) -> _Stat | None:
    try:
        text = (process / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return _Stat(int(process.name), int(fields[3]), int(fields[19]), fields[0])
