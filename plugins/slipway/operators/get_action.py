"""``GetActionOperator``: finds the next action against a problem."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway_core.keptn import get_action
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.remediation import load_remediation

from slipway.operators.task import TaskOperator, TaskReport


class GetActionOperator(TaskOperator):
    """Take the next action from the service's ``remediation.yaml`` (sequences.md 7.2, R59 to R63).

    It reports ``action``, and counts ``get-action.actionIndex`` on: a sequence that follows itself while its
    evaluation fails takes one action after the other, until the list ends.

    :param files: folder of the project.
    """

    def __init__(self, *, files: Path | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Report the action, or why there is none."""
        data = self._next_action(payload)
        blocks = {name: data[name] for name in ("action", get_action.TASK) if name in data}
        message = data["message"]
        if action := blocks.get("action"):
            message = f"Action {data[get_action.TASK]['actionIndex'] - 1}: {action['name']} ({action['action']})."
        return TaskReport(data["result"], message, blocks, data["status"])

    def _next_action(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        files = ProjectFiles(Path(str(self.files)), payload["stage"], payload["service"])
        path = files.find(get_action.FILE)
        if path is None:
            return get_action.next_action(payload, None)
        try:
            shown = f"{files.folder.name}/{path.relative_to(files.folder)}"
            return get_action.next_action(payload, load_remediation(path, shown))
        except InvalidFile as error:
            return get_action.next_action(payload, None, str(error))
