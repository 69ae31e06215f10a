"""Add the events in shares and spaces, and notices of them.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

UNSEEN = sa.text("seen_at IS NULL")
HELD = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    """Add the tables."""
    moment = sa.DateTime(timezone=True)
    row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "event",
        sa.Column("id", row_id, nullable=False),
        sa.Column("space_id", row_id, nullable=False),
        sa.Column("share_id", sa.String(32)),
        sa.Column("node_id", row_id),
        sa.Column("user_id", row_id),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("from_path", sa.Text),
        sa.Column("from_line", sa.Text),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["space_id"], ["space.id"], "fk_event_space_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["share_id"], ["share.id"], "fk_event_share_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["node_id"], ["node.id"], "fk_event_node_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_event_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_of_space", "event", ["space_id", "id"])
    _index_if_set("ix_event_of_share", ["share_id", "id"])
    _index_if_set("ix_event_of_node", ["node_id", "id"])
    _index_if_set("ix_event_user_id", ["user_id"])
    op.create_index("ix_event_created_at", "event", ["created_at"])
    op.create_table(
        "notice",
        sa.Column("user_id", row_id, nullable=False),
        sa.Column("event_id", row_id, nullable=False),
        sa.Column("seen_at", moment),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_notice_user_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], "fk_notice_event_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "event_id", name="pk_notice"),
    )
    op.create_index("ix_notice_event_id", "notice", ["event_id"])
    op.create_index("ix_notice_unseen", "notice", ["user_id"], sqlite_where=UNSEEN, postgresql_where=UNSEEN)
    op.create_index("ix_share_in_space", "share", ["space_id"], sqlite_where=HELD, postgresql_where=HELD)


def _index_if_set(name: str, columns: list[str]) -> None:
    """Add an index of events whose first column is set."""
    is_set = sa.text(f"{columns[0]} IS NOT NULL")
    op.create_index(name, "event", columns, sqlite_where=is_set, postgresql_where=is_set)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_index("ix_share_in_space", "share")
    op.drop_table("notice")
    op.drop_table("event")
