"""Whether what is noted of a user's usage and entries is what there is, and making it so.

Rule: counts anew from the rows; reads only but for `recount`, which runs in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, union_all, update
from sqlalchemy.orm import Session, aliased

from cabinet.models import Batch, BatchItem, BatchKind, BatchState, Node, Upload, User, Version
from cabinet.services.kernel.database import execute_counted
from cabinet.services.tree.tree import below

_OWNER = aliased(User)
# What is purged, and does not count any more though it is not all removed yet: the nodes of a purge
# that is committed, what lies below the mark of a trash, and whatever lies in them.
_TOPS = union_all(
    select(BatchItem.node_id)
    .join(Batch, Batch.id == BatchItem.batch_id)
    .where(Batch.kind == BatchKind.PURGE, Batch.state == BatchState.COMMITTED),
    select(Node.id)
    .join(_OWNER, Node.owner_id == _OWNER.id)
    .where(Node.trash_id.is_not(None), Node.trashed_at <= _OWNER.trash_purged_to),
)
_PURGED = below(_TOPS)

_VERSIONS = (
    select(func.coalesce(func.sum(Version.size), 0))
    .join(Node, Version.node_id == Node.id)
    .where(Node.owner_id == User.id, Node.id.not_in(select(_PURGED.c.id)))
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
    .where(Node.owner_id == User.id, Node.parent_id.is_not(None), Node.id.not_in(select(_PURGED.c.id)))
    .scalar_subquery()
)


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
    rows = select(User.username, User.usage, _USAGE).where(User.usage != _USAGE, User.deleted_at.is_(None))
    found = session.execute(rows.order_by(User.username_key)).all()
    return [WrongUsage(username, usage, int(counted)) for username, usage, counted in found]


def find_wrong_entries(session: Session) -> list[WrongEntries]:
    """Return whose entries are wrong, as `find_wrong` does."""
    rows = select(User.username, User.entries, _ENTRIES).where(
        User.entries != _ENTRIES, User.deleted_at.is_(None)
    )
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
