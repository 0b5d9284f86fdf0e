"""Lanes: who runs and who waits; and what was cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "slipway_lanes",
        sa.Column("dag_id", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("project", "stage", "service", "context")),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("superseded_by_dag", sa.Text),
        sa.Column("superseded_by_run", sa.Text),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("slipway_lanes_context", "slipway_lanes", ["context"])
    op.create_index("slipway_lanes_place", "slipway_lanes", ["project", "stage", "service"])
    op.create_table(
        "slipway_cancellations",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("context", "stage")),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("cancelled_by", "why")),
    )
    op.create_index("slipway_cancellations_context", "slipway_cancellations", ["context"])


def downgrade() -> None:
    """Drop both."""
    op.drop_table("slipway_cancellations")
    op.drop_table("slipway_lanes")
