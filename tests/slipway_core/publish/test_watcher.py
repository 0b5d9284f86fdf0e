"""Publishing again after each change."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from slipway_core.publish import load, watcher
from slipway_core.publish.watcher import watch


class Watching:
    """A watch in a thread, and what it said."""

    def __init__(self, world):
        self.world, self.stop, self.rounds = world, threading.Event(), []
        arguments = (world.sources, world.dags, world.store, 0.02, self.rounds.append, self.stop)
        self.thread = threading.Thread(target=watch, args=arguments)

    def wait_for(self, count):
        """Wait until so many rounds did work."""
        until = time.monotonic() + 10
        while len(self.rounds) < count and time.monotonic() < until:
            time.sleep(0.01)
        assert count == len(self.rounds)


@pytest.fixture
def watching(world, monkeypatch):
    """A watch that has published once."""
    monkeypatch.setattr("slipway_core.publish.publisher.handled_tasks", lambda: {"deployment"})
    running = Watching(world)
    running.thread.start()
    running.wait_for(1)
    yield running
    running.stop.set()
    running.thread.join()


def test_a_change_is_published_and_standing_still_does_nothing(watching):
    """Each round that did work tells what runs."""
    time.sleep(0.1)
    assert 1 == len(watching.rounds)
    (watching.world.sources / "shop/carts/new.yaml").write_text("a: 1\n")
    watching.wait_for(2)
    assert [("blog", ("carts",)), ("shop", ("carts",))] == [(one.name, one.services) for one in watching.rounds[-1]]
    assert (watching.world.tree() / "projects/shop/carts/new.yaml").is_file()


def test_a_refused_project_still_runs(watching):
    """What runs is its last good state."""
    watching.world.break_("shop")
    watching.wait_for(2)
    assert [("blog", "unchanged"), ("shop", "refused")] == [(one.name, one.state) for one in watching.rounds[-1]]
    assert ("qa", "production") == watching.rounds[-1][1].stages


def test_a_failing_round_is_tried_again(world, monkeypatch, caplog):
    """It is logged, and never ends the watch."""
    real, failures = watcher.publish_once, iter([OSError("disk full"), KeyError("bug")])

    def failing(*arguments, **others):
        for failure in failures:
            raise failure
        return real(*arguments, {"deployment"}, **others)

    monkeypatch.setattr(watcher, "publish_once", failing)
    running = Watching(world)
    running.thread.start()
    running.wait_for(1)
    running.stop.set()
    running.thread.join()
    assert "trying again in 0.02 s: disk full" in caplog.text


def test_sigterm_ends_a_watch(world):
    """With exit code 0, after the round it is in."""
    command = [sys.executable, "-m", "slipway_core.cli.main", "publish", "--watch", "--sources", str(world.sources)]
    command += ["--store", str(world.store), "--dags", str(world.dags)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 20
        while not list(world.store.glob("refs/heads/main")) and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGTERM)
        assert 0 == process.wait(10)
    assert ["blog", "shop"] == load.projects(world.tree())
