"""The bytes and entries used in a space, updated by the statement that also checks the limits.

Entries are all nodes except the root, live or not. If there are more than allowed, they are kept, and only
additions are refused.

Rule: runs in the caller's transaction and commits nothing; only `usage_checks.py` also writes `usage` and
`entries`.
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
    """Add `size` bytes and `entries` to the usage of a space; both may be negative.

    `released` bytes are subtracted first. `overdraft` is the number of bytes by which the sum may exceed the
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
    """Return the error for a full space; only in a scope of the whole space it names the quota."""
    return QuotaExceeded(quota=quota) if scope.is_whole else FolderFull()


def check_quota(session: Session, scope: Scope, size: int) -> None:
    """Raise as `use` if this many more bytes do not fit now; `use` makes the decision."""
    row = session.execute(select(Space.usage, Space.quota).where(Space.id == scope.space_id)).one_or_none()
    if row is not None and row.quota is not None and row.usage + size > row.quota:
        raise quota_exceeded(scope, row.quota)


def check_entries(session: Session, scope: Scope, entries: int) -> None:
    """Raise `TooManyEntries` if a space cannot have this many more entries now; `use` makes the decision.

    If this transaction has loaded the space and the caller holds a reference, it is not read again.
    """
    most = caps_of(session).entries
    space = session.get(Space, scope.space_id) if entries > 0 else None
    if space is not None and space.entries + entries > most:
        raise TooManyEntries(allowed=most)
