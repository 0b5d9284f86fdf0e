"""A project by its name: in a folder, or in the list of projects in Git; with what is needed to work on it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import InvalidFile
from slipway_core.publish.edit.places import FolderPlace, GitPlace, Place
from slipway_core.publish.edit.view import ChangeRefused
from slipway_core.publish.remote.connections import Asked, ask_airflow, login
from slipway_core.publish.remote.fetch import lay_out, mirror_of, read_remote
from slipway_core.publish.remote.listing import LIST, Listed, read_list
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Fetched, GitProject
from slipway_core.publish.take import Taken, discover, take_fetched, take_folder


class Projects(NamedTuple):
    """All projects of a checkout.

    :param sources: folder with a folder per project, and the list of those in Git
    :param ask: returns credentials by connection id
    """

    sources: Path
    ask: Callable[[Collection[str]], Asked] = ask_airflow

    @property
    def listing(self) -> Path:
        """The list of projects in Git."""
        return self.sources / LIST

    def folders(self) -> list[str]:
        """Return the names of the projects in folders."""
        return discover(self.sources) if self.sources.is_dir() else []

    def listed(self) -> Listed:
        """Return what the list of projects in Git says. Raises :class:`InvalidFile` when it cannot be read at all."""
        listed = read_list(self.listing)
        if listed.problems:
            raise InvalidFile(listed.problems)
        return listed

    def names(self) -> set[str]:
        """Return the names of all projects, those with a wrong entry in the list too; raises as :meth:`listed`."""
        listed = self.listed()
        return {*self.folders(), *(one.name for one in listed.projects), *listed.refused}

    def in_git(self, name: str) -> GitProject | None:
        """Return a project in Git, or ``None``. Raises :class:`InvalidFile` when its own entry is wrong."""
        listed = self.listed()
        if name in listed.refused:
            raise InvalidFile(listed.refused[name])
        return next((one for one in listed.projects if one.name == name), None)

    def require_free(self, name: str) -> None:
        """Raise :class:`ChangeRefused` when there is a project of this name."""
        if name in self.names() or (self.sources / name).exists():
            raise ChangeRefused(f"There is a project '{name}' already.")

    @contextmanager
    def mirror(self, project: GitProject) -> Iterator[tuple[Mirror, Path]]:
        """Yield the remote of a project, and a folder for what is fetched of it; the folder is gone afterwards."""
        known = self.ask([project.connection] if project.connection else [])
        with tempfile.TemporaryDirectory(prefix="slipway-git-") as work:
            yield mirror_of(project, login(project, known), Path(work), self.sources), Path(work)

    @contextmanager
    def place(self, name: str) -> Iterator[Place]:
        """Yield where a project's files are changed. Raises :class:`ChangeRefused` when there is no such project."""
        if project := self.in_git(name):
            with self.mirror(project) as (mirror, _):
                yield GitPlace(project, mirror)
        elif name in self.folders():
            yield FolderPlace(self.sources / name)
        else:
            known = ", ".join(sorted(self.names())) or "none"
            raise ChangeRefused(f"There is no project '{name}'. There are: {known}.")

    def take(self, name: str, handled: Collection[str]) -> Taken:
        """Check a project as publishing would, as its files are now; raises as :meth:`place` does.

        :param handled: names of handled tasks
        """
        with tempfile.TemporaryDirectory(prefix="slipway-check-") as scratch:
            copy = Path(scratch, name)
            with self.place(name) as place:
                if isinstance(place, GitPlace):
                    return take_fetched(name, _fetched(place, Path(scratch, "fetched")), copy, handled)
            return take_folder(self.sources / name, copy, handled)


def _fetched(place: GitPlace, work: Path) -> Fetched:
    contents = read_remote(place.project, place.mirror, place.mirror.heads())
    return lay_out(place.project.name, contents, place.mirror, work)
