"""How many bytes a user stores, counted in the one statement that also compares.

Rule: runs in the caller's transaction and commits nothing; nothing else writes `usage`.
"""

from __future__ import annotations

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from cabinet.errors import QuotaExceeded
from cabinet.models import User, Version
from cabinet.services.database import execute_counted
from cabinet.services.tree import below


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


def size_below(session: Session, *node_ids: int) -> int:
    """Return the bytes of all versions of these nodes and of everything below them."""
    nodes = below(*node_ids)
    size = select(func.coalesce(func.sum(Version.size), 0)).join(nodes, Version.node_id == nodes.c.id)
    return int(session.scalar(size) or 0)
