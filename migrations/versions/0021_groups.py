"""Add groups of users.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    moment = sa.DateTime(timezone=True)
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    # Compares byte by byte, as SQLite always does.
    folded = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "user_group",
        sa.Column("id", row_id, nullable=False),
        sa.Column("public_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("name_key", folded, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user_group"),
        sa.UniqueConstraint("public_id", name="uq_user_group_public_id"),
        sa.UniqueConstraint("name_key", name="uq_user_group_name_key"),
    )
    op.create_table(
        "group_member",
        sa.Column("group_id", row_id, nullable=False),
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_group.id"], "fk_group_member_group_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_group_member_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name="pk_group_member"),
    )
    op.create_index("ix_group_member_user_id", "group_member", ["user_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("group_member")
    op.drop_table("user_group")
