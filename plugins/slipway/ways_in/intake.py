"""From what was sent to what is stored: who may, where to, and what makes two the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from fastapi import HTTPException
from slipway_core.keptn import alert, cloud_event, names
from slipway_core.keptn.event import Scope
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.records import Message, NewMessage, Stored

from slipway.ways_in import approvals
from slipway.ways_in.sender import Sender

ALERTMANAGER = "prometheus"  # the source of the events that Keptn's adapter made of alerts


class Refusal(Exception):
    """Why something of a body was not taken.

    :param status: the HTTP status that says so
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


@dataclass
class Taken:
    """What of a body is stored, and what is not."""

    messages: list[NewMessage] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status of the whole: 202, or that of the first refusal."""
        return self.refusals[0].status if self.refusals else 202


class Places(Protocol):
    """Knows which sequences there are."""

    def require(self, scope: Scope, sequence: str) -> str:
        """Return the DAG of a sequence; raise :class:`InvalidEvent` when there is none."""


class Keeper(Protocol):
    """Keeps messages."""

    def known(self, key: str) -> Message | None:
        """Return what was stored under a key."""

    def store(self, messages: Sequence[NewMessage]) -> list[Stored]:
        """Store messages, each once."""


def alerts(found: Sequence[Any], status: Any, who: Sender, known: Places) -> Taken:
    """Look at each alert of a body by itself.

    :param status: of the whole body
    """
    taken, granted = Taken(), set[str]()
    for number, entry in enumerate(found):
        where = f"alerts[{number}]"
        try:
            taken.messages.append(_alert(entry, where, status, who, known, granted))
        except InvalidEvent as error:
            taken.refusals.append(Refusal(422, str(error)))
        except HTTPException as error:
            taken.refusals.append(Refusal(error.status_code, f"{where}: {error.detail}"))
    return taken


def event(sent: cloud_event.CloudEvent, who: Sender, known: Places, inbox: Keeper) -> Stored:
    """Store an event, or answer the approval that it is about; the same event twice counts once.

    :raises InvalidEvent: naming the field.
    :raises HTTPException: the sender may not, or the approval was answered before.
    """
    meaning = cloud_event.understand(sent)
    if isinstance(meaning, cloud_event.ApprovalFinished):
        return _answer(sent, meaning, who, inbox)
    place = (meaning.scope.project, meaning.scope.stage, meaning.sequence)
    who.require_start(meaning.scope.project, names.dag_id(*place))
    dag_id = known.require(meaning.scope, meaning.sequence)
    told = cloud_event.context(sent.context)
    return inbox.store([_message("event", sent, who, meaning.scope, told, meaning.data, dag_id)])[0]


def shown(stored: Stored) -> dict[str, Any]:
    """Return what a sender is told of a message."""
    message = stored.message
    return {"context": message.context, "dag_id": message.dag_id, "state": message.state, "new": stored.is_new}


def _alert(entry: Any, where: str, status: Any, who: Sender, known: Places, granted: set[str]) -> NewMessage:
    """Return what is stored of one alert.

    :param granted: DAGs that the sender may start; of a thousand alerts most are for the same few
    """
    read = alert.read(entry, where, status)
    wanted = names.dag_id(read.scope.project, read.scope.stage, alert.SEQUENCE)
    if wanted not in granted:
        who.require_start(read.scope.project, wanted)
        granted.add(wanted)
    try:
        dag_id = known.require(read.scope, alert.SEQUENCE)
    except InvalidEvent as error:
        raise InvalidEvent(f"{where}.labels.{error.field}", str(error).partition(": ")[2]) from error
    state = "resolved" if read.resolved else "firing"
    return NewMessage(
        key=_key("alert", *read.scope, read.context, state),
        kind="alert",
        source=ALERTMANAGER,
        sender=who.name,
        project=read.scope.project,
        context=read.context,
        body=read.data,
        state="noted" if read.resolved else "new",
        why="resolved" if read.resolved else "",
        dag_id=dag_id,
    )


def _answer(sent: cloud_event.CloudEvent, meaning: cloud_event.ApprovalFinished, who: Sender, inbox: Keeper) -> Stored:
    who.require_project(meaning.scope.project)
    if sent.id and (before := inbox.known(_key_of(sent, meaning.scope))):
        who.require_answer(meaning.scope.project, before.dag_id)
        return Stored(before, False)
    told = cloud_event.context(sent.context) if sent.context else ""
    approval = approvals.open_approval(meaning.scope, told)
    who.require_answer(meaning.scope.project, approval.dag_id)
    approvals.answer(approval, meaning, who)
    data = dict(sent.data)
    done = _message("approval", sent, who, meaning.scope, approval.context, data, approval.dag_id, approval.run_id)
    return inbox.store([done])[0]


def _message(
    kind: str,
    sent: cloud_event.CloudEvent,
    who: Sender,
    scope: Scope,
    context: str,
    data: dict[str, Any],
    dag_id: str,
    run_id: str = "",
) -> NewMessage:
    return NewMessage(
        key=_key_of(sent, scope),
        kind=kind,
        source=sent.source,
        sender=who.name,
        project=scope.project,
        context=context,
        body=data,
        state="started" if run_id else "new",
        dag_id=dag_id,
        run_id=run_id,
    )


def _key_of(sent: cloud_event.CloudEvent, scope: Scope) -> str:
    """Return what an event is known by: its source and id; one without an id is like no other."""
    return _key("event", *scope, sent.type, sent.source, sent.id or str(uuid4()))


def _key(*parts: str) -> str:
    # With the project: nobody may hide another project's alerts behind ones of their own.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
