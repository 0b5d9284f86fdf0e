"""How the files of a project lie in Git, and where they go in a project's folder (sequences.md 8.2).

Found by looking: Keptn's metadata.yaml does not say it reliably (jobs.md 6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from slipway_core.keptn.project_files import STAGES
from slipway_core.keptn.shipyard import shipyard_of
from slipway_core.keptn.source import read_source
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.load import BRANCHES
from slipway_core.publish.remote.mirror import RemoteFile

__all__ = ["BRANCHES", "FOLDERS", "OURS", "Placed", "in_git", "layout_of", "place", "stages_of"]

OURS = "stages"  # all on one branch, as in a folder of ours
FOLDERS = ".keptn-stages"  # all on one branch, a folder per stage

_METADATA = "metadata.yaml"
_NOT_OF_A_STAGE = {SHIPYARD, _METADATA}

Files = Mapping[str, RemoteFile]


class Placed(NamedTuple):
    """A file in Git and its place in the project's folder.

    :param branch: where it was found
    :param path: its path there
    :param target: its path in the project's folder
    """

    branch: str
    path: str
    target: str
    file: RemoteFile


def stages_of(shipyard: bytes) -> tuple[str, ...]:
    """Return the names of the stages of a shipyard; none when it is not valid."""
    found, _ = shipyard_of(read_source(shipyard, SHIPYARD))
    return tuple(stage.name for stage in found.stages) if found else ()


def layout_of(paths: Iterable[str], stages: Iterable[str], branches: Collection[str]) -> str:
    """Return how a project lies in Git.

    :param paths: files of its default branch
    :param stages: its stages
    :param branches: all branches that there are
    """
    tops = {path.split("/", 1)[0] for path in paths if "/" in path}
    if FOLDERS in tops:
        return FOLDERS
    if STAGES not in tops and any(stage in branches for stage in stages):
        return BRANCHES
    return OURS


def place(layout: str, default: str, trees: Mapping[str, Files]) -> Iterator[Placed]:
    """Yield where each file goes; what only Keptn's own store needed is left out.

    :param layout: as :func:`layout_of` says
    :param default: the branch with the shipyard
    :param trees: branch → files
    """
    for path, file in trees[default].items():
        if layout == OURS:
            yield Placed(default, path, path, file)
        elif layout == FOLDERS and path.startswith(f"{FOLDERS}/"):
            _, stage, *rest = path.split("/", 2)
            if rest and rest[0] not in _NOT_OF_A_STAGE:
                yield Placed(default, path, f"{STAGES}/{stage}/{rest[0]}", file)
        elif path != _METADATA:
            yield Placed(default, path, path, file)
    for branch, files in trees.items():
        if branch != default:
            for path, file in files.items():
                if path not in _NOT_OF_A_STAGE:
                    yield Placed(branch, path, f"{STAGES}/{branch}/{path}", file)


def in_git(layout: str, default: str, stage: str, path: str) -> tuple[str, str]:
    """Return branch and path in Git of a project's or a stage's file: the reverse of :func:`place`.

    :param stage: name of the stage; empty for a file of the project
    :param path: path below the project or the stage
    """
    if not stage:
        return default, path
    if layout == BRANCHES:
        return stage, path
    return default, str(PurePosixPath(FOLDERS if layout == FOLDERS else STAGES, stage, path))
