"""``ActionOperator``: takes one action against a problem, within the limits of its stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import timezone
from slipway_core.keptn.incoming import lookup
from slipway_core.keptn.settings import HealingSettings

from slipway.kept import task_run
from slipway.operators.task import BEGIN_TASK_ID, TRIGGERED, TaskFailed, TaskOperator, TaskReport

if TYPE_CHECKING:
    from slipway_core.records import Action, NewAction, Records

SCALING = "scaling"  # the block of a report that says how a count of replicas was changed


class ActionOperator(TaskOperator):
    """Take the action that ``get-action`` found: ask the limits, hand it to its handler, record what became of it.

    Each decision is in the records (``./slipway actions``). What the limits refuse fails, and says when the next action
    is allowed. In a dry run nothing is done, and the task passes.

    :param handler: takes the name of an action; gives the operator that does it, or raises :class:`LookupError`.
    :param limits: those of the stage.
    """

    def __init__(
        self, *, handler: Callable[[str], TaskOperator], limits: HealingSettings | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.handler = handler
        self.limits = limits or HealingSettings()
        self._working: TaskOperator | None = None

    @cached_property
    def records(self) -> Records:
        """Where actions are kept."""
        from slipway_core.records import open_records  # late: every task start parses this file

        return open_records()

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Take the action; a try after a broken one goes on with it, and asks the limits no second time."""
        from slipway_core.records.action_entries import ASKED, DONE, DRY, REFUSED

        name, value = (lookup(payload, "action", field) for field in ("action", "value"))
        if not isinstance(name, str) or not name:
            raise TaskFailed(f"Field 'action.action' must name an action such as 'scale', not {name!r}.")
        new = new_action(payload, context, name, value)
        try:
            handler = self.handler(new.action)
        except LookupError as error:
            self.records.actions.note(new, REFUSED, str(error))
            raise TaskFailed(str(error)) from error
        asked = self.records.actions.ask(new, self.limits)
        if asked.state == ASKED:
            return self._take(asked, handler, payload, context)
        if asked.state == DRY:
            said = "" if new.value is None else f" with value {new.value!r}"
            return TaskReport(message=f"Dry run: action '{new.action}'{said} was not taken.")
        if asked.state == DONE:  # the task was lost after it had done its work
            return TaskReport(message=asked.why)
        came_to = "is refused" if asked.state == REFUSED else "has failed"
        raise TaskFailed(f"Action '{new.action}' on '{new.service}' in stage '{new.stage}' {came_to}. {asked.why}")

    def on_kill(self) -> None:
        """End what the handler does."""
        super().on_kill()
        if self._working is not None:
            self._working.on_kill()

    def _take(self, asked: Action, handler: TaskOperator, payload: dict[str, Any], context: Any) -> TaskReport:
        from slipway_core.records import Scaled
        from slipway_core.records.action_entries import DONE, FAILED

        self._working = handler
        try:
            report = handler.perform(payload, context)
        except TaskFailed as error:
            if not self._stopped:  # what somebody ended is no outcome
                self.records.actions.finish(asked.id, FAILED, str(error))
            raise
        scaled = report.data.get(SCALING)
        change = Scaled(scaled["before"], scaled["after"], scaled["byValues"]) if scaled else None
        if change and change.before == change.after:
            change = None
        self.records.actions.finish(asked.id, FAILED if report.result == "fail" else DONE, report.message, change)
        return report


def new_action(payload: Mapping[str, Any], context: Any, name: str, value: Any) -> NewAction:
    """Return an action of the task that runs, for the records."""
    from slipway_core.records import NewAction

    begin = context["ti"].xcom_pull(task_ids=BEGIN_TASK_ID, key=TRIGGERED) or {}
    return NewAction(
        context=str(begin.get("context", "")),
        project=payload["project"],
        stage=payload["stage"],
        service=payload["service"],
        run=task_run(context),
        action=name,
        value=value,
        asked=timezone.utcnow(),
    )
