"""Add links to files and folders, and uploads through them.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HELD = sa.text("revoked_at IS NULL")
SHARED = sa.text("share_id IS NOT NULL")
OF_GUESTS = sa.text("network IS NOT NULL")
# Whoever had accounts before links existed decides about links first: see `services/shares/policy.py`.
NOTE_OLDER = "INSERT INTO milestone (name) SELECT 'older than links' WHERE EXISTS (SELECT 1 FROM \"user\")"


def upgrade() -> None:
    """Add the tables; SQLite adds a key only with its column, or by recreating the table."""
    moment = sa.DateTime(timezone=True)
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "share",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("space_id", row_id, nullable=False),
        sa.Column("user_id", row_id),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("nonce", sa.LargeBinary(16), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100)),
        sa.Column("note", sa.Text),
        sa.Column("is_selection", sa.Boolean, nullable=False),
        sa.Column("rights", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(128)),
        sa.Column("expires_at", moment),
        sa.Column("max_downloads", sa.Integer),
        sa.Column("downloads", sa.Integer, nullable=False),
        sa.Column("opens", sa.Integer, nullable=False),
        sa.Column("uploads", sa.Integer, nullable=False),
        sa.Column("last_used_at", moment),
        sa.Column("max_size", sa.BigInteger),
        sa.Column("used_size", sa.BigInteger, nullable=False),
        sa.Column("max_files", sa.Integer),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("notify", sa.Boolean, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("revoked_at", moment),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], "fk_share_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_share_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        sa.UniqueConstraint("token_hash", name="uq_share_token_hash"),
    )
    op.create_index("ix_share_space_id", "share", ["space_id"])
    op.create_index("ix_share_user_id", "share", ["user_id"])
    op.create_index(
        "ix_share_of_user",
        "share",
        ["user_id", "created_at", "id"],
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
    op.create_table(
        "share_item",
        sa.Column("share_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("node_id", row_id, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sort_key", sa.LargeBinary(1200), nullable=False),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], "fk_share_item_share_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], "fk_share_item_node_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("share_id", "position", name="pk_share_item"),
        sa.UniqueConstraint("share_id", "name", name="uq_share_item_share_id_name"),
    )
    op.create_index("ix_share_item_node_id", "share_item", ["node_id"])
    op.create_table(
        "share_download",
        sa.Column("share_id", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("begun_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], "fk_share_download_share_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("share_id", "key", name="pk_share_download"),
    )
    op.create_index("ix_share_download_begun_at", "share_download", ["begun_at"])
    op.create_table(
        "milestone",
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_milestone"),
    )
    op.execute(
        "ALTER TABLE upload ADD COLUMN share_id VARCHAR(32) CONSTRAINT fk_upload_share_id REFERENCES share (id)"
        " ON DELETE CASCADE"
    )
    op.add_column("upload", sa.Column("network", sa.String(64)))
    op.create_index(
        "ix_upload_share_id", "upload", ["share_id"], sqlite_where=SHARED, postgresql_where=SHARED
    )
    op.create_index(
        "ix_upload_network", "upload", ["network"], sqlite_where=OF_GUESTS, postgresql_where=OF_GUESTS
    )
    op.execute(NOTE_OLDER)


def downgrade() -> None:
    """Drop the tables; an upload through a link belongs to nobody then, and expires."""
    op.drop_index("ix_upload_network", "upload")
    op.drop_index("ix_upload_share_id", "upload")
    with op.batch_alter_table("upload") as altered:
        altered.drop_column("share_id")
        altered.drop_column("network")
    for table in ("milestone", "share_download", "share_item", "share"):
        op.drop_table(table)
