"""The files of a project, looked up for one service of one stage.

`<service>/…` holds for all stages, `stages/<stage>/<service>/…` for one and wins; `stages/<stage>/…` and the project's
own folder are the levels above.
"""

from __future__ import annotations

from pathlib import Path

from slipway_core.keptn.problems import UnsafePath

STAGES = "stages"


class ProjectFiles:
    """Finds files of a service in a stage, and never leaves the project's folder.

    :param folder: folder of the project
    :param stage: name of the stage
    :param service: name of the service
    """

    def __init__(self, folder: Path, stage: str, service: str) -> None:
        self.folder, self.stage, self.service = folder, stage, service
        self.service_levels = (self._inside(f"{STAGES}/{stage}/{service}"), self._inside(service))

    def find(self, relative: str) -> Path | None:
        """Return a file (or folder) of the service: the stage's own before the one for all stages."""
        return next(iter(self._existing(relative, self.service_levels)), None)

    def find_all_levels(self, relative: str) -> list[Path]:
        """Return a file on every level that has it, nearest first: service of stage, service, stage, project."""
        levels = (*self.service_levels, self._inside(f"{STAGES}/{self.stage}"), self.folder)
        return self._existing(relative, levels)

    def overlay(self, relative: str) -> list[Path]:
        """Return the files to lay over each other, in merge order: service first, then the stage's own."""
        return self._existing(relative, self.service_levels)[::-1]

    def chart(self) -> Path | None:
        """Return the service's Helm chart: an archive or a folder, in `charts/` before `helm/`."""
        for place in ("charts", "helm"):
            for name in (f"{place}/{self.service}.tgz", f"{place}/{self.service}"):
                found = self.find(name)
                if found and (found.is_file() if name.endswith(".tgz") else (found / "Chart.yaml").is_file()):
                    return found
        plain = self.find("helm")
        return plain if plain and (plain / "Chart.yaml").is_file() else None

    def chart_places(self) -> list[str]:
        """Return where :meth:`chart` looks, for messages."""
        names = [f"{place}/{self.service}{end}" for place in ("charts", "helm") for end in (".tgz", "/")]
        return [f"{self.service}/{name}" for name in [*names, "helm/"]]

    def _existing(self, relative: str, levels: tuple[Path, ...]) -> list[Path]:
        candidates = (self._inside(str(level.relative_to(self.folder) / relative)) for level in levels)
        return [path for path in candidates if path.exists()]

    def _inside(self, relative: str) -> Path:
        """Return a path below the project's folder; raises :class:`UnsafePath` when it, or a link in it, leads out."""
        path = self.folder / relative
        root = self.folder.resolve()
        if Path(relative).is_absolute() or ".." in Path(relative).parts or not path.resolve().is_relative_to(root):
            raise UnsafePath(f"{relative}: leads out of the project's folder {self.folder}. Use a path inside it.")
        return path
