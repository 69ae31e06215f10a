"""Blobs carry the key under which their store holds them: so far that was the content hash.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, fill it in, and have it be unique."""
    op.add_column("blob", sa.Column("key", sa.String(255)))
    blob = sa.table("blob", sa.column("key"), sa.column("content_hash"))
    op.execute(sa.update(blob).values(key=blob.c.content_hash))
    with op.batch_alter_table("blob") as table:
        table.alter_column("key", existing_type=sa.String(255), nullable=False)
        table.create_unique_constraint("uq_blob_key", ["key"])


def downgrade() -> None:
    """Forget the keys, which the stores of before never asked for."""
    with op.batch_alter_table("blob") as table:
        table.drop_constraint("uq_blob_key", type_="unique")
        table.drop_column("key")
