"""Healing actions as plain frozen records; all times with a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from slipway_core.records.entries import TaskRun

# What became of an action. An asked one was allowed, and is under way or was broken off.
ASKED, DONE, FAILED, REFUSED, DRY = "asked", "done", "failed", "refused", "dry"
SCALE_BACK = "scale-back"  # the name under which we record our own way back


class Scaled(NamedTuple):
    """How an action changed a count of replicas.

    :param before: count before
    :param after: count after
    :param by_values: through the value of the chart; else through the API of the cluster
    """

    before: int
    after: int
    by_values: bool


@dataclass(frozen=True, kw_only=True)
class NewAction:
    """An action that somebody asks for.

    :param context: of the chain of runs
    :param action: what to do, such as ``scale``
    :param value: with what; any plain data, or ``None``
    :param asked: when
    """

    context: str
    project: str
    stage: str
    service: str
    run: TaskRun
    action: str
    value: Any
    asked: datetime


@dataclass(frozen=True, kw_only=True)
class Action(NewAction):
    """An action as it is stored.

    :param state: asked, done, failed, refused or dry
    :param why: in words: what was done, or why not
    :param scaled: how it changed a count of replicas, if it did, ready or not
    :param settled: when its count of replicas stopped to matter: it was scaled back, or a delivery named a count
    """

    id: str
    state: str
    why: str = ""
    scaled: Scaled | None = None
    settled: datetime | None = None


class Healed(NamedTuple):
    """The count of replicas that healing gave a service.

    :param action: id of the newest action that scaled it
    :param context: the chain of that action
    :param former: count before the first of the actions that still matter
    :param replicas: count that the newest action wanted
    :param by_values: through the value of the chart; else through the API of the cluster
    :param ready: the newest count that became ready, which deliveries keep; ``None`` when none did
    """

    action: str
    context: str
    former: int
    replicas: int
    by_values: bool
    ready: int | None
