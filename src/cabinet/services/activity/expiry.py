"""Deletes old events.

Rule: in transactions of a few hundred rows each, because requests wait for them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.models import Event
from cabinet.services.kernel.expiry import delete_in_steps


def has_old(session: Session, before: datetime) -> bool:
    """Return whether any event is from this time or before it; a cheap check."""
    found = session.scalar(select(Event.id).where(Event.created_at <= before).limit(1)) is not None
    session.rollback()
    return found


def delete_old(session: Session, before: datetime) -> int:
    """Delete the events from this time and before it, with their notices; return the number of events."""
    return delete_in_steps(session, Event.id, Event.created_at <= before)
