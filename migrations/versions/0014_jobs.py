"""Record the last run of each job, and add requests for thumbnails that a process can claim.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WANTED = sa.text("wanted_at IS NOT NULL")
ADDED = ("wanted_at", "claimed_until")


def upgrade() -> None:
    """Create the table of jobs and the columns of requests."""
    op.create_table(
        "job",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("took_seconds", sa.Float()),
        sa.Column("error", sa.Text()),
        sa.Column("wanted_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name="pk_job"),
    )
    for name in ADDED:
        op.add_column("thumbnail", sa.Column(name, MOMENT))
    op.create_index(
        "ix_thumbnail_wanted", "thumbnail", ["owner_id"], sqlite_where=WANTED, postgresql_where=WANTED
    )


def downgrade() -> None:
    """Drop the table, and delete open requests: without the mark they would look like failed thumbnails."""
    thumbnail = sa.table("thumbnail", sa.column("wanted_at"))
    op.execute(sa.delete(thumbnail).where(thumbnail.c.wanted_at.is_not(None)))
    op.drop_index("ix_thumbnail_wanted", "thumbnail")
    for name in ADDED:
        op.drop_column("thumbnail", name)
    op.drop_table("job")
