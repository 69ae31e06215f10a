"""Add a public id to every account, for pages and programs.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 1000

user = sa.table("user", sa.column("id"), sa.column("public_id"))
set_public_id = (
    sa.update(user).where(user.c.id == sa.bindparam("user_id")).values(public_id=sa.bindparam("made"))
)


def upgrade() -> None:
    """Add the column, fill it, then make it required."""
    op.add_column("user", sa.Column("public_id", sa.String(32)))
    if not op.get_context().as_sql:
        fill(op.get_bind())
    with op.batch_alter_table("user") as table:
        table.alter_column("public_id", existing_type=sa.String(32), nullable=False)
        table.create_unique_constraint("uq_user_public_id", ["public_id"])


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("user") as table:
        table.drop_constraint("uq_user_public_id", type_="unique")
        table.drop_column("public_id")


def fill(connection: sa.Connection) -> None:
    """Set 128 random bits in each row."""
    ids = connection.scalars(sa.select(user.c.id)).all()
    for start in range(0, len(ids), BATCH):
        values = [
            {"user_id": user_id, "made": secrets.token_hex(16)} for user_id in ids[start : start + BATCH]
        ]
        connection.execute(set_public_id, values)
