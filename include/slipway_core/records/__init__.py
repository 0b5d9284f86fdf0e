"""Our own tables: evaluations, approvals, lanes, healing actions, and all that came in. Never Airflow's.

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
from slipway_core.records.errors import NameTaken, NoSuchRecord, RecordsUnavailable
from slipway_core.records.location import records_url
from slipway_core.records.store import Records, open_records
from slipway_core.records.way_in_entries import RIGHTS, Handled, Message, NewMessage, Right, Stored, Token

__all__ = [
    "RIGHTS",
    "Action",
    "Approval",
    "Cancellation",
    "Decision",
    "Evaluation",
    "Handled",
    "Healed",
    "InLane",
    "Invalidation",
    "Message",
    "NameTaken",
    "NewAction",
    "NewApproval",
    "NewEvaluation",
    "NewMessage",
    "NoSuchRecord",
    "PastEvaluation",
    "PastValue",
    "Records",
    "RecordsUnavailable",
    "Revision",
    "Right",
    "Scaled",
    "Stored",
    "TaskRun",
    "Token",
    "open_records",
    "records_url",
]
