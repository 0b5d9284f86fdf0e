"""Where a project's files are changed: in a folder, or in Git."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol

from slipway_core.keptn.problems import RemoteFailed
from slipway_core.keptn.settings import FILE
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.edit.view import ChangeRefused, Changes, Spot, View, named_services, services_among
from slipway_core.publish.git_store import Entry
from slipway_core.publish.remote.faults import RemoteMoved
from slipway_core.publish.remote.fetch import Contents, read_remote
from slipway_core.publish.remote.layout import OURS, stages_of
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import GitProject, Source
from slipway_core.publish.survey import survey

Edit = Callable[[View], Changes]
TRIES = 5
_PAUSE = 1.0  # seconds between two tries, as Keptn's store waited


class Place(Protocol):
    """A project's files, to be looked at and changed."""

    def view(self) -> View:
        """Return the project as it is now."""

    def change(self, edit: Edit, message: str) -> Changes:
        """Change it, and return what was changed.

        :param edit: returns what to write for the project as it is; called again when it has changed meanwhile
        :param message: what the change is, for people who read the history
        """


class FolderPlace:
    """A project in a folder of its own.

    :param folder: the folder; made if missing
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def view(self) -> View:
        """Return the project as it is now."""
        found = survey(self.folder, self.folder.name)[0] if self.folder.is_dir() else []
        paths = {one.relative for one in found}

        def read(spot: Spot) -> bytes:
            return (self.folder / spot.path).read_bytes()

        stages = stages_of(read(Spot("", SHIPYARD))) if SHIPYARD in paths else ()
        named = named_services(read(Spot("", FILE)) if FILE in paths else None)
        services = services_among(paths, stages, named)
        return View("", OURS, stages, services, named, frozenset(Spot("", path) for path in paths), read)

    def change(self, edit: Edit, message: str) -> Changes:
        """Change it: each file in one step, so that nobody reads half of it."""
        changes = edit(self.view())
        targets = {spot: self._target(spot.path) for spot in changes}
        for spot, content in changes.items():
            target = targets[spot]
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f".{target.name}.new")
            fresh.write_bytes(content)
            fresh.replace(target)
        for target in (targets[spot] for spot, content in changes.items() if content is None):
            self._remove_if_empty(target.parent)
        return changes

    def delete(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder)

    def _target(self, path: str) -> Path:
        """Return where a file is. What a link leads to is not ours to write, and no view shows what is not read."""
        for above in reversed(PurePosixPath(path).parents[:-1]):
            place = self.folder / above
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                raise ChangeRefused(f"{path}: '{above}' is a file or a link, so nothing lies below it. Remove it.")
        target = self.folder / path
        if target.is_dir() and not target.is_symlink():
            raise ChangeRefused(f"{path}: there is a folder of this name. Choose another path.")
        return target

    def _remove_if_empty(self, folder: Path) -> None:
        """Remove a folder without files, and those above it; what is never read counts as nothing."""
        while folder != self.folder and (not folder.exists() or _is_empty(folder)):
            if folder.exists():
                shutil.rmtree(folder)
            folder = folder.parent


def _is_empty(folder: Path) -> bool:
    """Say whether nothing in a folder would be read."""
    return all(
        one.is_dir() and not one.is_symlink() and (one.name.lower() == "__pycache__" or _is_empty(one))
        for one in folder.iterdir()
    )


class GitPlace:
    """A project in Git. A change is a commit on the newest state of each branch; if others were faster, made anew.

    :param project: its entry in the list
    :param pause: seconds between two tries
    """

    def __init__(self, project: GitProject, mirror: Mirror, pause: float = _PAUSE) -> None:
        self.project, self.mirror, self.pause = project, mirror, pause

    def view(self) -> View:
        """Fetch the project and return it."""
        return self._view(self._contents())

    def change(self, edit: Edit, message: str) -> Changes:
        """Change it. Raises :class:`RemoteFailed` when others pushed faster every time: then nothing was changed."""
        for _ in range(TRIES):
            contents = self._contents()
            changes = edit(self._view(contents))
            branches = {spot.branch for spot in changes}
            moves = {branch: self._commit(branch, contents, changes, message) for branch in sorted(branches)}
            try:
                if moves:
                    self.mirror.push(moves)
                return changes
            except RemoteMoved:
                time.sleep(self.pause)
        raise RemoteFailed(f"{self.mirror.remote}: others pushed faster, {TRIES} times.", "Try again; nothing is lost.")

    def _contents(self) -> Contents:
        heads = self.mirror.heads()
        if not heads:  # a repository that was only just made
            return Contents(Source(self.mirror.remote, self.project.branch, OURS, {}), {self.project.branch: {}}, ())
        return read_remote(self.project, self.mirror, heads)

    def _view(self, contents: Contents) -> View:
        trees, source = contents.trees, contents.source
        files = frozenset(Spot(branch, path) for branch, files in trees.items() for path in files)
        targets = [one.target for one in contents.placed()]

        def read(spot: Spot) -> bytes:
            blob = trees[spot.branch][spot.path].blob
            return self.mirror.read([blob])[blob]

        settings = trees[source.branch].get(FILE)
        named = named_services(read(Spot(source.branch, FILE)) if settings and settings.plain else None)
        services = services_among(targets, contents.stages, named)
        return View(source.branch, source.layout, contents.stages, services, named, files, read)

    def _commit(self, branch: str, contents: Contents, changes: Changes, message: str) -> tuple[str | None, str]:
        store, before = self.mirror.store, contents.source.commits.get(branch)
        tree = store.tree(before)
        prefix = f"{self.project.folder}/" if self.project.folder else ""
        for spot, content in changes.items():
            path = f"{prefix}{spot.path}"
            if spot.branch != branch:
                continue
            if content is None:
                tree.pop(path, None)
            else:
                mode = tree[path].mode if path in tree and tree[path].mode.startswith("100") else "100644"
                tree[path] = Entry(mode, store.add_text(content))
        made = store.make_commit(tree, before, message)
        if left_out := sorted(tree.keys() - store.tree(made).keys()):  # git only warns of names it does not take
            raise ChangeRefused(f"Git takes no file called '{left_out[0]}'. Choose another path.")
        return before, made
