"""The bytes and entries used in a space, updated by the statement that also checks the limits.

Entries are all nodes except the root, live or not. If there are more than allowed, they are kept, and only
additions are refused. What a guest adds also counts against the limits of the link.

Rule: runs in the caller's transaction and commits nothing; only `usage_checks.py` also writes `usage` and
`entries`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, bindparam, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from cabinet.errors import FolderFull, QuotaExceeded, StorageFull, TooManyEntries
from cabinet.models import Base, Space
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope, SpaceUsage
from cabinet.services.kernel.caps import caps_of
from cabinet.services.kernel.database import execute
from cabinet.services.tree.link_limits import claim, room_of

_SPACE = Base.metadata.tables["space"]
_SIZE, _ENTRIES, _RELEASED, _OVERDRAFT, _MOST = (
    bindparam(f"its_{name}", type_=BigInteger)
    for name in ("size", "entries", "released", "overdraft", "most")
)
_IS_ITS = _SPACE.c.id == bindparam("its_id")
_NEW_USAGE, _NEW_ENTRIES = _SPACE.c.usage + (_SIZE - _RELEASED), _SPACE.c.entries + _ENTRIES
# Built once: each change runs it, and building it takes ten times as long as running it.
_USE = (
    update(_SPACE)
    .where(
        _IS_ITS,
        or_(_SIZE <= 0, _SPACE.c.quota.is_(None), _SPACE.c.quota + _OVERDRAFT >= _NEW_USAGE),
        or_(_ENTRIES <= 0, _NEW_ENTRIES <= _MOST),
    )
    .values(usage=_NEW_USAGE, entries=_NEW_ENTRIES)
    .returning(_SPACE.c.usage, _SPACE.c.entries)
)
_COUNTED = select(_SPACE.c.usage, _SPACE.c.entries, _SPACE.c.quota).where(_IS_ITS)


def add_usage(
    session: Session,
    scope: Scope,
    size: int,
    *,
    entries: int = 0,
    folders: int = 0,
    overdraft: int = 0,
    released: int = 0,
) -> None:
    """Add `size` bytes and `entries` to the usage of a space; both may be negative.

    `folders` of the entries are folders: for a blind guest these do not count against the link, because what
    is left would tell which of them were there. `released` bytes are subtracted first. `overdraft` is the number of bytes by which the sum may exceed the
    quota. Raises `TooManyEntries`, and what `quota_exceeded` returns.
    """
    if not size and not entries and not released:
        return
    most = caps_of(session).entries
    numbers = {"its_size": size, "its_entries": entries, "its_released": released, "its_overdraft": overdraft}
    used = execute(session, _USE, {"its_id": scope.space_id, "its_most": most, **numbers}).one_or_none()
    if used is None:
        row = execute(session, _COUNTED, {"its_id": scope.space_id}).one_or_none()
        if row is not None and entries > 0 and row.entries + entries > most:
            raise _too_many_entries(scope, most)
        free = (row.quota or 0) - (row.usage - released) if row is not None else None
        raise quota_exceeded(scope, needed=size, free=free)
    if scope.share_id is not None:
        counted = entries - folders if scope.is_blind else entries
        if not claim(session, scope.share_id, size - released, counted):
            raise FolderFull
    space = session.identity_map.get(session.identity_key(Space, scope.space_id))
    if space is not None:
        # A loaded object stays in step.
        set_committed_value(space, "usage", used.usage)
        set_committed_value(space, "entries", used.entries)


def quota_exceeded(scope: Scope, *, needed: int | None, free: int | None) -> StorageFull:
    """Return the error for a full space, with the bytes `needed` and `free`; None if unknown.

    It has numbers only for an actor who may list the whole space, and so may see its usage; and none if there
    has been enough space since.
    """
    if not scope.is_whole:
        return FolderFull()
    if needed is None or free is None or needed <= free or not scope.has(Rights.LIST):
        return QuotaExceeded()
    return QuotaExceeded(needed=needed, free=max(0, free))


def _too_many_entries(scope: Scope, most: int) -> StorageFull:
    """Return the error for too many entries; guests learn nothing about the space."""
    return TooManyEntries(allowed=most) if scope.share_id is None else FolderFull()


def usage_of(session: Session, scope: Scope) -> SpaceUsage:
    """Return the usage of a space and its quota now; a space that does not exist any more has no limit.

    For guests the quota is what the link still takes in, if that is less.
    """
    row = execute(session, _COUNTED, {"its_id": scope.space_id}).one_or_none()
    usage = SpaceUsage(0, 0, None) if row is None else SpaceUsage(*row)
    left = None if scope.share_id is None else room_of(session, scope.share_id).size
    if left is None:
        return usage
    quota = usage.used + max(0, left)
    return usage._replace(quota=quota if usage.quota is None else min(quota, usage.quota))


def check_quota(session: Session, scope: Scope, size: int) -> None:
    """Raise as `add_usage` if this many more bytes do not fit now; `add_usage` makes the decision."""
    used, _entries, quota = usage_of(session, scope)
    if quota is not None and used + size > quota:
        raise quota_exceeded(scope, needed=size, free=quota - used)


def check_entries(session: Session, scope: Scope, entries: int, usage: SpaceUsage | None = None) -> None:
    """Raise `TooManyEntries` if a space cannot have this many more entries; `add_usage` makes the decision.

    `usage` is that of the space, if already known.
    """
    if entries <= 0:
        return
    most = caps_of(session).entries
    if (usage or usage_of(session, scope)).entries + entries > most:
        raise _too_many_entries(scope, most)
    left = None if scope.share_id is None else room_of(session, scope.share_id).files
    if left is not None and entries > left:
        raise FolderFull
