"""The first tables: evaluations and approvals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make both."""
    _make_evaluations()
    _make_approvals()


def downgrade() -> None:
    """Drop both, and all that was recorded."""
    op.drop_table("slipway_approvals")
    op.drop_table("slipway_evaluations")


def _make_evaluations() -> None:
    op.create_table(
        "slipway_evaluations",
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("context", "project", "stage", "service"),
        _moment("started_at", nullable=False),
        _moment("finished_at", nullable=False),
        _moment("window_start"),
        _moment("window_end"),
        *_texts("result"),
        sa.Column("score", sa.Double, nullable=False),
        *_documents("labels", "data", "indicator_values", "queries"),
        *_texts("tree_commit"),
        *_texts("dag_id", "run_id", "task_id", "attempt", nullable=True),
        _moment("invalidated_at"),
        *_texts("invalidated_by", "invalidated_why", nullable=True),
        sa.UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_evaluations_of_task"),
    )
    op.create_index("slipway_evaluations_context", "slipway_evaluations", ["context"])
    op.create_index("slipway_evaluations_finished", "slipway_evaluations", ["finished_at"])
    op.create_index(
        "slipway_evaluations_baseline", "slipway_evaluations", ["project", "stage", "service", "result", "finished_at"]
    )


def _make_approvals() -> None:
    op.create_table(
        "slipway_approvals",
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("context", "project", "stage", "service", "dag_id", "run_id", "task_id", "attempt"),
        _moment("asked_at", nullable=False),
        *_documents("evidence"),
        *_texts("decision", "decided_by", nullable=True),
        _moment("decided_at"),
        *_texts("decided_how", "decided_why", nullable=True),
        *_documents("overruled"),
        *_texts("superseded_by", nullable=True),
        sa.UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_approvals_of_task"),
    )
    op.create_index("slipway_approvals_context", "slipway_approvals", ["context"])
    op.create_index("slipway_approvals_place", "slipway_approvals", ["project", "stage", "service", "decision"])


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _documents(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON, nullable=False) for name in names]


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
