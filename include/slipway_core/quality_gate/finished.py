"""A whole evaluation: the outcomes without a score, and the JSON shape of what is stored (evaluation.md 8 and 9)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from slipway_core.keptn.problems import Problem
from slipway_core.quality_gate import messages
from slipway_core.quality_gate.criteria import Target
from slipway_core.quality_gate.gate import gate_of
from slipway_core.quality_gate.judge import FAIL, PASS, Indicator, Verdict, judge
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue

SUCCEEDED, ERRORED, ABORTED = "succeeded", "errored", "aborted"
_LARGEST_WHOLE = 2.0**53


class Evaluation(NamedTuple):
    """One finished evaluation.

    :param status: succeeded or errored
    :param result: of the event, which decides how the sequence goes on
    :param verdict: its own result may differ from that of the event (R59, R60)
    :param slo: the file as it was read, ``None`` where the event shows none
    :param problems: what was wrong with the form of the file
    """

    scope: Scope
    answer: Answer
    status: str
    result: str
    message: str
    verdict: Verdict
    slo: bytes | str | None = None
    problems: tuple[Problem, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return the `data` of evaluation.finished, ready for JSON."""
        evaluation: dict[str, Any] = {
            "timeStart": self.answer.start,
            "timeEnd": self.answer.end,
            "result": self.verdict.result,
            "score": _plain(self.verdict.score),
            "sloFileContent": _encoded(self.slo),
            "indicatorResults": [_indicator(one) for one in self.verdict.indicators] or None,
        }
        if self.verdict.compared:
            evaluation["comparedEvents"] = list(self.verdict.compared)
        data: dict[str, Any] = self.scope._asdict()
        if self.answer.labels:
            data["labels"] = dict(self.answer.labels)
        data |= {"status": self.status, "result": self.result}
        if self.message:
            data["message"] = self.message
        return data | {"evaluation": evaluation}


def evaluate(
    scope: Scope, slo: bytes | str | None, answer: Answer, history: Iterable[Earlier] | None, file: str = "slo.yaml"
) -> Evaluation:
    """Judge the answer of a source of numbers by a slo.yaml.

    :param scope: whose evaluation it is
    :param slo: content of the file; ``None`` or nothing in it: there is no such file
    :param answer: the numbers, and how the source fared
    :param history: earlier evaluations of the same scope, in any order; ``None`` when they could not be read
    :param file: path to name in problems
    """
    if answer.status == ABORTED:
        return _unjudged(scope, answer, ERRORED, PASS, messages.ABORTED)
    if answer.status == ERRORED:
        return _unjudged(scope, answer, ERRORED, PASS, messages.errored(answer.message))
    if not slo:
        return _unjudged(scope, answer, SUCCEEDED, PASS, messages.no_slo(scope.project))
    gate, problems = gate_of(slo, file)
    if gate is None:
        return _unjudged(scope, answer, ERRORED, FAIL, messages.unparsable(*scope), problems)
    verdict = judge(gate, answer.values, history)
    result, message = verdict.result, verdict.message
    if verdict.errored:
        return Evaluation(scope, answer, ERRORED, FAIL, message, verdict, slo, problems)
    if not gate.goals:
        result, message = FAIL, messages.NO_OBJECTIVE
    elif answer.result == FAIL and verdict.indicators:
        result, message = FAIL, messages.source_failed(answer.message)
    return Evaluation(scope, answer, SUCCEEDED, result, message, verdict, slo, problems)


def errored(scope: Scope, answer: Answer, message: str) -> Evaluation:
    """Return an evaluation that came to nothing before any number was asked for (evaluation.md 2, R69 to R75).

    :param answer: without values; its labels are handed on
    :param message: why
    """
    return _unjudged(scope, answer, ERRORED, FAIL, message)


def _unjudged(
    scope: Scope, answer: Answer, status: str, shown: str, message: str, problems: Sequence[Problem] = ()
) -> Evaluation:
    verdict = Verdict(shown, 0.0, message, errored=status == ERRORED)
    result = FAIL if status == ERRORED else shown
    return Evaluation(scope, answer, status, result, message, verdict, None, tuple(problems))


def _indicator(one: Indicator) -> dict[str, Any]:
    return {
        "score": _plain(one.score),
        "value": _value(one.value) if one.value else None,
        "displayName": one.display_name,
        "passTargets": _targets(one.pass_targets),
        "warningTargets": _targets(one.warning_targets),
        "keySli": one.key_sli,
        "status": one.status,
    }


def _value(value: SliValue) -> dict[str, Any]:
    metric, number, success, message, compared = value
    shown = {"metric": metric, "value": _plain(number), "comparedValue": _plain(compared), "success": success}
    return {**shown, "message": message} if message else shown


def _targets(targets: list[Target] | None) -> list[dict[str, Any]] | None:
    if targets is None:
        return None
    return [{"criteria": text, "targetValue": _plain(target), "violated": bad} for text, target, bad in targets]


def _plain(number: float) -> float | int:
    """Write whole numbers without `.0`, as Keptn's events had them."""
    return int(number) if number == number // 1 and -_LARGEST_WHOLE < number < _LARGEST_WHOLE else number


def _encoded(slo: bytes | str | None) -> str:
    if slo is None:
        return ""
    return base64.b64encode(slo.encode() if isinstance(slo, str) else slo).decode()
