"""The visible part of the trash of a space: what came there after the mark up to which it was purged.

Purging a trash of any size moves this mark, one column in the row of the space. Everything that is trashed
afterwards gets a later time than the mark, even if the clock was set back.

Rule: every reader and writer of the trash uses these functions; reads only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from cabinet.models import Node, Space, UtcDateTime

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)  # the precision of a time in the databases


def shows(space_id: int) -> ColumnElement[bool]:
    """Return the condition that a node is in the trash of a space and visible there."""
    return and_(Node.space_id == space_id, Node.trash_id.is_not(None), _is_behind_mark(space_id))


def is_not_purged(space_id: int) -> ColumnElement[bool]:
    """Return the condition that a node of a space, wherever it lies, is not hidden by the mark."""
    return or_(Node.trashed_at.is_(None), Node.trash_id.is_(None), _is_behind_mark(space_id))


def _is_behind_mark(space_id: int) -> ColumnElement[bool]:
    mark = select(Space.trash_hidden_to).where(Space.id == space_id).scalar_subquery()
    # This is one bound of an index range, even without a mark.
    return Node.trashed_at > func.coalesce(mark, literal(_EVER, UtcDateTime()))


def after_mark(mark: datetime | None, moment: datetime) -> datetime:
    """Return `moment`, or the first moment after the mark if that is later."""
    return moment if mark is None else max(moment, mark + _TICK)
