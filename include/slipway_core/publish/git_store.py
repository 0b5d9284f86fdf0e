"""The published tree's Git repository: bare, one branch, commits made whole or not at all.

Files go in byte for byte: no ignore rules, no line-end conversion.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import PublishFailed
from slipway_core.publish.git_command import run_git

BRANCH = "main"
LOCK = "slipway.lock"
_REF = f"refs/heads/{BRANCH}"


class Entry(NamedTuple):
    """A file of a tree: Git's mode and the id of its content."""

    mode: str
    blob: str


Tree = dict[str, Entry]


class GitStore:
    """A bare repository.

    :param folder: where it is; made on first use
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store for one publisher at a time; made first if it is missing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.folder / "HEAD").is_file():
                self._git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}")
            yield

    def head(self) -> str | None:
        """Return the newest commit, or ``None`` when nothing was published yet."""
        return self._git("for-each-ref", "--format=%(objectname)", _REF).decode().strip() or None

    def tree(self, commit: str | None) -> Tree:
        """Return all files of a commit by path."""
        if commit is None:
            return {}
        tree: Tree = {}
        for line in self._git("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            about, _, path = line.partition(b"\t")
            mode, _, blob = about.decode().split(" ")
            tree[os.fsdecode(path)] = Entry(mode, blob)
        return tree

    def read(self, entry: Entry) -> bytes:
        """Return the content of a file."""
        return self._git("cat-file", "blob", entry.blob)

    def add_files(self, paths: list[Path]) -> list[str]:
        """Store files; returns the id of each. Names must hold no line end."""
        if not paths:
            return []
        names = "".join(f"{path}\n" for path in paths).encode()
        return self._git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names).decode().split()

    def add_text(self, content: bytes) -> str:
        """Store content that is no file; returns its id."""
        return self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()

    def write_tree(self, tree: Tree) -> str:
        """Store a whole tree; returns its id."""
        listing = b"".join(
            f"{entry.mode} {entry.blob}\t".encode() + os.fsencode(path) + b"\0" for path, entry in sorted(tree.items())
        )
        with tempfile.TemporaryDirectory(prefix="slipway-index-") as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            self._git("update-index", "-z", "--index-info", stdin=listing, env=index)
            return self._git("write-tree", env=index).decode().strip()

    def make_commit(self, tree: Tree, parent: str | None, message: str) -> str:
        """Store a commit of a whole tree that no branch points to yet; returns its id."""
        parents = ["-p", parent] if parent else []
        return self._git("commit-tree", self.write_tree(tree), *parents, stdin=message.encode()).decode().strip()

    def commit(self, tree: Tree, parent: str | None, message: str) -> str:
        """Make a commit of a whole tree and move the branch to it, in one step; returns its id.

        Raises :class:`PublishFailed` when the branch moved since ``parent`` was read.
        """
        made = self.make_commit(tree, parent, message)
        self._git("update-ref", _REF, made, parent or "0" * len(made))
        self._git("gc", "--auto", "--quiet")
        return made

    def _git(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = run_git(self.folder, *arguments, stdin=stdin, env=env)
        if done.code:
            raise PublishFailed(f"git {arguments[0]} failed in {self.folder}: {done.err}")
        return done.out
