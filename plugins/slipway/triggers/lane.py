"""``LaneTrigger``: waits for a run's turn in its lane."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent
from asgiref.sync import sync_to_async
from slipway_core.keptn.lanes import RUNNING, WAITING, Run, Standing
from slipway_core.records import RecordsUnavailable, open_records

LOOK_EVERY = 0.5  # seconds
ASK_EVERY = 5.0  # seconds between two questions whether the run ahead is still there
# A task that resumes on a worker sooner may meet a scheduler that has not seen it leave, and be failed.
SHORTEST_DEFERRAL = 5.0
ALIVE = ["queued", "running"]

_looks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Future[Mapping[Run, Standing]]] = WeakKeyDictionary()


class LaneTrigger(BaseTrigger):
    """Take a run's turn when it comes, and end its waiting task without a worker.

    Nobody tells those who wait: each looks, all of one triggerer with one look. So a lane goes on whatever became of
    the run that held it: who is next asks Airflow whether that run is still there, and frees its lane if not.

    :param dag_id: DAG of the run that waits.
    :param run_id: the run that waits.
    :param since: when it began to wait, in seconds since 1970.
    """

    def __init__(self, *, dag_id: str, run_id: str, since: float) -> None:
        super().__init__()
        self.awaited = Run(dag_id, run_id)
        self.since = since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class and arguments, for the database."""
        return "slipway.triggers.lane.LaneTrigger", {**self.awaited._asdict(), "since": self.since}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: success when the turn has come; any other lets the task find out what happened."""
        shown, asked = None, time.monotonic()
        while True:
            standing = await self._look()
            if standing == Standing(WAITING, 1):
                standing = await self._take()
            if standing is not None and standing.state == RUNNING:
                self.log.info("The lane is free: this run goes on.")
                yield TaskSuccessEvent()
                return
            if standing is None or standing.state != WAITING:
                await asyncio.sleep(self.since + SHORTEST_DEFERRAL - time.time())
                yield TriggerEvent("changed")
                return
            if standing != shown:
                shown = standing
                self.log.info("%s", said(standing))
            # The first looks after the run that holds the lane, the second after the first, if that waits no more.
            if standing.ahead and standing.place <= 2 and time.monotonic() - asked > ASK_EVERY:
                asked = time.monotonic()
                await self._free_if_gone(standing.ahead)

    async def _look(self) -> Standing | None:
        try:
            return (await _next_look()).get(self.awaited)
        except RecordsUnavailable as error:
            self.log.warning("%s", error)
            return Standing(WAITING)

    async def _take(self) -> Standing | None:
        try:
            return await asyncio.to_thread(open_records().lanes.take, self.awaited)
        except RecordsUnavailable as error:
            self.log.warning("%s", error)
            return Standing(WAITING)

    async def _free_if_gone(self, ahead: Run) -> None:
        try:
            alive = await sync_to_async(RuntimeTaskInstance.get_dr_count)(
                dag_id=ahead.dag_id, run_ids=[ahead.run_id], states=ALIVE
            )
            if not alive:
                self.log.info("Run %s of %s has ended, or is gone: its place is freed.", ahead.run_id, ahead.dag_id)
                await asyncio.to_thread(open_records().lanes.leave, ahead)
        except Exception as error:  # noqa: BLE001 - whatever Airflow could not answer is asked again
            self.log.warning("Whether run %s of %s is still there is unknown: %s", ahead.run_id, ahead.dag_id, error)


def said(standing: Standing) -> str:
    """Return where a waiting run stands, in words."""
    if standing.ahead is None:
        return "Next in the lane."
    return f"Place {standing.place} in the lane, after {standing.ahead.run_id} of {standing.ahead.dag_id}."


async def _next_look() -> Mapping[Run, Standing]:
    """Look at all lanes a moment from now; whoever asks meanwhile shares the look."""
    loop = asyncio.get_running_loop()
    look = _looks.get(loop)
    if look is None or look.done():
        look = _looks[loop] = asyncio.ensure_future(_read())
    return await asyncio.shield(look)  # one trigger that is cancelled must not end it for the others


async def _read() -> Mapping[Run, Standing]:
    await asyncio.sleep(LOOK_EVERY)
    return await asyncio.to_thread(open_records().lanes.standings)
