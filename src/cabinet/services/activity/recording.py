"""Records events of what an actor does, where others may see it.

A space in which nothing is shared needs no statement for that, because its lock tells so. Elsewhere one query
finds the folders above the changed entries and whether one of them is shared, and one adds all events. Neither
depends on the number of people who may see them.

Rule: runs in the caller's transaction, under the lock of the space, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Select, bindparam, insert, literal_column, or_, select, union
from sqlalchemy.orm import Session

from cabinet.models import Base, Node, Verb
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.database import execute
from cabinet.services.tree.names import join_path
from cabinet.services.tree.node_values import AnyNode
from cabinet.services.tree.space_lock import locked_space

_EVENT, _NODE, _SHARE, _ITEM = (
    Base.metadata.tables[name] for name in ("event", "node", "share", "share_item")
)
# Ids in one statement.
_BATCH = 500
# Built once: building a statement takes ten times as long as running it.
INSERT = insert(_EVENT)
_SHARED = (
    select(_ITEM.c.node_id).join(_SHARE, _SHARE.c.id == _ITEM.c.share_id).where(_SHARE.c.revoked_at.is_(None))
)
_MOUNTED = select(_NODE.c.target_id)


def _ways() -> Select[Any]:
    """Return the query of the nodes `ids` and all above them, from the root down to each."""
    begun = select(
        _NODE.c.id.label("end_id"),
        _NODE.c.id,
        _NODE.c.parent_id,
        _NODE.c.name,
        literal_column("0").label("height"),
    )
    way = begun.where(_NODE.c.id.in_(bindparam("ids", expanding=True))).cte("way", recursive=True)
    above = _NODE.alias("above")
    upper = select(way.c.end_id, above.c.id, above.c.parent_id, above.c.name, way.c.height + 1)
    way = way.union_all(upper.join(way, above.c.id == way.c.parent_id))
    mount = _NODE.alias("mount")
    is_shared = or_(
        _SHARED.where(_ITEM.c.node_id == way.c.id).exists(),
        select(mount.c.id).where(mount.c.target_id == way.c.id).exists(),
    )
    found = select(way.c.end_id, way.c.id, way.c.parent_id, way.c.name, is_shared.label("is_shared"))
    return found.order_by(way.c.end_id, way.c.height.desc())


_WAYS = _ways()
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_SHARED_AMONG = union(_SHARED.where(_ITEM.c.node_id.in_(_IDS)), _MOUNTED.where(_NODE.c.target_id.in_(_IDS)))


# The folder and the name of nodes, by id.
Places: TypeAlias = Mapping[int, tuple[int | None, str]]


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done to an entry: the node, the folder that contains it and its name there, and those before.

    If it was done to many at once, the entry is their folder, and `count` their number; for a move, the folder
    that they left is `from_node_id`. The root of a space has no folder.
    """

    verb: Verb
    node_id: int
    folder_id: int | None
    name: str
    from_folder_id: int | None = None
    from_name: str | None = None
    from_node_id: int | None = None
    count: int = 1

    @property
    def node_ids(self) -> set[int]:
        """The entry, and the folder that others left for it."""
        return {self.node_id} if self.from_node_id is None else {self.node_id, self.from_node_id}


@dataclass(frozen=True, slots=True)
class Way:
    """The ids and names of the nodes on the way from the root of a space, which has neither, to a node."""

    ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    is_shared: bool = False

    @property
    def line(self) -> str:
        """The ids, each between slashes."""
        return "/".join(["", *map(str, self.ids), ""])

    @property
    def path(self) -> str:
        """The path in the space."""
        return join_path(self.names)

    def below(self, node_id: int, name: str) -> Way:
        """Return the way to a node in this folder; the root of the space is no step of a way."""
        return self if not name else Way((*self.ids, node_id), (*self.names, name), self.is_shared)


ROOT = Way()


def deeds_of(verb: Verb, nodes: Iterable[AnyNode]) -> list[Deed]:
    """Return what was done to some nodes that are where it was done."""
    return [Deed(verb, node.id, node.parent_id, node.name) for node in nodes]


def trashings_of(nodes: Iterable[Node]) -> list[Deed]:
    """Return the deletions of some nodes that are in the trash now."""
    return [Deed(Verb.TRASHED, node.id, node.trashed_parent_id, node.name) for node in nodes]


