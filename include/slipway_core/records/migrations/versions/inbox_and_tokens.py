"""What came in from outside, and the tokens of those who may send it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make both tables."""
    texts = ("key", "kind", "source", "sender", "project", "context", "state", "why", "dag_id", "run_id")
    op.create_table(
        "slipway_inbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("received", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.UniqueConstraint("key", name="slipway_inbox_key"),
    )
    op.create_index("slipway_inbox_state", "slipway_inbox", ["state", "received"])
    op.create_index("slipway_inbox_context", "slipway_inbox", ["context"])
    op.create_table(
        "slipway_tokens",
        sa.Column("id", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "project", "can", "hash")),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked", sa.DateTime(timezone=True)),
        sa.Column("used", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("name", name="slipway_tokens_name"),
    )


def downgrade() -> None:
    """Drop both, and all that was recorded."""
    op.drop_table("slipway_tokens")
    op.drop_table("slipway_inbox")
