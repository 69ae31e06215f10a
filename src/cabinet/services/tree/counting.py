"""Counting the nodes below others, without reading more of them than needed.

A recursive query with a LIMIT does not help: SQLite reads all children of a folder before it returns the
first row, 50 ms for 100,000 entries, and while the caller holds a lock, every other writer waits.

Rule: reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cabinet.models import Kind, Node

# Folders in one statement.
_BATCH = 500


def levels_below(session: Session, node_ids: Sequence[int]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that together match every node below these exactly once, folders first.

    The nodes that match a condition are searched for folders only when the next condition is requested, so a
    caller can stop early. No node is matched before its folder.
    """
    level = node_ids
    while level:
        folder_ids: list[int] = []
        for start in range(0, len(level), _BATCH):
            inside = Node.parent_id.in_(level[start : start + _BATCH])
            yield inside
            folder_ids += session.scalars(select(Node.id).where(inside, Node.kind == Kind.FOLDER))
        level = folder_ids


def count_below(
    session: Session, node_ids: Sequence[int], most: int, folder_ids: Sequence[int] | None = None
) -> int:
    """Return the number of these nodes and all below them, or any number above `most` if there are more.

    `folder_ids` are the folders among them, if known: there is nothing below the others.
    """
    count = len(node_ids)
    if count <= most:
        for inside in levels_below(session, node_ids if folder_ids is None else folder_ids):
            found = select(Node.id).where(inside).limit(most + 1 - count).subquery()
            count += session.scalar(select(func.count()).select_from(found)) or 0
            if count > most:
                break
    return count
