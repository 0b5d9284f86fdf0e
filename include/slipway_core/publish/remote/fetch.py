"""One project in Git → a folder laid out as ours are; fetched again only when a branch of it has moved."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import Problem, RemoteFailed
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.remote.address import is_http, is_ssh, is_url, origin_of, wrong_remote
from slipway_core.publish.remote.layout import BRANCHES, Files, Placed, layout_of, place, stages_of
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Credentials, Fetched, GitProject, Source
from slipway_core.publish.remote.work_tree import check_contents, check_listing, write


class Seen(NamedTuple):
    """What a look at the remote found.

    :param heads: the branches that matter, each with its commit; ``None`` for one that is not there
    """

    heads: Mapping[str, str | None]
    fetched: Fetched


class Contents(NamedTuple):
    """The files of a project in Git, not looked at yet.

    :param trees: branch → files
    :param stages: of its shipyard; none when that is not valid
    """

    source: Source
    trees: Mapping[str, Files]
    stages: tuple[str, ...]

    def placed(self) -> list[Placed]:
        """Return where each file goes."""
        return list(place(self.source.layout, self.source.branch, self.trees))


def mirror_of(project: GitProject, credentials: Credentials, work: Path, base: Path) -> Mirror:
    """Return the mirror of a project's remote. Raises :class:`RemoteFailed` when connection and remote do not fit.

    :param work: folder for what is fetched
    :param base: folder that a path is relative to
    """
    remote = project.remote or credentials.remote
    if wrong := wrong_remote(remote):
        raise RemoteFailed(f"the repository of connection '{project.connection}' {wrong}.", "Write an address there.")
    own = origin_of(credentials.remote) if is_http(credentials.remote) else ""
    if own and is_http(remote) and origin_of(remote) != own:
        message = f"connection '{project.connection}' is for {own}, not for {remote}."
        raise RemoteFailed(message, "Its token is sent to its own host only. Name the right connection.")
    if not is_url(remote) and not is_ssh(remote):
        remote = str((base / Path(remote).expanduser()).resolve())
    return Mirror(work / "mirror.git", remote, credentials)


def look(project: GitProject, mirror: Mirror, work: Path, before: Seen | None) -> Seen:
    """Return the project as it is now; what was seen before is returned as it was when no branch has moved.

    Raises :class:`RemoteFailed`.
    """
    heads = mirror.heads()
    same = before and {branch: heads.get(branch) for branch in before.heads} == before.heads
    if before and same and (before.fetched.folder is None or before.fetched.folder.is_dir()):
        return before
    contents = read_remote(project, mirror, heads)
    branches = dict.fromkeys((project.branch, *contents.stages))
    return Seen({branch: heads.get(branch) for branch in branches}, lay_out(project.name, contents, mirror, work))


def read_remote(project: GitProject, mirror: Mirror, heads: Mapping[str, str]) -> Contents:
    """Fetch the branches of a project and find out how it lies in them. Raises :class:`RemoteFailed`."""
    if project.branch not in heads:
        there = ", ".join(sorted(heads)[:10]) or "none: it is empty"
        raise RemoteFailed(f"{mirror.remote}: there is no branch '{project.branch}'.", f"Its branches: {there}.")
    commits = mirror.fetch([project.branch])
    files = mirror.files(commits[project.branch], project.folder)
    if not files and project.folder:
        raise RemoteFailed(f"{mirror.remote}: there is no folder '{project.folder}'.", "Correct 'folder'.")
    trees = {project.branch: files}
    shipyard = files.get(SHIPYARD)
    stages = stages_of(mirror.read([shipyard.blob])[shipyard.blob]) if shipyard and shipyard.plain else ()
    _require_branches(mirror, files, stages, heads)
    layout = layout_of(files, stages, heads)
    if layout == BRANCHES:
        commits |= mirror.fetch([stage for stage in stages if stage in heads and stage != project.branch])
        trees |= {branch: mirror.files(commit, project.folder) for branch, commit in commits.items()}
    return Contents(Source(mirror.remote, project.branch, layout, commits), trees, stages)


def _require_branches(mirror: Mirror, files: Files, stages: tuple[str, ...], heads: Mapping[str, str]) -> None:
    """Refuse an ordinary clone: it holds the branches of stages only as those of its origin, which nobody can fetch."""
    missing = [stage for stage in stages if stage not in heads]
    if not missing or is_http(mirror.remote) or is_ssh(mirror.remote):
        return
    tracked = mirror.tracked()
    lost = [stage for stage in missing if stage in tracked]
    if lost and layout_of(files, stages, {*heads, *lost}) == BRANCHES:
        commands = "; ".join(f"`git branch {stage} {tracked[stage]}`" for stage in lost)
        raise RemoteFailed(
            f"{mirror.remote}: it is a clone, and has no branches of its own for the stages {', '.join(lost)}.",
            f"Name the address that it was cloned from, or make the branches in it: {commands}.",
        )


def lay_out(name: str, contents: Contents, mirror: Mirror, work: Path) -> Fetched:
    """Write a project's folder, or say why it is refused."""
    source, placed = contents.source, contents.placed()
    shown = {one.target: shown_as(name, one, source) for one in placed}
    problems = check_listing(placed, shown)
    if problems:
        return Fetched(None, source, tuple(problems))
    read = mirror.read([one.file.blob for one in placed])
    if problems := list(check_contents(placed, read, shown)):
        return Fetched(None, source, tuple(problems))
    # By the files too: another folder of the same commit is another tree.
    listed = repr((source.to_json(), [(one.target, one.file) for one in placed]))
    digest = hashlib.sha256(listed.encode()).hexdigest()[:20]
    trees = work / "trees"
    folder = trees / digest / name
    if not folder.is_dir():
        # The newest of the others may be read by a publisher just now.
        for old in sorted(trees.glob("*"), key=lambda one: one.stat().st_mtime)[:-1]:
            shutil.rmtree(old, ignore_errors=True)
        fresh = trees / f".{digest}"
        shutil.rmtree(fresh, ignore_errors=True)
        write(placed, read, fresh / name)
        fresh.rename(trees / digest)
    origins = {one.target: shown[one.target] for one in placed if shown[one.target] != f"{name}/{one.target}"}
    return Fetched(folder, source, (), origins)


def shown_as(name: str, one: Placed, source: Source) -> str:
    """Return the name of a file in problems: as people find it in Git."""
    return f"{name}/{one.path}" + (f" (branch {one.branch})" if one.branch != source.branch else "")


def refused(project: GitProject, fault: RemoteFailed, listing: str) -> Fetched:
    """Return a project whose remote could not be read.

    :param listing: name of the list that the project stands in
    """
    message = f"project '{project.name}': {fault.message}"
    return Fetched(problems=(Problem(listing, project.line, message, fault.advice),))
