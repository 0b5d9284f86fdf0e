"""From files in Git to a project's folder: looked at first, so that nothing gets outside and nothing odd gets in.

Git itself checks nothing out here: no filters, no hooks, no links followed.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from slipway_core.keptn.problems import Problem, excerpt
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.remote.layout import Placed
from slipway_core.publish.survey import printable, too_large, wrong_name

LARGEST_PROJECT = 200_000_000
_LINK, _SUBMODULE = "120000", "160000"
_LARGEST_TEXT = 1_000_000
_PROSE = {".md", ".rst"}  # texts that may well show a conflict
_LFS = b"version https://git-lfs.github.com/spec/"
_IN_THE_WAY = ("it is no folder, but other files of the project come to lie below this name.", "Rename it.")
_DOUBLED = "two files of the repository would come to this place."


def check_listing(placed: Iterable[Placed], shown: Mapping[str, str]) -> list[Problem]:
    """Return what is wrong with files before any of them is read: names, sizes, submodules.

    :param shown: path in the project's folder → name in problems
    """
    placed = sorted(placed, key=lambda one: one.target)
    problems = [Problem(printable(shown[one.target]), None, *wrong) for one in placed if (wrong := _wrong(one))]
    folders = {str(parent) for one in placed for parent in PurePosixPath(one.target).parents}
    problems += [Problem(printable(shown[one.target]), None, *_IN_THE_WAY) for one in placed if one.target in folders]
    doubled = [one for number, one in enumerate(placed) if number and one.target == placed[number - 1].target]
    problems += [
        Problem(printable(shown[one.target]), None, _DOUBLED, "Keep the files of a stage in one place.")
        for one in doubled
    ]
    total = sum(one.file.size for one in placed)
    if total > LARGEST_PROJECT:
        message = f"its files are too large: {total / 1e6:.0f} MB together, at most {LARGEST_PROJECT / 1e6:.0f} MB."
        problems.append(
            Problem(next(iter(shown.values())), None, message, "Name a 'folder', or keep large files away.")
        )
    return problems


def check_contents(
    placed: Iterable[Placed], contents: Mapping[str, bytes], shown: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what is wrong with the contents of files: links that lead outside, conflicts, what Git LFS left."""
    for one in placed:
        name, data = shown[one.target], contents[one.file.blob]
        if one.file.mode == _LINK:
            goal = os.fsdecode(data)
            if _leads_out(one.path, goal):
                message = f"it is a link that leads out of the repository ('{printable(goal)}')."
                yield Problem(name, None, message, "Put the file itself here.")
        elif data.startswith(_LFS):
            yield Problem(name, None, "it lies in Git LFS, which is not read.", "Put the file itself into Git.")
        elif line := _conflict(one.path, data):
            advice = "Resolve the conflict, and commit the file without its markers."
            lines = data.decode("utf-8", "replace").splitlines()
            yield Problem(name, line, "a merge conflict was committed here.", advice, excerpt(lines, line))


def write(placed: Iterable[Placed], contents: Mapping[str, bytes], folder: Path) -> None:
    """Write files that were found good into a new folder; links last, so that none is ever written through."""
    folder.mkdir(parents=True)
    for one in sorted(placed, key=lambda one: one.file.mode == _LINK):
        target = folder / one.target
        target.parent.mkdir(parents=True, exist_ok=True)
        data = contents[one.file.blob]
        if one.file.mode == _LINK:
            target.symlink_to(os.fsdecode(data))
            continue
        mode = 0o755 if one.file.mode == "100755" else 0o644
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
            file.write(data)


def _wrong(one: Placed) -> tuple[str, str] | None:
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in one.path.split("/")):
        return "its name leads astray.", "Rename it."
    if wrong := wrong_name(one.path):
        return wrong
    if one.file.mode == _SUBMODULE:
        return "it is a submodule; submodules are not fetched.", "Put the files themselves into the repository."
    if one.target == SHIPYARD and one.file.mode == _LINK:
        return "it is a link; a shipyard in Git must be a file.", "Put the file itself here."
    return too_large(one.file.size)


def _leads_out(path: str, goal: str) -> bool:
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), goal))
    return goal.startswith("/") or place == ".." or place.startswith("../") or "\0" in goal or not goal


def _conflict(path: str, data: bytes) -> int | None:
    """Return the number of the line that a conflict begins in, or ``None``."""
    if len(data) > _LARGEST_TEXT or b"\0" in data or PurePosixPath(path).suffix.lower() in _PROSE:
        return None
    # No regular expression over the whole text: it takes minutes for many marks without an end.
    begun, halved = None, False
    for number, line in enumerate(data.split(b"\n"), 1):
        if begun is None:
            begun = number if line.startswith(b"<<<<<<< ") else None
        elif not halved:
            halved = line.removesuffix(b"\r") == b"======="
        elif line.startswith(b">>>>>>> "):
            return begun
    return None
