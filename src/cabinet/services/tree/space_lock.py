"""The lock of a space: its own row, taken by whoever writes into its tree before anything else.

It stands for every row of the tree, so two who write cannot wait for each other, however their paths
lie, and what each of them reads after it stays true until its transaction ends.

Rule: what a change decides on is read after the lock; whoever changes several spaces takes them in
one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Base

# The spaces whose locks a transaction holds, and which transaction that is.
_HELD = "cabinet_locked_spaces"

_SPACE = Base.metadata.tables["space"]
# On SQLite the transaction is the lock; there too every change has a number.
_LOCK = (
    update(_SPACE)
    .where(_SPACE.c.id == bindparam("space_id"))
    .values(seq=_SPACE.c.seq + 1)
    .returning(_SPACE.c.seq, _SPACE.c.usage, _SPACE.c.quota, _SPACE.c.deleted_at)
)


@dataclass(frozen=True, slots=True)
class LockedSpace:
    """A space as it is while its lock is held; `seq` is the number of this change."""

    seq: int
    usage: int
    quota: int | None
    deleted_at: datetime | None


def lock_spaces(session: Session, space_ids: Iterable[int]) -> Mapping[int, LockedSpace]:
    """Hold the locks of spaces until the transaction ends, and return those that there are, by their ids.

    Also those that have ended and are being removed. One that is held already is as it was when it was taken.
    """
    locked, wanted = dict(_held(session)), set(space_ids)
    # One order for everybody, or two could wait for each other's.
    for space_id in sorted(wanted - locked.keys()):
        row = session.execute(_LOCK, {"space_id": space_id}).one_or_none()
        if row is not None:
            locked[space_id] = LockedSpace(*row)
    session.info[_HELD] = session.get_transaction(), locked
    return {space_id: locked[space_id] for space_id in wanted & locked.keys()}


def lock_space(session: Session, space_id: int) -> LockedSpace:
    """Hold the lock of one space as `lock_spaces` does; raises `NotFound` when it has ended, or is gone."""
    space = lock_spaces(session, [space_id]).get(space_id)
    if space is None or space.deleted_at is not None:
        raise NotFound
    return space


def seq_of(session: Session, space_id: int) -> int:
    """Return the number of the change under way in a space, whose lock this transaction holds."""
    return _held(session)[space_id].seq


def _held(session: Session) -> Mapping[int, LockedSpace]:
    transaction, locked = session.info.get(_HELD, (None, {}))
    return locked if transaction is session.get_transaction() else {}
