"""Count the files and folders of every user, and index unfinished uploads.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Add and fill the counter, and create the index."""
    op.add_column("user", sa.Column("entries", sa.BigInteger(), nullable=False, server_default="0"))
    user = sa.table("user", sa.column("id"), sa.column("entries"))
    node = sa.table("node", sa.column("owner_id"), sa.column("parent_id"))
    counted = (
        sa.select(sa.func.count())
        .select_from(node)
        .where(node.c.owner_id == user.c.id, node.c.parent_id.is_not(None))
        .scalar_subquery()
    )
    op.execute(sa.update(user).values(entries=counted))
    op.create_index(
        "ix_upload_unfinished",
        "upload",
        ["owner_id"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )


def downgrade() -> None:
    """Drop the counter and the index."""
    op.drop_index("ix_upload_unfinished", "upload")
    op.drop_column("user", "entries")
