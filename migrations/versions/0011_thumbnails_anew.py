"""Forget all thumbnails, which are made again, and know HEIC and TIFF by their names.

Those of before had the wrong colors of a profile, white for what has 16 bits, and a note that there is none of
what can be decoded now.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What nobody knew was kept without a media type, or as mere bytes.
UNKNOWN = "application/octet-stream"
TYPES = {".heic": "image/heic", ".heif": "image/heif", ".tif": "image/tiff", ".tiff": "image/tiff"}


def upgrade() -> None:
    """Delete the rows, whose blobs a sweep removes, and fill in the media types."""
    op.execute(sa.delete(sa.table("thumbnail")))
    node = sa.table("node", sa.column("name"), sa.column("media_type"), sa.column("content_hash"))
    is_unknown = sa.func.coalesce(node.c.media_type, UNKNOWN) == UNKNOWN
    for suffix, media_type in TYPES.items():
        is_named = sa.func.lower(node.c.name).like(f"%{suffix}")
        is_wanted = node.c.content_hash.is_not(None) & is_unknown & is_named
        op.execute(sa.update(node).where(is_wanted).values(media_type=media_type))


def downgrade() -> None:
    """Forget what was made since; a media type does no harm."""
    op.execute(sa.delete(sa.table("thumbnail")))
