"""Real short-lived processes: found again by id and start time, ended with their offspring."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_cluster import processes

SLEEP = ["sleep", "60"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for processes; whatever a test leaves running in it is ended."""
    yield tmp_path
    processes.end(processes.marked(tmp_path), grace=1.0)


def eventually(holds: object) -> bool:
    """Say whether `holds()` becomes true within five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def test_a_started_process_is_running_until_it_is_stopped(folder: Path) -> None:
    """The record leads to the process, and is gone with it."""
    pid = processes.start(SLEEP, name="part", folder=folder)
    assert pid == processes.running("part", folder)
    processes.stop("part", folder)
    assert processes.running("part", folder) is None
    assert not processes.alive(pid)


def test_a_recycled_process_id_is_not_taken_for_ours(folder: Path) -> None:
    """A living process with the recorded id but another start time is somebody else's: not found, not ended."""
    stranger = subprocess.Popen(SLEEP)
    try:
        processes.start(["true"], name="part", folder=folder)
        file = folder / "run" / "part.json"
        record = json.loads(file.read_text())
        ticks = processes.started(stranger.pid)
        assert ticks is not None
        file.write_text(json.dumps({**record, "pid": stranger.pid, "started": ticks - 1}))
        assert processes.running("part", folder) is None
        processes.stop("part", folder, grace=0.5)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_record_from_before_a_restart_of_the_machine_counts_for_nothing(folder: Path) -> None:
    """Ids and start times begin anew with each boot."""
    processes.start(SLEEP, name="part", folder=folder)
    file = folder / "run" / "part.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "boot": "another"}))
    assert processes.running("part", folder) is None


def test_starting_twice_keeps_the_process(folder: Path) -> None:
    """Same name, same arguments: nothing happens."""
    first = processes.start(SLEEP, name="part", folder=folder)
    assert first == processes.start(SLEEP, name="part", folder=folder)


def test_other_arguments_replace_the_process(folder: Path) -> None:
    """The old process is gone before the new one starts."""
    first = processes.start(SLEEP, name="part", folder=folder)
    second = processes.start(["sleep", "61"], name="part", folder=folder)
    assert first != second
    assert not processes.alive(first)


def test_stop_ends_offspring_that_left_the_group(folder: Path) -> None:
    """A grandchild in a session of its own carries our mark, and goes too."""
    script = "import subprocess, time; subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    processes.start([sys.executable, "-c", script], name="part", folder=folder)
    assert eventually(lambda: len(processes.marked(folder, "part")) == 2)
    processes.stop("part", folder)
    assert [] == processes.marked(folder, "part")


def test_stop_kills_what_does_not_listen(folder: Path) -> None:
    """SIGKILL follows SIGTERM after the grace period."""
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    pid = processes.start([sys.executable, "-c", script], name="part", folder=folder)
    assert eventually(lambda: "deaf" in processes.tail(processes.log_file("part", folder)))
    processes.stop("part", folder, grace=0.2)
    assert not processes.alive(pid)


def test_a_process_survives_the_command_that_started_it(folder: Path) -> None:
    """The starter exits; its process runs on and is found by another command."""
    script = (
        "import pathlib, sys; from slipway_cluster import processes;"
        "processes.start(['sleep', '60'], name='part', folder=pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True)
    pid = processes.running("part", folder)
    assert pid is not None
    assert os.getsid(pid) == pid


def test_a_process_that_ends_while_it_starts_is_reported_with_its_last_words(folder: Path) -> None:
    """The error has the name, and the end of the log."""
    processes.start(["sh", "-c", "echo port 5500 is taken; exit 1"], name="part", folder=folder)
    with pytest.raises(processes.ProcessFailed, match=r"(?s)part ended.*port 5500 is taken"):
        processes.wait_ready("part", folder, lambda: False, timeout=5)


def test_a_long_log_is_set_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs do not grow without end."""
    monkeypatch.setattr(processes, "LOG_LIMIT", 10)
    log = processes.log_file("part", folder)
    log.parent.mkdir()
    log.write_text("twenty characters....")
    processes.start(SLEEP, name="part", folder=folder)
    assert log.with_name("part.log.1").read_text() == "twenty characters...."


def test_marked_folders_names_the_folder_of_each_process(folder: Path) -> None:
    """That is how a cluster is found whose records are gone."""
    pid = processes.start(SLEEP, name="part", folder=folder)
    assert [pid] == processes.marked_folders()[folder]
