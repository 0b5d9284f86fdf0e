"""The files of `slipway verdict`: values and history as a CI system has them at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from typing import Any

from slipway_core.keptn.json_input import mapping, parse, read_lines, text
from slipway_core.quality_gate.cases import earlier_of, finite, values_of
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue


def read_answer(content: str, file: str, window: tuple[str, str]) -> Answer:
    """Read the values of one evaluation; raises :class:`InvalidEvent`.

    Three forms: `{"response_time": 0.18}` (null: there is no value), a list in the form of get-sli.finished
    (`metric`, `value`, `success`), or an object with that list under `indicatorValues`.

    :param file: name to show in errors
    :param window: begin and end, where the file names none
    """
    entry = parse(content, file)
    if isinstance(entry, list):
        return Answer(tuple(values_of(entry, file)), *window)
    entry = mapping(entry, file)
    entry = entry.get("get-sli", entry)
    if "indicatorValues" not in entry:
        return Answer(tuple(_plain_values(entry, file)), *window)
    start, end = (
        text(entry.get(key) or own, f"{file}: {key}") for key, own in zip(("start", "end"), window, strict=True)
    )
    return Answer(tuple(values_of(entry["indicatorValues"] or [], f"{file}: indicatorValues")), start, end)


def read_history(lines: Iterable[str], scope: Scope, file: str) -> Iterator[Earlier]:
    """Read earlier evaluations, one a line; raises :class:`InvalidEvent`.

    Each is an entry (`id`, `time`, `result`, `values`), an evaluation.finished event, or its bare `data`, which is what
    `slipway verdict --format json` prints; bare data has the end of its window as time. The lines of
    `slipway history --format json` are such events, with `invalidated`.
    """
    for number, line in read_lines(lines):
        where = f"{file}, line {number}"
        entry = mapping(parse(line, where), where)
        if "evaluation" in entry:
            entry = _entry(entry, str(entry.get("id") or f"line-{number}"), where)
        elif isinstance(entry.get("data"), dict):
            invalidated = entry.get("invalidated")
            entry = _entry(entry["data"], entry.get("id"), where, entry.get("time")) | {"invalidated": invalidated}
        yield from earlier_of([entry], scope, where)


def _plain_values(entry: Map[str, Any], file: str) -> Iterator[SliValue]:
    for metric, value in entry.items():
        if value is None:
            yield SliValue(metric, 0.0, False, "query did not return any values")
        else:
            yield SliValue(metric, finite(value, f"{file}: {metric}"), True)


def _entry(data: Map[str, Any], name: object, where: str, time: object = None) -> dict[str, Any]:
    evaluation = mapping(data.get("evaluation"), f"{where}: evaluation")
    results = evaluation.get("indicatorResults") or []
    values = [mapping(one, f"{where}: indicatorResults").get("value") for one in results]
    own = {key: data.get(key) or None for key in Scope._fields}
    time = time or evaluation.get("timeEnd")
    return {"id": name, "time": time, "result": data.get("result"), "values": values, **own}
