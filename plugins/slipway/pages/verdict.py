"""The page of one evaluation: verdict, objectives, window, queries, what it was compared with."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from slipway_core.quality_gate.messages import number_text
from slipway_core.quality_gate.report import COLUMNS, stored_rows

from slipway.links import run_url
from slipway.pages import page

if TYPE_CHECKING:
    from slipway_core.records import Evaluation, Records


def verdict_page(records: Records, task: tuple[str, str, str]) -> str | None:
    """Return the page of the newest evaluation that a task has made; ``None`` when it has made none.

    :param task: DAG id, run id, task id.
    :raises RecordsUnavailable: when the records do not answer.
    """
    one = newest(records, task)
    if one is None:
        return None
    evaluation = one.data["evaluation"]
    compared = evaluation.get("comparedEvents") or []
    found = {past.id: past for past in records.evaluations.find(ids=compared, limit=len(compared))} if compared else {}
    return page(
        "verdict",
        one=one,
        score=number_text(float(f"{one.score:.10g}")),
        message=one.data.get("message", ""),
        columns=COLUMNS,
        rows=stored_rows(evaluation),
        window=(evaluation["timeStart"], evaluation["timeEnd"]) if evaluation["timeStart"] else None,
        compared=[found[past] for past in compared if past in found],
        slo=base64.b64decode(evaluation.get("sloFileContent") or "").decode("utf-8", "replace"),
        run_url=run_url,
    )


def newest(records: Records, task: tuple[str, str, str]) -> Evaluation | None:
    """Return the newest evaluation of a task; a cleared task has made several."""
    return next(iter(records.evaluations.find(task=task, limit=1)), None)
