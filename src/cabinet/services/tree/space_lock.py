"""The lock of a space: its own row, which every writer to its tree locks first.

It protects every row of the tree, so writers cannot deadlock whatever paths they change, and what a
transaction reads after taking the lock stays true until it ends.

Rule: read what a change depends on after taking the lock; a change of several spaces locks them in one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Base, SpaceKind
from cabinet.services.kernel.database import execute

# The transaction, and the spaces whose locks it holds.
_HELD = "cabinet_locked_spaces"

_SPACE, _SHARE = (Base.metadata.tables[name] for name in ("space", "share"))
# Not correlated: for SQLite, SQLAlchemy leaves out the names of tables after RETURNING.
_HAS_SHARES = (
    select(_SHARE.c.id)
    .where(_SHARE.c.space_id == bindparam("space_id"), _SHARE.c.revoked_at.is_(None))
    .exists()
)
# On SQLite the transaction is the lock; the change gets its number there as well.
_LOCK = (
    update(_SPACE)
    .where(_SPACE.c.id == bindparam("space_id"))
    .values(seq=_SPACE.c.seq + 1)
    .returning(
        _SPACE.c.seq,
        _SPACE.c.usage,
        _SPACE.c.quota,
        _SPACE.c.deleted_at,
        _SPACE.c.kind,
        _HAS_SHARES.label("has_shares"),
    )
)


@dataclass(frozen=True, slots=True)
class LockedSpace:
    """A space as of taking its lock; `seq` is the number of this change.

    Others than its owner may see something in a personal space only if it `has_shares`.
    """

    seq: int
    usage: int
    quota: int | None
    deleted_at: datetime | None
    kind: int
    has_shares: bool

    @property
    def is_team(self) -> bool:
        """Return whether the space has members, who may see everything in it."""
        return self.kind != SpaceKind.PERSONAL


def lock_spaces(session: Session, space_ids: Iterable[int]) -> Mapping[int, LockedSpace]:
    """Lock spaces until the transaction ends; return the existing ones by id.

    That includes deleted spaces whose rows are still being removed. The values of a space that is already
    locked are those of its first call.
    """
    locked, wanted = dict(_held(session)), set(space_ids)
    # One order everywhere, to prevent deadlocks.
    for space_id in sorted(wanted - locked.keys()):
        row = execute(session, _LOCK, {"space_id": space_id}).one_or_none()
        if row is not None:
            locked[space_id] = LockedSpace(*row)
    session.info[_HELD] = session.get_transaction(), locked
    return {space_id: locked[space_id] for space_id in wanted & locked.keys()}


def lock_space(session: Session, space_id: int) -> LockedSpace:
    """Lock one space as `lock_spaces` does; raises `NotFound` if it is deleted or does not exist."""
    space = lock_spaces(session, [space_id]).get(space_id)
    if space is None or space.deleted_at is not None:
        raise NotFound
    return space


def seq_of(session: Session, space_id: int) -> int:
    """Return the number of the current change of a space; this transaction must hold its lock."""
    return _held(session)[space_id].seq


def locked_space(session: Session, space_id: int) -> LockedSpace:
    """Return a space as of taking its lock, which this transaction must hold."""
    return _held(session)[space_id]


def _held(session: Session) -> Mapping[int, LockedSpace]:
    transaction, locked = session.info.get(_HELD, (None, {}))
    return locked if transaction is session.get_transaction() else {}
