"""The case form: one evaluation a line, with all that goes in (tests/vectors; `slipway verdict --cases`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from slipway_core.keptn.json_input import mapping, text
from slipway_core.keptn.problems import InvalidEvent
from slipway_core.quality_gate.finished import Evaluation, evaluate
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue

SCOPE = Scope("shop", "staging", "carts")
START, END = "2024-01-01T10:00:00.000Z", "2024-01-01T10:05:00.000Z"
SHORTENED = "<base64 of slo_yaml>"


class Case(NamedTuple):
    """One case, read."""

    id: str
    slo: str | None
    answer: Answer
    history: tuple[Earlier, ...]


def read_case(entry: object) -> Case:
    """Read one case; raises :class:`InvalidEvent`, which names the field that cannot be used."""
    case = mapping(entry, "case")
    get_sli = mapping(case.get("get_sli") or {}, "get_sli")
    slo = case.get("slo_yaml")
    answer = Answer(
        tuple(values_of(case.get("sli_values") or [], "sli_values")),
        text(get_sli.get("start", START), "get_sli.start"),
        text(get_sli.get("end", END), "get_sli.end"),
        text(get_sli.get("status", "succeeded"), "get_sli.status"),
        text(get_sli.get("result", "pass"), "get_sli.result"),
        text(get_sli.get("message") or "", "get_sli.message"),
        {key: text(value, f"labels.{key}") for key, value in mapping(case.get("labels") or {}, "labels").items()},
    )
    if slo is not None:
        text(slo, "slo_yaml")
    return Case(text(case.get("id"), "id"), slo, answer, tuple(earlier_of(case.get("previous") or [], SCOPE)))


def judge_case(case: Case) -> dict[str, Any]:
    """Return the data of the evaluation.finished event that a case leads to, its slo.yaml shortened."""
    finished: Evaluation = evaluate(SCOPE, case.slo, case.answer, case.history)
    data = finished.data()
    if data["evaluation"]["sloFileContent"]:
        data["evaluation"]["sloFileContent"] = SHORTENED
    return data


def values_of(entries: object, field: str) -> Iterator[SliValue]:
    """Read values in the form of get-sli.finished: a value left out is 0, `success` left out is false."""
    if not isinstance(entries, list):
        raise InvalidEvent(field, "must be a list of values.")
    for place, entry in enumerate(entries):
        where = f"{field}[{place}]"
        one = mapping(entry, where)
        success = one.get("success") or False
        if not isinstance(success, bool):
            raise InvalidEvent(f"{where}.success", "must be true or false.")
        yield SliValue(
            text(one.get("metric") or "", f"{where}.metric"),
            finite(one.get("value"), f"{where}.value"),
            success,
            text(one.get("message") or "", f"{where}.message"),
            finite(one.get("comparedValue"), f"{where}.comparedValue"),
        )


def earlier_of(entries: object, scope: Scope, field: str = "previous") -> Iterator[Earlier]:
    """Read earlier evaluations; those of another project, stage or service are left out (R31).

    :param scope: whose evaluations are wanted; an empty name takes all
    """
    if not isinstance(entries, list):
        raise InvalidEvent(field, "must be a list of evaluations.")
    for place, entry in enumerate(entries):
        where = f"{field}[{place}]"
        one = mapping(entry, where)
        if all(not own or one.get(name) in (None, own) for name, own in scope._asdict().items()):
            values = [value for value in one.get("values") or [] if value is not None]
            yield Earlier(
                text(one.get("id"), f"{where}.id"),
                moment(one.get("time"), f"{where}.time"),
                text(one.get("result"), f"{where}.result"),
                tuple(values_of(values, f"{where}.values")),
                one.get("invalidated") is True,
            )


def finite(entry: object, field: str) -> float:
    """Return a number, 0 for none; text, NaN and infinities are refused."""
    if entry is None:
        return 0.0
    if isinstance(entry, int | float) and not isinstance(entry, bool):
        try:
            number = float(entry)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise InvalidEvent(field, "must be a finite number.")


def moment(entry: object, field: str) -> datetime:
    """Return a time; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text(entry, field))
    except ValueError as error:
        raise InvalidEvent(field, "must be a time such as 2024-01-01T10:05:00.000Z.") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
