"""Publishing again whenever the sources change. Looking costs a few file states, no reading."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from slipway_core.keptn.problems import SlipwayError
from slipway_core.publish.publisher import PublishedProject, PublishReport, publish_once
from slipway_core.publish.remote.keeper import GitProjects
from slipway_core.publish.remote.records import GitState
from slipway_core.publish.survey import digest

log = logging.getLogger(__name__)

OnPublished = Callable[[tuple[PublishedProject, ...]], None]


def watch(
    sources: Path,
    dags_folder: Path,
    store: Path,
    every: float = 5.0,
    on_published: OnPublished | None = None,
    stop: threading.Event | None = None,
    on_report: Callable[[PublishReport], None] | None = None,
    git: GitProjects | None = None,
) -> None:
    """Publish now, and again after every change, until SIGTERM or SIGINT comes or ``stop`` is set.

    A round that fails is logged and tried again; it never ends the watch.

    :param every: seconds between two looks
    :param on_published: called after each round that did work, with the projects of which something runs
    :param stop: ends the watch when set; needed outside the main thread, where no signal arrives
    :param on_report: called after each round that did work, with the whole report
    :param git: the projects that live in Git; looked at meanwhile by a thread of their own
    """
    stop = stop or threading.Event()
    _end_on_signals(stop)
    if git:
        threading.Thread(target=git.keep, args=(stop,), daemon=True).start()
    done: object = None
    while not stop.is_set():
        try:
            fetched = git.state() if git else GitState()
            state = (digest(sources), digest(dags_folder, "*.py"), fetched)
            if state != done or not (store / "HEAD").is_file():
                report = publish_once(sources, dags_folder, store, git_projects=fetched)
                for project in report.refused:
                    log.warning("refused: %s; %s", project.name, "; ".join(_short(project)))
                if on_report:
                    on_report(report)
                if on_published:
                    on_published(report.running)
                done = state
        except Exception as error:  # the watch outlives any fault; the next round tries again
            log.error("publishing failed, trying again in %s s: %s", every, error, exc_info=not _expected(error))
        stop.wait(every)


def _expected(error: Exception) -> bool:
    return isinstance(error, SlipwayError | OSError)


def _short(project: PublishedProject) -> list[str]:
    return [
        f"{one.file}{f', line {one.line}' if one.line else ''}: {one.message}"
        for one in project.problems
        if one.severity == "error"
    ]


def _end_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
