"""Add the key of each blob in its store; so far it was the content hash.

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
    """Add the column, fill it, and make it unique."""
    op.add_column("blob", sa.Column("key", sa.String(255)))
    blob = sa.table("blob", sa.column("key"), sa.column("content_hash"))
    op.execute(sa.update(blob).values(key=blob.c.content_hash))
    with op.batch_alter_table("blob") as table:
        table.alter_column("key", existing_type=sa.String(255), nullable=False)
        table.create_unique_constraint("uq_blob_key", ["key"])


def downgrade() -> None:
    """Drop the column; older releases use the content hash."""
    with op.batch_alter_table("blob") as table:
        table.drop_constraint("uq_blob_key", type_="unique")
        table.drop_column("key")
