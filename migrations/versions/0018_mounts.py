"""Add mounts: nodes in a root that refer to folders of other spaces.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOUNTED = sa.text("target_id IS NOT NULL")


def upgrade() -> None:
    """Add the columns; SQLite adds a key only with its column, or by recreating the table."""
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE node ADD COLUMN target_id {kind} CONSTRAINT fk_node_target_id REFERENCES node (id)"
        " ON DELETE CASCADE"
    )
    op.add_column("node", sa.Column("role", sa.String(16)))
    # What is there already has none.
    op.add_column("space", sa.Column("has_mounts", sa.Boolean, nullable=False, server_default=sa.false()))
    # Deleting a target makes the database look for references to it.
    op.create_index(
        "ix_node_target_id", "node", ["target_id"], sqlite_where=MOUNTED, postgresql_where=MOUNTED
    )


def downgrade() -> None:
    """Delete the mounts; their targets stay."""
    op.execute("DELETE FROM node WHERE target_id IS NOT NULL")
    op.drop_index("ix_node_target_id", "node")
    op.drop_column("space", "has_mounts")
    connection = op.get_bind()
    triggers = []
    if connection.dialect.name == "sqlite":
        # It recreates the table, and drops the triggers of the index of names.
        asked = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'node'")
        triggers = list(connection.scalars(asked))
    with op.batch_alter_table("node") as altered:
        altered.drop_column("target_id")
        altered.drop_column("role")
    for words in triggers:
        connection.exec_driver_sql(words)
