"""Copying a small tree: new rows for the same blobs, level by level.

The rows are copied inside the database; only the mapping of folders to their copies is fetched. On SQLite
this also keeps the index of names fast, because it is written once per statement instead of once per row.
`building.py` copies large trees.

Rule: runs in the caller's transaction, without the ORM mapper, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import BigInteger, ColumnElement, Insert, case, column, func, insert, literal, select, values
from sqlalchemy.orm import Session

from cabinet.errors import CopyTooLarge
from cabinet.models import Base, Kind, Node
from cabinet.services.kernel.caps import caps_of
from cabinet.services.tree.counting import levels_below
from cabinet.services.tree.space_lock import seq_of
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import add_usage

# Folders whose contents are copied by one statement.
_BATCH = 500

_NODE = Base.metadata.tables["node"]
_VERSION = Base.metadata.tables["version"]
_PROPERTY = Base.metadata.tables["dav_property"]
_PROPERTY_COLUMNS = ["node_id", "name", "value"]
# Columns that a copy shares with its original, whatever its name and location.
_CONTENT = ["size", "content_hash", "media_type", "below_bytes", "below_segments", "modified_at"]
# Columns that it shares if everything below is copied as well.
COUNTERS = ["child_count", "child_size", "tree_size", "tree_files"]
COPIED_COLUMNS = ["kind", "name", "sort_key", "search_key", *_CONTENT]


def copy_tree(session: Session, tree: Tree, node: Node, folder: Node, name: str, now: datetime) -> Node:
    """Copy a node and everything below it into `folder`, where `name` is free; return the copy.

    Raises `CopyTooLarge`, `TooManyEntries` and `QuotaExceeded`: every copy counts as if its bytes were stored
    again.
    """
    return copy_trees(session, tree, [(node, name)], folder, now)[0]


def copy_trees(
    session: Session, tree: Tree, wanted: Sequence[tuple[Node, str]], folder: Node, now: datetime
) -> list[Node]:
    """Copy several nodes as `copy_tree` does, each under its name; return the copies in order."""
    session.flush()
    folder_ids = [node.id for node, _name in wanted if node.kind == Kind.FOLDER]
    entries, size = measure_copy(session, [node.id for node, _name in wanted], folder_ids)
    # `add_all` below counts the top copies themselves.
    add_usage(session, tree.scope, size, entries=entries - len(wanted))
    copies = [copy_alone(tree, node, folder, name, now) for node, name in wanted]
    for (node, _name), copy in zip(wanted, copies, strict=True):
        for counter in COUNTERS:
            setattr(copy, counter, getattr(node, counter))
    tree.add_all(folder, copies)
    session.execute(first_versions(_NODE.c.id.in_([copy.id for copy in copies]), now))
    has_properties = any_properties(session)
    if has_properties:
        copy_properties(session, [(node.id, copy.id) for (node, _), copy in zip(wanted, copies, strict=True)])
    level = [
        (node.id, copy.id)
        for (node, _name), copy in zip(wanted, copies, strict=True)
        if node.kind == Kind.FOLDER
    ]
    while level:
        batches = [level[start : start + _BATCH] for start in range(0, len(level), _BATCH)]
        level = [
            pair
            for batch in batches
            for pair in _copy_inside(session, tree.scope.space_id, batch, now, has_properties)
        ]
    return copies


def copy_alone(tree: Tree, node: Node, folder: Node, name: str, now: datetime) -> Node:
    """Return a copy of a node without its descendants; it is not yet in the session and has no counters."""
    copy = tree.new(folder, name, Kind(node.kind), now)
    for attribute in _CONTENT:
        setattr(copy, attribute, getattr(node, attribute))
    copy.version = 1 if node.kind == Kind.FILE else 0
    return copy


def measure_copy(
    session: Session, node_ids: Sequence[int], folder_ids: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return the number of nodes that a copy of these and all their descendants creates, and its bytes.

    `folder_ids` are the folders among them, if known: there is nothing below the others. Raises
    `CopyTooLarge`; reads no more nodes than needed to decide that.
    """
    most = caps_of(session).copied
    entries = size = 0
    tops = (Node.id.in_(node_ids[start : start + _BATCH]) for start in range(0, len(node_ids), _BATCH))
    for some in chain(tops, levels_below(session, node_ids if folder_ids is None else folder_ids)):
        found = select(Node.size).where(some).limit(most + 1 - entries).subquery()
        measured = select(func.count(), func.coalesce(func.sum(found.c.size), 0)).select_from(found)
        count, its_size = session.execute(measured).one()
        entries, size = entries + count, size + int(its_size)
        if entries > most:
            raise CopyTooLarge(allowed=most)
    return entries, size


