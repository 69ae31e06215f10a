"""Add thumbnails.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "thumbnail",
        sa.Column("owner_id", row_id, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("size", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("thumbnail_hash", sa.String(64)),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "content_hash", "size", name="pk_thumbnail"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_thumbnail_owner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["content_hash"], ["blob.content_hash"], name="fk_thumbnail_content_hash", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["thumbnail_hash"], ["blob.content_hash"], name="fk_thumbnail_thumbnail_hash", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_thumbnail_content_hash", "thumbnail", ["content_hash"])
    op.create_index("ix_thumbnail_thumbnail_hash", "thumbnail", ["thumbnail_hash"])


def downgrade() -> None:
    """Drop the table; a sweep removes the blobs."""
    op.drop_table("thumbnail")
