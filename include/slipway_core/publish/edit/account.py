"""Taking over an existing Keptn repository: what becomes of each of its files, line by line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import ERROR, NOTE, Problem
from slipway_core.keptn.project_files import STAGES
from slipway_core.keptn.source import Mapping as YamlMapping
from slipway_core.keptn.source import Scalar, read_source
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.git_store import Entry, GitStore
from slipway_core.publish.remote.fetch import Contents, lay_out, shown_as
from slipway_core.publish.remote.layout import BRANCHES, FOLDERS
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import Fetched
from slipway_core.publish.survey import printable, survey
from slipway_core.publish.take import take_fetched

KEPT, CHANGED, REFUSED, NOTED = "kept", "changed", "refused", "note"
_METADATA = "metadata.yaml"
_WHY = {
    BRANCHES: "a stage is a folder here, not a branch",
    FOLDERS: f"the folder of the stages is called '{STAGES}' here",
}


class Line(NamedTuple):
    """One line of the account.

    :param what: kept, changed, refused or note
    :param file: as it is called in the repository
    """

    what: str
    file: str
    why: str = ""


class Account(NamedTuple):
    """What a repository becomes.

    :param fetched: its files, laid out; without a folder when they must not be
    """

    lines: tuple[Line, ...]
    fetched: Fetched


def account(name: str, contents: Contents, mirror: Mirror, work: Path, handled: Collection[str]) -> Account:
    """Lay a repository out and say what became of each file.

    :param name: name of the project
    :param contents: what was fetched
    :param work: folder for the files; a copy for checking goes there, too
    :param handled: names of handled tasks
    """
    fetched = lay_out(name, contents, mirror, work)
    problems = fetched.problems
    if fetched.folder:
        problems = take_fetched(name, fetched, work / "copy", handled).checked.problems
    return Account((*_files(name, contents), *_without_branch(name, contents), *lines_of(problems)), fetched)


def project_name(contents: Contents, mirror: Mirror) -> str:
    """Return the name that Keptn gave the project; empty when nothing says it."""
    file = contents.trees[contents.source.branch].get(_METADATA)
    root = read_source(mirror.read([file.blob])[file.blob], _METADATA).root if file and file.plain else None
    found = root.get("projectName") if isinstance(root, YamlMapping) else None
    return found.text if isinstance(found, Scalar) else ""


def as_repository(folder: Path, target: Path) -> list[Problem]:
    """Make a repository of a folder that is none, so that it can be looked at as one; returns what was left out."""
    store = GitStore(target)
    found, problems = survey(folder, folder.name)
    with store.locked():
        plain = [one for one in found if one.git_mode != "120000"]
        blobs = store.add_files([(folder / one.relative).absolute() for one in plain])
        tree = {one.relative: Entry(one.git_mode, blob) for one, blob in zip(plain, blobs, strict=True)}
        for one in found:
            if one.git_mode == "120000":
                tree[one.relative] = Entry(
                    one.git_mode, store.add_text(str((folder / one.relative).readlink()).encode())
                )
        store.commit(tree, None, "import")
    return problems


def lines_of(problems: Iterable[Problem]) -> tuple[Line, ...]:
    """Return problems as lines of an account."""
    lines = []
    for one in problems:
        if one.severity != NOTE:
            where = one.file if one.line is None else f"{one.file}, line {one.line}"
            lines.append(
                Line(REFUSED if one.severity == ERROR else NOTED, where, f"{one.message} {one.advice}".strip())
            )
    return tuple(lines)


def _without_branch(name: str, contents: Contents) -> Iterator[Line]:
    if contents.source.layout == BRANCHES:
        for stage in contents.stages:
            if stage not in contents.trees:
                why = f"stage '{stage}' has no branch, and so no files of its own. Push its branch, if there is one."
                yield Line(NOTED, f"{name}/{SHIPYARD}", why)


def _files(name: str, contents: Contents) -> Iterator[Line]:
    source = contents.source
    why = _WHY.get(source.layout, "")
    placed = contents.placed()
    for one in placed:
        shown = printable(shown_as(name, one, source))
        if one.target == one.path:
            yield Line(KEPT, shown)
        else:
            yield Line(CHANGED, shown, f"is read as {printable(one.target)}: {why}")
    known = {(one.branch, one.path) for one in placed}
    for branch, files in contents.trees.items():
        for path in files:
            if (branch, path) not in known:
                where = f" (branch {branch})" if branch != source.branch else ""
                yield Line(CHANGED, f"{name}/{printable(path)}{where}", "is left out: only Keptn's own store needed it")
