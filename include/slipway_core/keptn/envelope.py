"""May this healing action be taken now? Limits of a stage against what was done there before; knows no clock.

Actions of one chain (one problem) follow each other as fast as their evaluations come: the cooldown holds between
chains. Every action counts for the hour, whatever came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from slipway_core.keptn.settings import HealingSettings

HOUR = timedelta(hours=1)


class Taken(NamedTuple):
    """An action that was taken: when, and in which chain of runs."""

    at: datetime
    context: str


class Refusal(NamedTuple):
    """Why an action may not be taken, and when it might be again."""

    why: str
    again: datetime

    def __str__(self) -> str:
        return f"{self.why} The next one is allowed at {self.again:%Y-%m-%d %H:%M:%S} UTC."


def refuse(limits: HealingSettings, earlier: Sequence[Taken], context: str, now: datetime) -> Refusal | None:
    """Return why an action may not be taken now, or ``None``.

    :param limits: those of the stage
    :param earlier: actions on the same service in the same stage, in any order
    :param context: the chain that asks
    :param now: with a zone
    """
    recent = sorted(one.at for one in earlier if one.at > now - HOUR)
    if len(recent) >= limits.actions_per_hour:
        # So many of them must be older than an hour that one more fits.
        again = recent[len(recent) - limits.actions_per_hour] + HOUR if limits.actions_per_hour else now + HOUR
        count = "action" if limits.actions_per_hour == 1 else "actions"
        return Refusal(f"The budget of {limits.actions_per_hour} {count} an hour is spent.", again)
    others = [one.at for one in earlier if one.context != context]
    if others and (again := max(others) + timedelta(seconds=limits.cooldown)) > now:
        return Refusal(f"Another problem of this service was acted on less than {limits.cooldown:g} s ago.", again)
    return None
