"""One remote repository: its branches asked, its commits fetched into a bare repository of ours, new ones pushed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import PublishFailed
from slipway_core.publish.git_command import GitTookTooLong, run_git
from slipway_core.publish.git_store import LOCK, GitStore
from slipway_core.publish.remote.access import access, basic
from slipway_core.publish.remote.faults import explain, too_slow
from slipway_core.publish.remote.records import Credentials

TIMEOUT = 30.0  # seconds for one command that talks to the remote
_HEADS = "refs/heads/"
_TRACKED = "refs/remotes/"


class RemoteFile(NamedTuple):
    """A file of a commit: Git's mode, the id of its content, and its size in bytes (0 for a submodule)."""

    mode: str
    blob: str
    size: int

    @property
    def plain(self) -> bool:
        """Whether it has a content of its own: it is neither a link nor a submodule."""
        return self.mode.startswith("100")


class Mirror:
    """A remote, and what was fetched of it.

    :param folder: the bare repository of ours; made on first use
    :param remote: address or path; holds no credentials
    """

    def __init__(self, folder: Path, remote: str, credentials: Credentials | None = None) -> None:
        self.store = GitStore(folder)
        self.remote = remote
        self.credentials = credentials or Credentials()

    def heads(self) -> dict[str, str]:
        """Ask the remote: branch → commit. Raises :class:`RemoteFailed`."""
        lines = self._remote("ls-remote", "--heads", "--", self.remote).decode("utf-8", "replace").splitlines()
        pairs = (line.partition("\t") for line in lines)
        return {ref.removeprefix(_HEADS): commit for commit, _, ref in pairs}

    def tracked(self) -> dict[str, str]:
        """Ask a remote that is a clone of another one for the branches that it only follows: name → name there.

        Raises :class:`RemoteFailed`.
        """
        lines = self._remote("ls-remote", "--", self.remote, f"{_TRACKED}*").decode("utf-8", "replace").splitlines()
        names = [line.partition("\t")[2].removeprefix(_TRACKED) for line in lines]
        return {name.partition("/")[2]: name for name in names}

    def default_branch(self) -> str:
        """Return the branch that HEAD means; empty when the remote does not say. Raises :class:`RemoteFailed`."""
        said = self._remote("ls-remote", "--symref", "--", self.remote, "HEAD").decode("utf-8", "replace")
        first = said.partition("\t")[0]
        return first.removeprefix(f"ref: {_HEADS}") if first.startswith(f"ref: {_HEADS}") else ""

    def fetch(self, branches: list[str]) -> dict[str, str]:
        """Fetch the newest commits of branches; returns them by branch. Raises :class:`RemoteFailed`."""
        if not branches:
            return {}
        refs = [f"+{_HEADS}{branch}:refs/fetched/{branch}" for branch in branches]
        how = ["--quiet", "--depth=1", "--no-tags", "--force", "--no-recurse-submodules", "--no-write-fetch-head"]
        self._remote("fetch", *how, "--", self.remote, *refs)
        return {branch: self._local("rev-parse", f"refs/fetched/{branch}").decode().strip() for branch in branches}

    def push(self, moves: Mapping[str, tuple[str | None, str]]) -> None:
        """Move branches of the remote, all or none.

        :param moves: branch → (the commit it must be at, ``None`` for a new branch; the commit to move it to)
        Raises :class:`RemoteMoved` when one of them is elsewhere by now, :class:`RemoteFailed` for all else.
        """
        leases = [f"--force-with-lease={_HEADS}{branch}:{before or ''}" for branch, (before, _) in moves.items()]
        refs = [f"{commit}:{_HEADS}{branch}" for branch, (_, commit) in moves.items()]
        self._remote("push", "--porcelain", "--no-verify", "--atomic", *leases, "--", self.remote, *refs)

    def files(self, commit: str, folder: str = "") -> dict[str, RemoteFile]:
        """Return the files of a commit by path; names that are not UTF-8 hold surrogates.

        :param folder: only what is below it, named from there
        """
        found = {}
        prefix = f"{folder}/" if folder else ""
        for line in self._local("ls-tree", "-r", "-l", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            mode, _, blob, size = about.decode().split()
            path = os.fsdecode(name)
            if path.startswith(prefix):
                found[path.removeprefix(prefix)] = RemoteFile(mode, blob, int(size) if size != "-" else 0)
        return found

    def read(self, blobs: list[str]) -> dict[str, bytes]:
        """Return contents by id."""
        wanted = list(dict.fromkeys(blobs))
        output = self._local("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
        contents, at = {}, 0
        for blob in wanted:
            end = output.index(b"\n", at)
            size = int(output[at:end].split(b" ")[2])
            contents[blob] = output[end + 1 : end + 1 + size]
            at = end + 1 + size + 1
        return contents

    def _remove_old_locks(self) -> None:
        """Remove what a git that was killed left behind; nobody else is at work here, for the store is locked."""
        folder = self.store.folder
        for lock in (*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")):
            if lock.name != LOCK:
                lock.unlink(missing_ok=True)

    def _local(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = run_git(self.store.folder, *arguments, stdin=stdin)
        if done.code:
            raise PublishFailed(f"git {arguments[0]} failed in {self.store.folder}: {done.err}")
        return done.out

    def _remote(self, *arguments: str) -> bytes:
        with self.store.locked(), access(self.remote, self.credentials) as variables:
            self._remove_old_locks()
            try:
                done = run_git(self.store.folder, *arguments, env=variables, timeout=TIMEOUT)
            except GitTookTooLong as error:
                raise too_slow(self.remote, TIMEOUT) from error
        if done.code:
            self._local("rev-parse", "--git-dir")  # fails when it is our own repository that is broken
            said = f"{done.err}\n{done.out.decode('utf-8', 'replace')}"
            raise explain(said, self.remote, (self.credentials.password, basic(self.credentials)))
        return done.out
