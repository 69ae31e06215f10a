"""What of a user's trash shows: that which came there behind the mark up to which all of it is purged.

To purge a trash of any size is to move this mark, one column of its owner's row. Whatever comes to
the trash afterwards comes there later than the mark, whatever the clock says.

Rule: whoever reads the trash asks here, and so does whoever puts something there; reads only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from cabinet.models import Node, User, UtcDateTime

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)  # what a database keeps of a time


def shows(owner_id: int) -> ColumnElement[bool]:
    """Return the condition that a node lies in a user's trash for the user to see."""
    return and_(Node.owner_id == owner_id, Node.trash_id.is_not(None), _is_behind_mark(owner_id))


def is_not_purged(owner_id: int) -> ColumnElement[bool]:
    """Return the condition that the mark does not hide a node of a user, wherever it lies."""
    return or_(Node.trashed_at.is_(None), Node.trash_id.is_(None), _is_behind_mark(owner_id))


def _is_behind_mark(owner_id: int) -> ColumnElement[bool]:
    mark = select(User.trash_hidden_to).where(User.id == owner_id).scalar_subquery()
    # One bound of an index range, also where there is no mark.
    return Node.trashed_at > func.coalesce(mark, literal(_EVER, UtcDateTime()))


def behind(mark: datetime | None, moment: datetime) -> datetime:
    """Return `moment`, or the first one at which something that comes to the trash shows behind a mark."""
    return moment if mark is None else max(moment, mark + _TICK)