def _copy_inside(
    session: Session,
    space_id: int,
    folders: Sequence[tuple[int, int]],
    now: datetime,
    has_properties: bool,
) -> Sequence[tuple[int, int]]:
    """Copy the direct children of some folders into the copies of these folders.

    Returns a pair (original, copy) for each folder among the children.
    """
    pairs = values(column("original", BigInteger), column("copy", BigInteger)).data(folders).cte("pairs")
    moment = literal(now, _NODE.c.created_at.type)
    version = case((_NODE.c.kind == Kind.FILE, 1), else_=0)
    alike = [*COPIED_COLUMNS, *COUNTERS]
    tag = literal(seq_of(session, space_id))
    rows = select(*(_NODE.c[name] for name in alike), literal(space_id), pairs.c.copy, version, moment, tag)
    inside = rows.join(pairs, _NODE.c.parent_id == pairs.c.original)
    columns = [*alike, "space_id", "parent_id", "version", "created_at", "tree_tag"]
    session.execute(insert(_NODE).from_select(columns, inside))
    session.execute(first_versions(_NODE.c.parent_id.in_([copy for _original, copy in folders]), now))
    copies = _NODE.alias("copies")
    # Among live nodes, parent and name are unique.
    same = (
        (copies.c.parent_id == pairs.c.copy) & (copies.c.name == _NODE.c.name) & copies.c.trashed_at.is_(None)
    )
    made = (
        select(_NODE.c.id, copies.c.id).join(pairs, _NODE.c.parent_id == pairs.c.original).join(copies, same)
    )
    if has_properties:
        stored = made.with_only_columns(copies.c.id, _PROPERTY.c.name, _PROPERTY.c.value)
        stored = stored.join(_PROPERTY, _PROPERTY.c.node_id == _NODE.c.id)
        session.execute(insert(_PROPERTY).from_select(_PROPERTY_COLUMNS, stored))
    return session.execute(made.where(_NODE.c.kind == Kind.FOLDER)).all()


def any_properties(session: Session) -> bool:
    """Return whether any node has properties that WebDAV's programs stored; most servers know none."""
    return session.execute(select(_PROPERTY.c.node_id).limit(1)).first() is not None


def copy_properties(session: Session, pairs: Sequence[tuple[int, int]]) -> None:
    """Give copies the stored properties of their originals; `pairs` are (original, copy)."""
    wanted = values(column("original", BigInteger), column("copy", BigInteger)).data(pairs).cte("pairs")
    stored = select(wanted.c.copy, _PROPERTY.c.name, _PROPERTY.c.value)
    stored = stored.join(_PROPERTY, _PROPERTY.c.node_id == wanted.c.original)
    session.execute(insert(_PROPERTY).from_select(_PROPERTY_COLUMNS, stored))


def first_versions(of: ColumnElement[bool], now: datetime) -> Insert:
    """Return the statement that adds version 1, the current content, for the files that match a condition."""
    made = select(
        _NODE.c.id, literal(1), _NODE.c.content_hash, _NODE.c.size, literal(now, _NODE.c.created_at.type)
    )
    columns = ["node_id", "number", "content_hash", "size", "created_at"]
    return insert(_VERSION).from_select(columns, made.where(of, _NODE.c.kind == Kind.FILE))
