"""Recursive queries for everything below some nodes.

Rule: builds statements; nothing is executed here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import CTE, LargeBinary, Select, SelectBase, case, cast, func, literal, select
from sqlalchemy.orm import aliased

from cabinet.models import Node


def below(node_ids: Sequence[int] | SelectBase) -> CTE:
    """Return the ids of some nodes and all their descendants, each with its depth below them.

    A LIMIT saves nothing: SQLite reads all children of a folder before it returns the first (see
    `counting.py`).
    """
    top = select(Node.id, literal(0).label("depth")).where(Node.id.in_(node_ids))
    nodes = top.cte("below", recursive=True)
    child = aliased(Node)
    return nodes.union_all(select(child.id, nodes.c.depth + 1).join(nodes, child.parent_id == nodes.c.id))


def longest_below(folder_id: int, without: Collection[int] = ()) -> Select[int, int]:
    """Return the query for the bytes and the segments of the longest paths below a folder.

    Paths to or through any node of `without` do not count.
    """
    top = select(Node.id, literal(0).label("bytes"), literal(0).label("segments"))
    paths = top.where(Node.id == folder_id).cte("paths", recursive=True)
    child = aliased(Node)
    # Names contain no backslash, so the cast gives the encoded text on every database.
    size = func.length(cast(child.name, LargeBinary))
    further = paths.c.bytes + size + case((paths.c.segments > 0, 1), else_=0)
    inside = select(child.id, further, paths.c.segments + 1).join(paths, child.parent_id == paths.c.id)
    paths = paths.union_all(inside.where(child.id.not_in(without)) if without else inside)
    return select(func.max(paths.c.bytes), func.max(paths.c.segments))
