"""Everything in a place but some, as somebody saw it: which nodes that is now.

Somebody selects all of a folder or of the trash, perhaps takes some out again, and is told how many
that are. The same number has to be there when it comes to acting, for what arrived since was not
selected. What was taken out and is not there any more makes no difference: it counts neither then
nor now.

Rule: one statement says which nodes, so that they are those of one moment; reads only.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from cabinet.errors import SelectionChanged
from cabinet.models import Kind, Node
from cabinet.services.tree.names import split_path, to_name
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree

# Rows that are fetched at a time.
_FETCHED = 1000


class Gone(Exception):
    """Something that was selected has been moved or removed since."""


@dataclass(frozen=True, slots=True)
class FolderSelection:
    """All entries of the folder at `folder` but those of the names `excluding`, `count` in all."""

    folder: str
    excluding: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class TrashSelection:
    """All that is in the trash but what has one of the ids `excluding`, `count` in all."""

    excluding: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class Selected:
    """The entries of a folder that were selected: its row id, its path, and their row ids by name."""

    folder_id: int
    path: tuple[str, ...]
    node_ids: Sequence[int]


def find_in_folder(session: Session, tree: Tree, selection: FolderSelection) -> Selected:
    """Return what is selected in a folder; raises `SelectionChanged` when that are more or fewer now.

    Also raises `NotFound`, `NotAFolder` and `InvalidName`.
    """
    path = split_path(selection.folder)
    excluding = {to_name(name) for name in selection.excluding}
    folder = tree.get_folder(path)
    # A mount is nothing of the folder's own.
    entries = select(Node.id, Node.name).where(
        Node.parent_id == folder.id, Node.trashed_at.is_(None), Node.kind != Kind.MOUNT
    )
    node_ids = _ids(session, entries.order_by(Node.kind, Node.sort_key), excluding)
    _check(len(node_ids), selection.count)
    return Selected(folder.id, path, node_ids)


def find_in_trash(session: Session, space_id: int, selection: TrashSelection) -> Sequence[int]:
    """Return the row ids of what is selected in the trash of a space, what lay nearer to the root first.

    Raises `SelectionChanged` when that are more or fewer now.
    """
    # A folder comes before what was in it and was deleted by itself, which would make it anew.
    depth = func.length(Node.trashed_from) - func.length(func.replace(Node.trashed_from, "/", ""))
    trashed = select(Node.id, Node.trash_id).where(shows(space_id))
    node_ids = _ids(session, trashed.order_by(depth, Node.id), selection.excluding)
    _check(len(node_ids), selection.count)
    return node_ids


def get_trashed(session: Session, space_id: int, node_ids: Sequence[int]) -> list[Node]:
    """Return the nodes of a space that have these ids, in order; raises `Gone` unless all of them are in the trash."""
    return _get_all(session, node_ids, shows(space_id))


def get_live(session: Session, folder: Node, node_ids: Sequence[int]) -> list[Node]:
    """Return the nodes of these ids, in order; raises `Gone` unless all of them are in that folder."""
    return _get_all(session, node_ids, (Node.parent_id == folder.id) & Node.trashed_at.is_(None))


def _get_all(session: Session, node_ids: Sequence[int], here: ColumnElement[bool]) -> list[Node]:
    wanted = select(Node).where(Node.id.in_(node_ids), here)
    found = {node.id: node for node in session.scalars(wanted)}
    if len(found) < len(node_ids):
        raise Gone
    return [found[node_id] for node_id in node_ids]


def _ids(session: Session, wanted: Select[int, Any], excluding: frozenset[str] | set[str]) -> Sequence[int]:
    """Return the ids among rows of an id and a key, but for the keys `excluding`."""
    rows: Sequence[Row[int, Any]]
    node_ids = array("q")
    for rows in session.execute(wanted.execution_options(yield_per=_FETCHED)).partitions():
        node_ids.extend(node_id for node_id, key in rows if key not in excluding)
    return node_ids


def _check(found: int, count: int) -> None:
    if found != count:
        raise SelectionChanged(count=found)
