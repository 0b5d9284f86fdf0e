"""Our own tables: every evaluation, every approval, every lane, every healing action. Never Airflow's.

::

    records = open_records()  # $SLIPWAY_RECORDS_URL, else the database of `./slipway up`, else a SQLite file
    earlier = records.evaluations.history("shop", "qa", "carts")
    stored = records.evaluations.store(NewEvaluation(...))

Importing this touches no database; SQLAlchemy is imported with the first look into one.
"""

from slipway_core.records.action_entries import Action, Healed, NewAction, Scaled
from slipway_core.records.entries import (
    Approval,
    Cancellation,
    Decision,
    Evaluation,
    InLane,
    Invalidation,
    NewApproval,
    NewEvaluation,
    PastEvaluation,
    PastValue,
    Revision,
    TaskRun,
)
from slipway_core.records.errors import NoSuchRecord, RecordsUnavailable
from slipway_core.records.location import records_url
from slipway_core.records.store import Records, open_records

__all__ = [
    "Action",
    "Approval",
    "Cancellation",
    "Decision",
    "Evaluation",
    "Healed",
    "InLane",
    "Invalidation",
    "NewAction",
    "NewApproval",
    "NewEvaluation",
    "NoSuchRecord",
    "PastEvaluation",
    "PastValue",
    "Records",
    "RecordsUnavailable",
    "Revision",
    "Scaled",
    "TaskRun",
    "open_records",
    "records_url",
]
