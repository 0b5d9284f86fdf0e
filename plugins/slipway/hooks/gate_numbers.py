"""The numbers of one gate: its queries filled, and read side by side from its source. Judging them comes later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.numbers.contract import Window
from slipway_core.numbers.errors import NumbersError
from slipway_core.numbers.gate import Numbers, read_all
from slipway_core.numbers.queries import filled, load_queries
from slipway_core.numbers.sources import source_of
from slipway_core.quality_gate.placeholders import Context
from slipway_core.quality_gate.values import Answer

from slipway.hooks.faults import NoConnection
from slipway.hooks.prometheus import PrometheusHook


@dataclass(frozen=True)
class GateNumbers:
    """What the source of a gate answered.

    :param answer: what the judge takes; ``errored`` when the source did not answer as it should.
    :param queries: indicator → the query as it was sent.
    :param address: of the source, without credentials; empty when it was not reached for.
    :param warnings: what the source said beside its answers.
    """

    answer: Answer
    queries: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    warnings: tuple[str, ...] = ()


class GateNumbersHook:
    """Read the numbers of gates.

    :param prometheus_conn_id: Airflow connection of type ``prometheus``.
    :param source: kind of source; "": the folder of the service's sli.yaml names it.
    :param timeout: seconds for one try of one query.
    """

    def __init__(
        self, prometheus_conn_id: str = PrometheusHook.default_conn_name, source: str = "", timeout: float = 30.0
    ) -> None:
        self.prometheus_conn_id, self.source, self.timeout = prometheus_conn_id, source, timeout

    def read(
        self, indicators: list[str], files: ProjectFiles, context: Context, window: tuple[str, str]
    ) -> GateNumbers:
        """Return the numbers that the objectives of a gate ask for.

        :param indicators: the ``sli`` of every objective, in order.
        :param files: of the service, for its sli.yaml.
        :param context: what the placeholders stand for.
        :param window: begin and end as the evaluation shall show them.
        """
        answer = Answer((), *window, labels=context.labels)
        if not indicators:
            return GateNumbers(answer)
        queries: dict[str, str | None] = {}
        address = ""
        try:
            kind = source_of(files, self.source)
            queries = filled(indicators, load_queries(files, kind), context)
            source = self.open()
            address = source.address
            numbers = asyncio.run(self._read_all(source, queries, Window(context.start, context.end)))
        except (NumbersError, InvalidFile, NoConnection) as error:
            answer = answer._replace(status="errored", result="fail", message=str(error))
            return GateNumbers(answer, _asked(queries), address)
        answer = numbers.answer(indicators, *window, labels=context.labels)
        return GateNumbers(answer, _asked(queries), address, numbers.warnings)

    def open(self) -> Any:
        """Return the source: an asynchronous context manager with ``read`` and ``address``."""
        return PrometheusHook(self.prometheus_conn_id, timeout=self.timeout).get_conn()

    async def _read_all(self, source: Any, queries: Mapping[str, str | None], window: Window) -> Numbers:
        async with source:
            return await read_all(source, queries, window, timeout=self.timeout)


def _asked(queries: Mapping[str, str | None]) -> dict[str, str]:
    return {name: query for name, query in queries.items() if query}
