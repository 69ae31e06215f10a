"""Record changes of many nodes, so that they can be undone.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "batch",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner_id", row_id, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("undoes", sa.String(32)),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_batch_owner_id", ondelete="CASCADE"),
    )
    op.create_index("ix_batch_owner_id", "batch", ["owner_id"])
    op.create_index("ix_batch_expires_at", "batch", ["expires_at"])
    op.create_table(
        "batch_item",
        sa.Column("batch_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node_id", row_id, nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("parent_id", row_id),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("trash_id", sa.String(32)),
        sa.Column("trashed_at", moment),
        sa.Column("new_trash_id", sa.String(32)),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_item"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name="fk_batch_item_batch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name="fk_batch_item_node_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["node.id"], name="fk_batch_item_parent_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_batch_item_node_id", "batch_item", ["node_id"])
    op.create_index("ix_batch_item_parent_id", "batch_item", ["parent_id"])


def downgrade() -> None:
    """Drop the tables; the changes remain."""
    op.drop_table("batch_item")
    op.drop_table("batch")
