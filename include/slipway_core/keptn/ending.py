"""The end of a sequence: how it came out, what its ``.finished`` says, and what each follower gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from slipway_core.keptn import event


class Ending(NamedTuple):
    """How a sequence ended.

    :param outcome: result, status, and the results of its tasks
    :param payload: what a follower inherits
    :param data: of its ``.finished``
    :param over: why somebody ended it before its time; empty for one that came to its own end
    """

    outcome: event.SequenceOutcome
    payload: dict[str, Any]
    data: dict[str, Any]
    over: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as an XCom holds it."""
        return {**self._asdict(), "outcome": self.outcome._asdict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ending:
        """Return what :meth:`as_dict` made plain data of; further keys are left out."""
        return cls(event.SequenceOutcome(**data["outcome"]), data["payload"], data["data"], data.get("over", ""))

    def follow_up(self, selector: Mapping[str, str] | None, stage: str) -> dict[str, Any] | None:
        """Return the data that starts a follower, or ``None`` when it does not follow (sequences.md 4).

        Nothing follows a sequence of which nothing ran (R7), or that somebody ended (decisions on R33).

        :param selector: ``match`` of the trigger item
        :param stage: of the follower
        """
        if not self.outcome.tasks or not event.matches(selector, self.outcome, aborted=bool(self.over)):
            return None
        return {**self.payload, "stage": stage}


def end_sequence(trigger_data: event.Data, executed: Sequence[event.FinishedTask], over: str = "") -> Ending:
    """Return how a sequence ended.

    :param trigger_data: data of the event that started it
    :param executed: its tasks that ran, in order; the last one ended or stopped it
    :param over: why somebody ended it: its message then; the result is fail, the status aborted
    """
    scope = event.scope_of(trigger_data)
    outcome = event.sequence_outcome(executed, aborted=bool(over))
    payload = event.follow_up_data(trigger_data, scope, executed, scope.stage)
    data = event.finished_data(trigger_data, scope, executed, outcome)
    return Ending(outcome, payload, {**data, "message": over} if over else data, over)
