"""Add sums to folders: bytes and files of everything below, and the number of the last change there.

Every folder sums its direct entries, the deepest folders first, so each statement reads what the previous one
wrote, and no row is read more than a few times. Besides the table only ids of folders are stored, in the
database.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SUMS = ("tree_size", "tree_files", "tree_tag")
FOLDER, FILE = 0, 1

# The folders of one level, found from those of the level above; a root has no parent.
ROOTS = f"INSERT INTO folder_level SELECT 0, id FROM node WHERE parent_id IS NULL AND kind = {FOLDER}"
NEXT_LEVEL = f"""
    INSERT INTO folder_level SELECT :depth, node.id FROM folder_level
    JOIN node ON node.parent_id = folder_level.id
    WHERE folder_level.depth = :depth - 1 AND node.kind = {FOLDER}
"""
# Trashed nodes are below the root, which does not count them. A folder has no size, and a file no sums.
FILL = f"""
    UPDATE node SET tree_size = inside.size, tree_files = inside.files
    FROM (
        SELECT child.parent_id AS id, sum(child.size + child.tree_size) AS size,
            sum(child.tree_files + CASE child.kind WHEN {FILE} THEN 1 ELSE 0 END) AS files
        FROM folder_level JOIN node AS child ON child.parent_id = folder_level.id
        WHERE folder_level.depth = :depth AND child.trashed_at IS NULL
        GROUP BY child.parent_id
    ) AS inside
    WHERE node.id = inside.id
"""


def upgrade() -> None:
    """Add the columns, and fill them from the bottom up."""
    for name in SUMS:
        op.add_column("node", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "CREATE TEMPORARY TABLE folder_level (depth INTEGER NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (depth, id))"
    )
    connection = op.get_bind()
    depth = 0
    found = connection.execute(sa.text(ROOTS)).rowcount
    while found:
        if connection.dialect.name != "sqlite":
            # PostgreSQL has no statistics of the table yet.
            op.execute("ANALYZE folder_level")
        depth += 1
        found = connection.execute(sa.text(NEXT_LEVEL), {"depth": depth}).rowcount
    for level in reversed(range(depth)):
        connection.execute(sa.text(FILL), {"depth": level})
    op.execute("DROP TABLE folder_level")


def downgrade() -> None:
    """Drop the sums."""
    for name in SUMS:
        op.drop_column("node", name)
