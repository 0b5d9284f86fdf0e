"""What came in from outside, and the tokens of those who may send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

# new: to be started; started: its run is there; noted: starts nothing; refused: could not be started, `why` says why,
# and is tried again when it is sent again.
State = Literal["new", "started", "noted", "refused"]
Right = Literal["alerts", "events"]
RIGHTS: tuple[Right, ...] = ("alerts", "events")


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """Something that came in.

    :param key: what makes two the same one; the second is not stored
    :param kind: alert, event or approval
    :param source: of the event: who made it, as it says itself
    :param sender: who sent it: a user of Airflow, or ``token:<name>``
    :param project: it belongs to
    :param context: of the delivery or problem
    :param body: the data of the event
    :param state: how far it is
    :param why: what there is to say of the state
    :param dag_id: what it starts, or answers
    :param run_id: the run that was started or answered; empty before
    """

    key: str
    kind: str
    source: str
    sender: str
    project: str
    context: str
    body: Mapping[str, Any]
    state: State
    why: str = ""
    dag_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Message(NewMessage):
    """A message as it is stored.

    :param received: when it came; one that is sent again and again: about the last time, to an hour
    """

    id: str
    received: datetime


class Stored(NamedTuple):
    """What came of storing a message.

    :param message: as it is now
    :param is_new: it is to be dealt with; false when it was there before, unless it had been refused
    """

    message: Message
    is_new: bool


class Handled(NamedTuple):
    """What came of starting a message's run."""

    state: State
    run_id: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Token:
    """The right of a sender that cannot log in; the secret itself is not kept.

    :param project: the only one that it is for
    :param can: what it may send
    :param revoked: since when it is worth nothing; ``None`` while it holds
    :param used: when it was last used, to about a minute
    """

    name: str
    project: str
    can: Right
    created: datetime
    revoked: datetime | None
    used: datetime | None
