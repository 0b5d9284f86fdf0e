"""Healing actions; and which release an evaluation judged, so that a rollback finds the last good one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, and two columns of evaluations."""
    texts = ("context", "project", "stage", "service", "dag_id", "run_id", "task_id", "attempt", "action")
    op.create_table(
        "slipway_actions",
        sa.Column("id", sa.Text, primary_key=True),
        *[sa.Column(name, sa.Text, nullable=False) for name in texts],
        sa.Column("value", sa.JSON),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("replicas_before", sa.Integer),
        sa.Column("replicas_after", sa.Integer),
        sa.Column("by_values", sa.Boolean),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("dag_id", "run_id", "task_id", "attempt", name="slipway_actions_of_task"),
    )
    op.create_index("slipway_actions_context", "slipway_actions", ["context"])
    op.create_index("slipway_actions_place", "slipway_actions", ["project", "stage", "service", "asked_at"])
    op.add_column("slipway_evaluations", sa.Column("release_name", sa.Text))
    op.add_column("slipway_evaluations", sa.Column("release_revision", sa.Integer))


def downgrade() -> None:
    """Drop them, and what was recorded there."""
    op.drop_column("slipway_evaluations", "release_revision")
    op.drop_column("slipway_evaluations", "release_name")
    op.drop_table("slipway_actions")
