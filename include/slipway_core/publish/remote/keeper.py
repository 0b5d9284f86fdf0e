"""All projects in Git, looked at side by side and again and again."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.remote.connections import Asked, ask_airflow, login
from slipway_core.publish.remote.fetch import Seen, look, mirror_of, refused
from slipway_core.publish.remote.listing import LIST, read_list
from slipway_core.publish.remote.records import Fetched, GitProject, GitState

log = logging.getLogger(__name__)
EVERY = 20.0  # seconds between two looks: a commit shows within a minute
_ASK_AGAIN = 300.0  # seconds that credentials are kept; less when a remote refused them
_AT_ONCE = 8


def git_folder(store: Path) -> Path:
    """Return where fetched repositories are kept: beside the published one."""
    return store.with_name(f"{store.name}-git")


class GitProjects:
    """The projects in Git of one installation.

    :param sources: folder of the projects, which holds the list
    :param work: folder for what is fetched
    :param ask: returns credentials by connection id
    """

    def __init__(self, sources: Path, work: Path, ask: Callable[[Collection[str]], Asked] = ask_airflow) -> None:
        self.sources, self.work = sources, work.absolute()
        self._ask = ask
        self._known: Asked = {}
        self._asked_at = 0.0
        self._seen: dict[GitProject, Seen] = {}
        self._results: dict[GitProject, Fetched] = {}

    def state(self) -> GitState:
        """Return what the last look found, for the list as it is now. Asks no remote."""
        listed = read_list(self.sources / LIST)
        results = self._results
        found = {name: Fetched(problems=problems) for name, problems in listed.refused.items()}
        found |= {one.name: results.get(one, Fetched()) for one in listed.projects}
        return GitState(found, listed.problems)

    def look(self) -> None:
        """Look at every remote, and fetch what has changed. A remote that fails harms no other."""
        projects = read_list(self.sources / LIST).projects
        self._learn({one.connection for one in projects if one.connection})
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._one, projects))
        self._seen = {project: seen for project, seen in self._seen.items() if project in projects}
        self._results = {project: result for project, result in self._results.items() if project in projects}

    def keep(self, stop: threading.Event, every: float = EVERY) -> None:
        """Look again and again until ``stop`` is set.

        :param every: seconds between two looks
        """
        while not stop.is_set():
            try:
                self.look()
            except Exception:  # it outlives any fault; the next look tries again
                log.exception("looking at the projects in Git failed")
            stop.wait(every)

    def _one(self, project: GitProject) -> None:
        """Look at one remote. What it came to is seen at once: the publisher need not wait for a slow one."""
        try:
            self._results[project] = self._fetch(project)
        except RemoteFailed as fault:
            self._asked_at = 0.0  # a token may be new
            self._results[project] = refused(project, fault, LIST)
        except Exception as error:  # a fault of ours in one project must not stop the others
            log.exception("project %s could not be fetched", project.name)
            shutil.rmtree(self.work / project.name, ignore_errors=True)  # what is broken there is fetched anew
            told = RemoteFailed(f"it could not be fetched: {type(error).__name__}: {error}", "See the log.")
            self._results[project] = refused(project, told, LIST)

    def _fetch(self, project: GitProject) -> Fetched:
        place = self.work / project.name
        mirror = mirror_of(project, login(project, self._known), place, self.sources)
        self._seen[project] = look(project, mirror, place, self._seen.get(project))
        return self._seen[project].fetched

    def _learn(self, connections: set[str]) -> None:
        if connections and (connections - set(self._known) or time.monotonic() > self._asked_at + _ASK_AGAIN):
            self._known = self._ask(connections)
            self._asked_at = time.monotonic()
