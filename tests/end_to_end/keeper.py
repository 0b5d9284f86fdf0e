"""Kills parts of a running Airflow, and starts them again as an operator's supervisor would."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from slipway_cluster import processes
from slipway_local.airflow import LocalAirflow

RESTART_AFTER = 1.0  # seconds
HOPELESS = 10  # vain tries in a row


class Keeper:
    """Starts again what died, on a thread of its own, as long as the block lasts.

    One part is killed once at a time: it must have got healthy before it is killed again. Other parts may be killed
    while it comes up.
    """

    def __init__(self, airflow: LocalAirflow) -> None:
        self.airflow = airflow
        self.restarts = 0
        self.trouble = ""  # why it has given up
        self._down: set[str] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper")

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def kill(self, part: str) -> bool:
        """Send SIGKILL to a daemon; False when it is not back yet from the kill before."""
        with self._lock:
            pid = processes.running(part, self.airflow.folder)
            if part in self._down or pid is None:
                return False
            self._down.add(part)
            os.kill(pid, signal.SIGKILL)
        return True

    def kill_worker(self, pid: int) -> bool:
        """Send SIGKILL to a task's process, to what it has started, and to the process that supervises it.

        As the kernel does it to all of a container; False when there is no such worker any more.
        """
        scheduler = processes.running("scheduler", self.airflow.folder)
        supervisor = processes.parent(pid)
        # The supervisor is a child of the scheduler; after a kill of that one both are orphans, and on their way out.
        # Our mark would not tell: Airflow gives these processes titles, which take the place of their environment.
        if scheduler is None or supervisor is None or processes.parent(supervisor) != scheduler:
            return False
        tree = _tree(supervisor)
        for one in tree:  # the supervisor first: it must not report how the task ended
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        return pid in tree

    def _keep(self) -> None:
        vain = 0
        while not self._over.wait(0.2) or self._down:
            with self._lock:
                down = set(self._down)
            if not down:
                continue
            time.sleep(RESTART_AFTER)
            try:
                self.airflow.up()
            except Exception as error:  # mostly: another part was killed while this one came up
                vain += 1
                if vain >= HOPELESS:
                    self.trouble = f"Airflow does not come up again: {type(error).__name__}: {error}"
                    return
                continue
            vain = 0
            self.restarts += len(down)
            with self._lock:
                self._down -= down


def age(pid: int, argument: str = "") -> float:
    """Return for how many seconds a process has been there; 0 when it is not.

    :param argument: not that process itself is meant, but the one with this argument among those it has started.
    """
    found = [one for one in _tree(pid)[1:] if argument in _arguments(one)] if argument else [pid]
    began = [ticks / os.sysconf("SC_CLK_TCK") for one in found if (ticks := processes.started(one)) is not None]
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return max((uptime - one for one in began), default=0.0)


def _tree(pid: int) -> list[int]:
    """Return a process and all that come from it, itself first."""
    parents = {one: processes.parent(one) for one in processes.every_pid()}
    tree = [pid]
    for above in tree:  # grows on the way
        tree += [one for one, parent in parents.items() if parent == above]
    return tree


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []
