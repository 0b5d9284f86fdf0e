"""What lies in a project's folder, looked at without following links; and a copy of it that stands still.

A link may not lead out of the folder, a file may not be huge, a name must be one that Git, Keptn and people can carry.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import Problem

LARGEST_FILE = 20_000_000
SKIPPED = {".git", "__pycache__"}  # folders that nobody reads, in lower case
_NO_LINK = "Put the file itself here."
_TRIES = 5
_PAUSE = 0.2  # seconds between two tries at a folder that is being written


class Found(NamedTuple):
    """One file or link: path relative to the folder, and its mode in Git."""

    relative: str
    git_mode: str


class StillChanging(Exception):
    """A folder was written to during every try to read it."""


def survey(folder: Path, shown_as: str) -> tuple[list[Found], list[Problem]]:
    """Return all files and links of a folder, and what is wrong with them.

    :param folder: the project's folder
    :param shown_as: name of the folder in problems
    """
    root = folder.resolve()
    found, problems = [], []
    for entry in _walk(folder):
        relative = os.path.relpath(entry.path, folder)
        wrong = wrong_name(relative) or _wrong_content(entry, root)
        if wrong:
            shown = printable(relative.encode("utf-8", "backslashreplace").decode())
            problems.append(Problem(f"{shown_as}/{shown}", None, *wrong))
        else:
            found.append(Found(relative, _git_mode(entry)))
    return sorted(found), problems


def digest(folder: Path, pattern: str = "*") -> str:
    """Return a fingerprint of a folder that changes when a file is written, added, renamed or removed. Reads no file.

    :param pattern: only files whose name matches count
    """
    lines = []
    for entry in _walk(folder):
        if not fnmatch.fnmatchcase(entry.name, pattern):
            continue
        status = entry.stat(follow_symlinks=False)
        lines.append(f"{entry.path}\0{status.st_mode}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}")
    text = "\n".join(sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def snapshot(folder: Path, target: Path, shown_as: str) -> tuple[list[Found], list[Problem]]:
    """Copy a folder as it was at one moment; returns what :func:`survey` does.

    :param target: where the copy goes; must not exist yet
    Raises :class:`StillChanging` when the folder does not stand still.
    """
    for _ in range(_TRIES):
        try:
            before = digest(folder)
            found, problems = survey(folder, shown_as)
            target.mkdir(parents=True)
            for one in found:
                place = target / one.relative
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(folder / one.relative, place, follow_symlinks=False)
            if digest(folder) == before:
                return found, problems
        except FileNotFoundError:  # gone between being seen and being copied
            pass
        shutil.rmtree(target, ignore_errors=True)
        time.sleep(_PAUSE)
    raise StillChanging


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif entry.name.lower() not in SKIPPED:
                yield from _walk(Path(entry.path))


def wrong_name(relative: str) -> tuple[str, str] | None:
    """Return what is wrong with the path of a file and what to do, or ``None``."""
    try:
        relative.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8.", "Rename it."
    if not relative.isprintable():
        return "its name holds a character that cannot be printed.", "Rename it."
    if ".." in relative or "~" in relative or Path(relative).name.lower() == ".git":
        return "its name holds '..' or '~', or is '.git'; Keptn's store took no such name either.", "Rename it."
    return None


def printable(text: str) -> str:
    """Return a text of others with a question mark for each character that cannot be shown in one line."""
    return "".join(char if char.isprintable() else "?" for char in text)


def too_large(size: int) -> tuple[str, str] | None:
    """Return what to say of a file of this many bytes, or ``None`` when it is not too large."""
    if size <= LARGEST_FILE:
        return None
    message = f"it is too large: {size / 1e6:.0f} MB, at most {LARGEST_FILE / 1e6:.0f} MB."
    return message, "Keep large files elsewhere."


def _wrong_content(entry: os.DirEntry[str], root: Path) -> tuple[str, str] | None:
    if entry.is_symlink():
        link = Path(entry.path)
        goal = link.readlink()
        if _is_circle(link):
            return f"it is a link that leads in a circle ('{printable(str(goal))}').", _NO_LINK
        if goal.is_absolute() or not link.resolve().is_relative_to(root):
            return f"it is a link that leads out of the project ('{printable(str(goal))}').", _NO_LINK
        return None
    status = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode):
        return "it is neither a file nor a folder nor a link.", "Remove it."
    return too_large(status.st_size)


def _is_circle(link: Path) -> bool:
    try:
        link.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _git_mode(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "120000"
    return "100755" if entry.stat(follow_symlinks=False).st_mode & 0o100 else "100644"
