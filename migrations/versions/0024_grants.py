"""Add grants: shares for a user or a group, what became of them, and blocked users.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TO_USER = sa.text("to_user_id IS NOT NULL")
TO_GROUP = sa.text("to_group_id IS NOT NULL")
MOUNTED = sa.text("mount_id IS NOT NULL")


def upgrade() -> None:
    """Add columns and tables; a grant has no secret."""
    moment = sa.DateTime(timezone=True)
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    with op.batch_alter_table("share") as altered:
        altered.alter_column("nonce", existing_type=sa.LargeBinary(16), nullable=True)
        altered.alter_column("token_hash", existing_type=sa.String(64), nullable=True)
        altered.add_column(sa.Column("to_user_id", row_id))
        altered.add_column(sa.Column("to_group_id", row_id))
        altered.add_column(sa.Column("role", sa.String(16)))
        altered.create_foreign_key("fk_share_to_user_id", "user", ["to_user_id"], ["id"], ondelete="CASCADE")
        altered.create_foreign_key(
            "fk_share_to_group_id", "user_group", ["to_group_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(
        "ix_share_to_user_id", "share", ["to_user_id"], sqlite_where=TO_USER, postgresql_where=TO_USER
    )
    op.create_index(
        "ix_share_to_group_id", "share", ["to_group_id"], sqlite_where=TO_GROUP, postgresql_where=TO_GROUP
    )
    op.create_table(
        "share_recipient",
        sa.Column("share_id", sa.String(32), nullable=False),
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("mount_id", row_id),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["share_id"], ["share.id"], "fk_share_recipient_share_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_share_recipient_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["mount_id"], ["node.id"], "fk_share_recipient_mount_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("share_id", "user_id", name="pk_share_recipient"),
    )
    op.create_index("ix_share_recipient_of_user", "share_recipient", ["user_id", "created_at", "share_id"])
    op.create_index(
        "ix_share_recipient_mount_id",
        "share_recipient",
        ["mount_id"],
        sqlite_where=MOUNTED,
        postgresql_where=MOUNTED,
    )
    op.create_table(
        "user_block",
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("blocked_id", row_id, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_user_block_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blocked_id"], ["user.id"], "fk_user_block_blocked_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "blocked_id", name="pk_user_block"),
    )
    op.create_index("ix_user_block_blocked_id", "user_block", ["blocked_id"])


def downgrade() -> None:
    """Drop the tables; grants end, and with them their mounts."""
    op.execute("DELETE FROM node WHERE target_id IS NOT NULL AND role IS NULL")
    op.drop_table("user_block")
    op.drop_table("share_recipient")
    op.execute("DELETE FROM share_item WHERE share_id IN (SELECT id FROM share WHERE kind = 'grant')")
    op.execute("DELETE FROM share WHERE kind = 'grant'")
    op.drop_index("ix_share_to_group_id", "share")
    op.drop_index("ix_share_to_user_id", "share")
    with op.batch_alter_table("share") as altered:
        altered.drop_constraint("fk_share_to_group_id", type_="foreignkey")
        altered.drop_constraint("fk_share_to_user_id", type_="foreignkey")
        altered.drop_column("role")
        altered.drop_column("to_group_id")
        altered.drop_column("to_user_id")
        altered.alter_column("token_hash", existing_type=sa.String(64), nullable=False)
        altered.alter_column("nonce", existing_type=sa.LargeBinary(16), nullable=False)
