"""Finds and corrects wrong usage and entry counts of spaces.

Every change of rows changes the stored counts by the same amount. So an error stays constant while others
write, and is subtracted in a transaction that counts nothing.

Rule: recounts from the rows, and never in a writing transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from cabinet.errors import NotFound, Unavailable
from cabinet.models import Batch, BatchItem, BatchKind, BatchState, Kind, Node, Space, Upload, User, Version
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.tree.space_rows import label_of
from cabinet.services.tree.subtree import below

_SPACE = aliased(Space)
# Purged nodes that are not all removed yet and no longer count: the nodes of a committed purge, what lies
# before the mark of a trash, and everything below these.
_TOPS = union_all(
    select(BatchItem.node_id)
    .join(Batch, Batch.id == BatchItem.batch_id)
    .where(Batch.kind == BatchKind.PURGE, Batch.state == BatchState.COMMITTED),
    select(Node.id)
    .join(_SPACE, Node.space_id == _SPACE.id)
    .where(Node.trash_id.is_not(None), Node.trashed_at <= _SPACE.trash_purged_to),
)
_PURGED = below(_TOPS)

_VERSIONS = (
    select(func.coalesce(func.sum(Version.size), 0))
    .join(Node, Version.node_id == Node.id)
    .where(Node.space_id == Space.id, Node.id.not_in(select(_PURGED.c.id)))
    .scalar_subquery()
)
_UNFINISHED = (
    select(func.coalesce(func.sum(Upload.offset), 0))
    .where(Upload.space_id == Space.id, Upload.ended_at.is_(None))
    .scalar_subquery()
)
_USAGE = _VERSIONS + _UNFINISHED
_ENTRIES = (
    select(func.count())
    .select_from(Node)
    .where(
        Node.space_id == Space.id,
        Node.parent_id.is_not(None),
        Node.kind != Kind.MOUNT,
        Node.id.not_in(select(_PURGED.c.id)),
    )
    .scalar_subquery()
)

# Two processes that correct the same error at once correct it twice, which both detect and repair.
_TRIES = 10


@dataclass(frozen=True, slots=True)
class WrongUsage:
    """A space whose stored usage differs from the sum of versions and unfinished uploads; in bytes.

    `username` is its owner, `space:` and the id of a team space.
    """

    username: str
    usage: int
    counted: int


@dataclass(frozen=True, slots=True)
class WrongEntries:
    """A space whose stored number of files and folders is wrong; `username` as in `WrongUsage`."""

    username: str
    entries: int
    counted: int


def find_wrong(session: Session) -> list[WrongUsage]:
    """Return the spaces whose usage is wrong, all as of one moment, because it is one statement."""
    rows = _labelled(Space.usage, _USAGE).where(Space.usage != _USAGE, Space.deleted_at.is_(None))
    return [WrongUsage(label_of(*row[:2]), row[2], int(row[3])) for row in session.execute(rows)]


def find_wrong_entries(session: Session) -> list[WrongEntries]:
    """Return the spaces whose number of entries is wrong, as `find_wrong` does."""
    rows = _labelled(Space.entries, _ENTRIES).where(Space.entries != _ENTRIES, Space.deleted_at.is_(None))
    return [WrongEntries(label_of(*row[:2]), *row[2:]) for row in session.execute(rows)]


def _labelled(*counts: ColumnElement[int] | InstrumentedAttribute[int]) -> Select[*tuple[Any, ...]]:
    """Return the query of spaces, with what names them before `counts`, users first."""
    named = select(User.username, Space.public_id, *counts).select_from(Space)
    named = named.outerjoin(User, User.id == Space.owner_id)
    return named.order_by(User.username_key.is_(None), User.username_key, Space.public_id)


def recount(session: Session, space_id: int) -> tuple[int, int]:
    """Correct the usage and entries of a space; return the correct values.

    Begins its own transactions. Raises `NotFound` if the space does not exist, and `Unavailable` while others
    do the same for the same space.
    """
    for _ in range(_TRIES):
        session.rollback()
        # One statement, so that all values are of one moment.
        noted = select(Space.usage, Space.entries, _USAGE.label("counted"), _ENTRIES.label("there"))
        row = session.execute(noted.where(Space.id == space_id, Space.deleted_at.is_(None))).one_or_none()
        session.rollback()
        if row is None:
            raise NotFound
        size, entries = row.usage - int(row.counted), row.entries - row.there
        if not size and not entries:
            return row.usage, row.entries
        with writing(session):
            less = {"usage": Space.usage - size, "entries": Space.entries - entries}
            execute_counted(session, update(Space).where(Space.id == space_id).values(less))
    raise Unavailable
