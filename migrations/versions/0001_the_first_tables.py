"""Create the first tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "user",
        sa.Column("id", row_id, nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", sa.String(256), nullable=False),
        sa.Column("password_hash", sa.String(128), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("usage", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger()),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("disabled_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("username_key", name="uq_user_username_key"),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttle"),
    )
    op.create_index("ix_throttle_expires_at", "throttle", ["expires_at"])
    make_credentials()
    make_files()


def make_credentials() -> None:
    """Create the tables of users, sessions and tokens."""
    op.create_table(
        "session",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(256), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment, nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("secret_hash", name="uq_session_secret_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_session_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_session_user_id", "session", ["user_id"])
    op.create_table(
        "token",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("last_used_at", moment),
        sa.Column("expires_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("secret_hash", name="uq_token_secret_hash"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_token_user_id", ondelete="CASCADE"),
    )
    op.create_index("ix_token_user_id", "token", ["user_id"])


def make_files() -> None:
    """Create the tables of nodes, versions and blobs."""
    op.create_table(
        "blob",
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("released_at", moment),
        sa.PrimaryKeyConstraint("content_hash", name="pk_blob"),
    )
    op.create_index("ix_blob_released_at", "blob", ["released_at"])
    op.create_table(
        "node",
        sa.Column("id", row_id, nullable=False),
        sa.Column("owner_id", row_id, nullable=False),
        sa.Column("parent_id", row_id),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sort_key", sa.LargeBinary(1024), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("media_type", sa.String(127)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("child_count", sa.BigInteger(), nullable=False),
        sa.Column("child_size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("modified_at", moment, nullable=False),
        sa.Column("trashed_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_node"),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name="fk_node_owner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["node.id"], name="fk_node_parent_id", ondelete="CASCADE"),
    )
    op.create_index("ix_node_owner_id", "node", ["owner_id"])
    op.create_index("ix_node_parent_id", "node", ["parent_id"])
    make_partial_index("uq_node_root", ["owner_id"], "parent_id IS NULL", unique=True)
    make_partial_index("uq_node_name", ["parent_id", "name"], "trashed_at IS NULL", unique=True)
    for order, columns in (("name", []), ("size", ["size"]), ("modified", ["modified_at"])):
        every = ["parent_id", "kind", *columns, "sort_key"]
        make_partial_index(f"ix_node_by_{order}", every, "trashed_at IS NULL")
    make_partial_index("ix_node_trashed", ["trashed_at"], "trashed_at IS NOT NULL")
    op.create_table(
        "version",
        sa.Column("id", row_id, nullable=False),
        sa.Column("node_id", row_id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_version"),
        sa.UniqueConstraint("node_id", "number", name="uq_version_node_id_number"),
        sa.ForeignKeyConstraint(["content_hash"], ["blob.content_hash"], name="fk_version_content_hash"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], name="fk_version_node_id", ondelete="CASCADE"),
    )
    op.create_index("ix_version_content_hash", "version", ["content_hash"])


def make_partial_index(name: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    """Create a partial index over the nodes that meet `condition`."""
    where = sa.text(condition)
    op.create_index(name, "node", columns, unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop the tables; their indexes go with them."""
    for table in ("version", "node", "blob", "token", "session", "throttle", "user"):
        op.drop_table(table)
