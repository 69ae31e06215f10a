"""Nodes as plain values, read and stored without ORM objects, which take three times as long as the statements.

Requests that only read, and uploads, use them; moves and the like change nodes, and use objects.

Rule: runs in the caller's transaction and commits nothing; counters of folders are not changed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Executable, Row, bindparam, insert, update
from sqlalchemy.orm import Session

from cabinet.models import Base, Kind, Node
from cabinet.services.access.scope import SELECTION
from cabinet.services.kernel.database import execute
from cabinet.services.kernel.ids import new_file_id
from cabinet.services.tree.names import search_key, sort_key

_NODE = Base.metadata.tables["node"]


@dataclass(slots=True, eq=False)
class NodeValues:
    """The values of a node, to be changed and stored; the id of a new one is 0 until then."""

    id: int
    parent_id: int | None
    kind: int
    name: str
    created_at: datetime
    modified_at: datetime
    size: int = 0
    content_hash: str | None = None
    media_type: str | None = None
    version: int = 0
    child_count: int = 0
    tree_size: int = 0
    tree_files: int = 0
    tree_tag: int = 0
    below_bytes: int = 0
    below_segments: int = 0
    file_id: int = 0

    @property
    def sort_key(self) -> bytes:
        """The key that orders it among the entries of its folder."""
        return sort_key(self.name)


_NAMES = tuple(NodeValues.__slots__)
# What a statement returns for `read_nodes`.
COLUMNS = tuple(_NODE.c[name] for name in _NAMES)
# A row with columns of a node.
NodeRow: TypeAlias = Row[*tuple[Any, ...]]
AnyNode: TypeAlias = Node | NodeValues | NodeRow

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_OF_SELECTION: dict[str, Any] = {
    **dict.fromkeys(_NAMES, 0),
    "id": SELECTION, "parent_id": None, "kind": Kind.FOLDER, "name": "",
    "created_at": _BEGIN, "modified_at": _BEGIN, "content_hash": None, "media_type": None,
}  # fmt: skip

# Built once: each upload runs them, and building a statement takes ten times as long as running it.
_INSERT = insert(_NODE)
# The ids come in any order, with what tells the rows apart: SQLite would insert them one by one to keep an order.
_INSERT_MANY = insert(_NODE).returning(_NODE.c.id, _NODE.c.parent_id, _NODE.c.name)
_CHANGED = ("size", "content_hash", "media_type", "version", "modified_at")
_UPDATE = update(_NODE).where(_NODE.c.id == bindparam("its_id"))
# SQLAlchemy reserves the names of the columns.
_UPDATE = _UPDATE.values({name: bindparam(f"its_{name}") for name in _CHANGED})


def read_nodes(
    session: Session, statement: Executable, values: Mapping[str, Any] | None = None
) -> list[NodeValues]:
    """Return the values of all nodes of a statement that returns `COLUMNS`, in its order.

    An attribute of a row takes ten times as long to read as one of these, and each entry has a dozen.
    """
    return [NodeValues(*row) for row in execute(session, statement, values).all()]


def columns_of(node: type[Node]) -> tuple[ColumnElement[Any], ...]:
    """Return the `COLUMNS` of an alias."""
    return tuple(getattr(node, name) for name in _NAMES)


def values_of_selection() -> NodeValues:
    """Return the values of the root of a selection, which has no row: an empty folder."""
    return NodeValues(**_OF_SELECTION)


def node_of_selection() -> Node:
    """Return the same as an object, which is never stored."""
    return Node(**_OF_SELECTION, space_id=0, sort_key=b"", child_size=0)


def to_values(node: AnyNode) -> NodeValues:
    """Copy the values of a node."""
    return NodeValues(*(getattr(node, name) for name in _NAMES))


def insert_nodes(session: Session, space_id: int, nodes: Sequence[NodeValues]) -> None:
    """Store new nodes of a space, none of them in the trash, and set their ids."""
    rows = [_to_row(space_id, node) for node in nodes]
    if len(rows) == 1:
        key = execute(session, _INSERT, rows[0]).inserted_primary_key
        assert key is not None  # it is a single row
        nodes[0].id = key[0]
    elif rows:
        made = execute(session, _INSERT_MANY, rows)
        ids = {(parent_id, name): node_id for node_id, parent_id, name in made}
        for node in nodes:
            node.id = ids[node.parent_id, node.name]


def _to_row(space_id: int, node: NodeValues) -> dict[str, Any]:
    row = {name: getattr(node, name) for name in _NAMES if name != "id"}
    row["space_id"], row["child_size"] = space_id, 0
    row["file_id"] = node.file_id = node.file_id or new_file_id()
    row["sort_key"], row["search_key"] = sort_key(node.name), search_key(node.name)
    return row


def update_contents(session: Session, nodes: Sequence[NodeValues]) -> None:
    """Store the changed contents and times of files."""
    rows = [{"its_id": node.id} | {f"its_{name}": getattr(node, name) for name in _CHANGED} for node in nodes]
    if rows:
        execute(session, _UPDATE, rows)
