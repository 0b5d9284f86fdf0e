"""The task `approval`: what its strategy decides, and when a person must (sequences.md 6, R53 to R58)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway_core.keptn.event import FAIL, PASS, WARNING

TASK = "approval"
APPROVE, DECLINE, ASK = "approve", "decline", "ask"
AUTOMATIC, MANUAL = "automatic", "manual"


def effective_result(payload: Mapping[str, Any]) -> str:
    """Return the result that is to be approved: that of what came before, else that of its evaluation, else "".

    :param payload: data of ``approval.triggered``.
    """
    evaluation = payload.get("evaluation")
    own = evaluation.get("result") if isinstance(evaluation, Mapping) else None
    return str(payload.get("result") or own or "")


def decide(result: str, properties: Mapping[str, Any] | None) -> str:
    """Say whether a release is approved or declined by itself (`approve`, `decline`) or a person is asked (`ask`).

    Only the exact text ``automatic`` approves; whatever else is said, or nothing, means that a person decides.

    :param result: as `effective_result` gives it.
    :param properties: the task's block in its payload: ``pass`` and ``warning``.
    """
    if result == FAIL:
        return DECLINE
    if result in (PASS, WARNING) and (properties or {}).get(result) == AUTOMATIC:
        return APPROVE
    return ASK


def started_message(result: str, properties: Mapping[str, Any] | None) -> str:
    """Return Keptn's own text of ``approval.started``."""
    strategy: Any = MANUAL
    if result == FAIL:
        strategy = AUTOMATIC
    elif result in (PASS, WARNING):
        strategy = (properties or {}).get(result) or MANUAL
    return f"Approval strategy for result '{result}': {strategy}"
