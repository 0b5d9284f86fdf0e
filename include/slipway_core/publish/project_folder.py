"""A project as people name it on a command line."""

from __future__ import annotations

from pathlib import Path

from slipway_core.keptn.problems import InvalidEvent
from slipway_core.places import checkout
from slipway_core.publish.check import SHIPYARD


def project_folder(project: str) -> Path:
    """Return a project's folder; raises :class:`InvalidEvent` when there is none.

    :param project: a folder with a shipyard.yaml, or the name of one in include/projects or include/samples
    """
    include = checkout() / "include"
    for folder in (Path(project), include / "projects" / project, include / "samples" / project):
        if (folder / SHIPYARD).is_file():
            return folder.resolve()
    raise InvalidEvent(
        project,
        f"is no project: no {SHIPYARD} in this folder, nor in include/projects/{project} or include/samples/{project}. "
        "Of one in Git, name the folder of a clone.",
    )
