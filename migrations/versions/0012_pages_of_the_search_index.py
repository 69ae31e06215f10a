"""Use smaller pages in the full-text table of SQLite, so that a merge step is short.

Existing pages keep their size until they are merged.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SET_PAGE_SIZE = "INSERT INTO node_search (node_search, rank) VALUES ('pgsz', {})"


def upgrade() -> None:
    """Set the size; PostgreSQL has no such table."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SET_PAGE_SIZE.format(1000))


def downgrade() -> None:
    """Restore the default size."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SET_PAGE_SIZE.format(4050))
