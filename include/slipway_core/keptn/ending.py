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
    """

    outcome: event.SequenceOutcome
    payload: dict[str, Any]
    data: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, as an XCom holds it."""
        return {**self._asdict(), "outcome": self.outcome._asdict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ending:
        """Return what :meth:`as_dict` made plain data of; further keys are left out."""
        return cls(event.SequenceOutcome(**data["outcome"]), data["payload"], data["data"])

    def follow_up(self, selector: Mapping[str, str] | None, stage: str) -> dict[str, Any] | None:
        """Return the data that starts a follower, or ``None`` when it does not follow (sequences.md 4).

        Nothing follows a sequence of which nothing ran (R7).

        :param selector: ``match`` of the trigger item
        :param stage: of the follower
        """
        if not self.outcome.tasks or not event.matches(selector, self.outcome):
            return None
        return {**self.payload, "stage": stage}


def end_sequence(trigger_data: event.Data, executed: Sequence[event.FinishedTask]) -> Ending:
    """Return how a sequence ended.

    :param trigger_data: data of the event that started it
    :param executed: its tasks that ran, in order; the last one ended or stopped it
    """
    scope = event.scope_of(trigger_data)
    outcome = event.sequence_outcome(executed)
    payload = event.follow_up_data(trigger_data, scope, executed, scope.stage)
    return Ending(outcome, payload, event.finished_data(trigger_data, scope, executed, outcome))
