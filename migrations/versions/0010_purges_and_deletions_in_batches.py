"""Mark what a user has purged or deleted, so that it is hidden at once and removed in batches.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MARKS = ("deleted_at", "trash_hidden_to", "trash_purged_to")


def upgrade() -> None:
    """Add the marks; no row is marked yet."""
    for name in MARKS:
        op.add_column("user", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Remove deleted accounts, and drop the marks.

    Purged nodes that were not removed yet are in the trash again; `flask users recount` counts them.
    """
    user = sa.table("user", sa.column("id"), sa.column("deleted_at"))
    deleted = sa.select(user.c.id).where(user.c.deleted_at.is_not(None))
    node = sa.table("node", sa.column("id"), sa.column("owner_id"))
    nodes = sa.select(node.c.id).where(node.c.owner_id.in_(deleted))
    # Explicitly, because SQLite does not cascade while foreign keys are off during a migration.
    for name, column, gone in (
        ("batch_item", "node_id", nodes),
        ("version", "node_id", nodes),
        ("batch", "owner_id", deleted),
        ("upload", "owner_id", deleted),
        ("thumbnail", "owner_id", deleted),
        ("node", "owner_id", deleted),
    ):
        table = sa.table(name, sa.column(column))
        op.execute(sa.delete(table).where(table.c[column].in_(gone)))
    op.execute(sa.delete(user).where(user.c.deleted_at.is_not(None)))
    for name in MARKS:
        op.drop_column("user", name)
