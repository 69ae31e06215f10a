"""The limits of unfinished uploads of guests, who have no account to answer for them.

Rule: check here before adding a row of a guest; the number of rows of one network is bounded.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull
from cabinet.models import Base
from cabinet.services.kernel.database import execute, lock_key

# An upload gives its room back after this time without a part, and ends in any case after the other.
IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=24)
# The maximum number of unfinished uploads of one network, through all links.
MOST = 20

_UPLOAD = Base.metadata.tables["upload"]
_UNFINISHED = select(func.count()).where(
    _UPLOAD.c.network == bindparam("network"),
    _UPLOAD.c.ended_at.is_(None),
    _UPLOAD.c.expires_at > bindparam("now"),
)


def expiry_of(created_at: datetime, now: datetime) -> datetime:
    """Return when an upload of a guest expires that got its last part now."""
    return min(now + IDLE, created_at + LONGEST)


def check_network(session: Session, network: str | None, now: datetime) -> None:
    """Raise `FolderFull` if a network has the maximum number of unfinished uploads.

    Takes the lock of the network after that of a space: guests may begin uploads to several spaces at once.
    """
    lock_key(session, f"uploads of {network}")
    if (execute(session, _UNFINISHED, {"network": network, "now": now}).scalar() or 0) >= MOST:
        raise FolderFull
