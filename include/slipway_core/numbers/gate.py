"""All queries of a gate, side by side."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from collections.abc import Mapping as Map
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from slipway_core.numbers.contract import MetricSource, Reading, Window
from slipway_core.numbers.errors import NoNumber, QueryRefused, SourceUnreachable, WindowNotOver
from slipway_core.quality_gate.values import Answer, SliValue

UNSUPPORTED = "unable to get metriy query: unsupported SLI"  # sic (evaluation.md 11)
EMPTY = "its query in sli.yaml is empty"
NOT_ASKED = "no value received from SLI provider"
ALL_FAILED = "unable to retrieve metrics"
CLOCKS_DIFFER = timedelta(seconds=5)
LONGEST_WAIT = 30.0  # seconds


class Numbers(NamedTuple):
    """What all queries of a gate gave.

    :param values: of each indicator that was asked for, failed ones included
    :param readings: of each indicator that gave a number
    :param warnings: what the source said beside its answers, each once
    """

    values: Map[str, SliValue]
    readings: Map[str, Reading]
    warnings: tuple[str, ...] = ()

    def answer(self, indicators: Iterable[str], start: str, end: str, labels: Map[str, str] | None = None) -> Answer:
        """Return what the judge takes: one value for each time an objective names an indicator (R57, R82).

        :param indicators: the `sli` of every objective, in order
        :param start: begin of the window, as the text that the evaluation shall show
        :param end: its end
        :param labels: of the event
        """
        values = tuple(self.values.get(name) or SliValue(name, 0.0, False, NOT_ASKED) for name in indicators)
        failed = sum(not value.success for value in values)
        if not failed:
            return Answer(values, start, end, labels=labels)
        if failed < len(values):
            return Answer(values, start, end, result="warning", labels=labels)
        return Answer(values, start, end, result="fail", message=ALL_FAILED, labels=labels)


async def read_all(
    source: MetricSource,
    queries: Map[str, str | None],
    window: Window,
    *,
    at_once: int = 50,
    timeout: float = 30.0,
    retries: int = 2,
    pause: float = 0.5,
) -> Numbers:
    """Ask all queries of a gate side by side.

    A query that gives no number becomes a failed value. A source that does not answer ends it all: the other queries
    are given up at once.

    :param queries: indicator → query with its placeholders filled; ``None`` where there is none
    :param at_once: how many queries run at the same time, at most
    :param timeout: seconds for one try of one query
    :param retries: further tries of a query after a fault that may pass
    :param pause: seconds before the first of them; doubled each time, and made uneven
    :raises SourceUnreachable: when a query got no answer after its last try; names the address
    :raises WindowNotOver: when the window ends in the future
    """
    if window.seconds_left() > CLOCKS_DIFFER.total_seconds():
        now = datetime.now(UTC).isoformat(timespec="seconds")
        raise WindowNotOver(f"The window ends at {window.end.isoformat()}, and now it is {now}. Ask when it is over.")
    slots = asyncio.Semaphore(at_once)
    effort = _Effort(timeout, retries, pause)

    async def one(query: str | None) -> Reading | NoNumber:
        if not query or not query.strip():
            return QueryRefused(UNSUPPORTED if query is None else EMPTY)
        async with slots:
            try:
                return await _read(source, query, window, effort)
            except NoNumber as error:
                return error

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(one(query)) for name, query in queries.items()}
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return _numbers({name: task.result() for name, task in tasks.items()})


class _Effort(NamedTuple):
    timeout: float
    retries: int
    pause: float


async def _read(source: MetricSource, query: str, window: Window, effort: _Effort) -> Reading:
    tried = 0
    while True:
        try:
            async with asyncio.timeout(effort.timeout):
                return await source.read(query, window)
        except TimeoutError:
            fault = SourceUnreachable(source.address, f"gave no answer within {effort.timeout:g} s.", again=True)
        except SourceUnreachable as error:
            fault = error
        tried += 1
        if not fault.again or tried > effort.retries:
            times = f" Tried {tried} times." if tried > 1 else ""
            raise SourceUnreachable(fault.address, fault.why + times, again=fault.again) from fault
        uneven = random.uniform(0.75, 1.25)  # noqa: S311 - so that a gate's queries do not come back all at once
        await asyncio.sleep(max(min(fault.wait, LONGEST_WAIT), effort.pause * 2 ** (tried - 1) * uneven))


def _numbers(outcomes: Map[str, Reading | NoNumber]) -> Numbers:
    readings = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Reading)}
    values = {
        name: SliValue.of(name, outcome.value)
        if isinstance(outcome, Reading)
        else SliValue(name, 0.0, False, str(outcome))
        for name, outcome in outcomes.items()
    }
    warnings = dict.fromkeys(warning for outcome in outcomes.values() for warning in outcome.warnings)
    return Numbers(values, readings, tuple(warnings))
