"""Delete all thumbnails, so that they are generated again, and detect HEIC and TIFF by their names.

Older ones ignored color profiles, were white for images with 16 bits, or were recorded as impossible for formats
that can be decoded now.

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

# Unknown types were stored as NULL or as application/octet-stream.
UNKNOWN = "application/octet-stream"
TYPES = {".heic": "image/heic", ".heif": "image/heif", ".tif": "image/tiff", ".tiff": "image/tiff"}


def upgrade() -> None:
    """Delete the rows and fill in media types; a sweep removes the blobs."""
    op.execute(sa.delete(sa.table("thumbnail")))
    node = sa.table("node", sa.column("name"), sa.column("media_type"), sa.column("content_hash"))
    is_unknown = sa.func.coalesce(node.c.media_type, UNKNOWN) == UNKNOWN
    for suffix, media_type in TYPES.items():
        is_named = sa.func.lower(node.c.name).like(f"%{suffix}")
        is_wanted = node.c.content_hash.is_not(None) & is_unknown & is_named
        op.execute(sa.update(node).where(is_wanted).values(media_type=media_type))


def downgrade() -> None:
    """Delete newer thumbnails; the media types stay."""
    op.execute(sa.delete(sa.table("thumbnail")))
