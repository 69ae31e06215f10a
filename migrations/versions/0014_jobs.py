"""Keep when each job ran last, and let thumbnails that wait to be made be rows that a process claims.

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
    """Make the table of jobs; no thumbnail waits yet."""
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
    """Forget the runs, and what waits: without its mark it would be what none can be made of."""
    thumbnail = sa.table("thumbnail", sa.column("wanted_at"))
    op.execute(sa.delete(thumbnail).where(thumbnail.c.wanted_at.is_not(None)))
    op.drop_index("ix_thumbnail_wanted", "thumbnail")
    for name in ADDED:
        op.drop_column("thumbnail", name)
    op.drop_table("job")
