"""Add resumable uploads.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "upload",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("owner_id", row_id, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("length", sa.BigInteger()),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(1024), nullable=False),
        sa.Column("on_conflict", sa.String(8), nullable=False),
        sa.Column("modified_at", moment),
        sa.Column("media_type", sa.String(127)),
        sa.Column("description", sa.Text()),
        sa.Column("parts", sa.Text()),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_upload_owner_id", ondelete="CASCADE"),
    )
    op.create_index("ix_upload_owner_id", "upload", ["owner_id"])
    op.create_index("ix_upload_expires_at", "upload", ["expires_at"])


def downgrade() -> None:
    """Drop the table; a sweep removes the staged bytes."""
    op.drop_table("upload")
