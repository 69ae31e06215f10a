"""Add the link that a guest began a batch through, so that a reverted one gives back what it claimed.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SHARED = sa.text("share_id IS NOT NULL")


def upgrade() -> None:
    """Add the column; SQLite adds a key only with its column, or by recreating the table."""
    op.execute(
        "ALTER TABLE batch ADD COLUMN share_id VARCHAR(32) CONSTRAINT fk_batch_share_id REFERENCES share (id)"
        " ON DELETE SET NULL"
    )
    op.create_index("ix_batch_share_id", "batch", ["share_id"], sqlite_where=SHARED, postgresql_where=SHARED)


def downgrade() -> None:
    """Drop the column; what a batch of a guest claimed stays claimed then."""
    op.drop_index("ix_batch_share_id", "batch")
    with op.batch_alter_table("batch") as altered:
        altered.drop_column("share_id")
