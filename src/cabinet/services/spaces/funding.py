"""Quotas of team spaces that come out of the quota of the user who made them.

Rule: runs in the caller's transaction, which holds the locks of both spaces; the sum of the two quotas never
changes here.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField
from cabinet.models import Space
from cabinet.services.kernel.database import execute_counted
from cabinet.services.spaces.values import MORE_THAN_FREE, NEEDS_QUOTA


def move_quota(session: Session, home_id: int, funded: int, quota: int | None) -> int:
    """Take the quota of a team space out of that of a user's own space, where `funded` bytes were already.

    Returns the number of bytes that have been taken now. A user without a quota gives nothing. Raises
    `InvalidField` if less is free, or without a number.
    """
    limit = session.scalar(select(Space.quota).where(Space.id == home_id))
    if limit is None:
        return funded
    if quota is None:
        raise InvalidField(field="quota", reason=NEEDS_QUOTA)
    taken = quota - funded
    lowered = update(Space).where(Space.id == home_id).values(quota=Space.quota - taken)
    if taken > 0:
        lowered = lowered.where(Space.quota - Space.usage >= taken)
    if not execute_counted(session, lowered):
        raise InvalidField(field="quota", reason=MORE_THAN_FREE)
    return quota


def give_back(session: Session, home_id: int | None, size: int) -> None:
    """Return quota to a user's own space; one without a quota stays without."""
    if home_id is not None and size:
        raised = update(Space).where(Space.id == home_id).values(quota=Space.quota + size)
        execute_counted(session, raised)
