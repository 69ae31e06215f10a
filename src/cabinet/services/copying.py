"""Copying a tree: new rows over the same blobs, a batch at a time, however many there are.

Rule: runs in the caller's transaction, past the mapper, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Kind, Node
from cabinet.services.tree import Tree, below
from cabinet.services.usage import use

# Rows that one statement reads or writes; each has some fifteen values, and SQLite takes 32,766.
_BATCH = 1000

_NODE = Base.metadata.tables["node"]
_VERSION = Base.metadata.tables["version"]
# What a copy has in common with what it is a copy of, whatever its name and its place.
_CONTENT = [
    "size", "content_hash", "media_type", "child_count", "child_size", "below_bytes", "below_segments",
    "modified_at",
]  # fmt: skip
_ALIKE = ["owner_id", "kind", "name", "sort_key", "search_key", *_CONTENT]
_ROWS = select(_NODE.c.id, _NODE.c.parent_id, *(_NODE.c[name] for name in _ALIKE))
_INSERT_NODE = insert(_NODE).returning(_NODE.c.id, sort_by_parameter_order=True)


def copy_tree(session: Session, tree: Tree, node: Node, folder: Node, name: str, now: datetime) -> Node:
    """Copy a node with all that lies below it into `folder`, where `name` is free; return the copy.

    Raises `QuotaExceeded`, for every copy counts as if its bytes were stored again.
    """
    session.flush()
    nodes = below(node.id)
    # Before the copy is there: it may be made below a folder that lies in the tree's own parent.
    found = session.execute(select(nodes.c.id, nodes.c.depth).order_by(nodes.c.depth, nodes.c.id)).all()
    size = select(func.sum(_NODE.c.size)).join(nodes, _NODE.c.id == nodes.c.id)
    use(session, node.owner_id, int(session.scalar(size) or 0))
    copy = tree.new(folder, name, Kind(node.kind), now)
    for column in _CONTENT:
        setattr(copy, column, getattr(node, column))
    copy.version = _version_of(node.kind)
    tree.add(folder, copy)
    if node.kind == Kind.FILE:
        session.execute(insert(_VERSION), [_first_version(copy.id, copy.content_hash, copy.size, now)])
    copies = {node.id: copy.id}
    for _depth, rows in groupby(found[1:], key=attrgetter("depth")):
        copies = _copy_level(session, [row.id for row in rows], copies, now)
    return copy


def _copy_level(
    session: Session, ids: Sequence[int], parents: Mapping[int, int], now: datetime
) -> dict[int, int]:
    """Copy nodes of one depth into the copies of their folders; return which folder became which."""
    copies: dict[int, int] = {}
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        found = [row._asdict() for row in session.execute(_ROWS.where(_NODE.c.id.in_(batch)))]
        rows = [
            {name: row[name] for name in _ALIKE}
            | {"parent_id": parents[row["parent_id"]], "version": _version_of(row["kind"]), "created_at": now}
            for row in found
        ]
        made = list(zip(session.scalars(_INSERT_NODE, rows).all(), found, strict=True))
        copies |= {row["id"]: new_id for new_id, row in made if row["kind"] == Kind.FOLDER}
        versions = [
            _first_version(new_id, row["content_hash"], row["size"], now)
            for new_id, row in made
            if row["kind"] == Kind.FILE
        ]
        if versions:
            session.execute(insert(_VERSION), versions)
    return copies


def _version_of(kind: int) -> int:
    return 1 if kind == Kind.FILE else 0


def _first_version(node_id: int, content_hash: str | None, size: int, now: datetime) -> dict[str, Any]:
    return {"node_id": node_id, "number": 1, "content_hash": content_hash, "size": size, "created_at": now}
