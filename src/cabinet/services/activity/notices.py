"""Notices: events that a user shall hear of, as news until a page has shown them.

Rule: a notice names its entry, never the folders around it, which its reader may not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from cabinet.models import Base, Event, Notice, Share, Space, User, Verb
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import (
    dialect_of,
    execute,
    execute_counted,
    for_each_dialect,
    writing,
)

# More unseen ones are counted as this many, and as many are shown.
MOST = 100

_NOTICE = Base.metadata.tables["notice"]
# Somebody who joins a group again has heard of what it was given.
_INSERT = for_each_dialect(lambda insert_into: insert_into(_NOTICE).on_conflict_do_nothing())
_NEW = select(_NOTICE.c.event_id).where(
    _NOTICE.c.user_id == bindparam("user_id"), _NOTICE.c.seen_at.is_(None)
)
# Every page asks this.
_UNSEEN = select(func.count()).select_from(_NEW.limit(MOST).subquery())


@dataclass(frozen=True, slots=True)
class News:
    """A notice: who did what with the entry or the link of this name; `is_new` until it was shown."""

    verb: Verb
    actor: str | None
    name: str
    share_id: str | None
    created_at: datetime
    is_new: bool


def notify(session: Session, event_id: int, *user_ids: int) -> None:
    """Tell users of an event, in the caller's transaction."""
    rows = [{"user_id": user_id, "event_id": event_id, "seen_at": None} for user_id in user_ids]
    execute(session, _INSERT[dialect_of(session)], rows)


def notify_of_grant(session: Session, share_id: str, user_ids: Iterable[int]) -> None:
    """Tell users of a grant, in the caller's transaction; not of one from long ago."""
    given = select(Event.id).where(Event.share_id == share_id, Event.verb == Verb.SHARED)
    event_id = session.scalar(given.order_by(Event.id).limit(1))
    if event_id is not None:
        notify(session, event_id, *user_ids)


class Notices:
    """The notices of one user."""

    def __init__(self, session: Session, clock: Clock, user_id: int) -> None:
        self._session = session
        self._clock = clock
        self._user_id = user_id

    def count_new(self) -> int:
        """Return the number of notices that were not shown yet, at most `MOST`."""
        return execute(self._session, _UNSEEN, {"user_id": self._user_id}).scalar() or 0

    def show(self) -> list[News]:
        """Return the latest notices, newest first, and mark these as seen."""
        wanted = (
            select(Event, Notice.seen_at, User.username, func.coalesce(Share.name, Space.name))
            .join(Notice, Notice.event_id == Event.id)
            .join(Space, Space.id == Event.space_id)
            .outerjoin(User, User.id == Event.user_id)
            .outerjoin(Share, Share.id == Event.share_id)
            .where(Notice.user_id == self._user_id)
            .order_by(Notice.event_id.desc())
            .limit(MOST)
        )
        rows = self._session.execute(wanted).all()
        news = [
            News(
                Verb(event.verb),
                actor,
                title or event.path.rpartition("/")[2],
                event.share_id,
                event.created_at,
                seen_at is None,
            )
            for event, seen_at, actor, title in rows
        ]
        new_ids = [event.id for event, seen_at, *_names in rows if seen_at is None]
        if new_ids:
            self._see(new_ids)
        return news

    def _see(self, event_ids: Sequence[int]) -> None:
        seen = update(Notice).where(
            Notice.user_id == self._user_id, Notice.event_id.in_(event_ids), Notice.seen_at.is_(None)
        )
        with writing(self._session):
            execute_counted(self._session, seen.values(seen_at=self._clock()))
