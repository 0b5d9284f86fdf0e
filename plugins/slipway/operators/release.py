"""``ReleaseOperator``: the task ``release`` of a shipyard."""

from __future__ import annotations

from typing import Any

from slipway.operators.task import TaskOperator, TaskReport


class ReleaseOperator(TaskOperator):
    """Pass on the result that came in: a plain Helm deployment is released already (decisions.md)."""

    def perform(self, payload: dict[str, Any], context: Any) -> TaskReport:
        """Report the incoming result."""
        result = payload.get("result") or "pass"
        return TaskReport(result=result, message=f"Nothing to switch over for a direct deployment; result {result}.")
