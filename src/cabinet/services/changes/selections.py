"""Selections of everything in a folder or the trash with exceptions, and the nodes that match now.

A user selects everything in a place, perhaps excludes some, and sees how many are selected. The same number
has to be there when the operation runs, because entries that were added since were not selected. An excluded
entry that no longer exists makes no difference: it counts neither then nor now.

Rule: one statement finds the nodes, so that they are of one moment; reads only.
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
from cabinet.services.kernel.database import execute_in_steps
from cabinet.services.tree.names import split_path, to_name
from cabinet.services.tree.trash_marks import shows
from cabinet.services.tree.tree import Tree

# Rows fetched at a time.
_FETCHED = 1000


class SelectedNodeMissing(Exception):
    """A selected node was moved or removed meanwhile."""


@dataclass(frozen=True, slots=True)
class FolderSelection:
    """All entries of the folder at `folder` except the names in `excluding`, `count` in all."""

    folder: str
    excluding: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class TrashSelection:
    """Everything in the trash except the ids in `excluding`, `count` in all."""

    excluding: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class Selected:
    """The selected entries of a folder: its row id, its path, and their row ids ordered by name."""

    folder_id: int
    path: tuple[str, ...]
    node_ids: Sequence[int]


def find_in_folder(session: Session, tree: Tree, selection: FolderSelection) -> Selected:
    """Return the selected entries of a folder; raises `SelectionChanged` if their number differs.

    Also raises `NotFound`, `NotAFolder` and `InvalidName`.
    """
    path = split_path(selection.folder)
    excluding = {to_name(name) for name in selection.excluding}
    folder = tree.get_folder(path)
    # A mount is no content of the folder.
    entries = select(Node.id, Node.name).where(
        Node.parent_id == folder.id, Node.trashed_at.is_(None), Node.kind != Kind.MOUNT
    )
    node_ids = _ids(session, entries.order_by(Node.kind, Node.sort_key), excluding)
    _check(len(node_ids), selection.count)
    return Selected(folder.id, path, node_ids)


def find_in_trash(session: Session, space_id: int, selection: TrashSelection) -> Sequence[int]:
    """Return the row ids of the selected items in the trash of a space, those nearest to the root first.

    Raises `SelectionChanged` if their number differs.
    """
    # A folder comes before items that were deleted from it separately, which would recreate it.
    depth = func.length(Node.trashed_from) - func.length(func.replace(Node.trashed_from, "/", ""))
    trashed = select(Node.id, Node.trash_id).where(shows(space_id))
    node_ids = _ids(session, trashed.order_by(depth, Node.id), selection.excluding)
    _check(len(node_ids), selection.count)
    return node_ids


def get_trashed(session: Session, space_id: int, node_ids: Sequence[int]) -> list[Node]:
    """Return the nodes with these ids in order.

    Raises `SelectedNodeMissing` unless all are in the trash of the space.
    """
    return _get_all(session, node_ids, shows(space_id))


def get_live(session: Session, folder: Node, node_ids: Sequence[int]) -> list[Node]:
    """Return the nodes with these ids in order.

    Raises `SelectedNodeMissing` unless all are in that folder.
    """
    return _get_all(session, node_ids, (Node.parent_id == folder.id) & Node.trashed_at.is_(None))


def _get_all(session: Session, node_ids: Sequence[int], here: ColumnElement[bool]) -> list[Node]:
    wanted = select(Node).where(Node.id.in_(node_ids), here)
    found = {node.id: node for node in session.scalars(wanted)}
    if len(found) < len(node_ids):
        raise SelectedNodeMissing
    return [found[node_id] for node_id in node_ids]


def _ids(session: Session, wanted: Select[int, Any], excluding: frozenset[str] | set[str]) -> Sequence[int]:
    """Return the ids from rows of (id, key), except those with a key in `excluding`."""
    rows: Sequence[Row[int, Any]]
    node_ids = array("q")
    for rows in execute_in_steps(session, wanted, _FETCHED).partitions():
        node_ids.extend(node_id for node_id, key in rows if key not in excluding)
    return node_ids


def _check(found: int, count: int) -> None:
    if found != count:
        raise SelectionChanged(count=found)
