"""What a user takes: bytes and entries, counted in the one statement that also compares.

Entries are all nodes but the root, live or not. Whoever has more than is allowed keeps them, and
only what adds to them is refused.

Rule: runs in the caller's transaction and commits nothing; nothing else writes `usage` and `entries`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select, true, update
from sqlalchemy.orm import Session

from cabinet.errors import QuotaExceeded, TooManyEntries
from cabinet.models import Node, Upload, User, Version
from cabinet.services.caps import caps_of
from cabinet.services.database import execute_counted

_VERSIONS = (
    select(func.coalesce(func.sum(Version.size), 0))
    .join(Node, Version.node_id == Node.id)
    .where(Node.owner_id == User.id)
    .scalar_subquery()
)
_UNFINISHED = (
    select(func.coalesce(func.sum(Upload.offset), 0))
    .where(Upload.owner_id == User.id, Upload.ended_at.is_(None))
    .scalar_subquery()
)
_USAGE = _VERSIONS + _UNFINISHED
_ENTRIES = (
    select(func.count())
    .select_from(Node)
    .where(Node.owner_id == User.id, Node.parent_id.is_not(None))
    .scalar_subquery()
)


def use(session: Session, owner_id: int, size: int, *, entries: int = 0, overdraft: int = 0) -> None:
    """Count `size` bytes and `entries` to what a user takes; what is given back is less than none.

    With `overdraft` the sum may be so many bytes more than the quota. Raises `TooManyEntries` or `QuotaExceeded`.
    """
    if not size and not entries:
        return
    has_room = or_(User.quota.is_(None), User.usage + size <= User.quota + overdraft) if size > 0 else true()
    most = caps_of(session).entries
    may_have = User.entries + entries <= most if entries > 0 else true()
    used = update(User).where(User.id == owner_id, has_room, may_have)
    if not execute_counted(session, used.values(usage=User.usage + size, entries=User.entries + entries)):
        check_entries(session, owner_id, entries)
        quota = session.scalar(select(User.quota).where(User.id == owner_id))
        raise QuotaExceeded(quota=quota or 0)


def check_entries(session: Session, owner_id: int, entries: int) -> None:
    """Raise `TooManyEntries` where a user may not have so many more now; `use` decides."""
    most = caps_of(session).entries
    if entries > 0:
        there = session.scalar(select(User.entries).where(User.id == owner_id)) or 0
        if there + entries > most:
            raise TooManyEntries(allowed=most)


@dataclass(frozen=True, slots=True)
class WrongUsage:
    """A user whose usage is not what the versions and unfinished uploads add up to; in bytes."""

    username: str
    usage: int
    counted: int


@dataclass(frozen=True, slots=True)
class WrongEntries:
    """A user of whom another number of files and folders is noted than there are."""

    username: str
    entries: int
    counted: int


def find_wrong(session: Session) -> list[WrongUsage]:
    """Return whose usage is wrong; all of one moment, for one statement asks."""
    rows = select(User.username, User.usage, _USAGE).where(User.usage != _USAGE)
    found = session.execute(rows.order_by(User.username_key)).all()
    return [WrongUsage(username, usage, int(counted)) for username, usage, counted in found]


def find_wrong_entries(session: Session) -> list[WrongEntries]:
    """Return whose entries are wrong, as `find_wrong` does."""
    rows = select(User.username, User.entries, _ENTRIES).where(User.entries != _ENTRIES)
    found = session.execute(rows.order_by(User.username_key)).all()
    return [WrongEntries(*row) for row in found]


def recount(session: Session, owner_id: int) -> tuple[int, int]:
    """Make a user's usage and entries what they should be, and return them.

    Raises NoResultFound for nobody.
    """
    # Whoever stores or deletes changes this row too, in the same transaction: with the row locked,
    # what a later statement counts is what the usage will have been told when the lock is gone.
    session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True)).one()
    usage, entries = session.execute(select(_USAGE, _ENTRIES).where(User.id == owner_id)).one()
    counted = update(User).where(User.id == owner_id).values(usage=int(usage), entries=entries)
    execute_counted(session, counted)
    return int(usage), entries
