"""Debian's PostgreSQL programs, and servers that work on a data folder without our knowing."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from slipway_cluster import debian

from slipway_local.errors import LocalError


def find_programs() -> Path:
    """Return the folder of `postgres` and `initdb`: installed on this machine, else unpacked from Debian's package."""
    if found := _newest_below(Path("/")):
        return found
    if found := _newest_below(debian.unpack(["postgresql-15"])):
        return found
    raise LocalError("Debian's package postgresql-15 holds no `postgres`. Is /etc/apt/sources.list a Debian 12's?")


def end_stray(data: Path) -> None:
    """End a server on `data` that nobody recorded, and remove the pid file of one that died."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().splitlines()[0])
    if not _works_in(pid, data):  # dead; its number may be another program's by now
        pid_file.unlink()
        return
    for sent in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, sent)
        for _ in range(100):
            if not _works_in(pid, data):
                return
            time.sleep(0.1)


def _newest_below(root: Path) -> Path | None:
    found = [place for place in (root / "usr/lib/postgresql").glob("*/bin") if (place / "initdb").exists()]
    return max(found, key=lambda place: float(place.parent.name), default=None)


def _works_in(pid: int, folder: Path) -> bool:
    """Say whether a process's working folder is `folder`, under whatever path it sees it."""
    try:
        return Path(f"/proc/{pid}/cwd").stat().st_ino == folder.stat().st_ino
    except OSError:
        return False
