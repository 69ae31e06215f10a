"""What of the trash of a space shows: that which came there behind the mark up to which all of it is purged.

To purge a trash of any size is to move this mark, one column of the row of its space. Whatever comes to
the trash afterwards comes there later than the mark, whatever the clock says.

Rule: whoever reads the trash asks here, and so does whoever puts something there; reads only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from cabinet.models import Node, Space, UtcDateTime

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)  # what a database keeps of a time


def shows(space_id: int) -> ColumnElement[bool]:
    """Return the condition that a node lies in the trash of a space and shows there."""
    return and_(Node.space_id == space_id, Node.trash_id.is_not(None), _is_behind_mark(space_id))


def is_not_purged(space_id: int) -> ColumnElement[bool]:
    """Return the condition that the mark does not hide a node of a space, wherever it lies."""
    return or_(Node.trashed_at.is_(None), Node.trash_id.is_(None), _is_behind_mark(space_id))


def _is_behind_mark(space_id: int) -> ColumnElement[bool]:
    mark = select(Space.trash_hidden_to).where(Space.id == space_id).scalar_subquery()
    # One bound of an index range, also where there is no mark.
    return Node.trashed_at > func.coalesce(mark, literal(_EVER, UtcDateTime()))


def behind(mark: datetime | None, moment: datetime) -> datetime:
    """Return `moment`, or the first one at which something that comes to the trash shows behind a mark."""
    return moment if mark is None else max(moment, mark + _TICK)