def places_of(nodes: Iterable[Node]) -> Places:
    """Return where some nodes are before they are moved."""
    return {node.id: (node.parent_id, node.name) for node in nodes}


def moves_of(nodes: Iterable[Node], before: Places) -> list[Deed]:
    """Return the moves of those nodes that are elsewhere now; in the same folder, a move is a new name."""
    deeds: list[Deed] = []
    for node in nodes:
        folder_id, name = before[node.id]
        if (node.parent_id, node.name) != (folder_id, name):
            verb = Verb.RENAMED if node.parent_id == folder_id else Verb.MOVED
            deeds.append(Deed(verb, node.id, node.parent_id, node.name, folder_id, name))
    return deeds


def find_ways(session: Session, node_ids: Iterable[int]) -> Mapping[int, Way]:
    """Return the ways to existing nodes, live ones or not, by id."""
    wanted, ways = sorted(set(node_ids)), dict[int, Way]()
    for start in range(0, len(wanted), _BATCH):
        rows = execute(session, _WAYS, {"ids": wanted[start : start + _BATCH]})
        for end_id, on_way in groupby(rows, key=lambda row: row.end_id):
            steps = list(on_way)
            inside = [step for step in steps if step.parent_id is not None]
            ways[end_id] = Way(
                tuple(step.id for step in inside),
                tuple(step.name for step in inside),
                any(step.is_shared for step in steps),
            )
    return ways


def record(session: Session, scope: Scope, now: datetime, deeds: Sequence[Deed]) -> None:
    """Record what the actor of a scope did to entries of its space, if others may see them.

    What the server does by itself is nobody's deed.
    """
    is_somebodys = scope.actor.user_id is not None or scope.share_id is not None
    space = locked_space(session, scope.space_id)
    if not deeds or not is_somebodys or not (space.is_team or space.has_shares):
        return
    folder_ids = {deed.folder_id for deed in deeds} | {deed.from_folder_id for deed in deeds}
    ways = find_ways(session, (folder_id for folder_id in folder_ids if folder_id is not None))
    if not space.is_team:
        deeds = _seen_by_others(session, deeds, ways)
    rows = [_to_row(scope, now, deed, ways) for deed in deeds]
    if rows:
        execute(session, INSERT, rows)


def _seen_by_others(session: Session, deeds: Sequence[Deed], ways: Mapping[int, Way]) -> list[Deed]:
    """Return those deeds that were done in a shared folder, or to what is shared itself."""

    def is_in_share(deed: Deed) -> bool:
        """Return whether a folder above the entry is shared, before or after."""
        ids = (deed.folder_id, deed.from_folder_id)
        return any(ways[each].is_shared for each in ids if each is not None and each in ways)

    outside = [deed for deed in deeds if not is_in_share(deed)]
    alone = shared_among(session, {node_id for deed in outside for node_id in deed.node_ids})
    return [deed for deed in deeds if is_in_share(deed) or not alone.isdisjoint(deed.node_ids)]


def shared_among(session: Session, node_ids: Collection[int]) -> set[int]:
    """Return which of some nodes are shared themselves."""
    wanted, found = sorted(node_ids), set[int]()
    for start in range(0, len(wanted), _BATCH):
        found |= {row[0] for row in execute(session, _SHARED_AMONG, {"ids": wanted[start : start + _BATCH]})}
    return found


def _to_row(scope: Scope, now: datetime, deed: Deed, ways: Mapping[int, Way]) -> dict[str, Any]:
    way = ways.get(deed.folder_id or 0, ROOT).below(deed.node_id, deed.name)
    row: dict[str, Any] = {
        "space_id": scope.space_id,
        "share_id": scope.share_id,
        "node_id": deed.node_id,
        "user_id": scope.actor.user_id,
        "verb": deed.verb,
        "path": way.path,
        "line": way.line,
        "from_path": None,
        "from_line": None,
        "count": deed.count,
        "created_at": now,
    }
    if deed.from_name is not None:
        from_id = deed.from_node_id or deed.node_id
        before = ways.get(deed.from_folder_id or 0, ROOT).below(from_id, deed.from_name)
        row |= {"from_path": before.path, "from_line": before.line}
    return row
