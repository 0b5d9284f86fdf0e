"""What is watched of projects as they are published: their files come out of the published repository."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path, PurePosixPath

from slipway_core.alerting.project import Watched, watched
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.publish.git_store import GitStore, Tree
from slipway_core.publish.load import PROJECTS

_LINK = "120000"  # Git's mode of a link
_READ = (".yaml", ".yml")
_CHARTS = {"charts", "helm"}
log = logging.getLogger(__name__)


class PublishedAlerts:
    """Reads the alert rules of published projects, each anew only when its files have changed.

    :param store: the published Git repository
    """

    def __init__(self, store: Path) -> None:
        self._git = GitStore(store)
        self._published: tuple[str | None, Tree] = None, {}
        self._known: dict[str, tuple[Tree, ProjectPlan, tuple[Watched, ...]]] = {}

    def of(self, plan: ProjectPlan) -> tuple[Watched, ...]:
        """Return every service of every stage of a project; nothing when its files cannot be read, which is logged.

        :param plan: of what runs now
        """
        try:
            tree = self._files(plan.project)
            known = self._known.get(plan.project)
            if known is None or known[:2] != (tree, plan):
                self._known[plan.project] = known = tree, plan, self._read(tree, plan)
        except Exception:  # a fault of ours in one project must not stop the others
            log.exception("the alert rules of project %s could not be made", plan.project)
            return ()
        return known[2]

    def _files(self, project: str) -> Tree:
        """Return those files of a project that may say something of its alerts, and all links: they may lead there."""
        beginning = f"{PROJECTS}/{project}/"
        head = self._git.head()
        if head != self._published[0]:
            self._published = head, self._git.tree(head)
        tree = self._published[1]
        files = {path.removeprefix(beginning): entry for path, entry in tree.items() if path.startswith(beginning)}
        return {path: entry for path, entry in files.items() if entry.mode == _LINK or _may_matter(PurePosixPath(path))}

    def _read(self, tree: Tree, plan: ProjectPlan) -> tuple[Watched, ...]:
        with tempfile.TemporaryDirectory(prefix="slipway-alerts-") as scratch:
            folder = Path(scratch, plan.project)
            folder.mkdir()
            for path, entry in tree.items():
                place = folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                content = self._git.read(entry)
                if entry.mode == _LINK:
                    place.symlink_to(content.decode())
                else:
                    place.write_bytes(content)
            return tuple(watched(folder, plan))


def _may_matter(path: PurePosixPath) -> bool:
    return path.suffix in _READ and not _CHARTS & set(path.parts)
