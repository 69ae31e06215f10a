"""Index only the nodes that have an id in the trash: every new file had an entry without one.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

IN_TRASH = sa.text("trash_id IS NOT NULL")


def upgrade() -> None:
    """Build the index again for the nodes in the trash."""
    op.drop_index("uq_node_trash_id", "node")
    op.create_index(
        "uq_node_trash_id",
        "node",
        ["trash_id"],
        unique=True,
        sqlite_where=IN_TRASH,
        postgresql_where=IN_TRASH,
    )


def downgrade() -> None:
    """Build the index again for all nodes."""
    op.drop_index("uq_node_trash_id", "node")
    op.create_index("uq_node_trash_id", "node", ["trash_id"], unique=True)
