"""Housekeeping: records that are older than the retention are deleted once a day.

``[slipway] retention_days`` (``AIRFLOW__SLIPWAY__RETENTION_DAYS``) says how old they may get: 365 when nothing is said,
0 keeps all. Whatever its age, what baselines need and open approvals stay.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.configuration import conf

DAG_ID = "slipway.housekeeping"
DEFAULT_DAYS = 365.0
BEGINNING = datetime.fromisoformat("2024-01-01T00:00:00+00:00")


class PruneRecords(BaseOperator):
    """Delete old evaluations, decided approvals and actions."""

    def execute(self, context: Any) -> dict[str, int]:
        """Delete, and say how many.

        :raises RecordsUnavailable: when the records do not answer; tried again.
        """
        from slipway_core.records import open_records  # late: every task start parses this file

        days = conf.getfloat("slipway", "retention_days", fallback=DEFAULT_DAYS)
        if days <= 0:
            self.log.info("[slipway] retention_days is %g: everything is kept.", days)
            return {}
        gone = open_records().prune(days)._asdict()
        counted = ", ".join(f"{number} {name}" for name, number in gone.items())
        self.log.info("Deleted what is older than %g days: %s.", days, counted)
        return gone


def housekeeping_dag() -> DAG:
    """Return the DAG."""
    dag = DAG(
        DAG_ID,
        description="Deletes records of evaluations, approvals and actions that are older than the retention",
        schedule="30 3 * * *",
        start_date=BEGINNING,
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["slipway"],
        default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    )
    with dag:
        PruneRecords(task_id="prune")
    return dag
