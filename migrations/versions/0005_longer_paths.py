"""Allow paths of 2048 bytes.

SQLite does not enforce the length of a text, and recreating its table of nodes would drop the search triggers.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (("upload", "path", False), ("node", "trashed_from", True))


def upgrade() -> None:
    """Widen the columns."""
    resize(1024, 2048)


def downgrade() -> None:
    """Narrow the columns; PostgreSQL refuses if there is a longer path."""
    resize(2048, 1024)


def resize(before: int, after: int) -> None:
    """Change the length of the columns on PostgreSQL."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table, column, nullable in COLUMNS:
        op.alter_column(
            table,
            column,
            type_=sa.String(after),
            existing_type=sa.String(before),
            existing_nullable=nullable,
        )
