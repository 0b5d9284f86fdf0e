from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from slipway_cluster import processes
from slipway_local import sessions

# A leader with a child in a process group of its own that takes no notice of SIGTERM, like Airflow's workers.
_LEADER = """
import os, signal, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("child", "w").write(str(os.getpid()))
time.sleep(60)
"""


def _wait_for(path: Path) -> int:
    for _ in range(100):
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def test_a_child_outlives_its_killed_leader_and_is_ended_by_the_session(tmp_path: Path) -> None:
    """What a hard kill leaves behind is found by the session, not by name."""
    leader = processes.start([sys.executable, "-c", _LEADER], name="leader", folder=tmp_path, cwd=tmp_path)
    child = _wait_for(tmp_path / "child")
    recorded = sessions.recorded("leader", tmp_path)
    os.kill(leader, signal.SIGKILL)
    assert processes.alive(child)
    sessions.end_session(recorded, grace=0.2)
    assert not processes.alive(child)


def test_a_session_of_somebody_else_is_left_alone() -> None:
    """A record whose number was given anew ends nobody."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        sessions.end_session((other.pid, -1), grace=0.2)
        assert other.poll() is None
        other.kill()


def test_nothing_recorded_ends_nothing(tmp_path: Path) -> None:
    """A part that was never started has no session."""
    assert sessions.recorded("scheduler", tmp_path) is None
    sessions.end_session(None)
