"""What somebody who approves a release needs to see, as Markdown: from the payload of the task `approval`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway_core.quality_gate.report import COLUMNS, stored_rows

_FIGURES = {
    "requests": "requests",
    "failures": "failed",
    "requests_per_second": "per second",
    "mean_ms": "mean ms",
    "p50_ms": "p50 ms",
    "p95_ms": "p95 ms",
    "p99_ms": "p99 ms",
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~!$&])")


def subject(payload: Mapping[str, Any]) -> str:
    """Return the question in one line of plain text."""
    image = image_of(payload)
    what = f"{payload['service']} ({image})" if image else str(payload["service"])
    return f"Release {what} to {payload['stage']} of {payload['project']}?"


def body(payload: Mapping[str, Any], result: str, running: str = "") -> str:
    """Return image, stage, what runs there now, the gate's table and the load figures.

    :param payload: data of ``approval.triggered``; blocks that are missing or of another shape are left out.
    :param result: what the earlier tasks came to, "" when nothing has been judged.
    :param running: what runs in the stage now, asked of its cluster; "" when nobody has asked.
    """
    parts = [_facts(payload, result, running), _gate(_block(payload, "evaluation")), _load(_block(payload, "test"))]
    return "\n\n".join(part for part in parts if part)


def image_of(payload: Mapping[str, Any]) -> str:
    """Return the image that is to be released, "" when the payload names none."""
    values = _block(_block(payload, "configurationChange"), "values")
    return str(values.get("image") or _block(payload, "deployment").get("image") or "")


def _facts(payload: Mapping[str, Any], result: str, running: str) -> str:
    labels = ", ".join(f"{key}={value}" for key, value in _block(payload, "labels").items())
    facts = {
        "Image": image_of(payload) or "not named",
        "Service": f"{payload['service']} of project {payload['project']}",
        "Stage": payload["stage"],
        "Runs there now": running,
        **_deployed(payload),
        "Result so far": result or "none",
        "Labels": labels,
    }
    return _table(("", ""), ((f"**{name}**", _plain(value)) for name, value in facts.items() if value))


def _deployed(payload: Mapping[str, Any]) -> dict[str, str]:
    """Return what the delivery has deployed so far: mostly in the stage before."""
    deployment = _block(payload, "deployment")
    if not deployment.get("image"):
        return {}
    shown = f"{deployment['image']}, revision {deployment.get('revision', 'unknown')}"
    return {"Deployed before": f"{shown}, in namespace {deployment.get('namespace', 'unknown')}"}


def _gate(evaluation: Mapping[str, Any]) -> str:
    if not evaluation:
        return ""
    score = f", score {evaluation['score']:g} of 100" if _is_number(evaluation.get("score")) else ""
    title = f"**Quality gate: {_plain(evaluation.get('result') or 'no result')}{score}**"
    try:
        rows = stored_rows(evaluation)
    except ValueError:
        return f"{title}\n\nIts table cannot be shown: it was not written by Slipway."
    return f"{title}\n\n{_table(COLUMNS, (map(_plain, row) for row in rows))}" if rows else title


def _load(test: Mapping[str, Any]) -> str:
    figures = {title: f"{test[key]:g}" for key, title in _FIGURES.items() if _is_number(test.get(key))}
    return f"**Load test**\n\n{_table(tuple(figures), [tuple(figures.values())])}" if figures else ""


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(value: Any) -> str:
    """Return a text that Markdown shows as it is, in one line: it may come from outside."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def _block(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    block = payload.get(name)
    return block if isinstance(block, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
