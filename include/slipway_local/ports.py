"""Who listens on a TCP port of this machine, read from /proc."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slipway_local.errors import PortTaken

_LISTENING = "0A"  # the state's code in /proc/net/tcp


class Holder(NamedTuple):
    """The process that listens on a port."""

    pid: int
    command: str


def loopback() -> str:
    """Return the address under which the parts of a local Airflow find each other (for core.hostname_callable)."""
    return "127.0.0.1"


def is_free(port: int) -> bool:
    """Say whether 127.0.0.1:`port` can be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As a server does it: a connection that is only just closed must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((loopback(), port))
        except OSError:
            return False
    return True


def holder(port: int) -> Holder | None:
    """Return the process that listens on `port`, or None when it cannot be seen (another user's, or nobody's)."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if sockets & set(_open_files(process)):
            return Holder(int(process.name), _command(process))
    return None


def require_free(port: int, user: str, advice: str) -> None:
    """Raise PortTaken unless `port` is free.

    :param user: what wants to listen there, for the message.
    :param advice: what to do now, a whole sentence.
    """
    if is_free(port):
        return
    found = holder(port)
    who = f"process {found.pid} ({found.command})" if found else "a process that this user cannot see"
    raise PortTaken(f"Port {port} is needed by {user}, but {who} listens on it. {advice}")


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for line in lines:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                yield inode


def _open_files(process: Path) -> Iterator[str]:
    try:
        for entry in os.scandir(process / "fd"):
            yield os.readlink(entry.path)  # noqa: PTH115 - scandir gives no Path, and this runs for every open file
    except OSError:  # gone meanwhile, or not ours to look at
        return


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "gone meanwhile"
    return b" ".join(words).decode(errors="replace").strip()[:120] or "no command line"
