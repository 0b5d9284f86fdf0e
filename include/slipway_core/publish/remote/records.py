"""What is known of a project in Git: where it is, who may read it, and what was fetched of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import Problem


class Credentials(NamedTuple):
    """How to log in at a remote; texts are empty where there is nothing to say. Never shown: ``repr`` hides them.

    :param remote: the remote that they are for, as its connection names it
    :param private_key: an SSH key, the text itself
    :param known_hosts: lines of SSH host keys, the text itself
    """

    remote: str = ""
    user: str = ""
    password: str = ""
    private_key: str = ""
    known_hosts: str = ""

    def __repr__(self) -> str:
        return f"Credentials(remote={self.remote!r})"


class GitProject(NamedTuple):
    """One entry of the list of projects in Git.

    :param remote: address or path; empty when the connection names it
    :param branch: the branch with the shipyard
    :param connection: id of an Airflow connection of type ``git``; empty for none
    :param folder: folder inside the repository that holds the project; empty for all of it
    :param line: where the entry stands in the list
    """

    name: str
    remote: str
    branch: str
    connection: str
    folder: str
    line: int


class Source(NamedTuple):
    """What a published project was made from.

    :param remote: without credentials
    :param layout: how stages lie in it, one of the words of :mod:`slipway_core.publish.remote.layout`
    :param commits: branch → commit
    """

    remote: str
    branch: str
    layout: str
    commits: Mapping[str, str]

    def to_json(self) -> str:
        """Return what is published as ``sources/<project>.json``."""
        return json.dumps(self._asdict(), ensure_ascii=False, indent=1) + "\n"


class Fetched(NamedTuple):
    """One project in Git as it is now. Neither folder nor problems: nobody has looked yet.

    :param folder: the project's files, laid out as our own folders are
    :param problems: why it must not be published as it is
    :param origins: path in ``folder`` → where the file is in Git, when the two differ
    """

    folder: Path | None = None
    source: Source | None = None
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = {}

    @property
    def pending(self) -> bool:
        """Whether nobody has looked yet."""
        return self.folder is None and not self.problems


class GitState(NamedTuple):
    """All projects in Git.

    :param problems: of the list itself; then the projects it named before stay as they were
    """

    projects: Mapping[str, Fetched] = {}
    problems: tuple[Problem, ...] = ()
