"""Whether a user accepts nothing from another one: neither grants nor memberships.

Rule: reads only; everything that gives something to a user asks here, and refuses a sender who is blocked like one
who names an unknown user.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.models import UserBlock


def is_blocked(session: Session, user_id: int, sender_id: int | None) -> bool:
    """Return whether a user accepts nothing from a sender; the operator, None, is never blocked."""
    found = select(UserBlock.user_id).where(UserBlock.user_id == user_id, UserBlock.blocked_id == sender_id)
    return session.scalar(found) is not None


def blocks(user_id: InstrumentedAttribute[Any], sender_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    """Return the same as a condition of a query, for columns of it."""
    found = select(UserBlock.user_id).where(UserBlock.user_id == user_id, UserBlock.blocked_id == sender_id)
    return found.exists()
