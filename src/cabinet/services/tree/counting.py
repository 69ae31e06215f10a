"""How many nodes there are below some: no more are looked at than it takes to know.

A recursive query with a LIMIT would not do: SQLite takes all that is in a folder before the first row of it
is counted, 50 ms for 100,000 entries, and whoever asks under a lock has every writer waiting.

Rule: reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cabinet.models import Kind, Node

# Folders that one statement asks about.
_BATCH = 500


def levels_below(session: Session, node_ids: Sequence[int]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that all below some nodes meets, each node one of them, and a folder before what is in it.

    What meets one is looked through for folders when the next is asked for, and not before: whoever has
    enough asks no further.
    """
    level = node_ids
    while level:
        folder_ids: list[int] = []
        for start in range(0, len(level), _BATCH):
            inside = Node.parent_id.in_(level[start : start + _BATCH])
            yield inside
            folder_ids += session.scalars(select(Node.id).where(inside, Node.kind == Kind.FOLDER))
        level = folder_ids


def count_below(session: Session, node_ids: Sequence[int], most: int) -> int:
    """Return how many nodes some are with all below them, or any number above `most` when they are more."""
    count = len(node_ids)
    if count <= most:
        for inside in levels_below(session, node_ids):
            found = select(Node.id).where(inside).limit(most + 1 - count).subquery()
            count += session.scalar(select(func.count()).select_from(found)) or 0
            if count > most:
                break
    return count
