"""What a user takes: bytes and entries, counted in the one statement that also compares.

Entries are all nodes but the root, live or not. Whoever has more than is allowed keeps them, and
only what adds to them is refused.

Rule: runs in the caller's transaction and commits nothing; beside `usage_checks.py` nothing else writes
`usage` and `entries`.
"""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select, true, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, QuotaExceeded, TooManyEntries
from cabinet.models import User
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.database import execute_counted

_LOCKED_USER = (
    select(User.id)
    .where(User.id == bindparam("user_id"), User.deleted_at.is_(None))
    .with_for_update(key_share=True)
)


def use(
    session: Session, owner_id: int, size: int, *, entries: int = 0, overdraft: int = 0, released: int = 0
) -> None:
    """Count `size` bytes and `entries` to what a user takes; what is given back is less than none.

    `released` bytes are given back first. With `overdraft` the sum may be so many bytes more than the
    quota. Raises `TooManyEntries` or `QuotaExceeded`.
    """
    if not size and not entries and not released:
        return
    usage = User.usage + (size - released)
    has_room = or_(User.quota.is_(None), usage <= User.quota + overdraft) if size > 0 else true()
    most = caps_of(session).entries
    may_have = User.entries + entries <= most if entries > 0 else true()
    used = update(User).where(User.id == owner_id, has_room, may_have)
    if not execute_counted(session, used.values(usage=usage, entries=User.entries + entries)):
        check_entries(session, owner_id, entries)
        quota = session.scalar(select(User.quota).where(User.id == owner_id))
        raise QuotaExceeded(quota=quota or 0)


def check_quota(session: Session, owner_id: int, size: int) -> None:
    """Raise `QuotaExceeded` where a user may not store so many bytes more now; `use` decides."""
    row = session.execute(select(User.usage, User.quota).where(User.id == owner_id)).one_or_none()
    if row is not None and row.quota is not None and row.usage + size > row.quota:
        raise QuotaExceeded(quota=row.quota)


def lock_user(session: Session, user_id: int) -> None:
    """Hold a user's row until the transaction ends; raises `NotFound` when the account is deleted."""
    if session.scalar(_LOCKED_USER, {"user_id": user_id}) is None:
        raise NotFound


def check_entries(session: Session, owner_id: int, entries: int) -> None:
    """Raise `TooManyEntries` where a user may not have so many more now; `use` decides."""
    most = caps_of(session).entries
    if entries > 0:
        there = session.scalar(select(User.entries).where(User.id == owner_id)) or 0
        if there + entries > most:
            raise TooManyEntries(allowed=most)
