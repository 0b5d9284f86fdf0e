"""The task `get-action`: which action of remediation.yaml is the next for a problem (sequences.md 7.2, R59 to R63)."""

from __future__ import annotations

from typing import Any

from slipway_core.keptn.event import ERRORED, FAIL, PASS, SUCCEEDED, Data, report
from slipway_core.keptn.incoming import lookup
from slipway_core.keptn.remediation import DEFAULT, Remediation

TASK = "get-action"
FILE = "remediation.yaml"


def next_action(payload: Data, remediation: Remediation | None, why_none: str = "") -> dict[str, Any]:
    """Return the data of ``get-action.finished``: the next action, or why there is none.

    It passes when it finds an action, whatever result came in (decisions.md), and counts ``actionIndex`` on, so that a
    sequence that follows itself takes actions 0, 1, 2 … until the list ends (R63).

    :param payload: data of ``get-action.triggered``.
    :param remediation: the service's file; ``None`` when there is none, or it cannot be used
    :param why_none: what is wrong with the file
    """
    if remediation is None:
        return report(payload, FAIL, ERRORED, why_none or f"Service '{payload.get('service')}' has no {FILE}.")
    cause, title = (lookup(payload, "problem", name) for name in ("rootCause", "problemTitle"))
    index = lookup(payload, TASK, "actionIndex")
    index = 0 if index is None else index
    if wrong := _unusable(cause, title, index):
        return report(payload, FAIL, ERRORED, wrong)
    actions = remediation.actions_for(cause or "", title or "", DEFAULT)
    if actions is None:
        named = " or ".join(f"'{name}'" for name in (cause, title) if name) or "a problem without a name"
        return report(payload, FAIL, SUCCEEDED, f"{remediation.file} has no action for {named}, and no '{DEFAULT}'.")
    if index >= len(actions):
        message = f"{remediation.file} has {len(actions)} actions for this problem, and all were taken."
        return report(payload, FAIL, SUCCEEDED, message)
    blocks = {"action": actions[int(index)].as_data(), TASK: {"actionIndex": int(index) + 1}}
    return report(payload, PASS, SUCCEEDED, data=blocks)


def _unusable(cause: Any, title: Any, index: Any) -> str:
    """Return what of the input has a type that no event of Keptn's had; empty when all is well."""
    for field, value in (("rootCause", cause), ("problemTitle", title)):
        if not isinstance(value, str | None):
            return f"problem.{field} must be text, not {value!r}."
    if isinstance(index, bool) or not isinstance(index, int | float) or index < 0 or index % 1:
        return f"{TASK}.actionIndex must be a number like 0 or 1, not {index!r}."
    return ""
