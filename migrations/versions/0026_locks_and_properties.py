"""Add the locks and dead properties of WebDAV, and checksums of versions.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the column."""
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    folded = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "dav_lock",
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("space_id", row_id, nullable=False),
        sa.Column("node_id", row_id, nullable=False),
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("is_deep", sa.Boolean, nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], "fk_dav_lock_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], "fk_dav_lock_node_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_dav_lock_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name="pk_dav_lock"),
    )
    for column in ("space_id", "node_id", "user_id", "expires_at"):
        op.create_index(f"ix_dav_lock_{column}", "dav_lock", [column])
    op.create_table(
        "dav_property",
        sa.Column("node_id", row_id, nullable=False),
        sa.Column("name", folded, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], "fk_dav_property_node_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node_id", "name", name="pk_dav_property"),
    )
    op.add_column("version", sa.Column("checksums", sa.String(128)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("version", "checksums")
    op.drop_table("dav_property")
    op.drop_table("dav_lock")
