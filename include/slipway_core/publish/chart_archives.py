"""Chart archives, looked into before they are published: what is inside must stay inside."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from slipway_core.keptn.problems import Problem

_MOST_MEMBERS = 10_000
_REPACK = "Make the archive anew with `helm package`."


def check_archive(path: Path, shown_as: str) -> list[Problem]:
    """Return what is wrong with a chart archive: it cannot be read, or a member of it climbs out of its folder.

    :param shown_as: the archive's name in problems
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            wrong = next(_wrong_members(archive), "")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        wrong = f"it is no chart archive: {error}."
    return [Problem(shown_as, None, wrong, _REPACK)] if wrong else []


def _wrong_members(archive: tarfile.TarFile) -> Iterator[str]:
    for number, member in enumerate(archive):
        if number >= _MOST_MEMBERS:
            yield f"it holds more than {_MOST_MEMBERS:,} files."
            return
        if _climbs(member.name):
            yield f"its member '{member.name}' climbs out of the chart's folder."
        if (member.issym() or member.islnk()) and _climbs(member.linkname):
            yield f"its link '{member.name}' leads out of the chart's folder ('{member.linkname}')."
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            yield f"its member '{member.name}' is neither a file nor a folder nor a link."


def _climbs(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts
