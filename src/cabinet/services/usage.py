"""How many bytes a user stores, counted in the one statement that also compares.

Rule: runs in the caller's transaction and commits nothing; nothing else writes `usage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from cabinet.errors import QuotaExceeded
from cabinet.models import Node, Upload, User, Version
from cabinet.services.database import execute_counted
from cabinet.services.tree import below

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
_COUNTED = _VERSIONS + _UNFINISHED


def use(session: Session, owner_id: int, size: int) -> None:
    """Count `size` bytes to a user's usage; those that are given back are less than none.

    Raises `QuotaExceeded`.
    """
    if not size:
        return
    fits = or_(User.quota.is_(None), User.usage + size <= User.quota, literal(size) < 0)
    used = update(User).where(User.id == owner_id, fits).values(usage=User.usage + size)
    if not execute_counted(session, used):
        user = session.get(User, owner_id)
        raise QuotaExceeded(quota=(user.quota if user else 0) or 0)


@dataclass(frozen=True, slots=True)
class WrongUsage:
    """A user whose usage is not what the versions and unfinished uploads add up to; in bytes."""

    username: str
    usage: int
    counted: int


def find_wrong(session: Session) -> list[WrongUsage]:
    """Return whose usage is wrong; all of one moment, for one statement asks."""
    rows = select(User.username, User.usage, _COUNTED).where(User.usage != _COUNTED)
    found = session.execute(rows.order_by(User.username_key)).all()
    return [WrongUsage(username, usage, int(counted)) for username, usage, counted in found]


def recount(session: Session, owner_id: int) -> int:
    """Make a user's usage what it should be, and return that; raises NoResultFound for nobody."""
    # Whoever stores or deletes changes this row too, in the same transaction: with the row locked,
    # what a later statement counts is what the usage will have been told when the lock is gone.
    session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True)).one()
    counted = int(session.execute(select(_COUNTED).where(User.id == owner_id)).scalar_one())
    execute_counted(session, update(User).where(User.id == owner_id).values(usage=counted))
    return counted


def size_below(session: Session, *node_ids: int) -> int:
    """Return the bytes of all versions of these nodes and of everything below them."""
    nodes = below(*node_ids)
    size = select(func.coalesce(func.sum(Version.size), 0)).join(nodes, Version.node_id == nodes.c.id)
    return int(session.scalar(size) or 0)
