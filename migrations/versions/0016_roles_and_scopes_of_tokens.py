"""Add roles of users, and scopes and a folder of tokens.

No user becomes an administrator, and existing tokens keep full access to all files.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The scopes of tokens that were created without any.
USUAL = "read write share"
LIMITED = sa.text("folder_id IS NOT NULL")


def upgrade() -> None:
    """Add the columns; SQLite adds a key only with its column, or by recreating the table."""
    op.add_column("user", sa.Column("role", sa.String(16), nullable=False, server_default="user"))
    op.add_column("token", sa.Column("scopes", sa.String(64), nullable=False, server_default=USUAL))
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE token ADD COLUMN folder_id {kind} CONSTRAINT fk_token_folder_id REFERENCES node (id)"
        " ON DELETE CASCADE"
    )
    op.create_index(
        "ix_token_folder_id", "token", ["folder_id"], sqlite_where=LIMITED, postgresql_where=LIMITED
    )


def downgrade() -> None:
    """Drop the columns, and revoke tokens that would gain rights."""
    token = sa.table("token", sa.column("scopes"), sa.column("folder_id"))
    is_limited = token.c.folder_id.is_not(None) | token.c.scopes.not_like(f"{USUAL}%")
    op.execute(sa.delete(token).where(is_limited))
    op.drop_index("ix_token_folder_id", "token")
    with op.batch_alter_table("token") as altered:
        altered.drop_column("folder_id")
        altered.drop_column("scopes")
    op.drop_column("user", "role")
