"""Add team spaces, which have a name and no owner.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

IS_TEAM = sa.text("public_id IS NOT NULL")
FUNDED = sa.text("funder_id IS NOT NULL")
TEAMS = "SELECT id FROM space WHERE public_id IS NOT NULL"


def upgrade() -> None:
    """Add the columns; SQLite adds a key only with its column, or by recreating the table."""
    kind = "INTEGER" if op.get_context().dialect.name == "sqlite" else "BIGINT"
    op.add_column("space", sa.Column("public_id", sa.String(32)))
    op.add_column("space", sa.Column("name", sa.String(255)))
    op.execute(
        f"ALTER TABLE space ADD COLUMN funder_id {kind} CONSTRAINT fk_space_funder_id"
        ' REFERENCES "user" (id) ON DELETE SET NULL'
    )
    # What is there already was made by nobody out of their own.
    op.add_column("space", sa.Column("funded", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index(
        "uq_space_public_id",
        "space",
        ["public_id"],
        unique=True,
        sqlite_where=IS_TEAM,
        postgresql_where=IS_TEAM,
    )
    op.create_index(
        "ix_space_funder_id", "space", ["funder_id"], sqlite_where=FUNDED, postgresql_where=FUNDED
    )


def downgrade() -> None:
    """Delete the team spaces with all that is in them, and give back the quotas taken for them."""
    op.execute(
        "UPDATE space SET quota = quota + (SELECT COALESCE(SUM(team.funded), 0) FROM space AS team"
        " WHERE team.funder_id = space.owner_id AND team.deleted_at IS NULL) WHERE quota IS NOT NULL"
    )
    # SQLite has its keys turned off here, so nothing cascades.
    nodes = f"SELECT id FROM node WHERE space_id IN ({TEAMS})"
    shares, batches = (f"SELECT id FROM {table} WHERE space_id IN ({TEAMS})" for table in ("share", "batch"))
    for table, column, of_team in (
        ("version", "node_id", nodes),
        ("share_item", "node_id", nodes),
        ("share_item", "share_id", shares),
        ("share_download", "share_id", shares),
        ("batch_item", "batch_id", batches),
        ("node", "target_id", nodes),
        *((table, "space_id", TEAMS) for table in ("upload", "share", "thumbnail", "batch", "node")),
        ("space", "id", TEAMS),
    ):
        op.execute(f"DELETE FROM {table} WHERE {column} IN ({of_team})")
    op.drop_index("ix_space_funder_id", "space")
    op.drop_index("uq_space_public_id", "space")
    with op.batch_alter_table("space") as altered:
        for name in ("public_id", "name", "funder_id", "funded"):
            altered.drop_column(name)
