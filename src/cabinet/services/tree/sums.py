"""The counters of folders: their direct entries, and sums of everything below.

A change adds to the counters of some folders, and to the sums of these and all folders above, in one
statement, which also sets the tag of each to the number of the change. The way up stops at a node that is in
the trash or hidden, because it does not count above.

Loaded objects are updated with the values that the statement returns, so the next change starts from the
current ones.

Rule: runs in the caller's transaction, under the lock of the space, and commits nothing; except for copying
whole rows, nothing else writes `child_count`, `child_size`, `tree_size` and `tree_files`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    Update,
    bindparam,
    column,
    func,
    literal_column,
    select,
    update,
    values,
)
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from cabinet.models import Base, Kind, Node
from cabinet.services.kernel.database import execute
from cabinet.services.tree.node_values import AnyNode
from cabinet.services.tree.space_lock import seq_of


class Weight(NamedTuple):
    """What a node adds to its parent: its own bytes; the bytes and number of files that it is or holds."""

    size: int
    tree_size: int
    files: int


class Weighed(NamedTuple):
    """The values of a new node that its weight depends on."""

    kind: int
    size: int
    tree_size: int = 0
    tree_files: int = 0


def weight_of(node: AnyNode | Weighed) -> Weight:
    """Return the weight of a node; a folder has no size, and a file no tree."""
    return Weight(node.size, node.size + node.tree_size, node.tree_files + (node.kind == Kind.FILE))


@dataclass(slots=True)
class _Change:
    entries: int = 0
    size: int = 0
    tree_size: int = 0
    files: int = 0


class CounterChanges:
    """Changes of the counters of some folders, collected for one statement."""

    def __init__(self) -> None:
        self._folders: dict[int, _Change] = {}

    def add(self, folder_id: int, node: AnyNode | Weighed) -> None:
        """Add a node to a folder."""
        self._count(folder_id, 1, weight_of(node))

    def remove(self, node: Node) -> None:
        """Remove a node from its parent, if it is counted there; trashed nodes are not."""
        if node.parent_id is not None and node.trashed_at is None:
            self._count(node.parent_id, -1, weight_of(node))

    def add_size(self, folder_id: int, size: int) -> None:
        """Add to the size of a file in a folder; 0 if its content changed but not its size."""
        change = self._folders.setdefault(folder_id, _Change())
        change.size += size
        change.tree_size += size

    def correct(self, folder_id: int, entries: int, size: int, tree_size: int, files: int) -> None:
        """Add what is missing in the counters of a folder."""
        self._folders[folder_id] = _Change(entries, size, tree_size, files)

    def _count(self, folder_id: int, sign: int, weight: Weight) -> None:
        change = self._folders.setdefault(folder_id, _Change())
        change.entries += sign
        change.size += sign * weight.size
        change.tree_size += sign * weight.tree_size
        change.files += sign * weight.files

    def apply(self, session: Session, space_id: int, leaving: Collection[Node] = ()) -> None:
        """Apply the changes in a space.

        The way up does not pass nodes that are `leaving` their parents as stored in the database: a change
        below such a node is part of what leaves, and counts above with it.
        """
        if not self._folders:
            return
        common: dict[str, object] = {"tag": seq_of(session, space_id)}
        if leaving_ids := [node.id for node in leaving if node.kind == Kind.FOLDER]:
            common["leaving"] = leaving_ids
        leaves = bool(leaving_ids)
        rows = [(folder_id, *_values(change)) for folder_id, change in sorted(self._folders.items())]
        if len(rows) == 1:
            statement, parameters = _ADD_TO_ONE[leaves], common | dict(zip(_PARAMETERS, rows[0], strict=True))
        else:
            statement, parameters = (
                _adding(values(*_COLUMNS).data(rows).cte("changed"), leaves=leaves),
                common,
            )
        session.flush()
        result = execute(session, statement, parameters)
        for row in result.mappings():
            _keep_in_step(session, row)


def _values(change: _Change) -> tuple[int, int, int, int]:
    return change.entries, change.size, change.tree_size, change.files


def _keep_in_step(session: Session, row: Mapping[Any, Any]) -> None:
    """Update a loaded folder with its new row."""
    node = session.identity_map.get(session.identity_key(Node, row["id"]))
    if node is not None:
        for name in _CHANGED:
            set_committed_value(node, name, row[name])


_NAMES = ("folder_id", "entries", "size", "tree_size", "files")
# SQLAlchemy reserves the names of the columns.
_PARAMETERS = [f"its_{name}" for name in _NAMES]
_COLUMNS = [column(name, BigInteger) for name in _NAMES]
_CHANGED = ("child_count", "child_size", "tree_size", "tree_files", "tree_tag")
_TABLE = Base.metadata.tables["node"]


def _adding(changed: CTE, *, leaves: bool) -> Update:
    """Return the statement that adds rows of `_NAMES` to their folders, and their sums to all above.

    If no folder `leaves`, it has no list of them, which would be written into its text at each run.
    """
    above = aliased(Node)
    place = (Node.id, Node.parent_id, Node.trashed_at)
    start = select(*place, *(changed.c[name] for name in _NAMES[1:]))
    way = start.join(changed, Node.id == changed.c.folder_id).cte("way", recursive=True)
    # A condition on the row below: one on the folder itself would make SQLite scan all folders.
    goes_on = [way.c.trashed_at.is_(None)]
    if leaves:
        goes_on.append(way.c.id.not_in(bindparam("leaving", expanding=True)))
    nothing = literal_column("0", BigInteger)
    upper = select(
        above.id, above.parent_id, above.trashed_at, nothing, nothing, way.c.tree_size, way.c.files
    )
    way = way.union_all(upper.join(way, above.id == way.c.parent_id).where(*goes_on))
    sums = [func.sum(way.c[name]).label(name) for name in _NAMES[1:]]
    total = select(way.c.id, *sums).group_by(way.c.id).subquery("total")
    added = {
        "child_count": _TABLE.c.child_count + total.c.entries,
        "child_size": _TABLE.c.child_size + total.c.size,
        "tree_size": _TABLE.c.tree_size + total.c.tree_size,
        "tree_files": _TABLE.c.tree_files + total.c.files,
        "tree_tag": bindparam("tag", type_=BigInteger),
    }
    adding = update(_TABLE).where(_TABLE.c.id == total.c.id).values(added)
    return adding.returning(_TABLE.c.id, *(_TABLE.c[name] for name in _CHANGED))


# Built once, because building takes longer than running it. For several folders it is built each time: its
# text depends on their number.
_ONE = select(
    *(bindparam(key, type_=BigInteger).label(name) for key, name in zip(_PARAMETERS, _NAMES, strict=True))
).cte("changed")
_ADD_TO_ONE = {leaves: _adding(_ONE, leaves=leaves) for leaves in (False, True)}
