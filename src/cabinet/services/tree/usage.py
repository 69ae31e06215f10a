"""What is in a space: bytes and entries, counted in the one statement that also compares.

Entries are all nodes but the root, live or not. Where there are more than is allowed they stay, and
only what adds to them is refused.

Rule: runs in the caller's transaction and commits nothing; beside `usage_checks.py` nothing else writes
`usage` and `entries`.
"""

from __future__ import annotations

from sqlalchemy import or_, select, true, update
from sqlalchemy.orm import Session

from cabinet.errors import FolderFull, QuotaExceeded, StorageFull, TooManyEntries
from cabinet.models import Space
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.database import execute_counted


def use(
    session: Session, scope: Scope, size: int, *, entries: int = 0, overdraft: int = 0, released: int = 0
) -> None:
    """Count `size` bytes and `entries` to what is in a space; what is given back is less than none.

    `released` bytes are given back first. With `overdraft` the sum may be so many bytes more than the
    quota. Raises `TooManyEntries`, and what `quota_exceeded` returns.
    """
    if not size and not entries and not released:
        return
    usage = Space.usage + (size - released)
    has_room = or_(Space.quota.is_(None), usage <= Space.quota + overdraft) if size > 0 else true()
    most = caps_of(session).entries
    may_have = Space.entries + entries <= most if entries > 0 else true()
    used = update(Space).where(Space.id == scope.space_id, has_room, may_have)
    if not execute_counted(session, used.values(usage=usage, entries=Space.entries + entries)):
        row = session.execute(
            select(Space.entries, Space.quota).where(Space.id == scope.space_id)
        ).one_or_none()
        if row is not None and entries > 0 and row.entries + entries > most:
            raise TooManyEntries(allowed=most)
        raise quota_exceeded(scope, row.quota or 0 if row is not None else 0)


def quota_exceeded(scope: Scope, quota: int) -> StorageFull:
    """Return what tells that a space has no room, and how much there is to whom all of it is open."""
    return QuotaExceeded(quota=quota) if scope.is_whole else FolderFull()


def check_quota(session: Session, scope: Scope, size: int) -> None:
    """Raise as `use` where so many bytes more have no room now; `use` decides."""
    row = session.execute(select(Space.usage, Space.quota).where(Space.id == scope.space_id)).one_or_none()
    if row is not None and row.quota is not None and row.usage + size > row.quota:
        raise quota_exceeded(scope, row.quota)


def check_entries(session: Session, scope: Scope, entries: int) -> None:
    """Raise `TooManyEntries` where a space may not have so many more now; `use` decides.

    A space that this transaction has read already, and that the caller holds, is not read again.
    """
    most = caps_of(session).entries
    space = session.get(Space, scope.space_id) if entries > 0 else None
    if space is not None and space.entries + entries > most:
        raise TooManyEntries(allowed=most)
