"""Add a random number to every node, for sync clients, and the sign-ins of apps that are under way.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

# Nodes that one statement changes.
STEP = 10_000

RANDOM = {
    "sqlite": "(random() & 9007199254740991)",
    "postgresql": "(('x' || right(replace(gen_random_uuid()::text, '-', ''), 14))::bit(56)::bigint"
    " & 9007199254740991)",
}


def upgrade() -> None:
    """Add the column, number the nodes, and add the table."""
    op.add_column("node", sa.Column("file_id", sa.BigInteger(), nullable=False, server_default="0"))
    if not op.get_context().as_sql:
        fill(op.get_bind())
    op.create_index("uq_node_file_id", "node", ["file_id"], unique=True)
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "login_flow",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("page_hash", sa.String(64), nullable=False),
        sa.Column("poll_hash", sa.String(64), nullable=False),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("stamp", sa.String(64)),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], "fk_login_flow_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_login_flow"),
        sa.UniqueConstraint("page_hash", name="uq_login_flow_page_hash"),
        sa.UniqueConstraint("poll_hash", name="uq_login_flow_poll_hash"),
    )
    op.create_index("ix_login_flow_network", "login_flow", ["network"])
    op.create_index("ix_login_flow_user_id", "login_flow", ["user_id"])
    op.create_index("ix_login_flow_expires_at", "login_flow", ["expires_at"])


def fill(connection: sa.Connection) -> None:
    """Give all nodes numbers, so many at a time, and again where two got the same one."""
    number = RANDOM[connection.dialect.name]
    some = sa.text(f"UPDATE node SET file_id = {number} WHERE id >= :start AND id < :end")
    first = connection.scalar(sa.text("SELECT min(id) FROM node"))
    last = connection.scalar(sa.text("SELECT max(id) FROM node"))
    for start in range(first or 0, (last or 0) + 1, STEP):
        connection.execute(some, {"start": start, "end": start + STEP})
    again = sa.text(
        f"UPDATE node SET file_id = {number} WHERE id IN"
        " (SELECT max(id) FROM node GROUP BY file_id HAVING count(*) > 1)"
    )
    while connection.execute(again).rowcount:
        pass


def downgrade() -> None:
    """Drop the table and the numbers."""
    op.drop_table("login_flow")
    op.drop_index("uq_node_file_id", "node")
    op.drop_column("node", "file_id")
