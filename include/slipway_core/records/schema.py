"""The tables as they are now. Each change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Double, Index, Integer, MetaData, Table, UniqueConstraint

from slipway_core.records.columns import Moment, Words

VERSION_TABLE = "slipway_alembic_version"
# The newest migration; known here so that looking at the database needs no Alembic. Ids are numbers that grow.
HEAD = "0004"

metadata = MetaData()

evaluations = Table(
    "slipway_evaluations",
    metadata,
    Column("id", Words, primary_key=True),
    Column("context", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("window_start", Moment),
    Column("window_end", Moment),
    Column("result", Words, nullable=False),
    Column("score", Double, nullable=False),
    Column("labels", JSON, nullable=False),
    # The whole finished evaluation; what baselines need of it stands apart, so that they read little.
    Column("data", JSON, nullable=False),
    Column("indicator_values", JSON, nullable=False),
    Column("queries", JSON, nullable=False),
    Column("tree_commit", Words, nullable=False),
    Column("dag_id", Words),
    Column("run_id", Words),
    Column("task_id", Words),
    Column("attempt", Words),
    Column("invalidated_at", Moment),
    Column("invalidated_by", Words),
    Column("invalidated_why", Words),
    Column("release_name", Words),
    Column("release_revision", Integer),
    UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_evaluations_of_task"),
    Index("slipway_evaluations_context", "context"),
    Index("slipway_evaluations_finished", "finished_at"),
    Index("slipway_evaluations_baseline", "project", "stage", "service", "result", "finished_at"),
)

approvals = Table(
    "slipway_approvals",
    metadata,
    Column("id", Words, primary_key=True),
    Column("context", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("dag_id", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    Column("task_id", Words, nullable=False),
    Column("attempt", Words, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("decision", Words),
    Column("decided_by", Words),
    Column("decided_at", Moment),
    Column("decided_how", Words),
    Column("decided_why", Words),
    Column("overruled", JSON, nullable=False),
    Column("superseded_by", Words),
    UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_approvals_of_task"),
    Index("slipway_approvals_context", "context"),
    Index("slipway_approvals_place", "project", "stage", "service", "decision"),
)

# Who is in which lane now; a run that has left has no row.
lanes = Table(
    "slipway_lanes",
    metadata,
    Column("dag_id", Words, primary_key=True),
    Column("run_id", Words, primary_key=True),
    Column("project", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("context", Words, nullable=False),
    Column("triggered_at", Moment, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("superseded_by_dag", Words),
    Column("superseded_by_run", Words),
    Column("changed_at", Moment, nullable=False),
    Index("slipway_lanes_context", "context"),
    Index("slipway_lanes_place", "project", "stage", "service"),
)

cancellations = Table(
    "slipway_cancellations",
    metadata,
    Column("id", Words, primary_key=True),
    Column("context", Words, nullable=False),
    # Empty: every stage.
    Column("stage", Words, nullable=False),
    Column("cancelled_at", Moment, nullable=False),
    Column("cancelled_by", Words, nullable=False),
    Column("why", Words, nullable=False),
    Index("slipway_cancellations_context", "context"),
)

actions = Table(
    "slipway_actions",
    metadata,
    Column("id", Words, primary_key=True),
    Column("context", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("service", Words, nullable=False),
    Column("dag_id", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    Column("task_id", Words, nullable=False),
    Column("attempt", Words, nullable=False),
    Column("action", Words, nullable=False),
    Column("value", JSON),
    Column("asked_at", Moment, nullable=False),
    Column("state", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("replicas_before", Integer),
    Column("replicas_after", Integer),
    Column("by_values", Boolean),
    Column("settled_at", Moment),
    UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_actions_of_task"),
    Index("slipway_actions_context", "context"),
    Index("slipway_actions_place", "project", "stage", "service", "asked_at"),
)

inbox = Table(
    "slipway_inbox",
    metadata,
    Column("id", Words, primary_key=True),
    Column("received", Moment, nullable=False),
    Column("key", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("sender", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("context", Words, nullable=False),
    Column("body", JSON, nullable=False),
    Column("state", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("dag_id", Words, nullable=False),
    Column("run_id", Words, nullable=False),
    UniqueConstraint("key", name="slipway_inbox_key"),
    Index("slipway_inbox_state", "state", "received"),
    Index("slipway_inbox_context", "context"),
)

tokens = Table(
    "slipway_tokens",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("project", Words, nullable=False),
    Column("can", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Column("created", Moment, nullable=False),
    Column("revoked", Moment),
    Column("used", Moment),
    UniqueConstraint("name", name="slipway_tokens_name"),
)
