"""Long-lived processes that outlive the command that starts them: start, find again, stop.

Each has a name in a folder: its log is `logs/<name>.log`, its record `run/<name>.json`. A process is known by its
process id *and* start time, so a recycled id is never taken for ours. It and its offspring carry `SLIPWAY_PART` in
their environment: that finds what is left over when the record, or the parent, is gone.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

MARK = "SLIPWAY_PART"
LOG_LIMIT = 20_000_000  # bytes; a longer log is set aside as <name>.log.1 at the next start

_children: dict[int, subprocess.Popen[bytes]] = {}  # ours to reap while this command lives


class ProcessFailed(Exception):
    """A process ended, or did not become ready; the message ends with the last lines of its log."""

    def __init__(self, what: str, log: Path, lines: int = 12) -> None:
        super().__init__(f"{what}\nlast lines of {log}:\n{tail(log, lines)}")
        self.log = log


def start(
    argv: Sequence[str | os.PathLike[str]],
    *,
    name: str,
    folder: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> int:
    """Start a process in a session of its own and record it; return its process id.

    One that runs already with the same argv is kept, one with another argv is stopped first.

    :param env: variables on top of this process's own environment.
    :param user: name of the account to run as (needs root); HOME and USER follow it.
    """
    words = [os.fspath(word) for word in argv]
    pid = running(name, folder)
    if pid is not None:
        if _record(name, folder).get("argv") == words:
            return pid
        stop(name, folder)
    environment = {**os.environ, **_account(user), **(env or {}), MARK: _mark(name, folder)}
    group = pwd.getpwnam(user).pw_gid if user else None
    log = log_file(name, folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_name(log.name + ".1"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=cwd or folder,
            user=user,
            group=group,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
    _children[process.pid] = process
    _write_record(name, folder, process.pid, words)
    return process.pid


def running(name: str, folder: Path) -> int | None:
    """Return the process id of the recorded process if that very process still lives."""
    record = _record(name, folder)
    pid = record.get("pid")
    if not isinstance(pid, int) or record.get("boot") != _boot():
        return None
    return pid if alive(pid) and started(pid) == record.get("started") else None


def stop(name: str, folder: Path, grace: float = 10.0) -> None:
    """End the process, its group and its left-over offspring, and wait until they are gone.

    :param grace: seconds between SIGTERM and SIGKILL.
    """
    pid = running(name, folder)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)  # the leader of a session leads the group of the same number
    end(marked(folder, name), grace)
    _record_file(name, folder).unlink(missing_ok=True)


def wait_ready(name: str, folder: Path, ready: Callable[[], bool], timeout: float) -> None:
    """Wait until `ready()` holds.

    :param timeout: seconds.
    :raises ProcessFailed: the process ended, or the time is up.
    """
    deadline = time.monotonic() + timeout
    while not ready():
        if running(name, folder) is None:
            raise ProcessFailed(f"{name} ended while it started.", log_file(name, folder))
        if time.monotonic() > deadline:
            raise ProcessFailed(f"{name} was not ready after {timeout:.0f} s.", log_file(name, folder))
        time.sleep(0.1)


def marked(folder: Path, name: str | None = None) -> list[int]:
    """Return the living processes that were started from this folder (under this name), with their offspring."""
    wanted = f"{MARK}={_mark(name or '', folder)}".encode()
    return [pid for pid, mark in _marks() if (mark == wanted if name else mark.startswith(wanted))]


def marked_folders() -> dict[Path, list[int]]:
    """Return every folder that living processes were started from, with their process ids."""
    found: dict[Path, list[int]] = {}
    for pid, mark in _marks():
        folder, _, _ = mark.decode(errors="replace").removeprefix(MARK + "=").rpartition(":")
        found.setdefault(Path(folder), []).append(pid)
    return found


def end(pids: Sequence[int], grace: float = 10.0) -> None:
    """Send SIGTERM, after `grace` seconds SIGKILL, to exactly these processes; wait until they are gone."""
    known = {pid: started(pid) for pid in pids}

    def left() -> list[int]:
        return [pid for pid, ticks in known.items() if alive(pid) and started(pid) == ticks]

    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        for pid in left():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while left() and time.monotonic() < deadline:
            time.sleep(0.05)


def alive(pid: int) -> bool:
    """Say whether the process exists and is no zombie."""
    if pid in _children:
        _children[pid].poll()
    return (_stat(pid) or ["Z"])[0] not in ("Z", "X")


def started(pid: int) -> int | None:
    """Return the start time of a process in clock ticks since boot."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def parent(pid: int) -> int | None:
    """Return the process id of a process's parent."""
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def every_pid() -> list[int]:
    """Return the ids of all processes of the machine."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def log_file(name: str, folder: Path) -> Path:
    """Return where the process writes its output."""
    return folder / "logs" / f"{name}.log"


def tail(log: Path, lines: int = 12) -> str:
    """Return the last lines of a log, or a word that there are none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 16_384))
            text = stream.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(empty)"


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on; the name before it may hold spaces and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return text.rpartition(") ")[2].split()


def _marks() -> list[tuple[int, bytes]]:
    found = []
    for pid in every_pid():
        with suppress(OSError):
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            found += [(pid, one) for one in variables if one.startswith(MARK.encode() + b"=") and alive(pid)]
    return found


def _mark(name: str, folder: Path) -> str:
    return f"{folder.absolute()}:{name}"


def _account(user: str | None) -> dict[str, str]:
    if user is None:
        return {}
    account = pwd.getpwnam(user)
    return {"HOME": account.pw_dir, "USER": user, "LOGNAME": user}


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _record_file(name: str, folder: Path) -> Path:
    return folder / "run" / f"{name}.json"


def _record(name: str, folder: Path) -> dict[str, object]:
    try:
        record = json.loads(_record_file(name, folder).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write_record(name: str, folder: Path, pid: int, argv: list[str]) -> None:
    record = _record_file(name, folder)
    record.parent.mkdir(parents=True, exist_ok=True)
    draft = record.with_suffix(".new")
    draft.write_text(json.dumps({"pid": pid, "started": started(pid), "boot": _boot(), "argv": argv}))
    draft.replace(record)
