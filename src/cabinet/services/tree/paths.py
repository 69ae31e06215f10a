"""Find nodes by path: one query for the nodes on the way to one path or to many, then one per folder.

The root of a scope may be a folder or a file of its space. If it, or a folder above it, is in the trash,
nothing is found. The root of a deleted space is hidden in the same way. In a selection only the root is found:
its entries lie in scopes of their own.

Rule: reads only; each statement is built once, because building one takes ten times as long as running it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import CTE, ColumnElement, Integer, Select, String, bindparam, case, literal_column, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Base, Kind, Node
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.database import execute
from cabinet.services.tree.names import PATH_SEGMENTS
from cabinet.services.tree.node_values import (
    COLUMNS,
    NodeValues,
    node_of_selection,
    read_nodes,
    values_of_selection,
)

_NODE = Base.metadata.tables["node"]


_Names: TypeAlias = tuple[str, ...]
_Found = TypeVar("_Found", Node, NodeValues)

# The numbers of names for which there is a statement; missing names are NULL and match nothing.
_SIZES = (2, 8, PATH_SEGMENTS)


def _is_not_hidden() -> ColumnElement[bool]:
    """Return the condition that neither the node `root_id` nor any above it is in the trash."""
    columns = (_NODE.c.id, _NODE.c.parent_id, _NODE.c.trashed_at)
    up = select(*columns).where(_NODE.c.id == bindparam("root_id")).cte("up", recursive=True)
    above = _NODE.alias("above")
    upper = select(above.c.id, above.c.parent_id, above.c.trashed_at)
    up = up.union_all(upper.join(up, above.c.id == up.c.parent_id))
    return ~select(up.c.id).where(up.c.trashed_at.is_not(None)).exists()


_IN_SPACE = _NODE.c.space_id == bindparam("space_id")
# The roots of scopes: that of a whole space, and another node.
_ROOTS: dict[bool, tuple[ColumnElement[bool], ...]] = {
    True: (_IN_SPACE, _NODE.c.parent_id.is_(None), _NODE.c.trashed_at.is_(None)),
    False: (_IN_SPACE, _NODE.c.id == bindparam("root_id"), _NODE.c.kind != Kind.MOUNT, _is_not_hidden()),
}

_ROOT_ID = select(_NODE.c.id).where(*_ROOTS[False])


def has_root(session: Session, scope: Scope) -> bool:
    """Return whether the root of a scope of no whole space is there, and not in the trash with a folder above it."""
    wanted = {"space_id": scope.space_id, "root_id": scope.root_id}
    return execute(session, _ROOT_ID, wanted).one_or_none() is not None


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value), Integer)


def _way(size: int, *, is_whole: bool) -> CTE:
    """Return the ids of the nodes on the way from the root along up to `size` names, with their depth.

    Where the way ends early, a NULL follows. Each step is a subquery, because for a join, once somebody ran
    ANALYZE, SQLite builds a Bloom filter over the whole table. Numbers are part of the text, because each
    parameter takes time at each run.
    """
    begin = select(_NODE.c.id, _number(0).label("depth")).where(*_ROOTS[is_whole])
    way = begin.cte("way", recursive=True)
    child = _NODE.alias("child")
    names = [(_number(depth), bindparam(f"name_{depth}", type_=String)) for depth in range(size)]
    next_name = case(*((way.c.depth == depth, name) for depth, name in names))
    lower = select(child.c.id).where(
        child.c.parent_id == way.c.id, child.c.name == next_name, child.c.trashed_at.is_(None)
    )
    goes_on = (way.c.id.is_not(None), next_name.is_not(None))
    return way.union_all(select(lower.scalar_subquery(), way.c.depth + _number(1)).where(*goes_on))


def _rows_on(way: CTE) -> Select[Any]:
    return select(*COLUMNS).join(way, way.c.id == _NODE.c.id).order_by(way.c.depth)


def _nodes_on(way: CTE) -> Select[Any]:
    return select(Node).join(way, way.c.id == Node.id).order_by(way.c.depth)


_WAYS = {(size, is_whole): _way(size, is_whole=is_whole) for size in _SIZES for is_whole in (True, False)}
_ROWS = {which: _rows_on(way) for which, way in _WAYS.items()}
_NODES = {which: _nodes_on(way) for which, way in _WAYS.items()}
# Not one query for pairs of folder and name: SQLite scans the whole table for that.
_IS_CHILD = (
    _NODE.c.parent_id == bindparam("parent_id"),
    _NODE.c.name.in_(bindparam("names", expanding=True)),
    _NODE.c.trashed_at.is_(None),
)
_CHILDREN = select(*COLUMNS).where(*_IS_CHILD)
_CHILD_NODES = select(Node).where(*_IS_CHILD)


def find_way(session: Session, scope: Scope, names: Sequence[str]) -> Sequence[NodeValues]:
    """Return the values of the root and of all existing nodes on a path, in order; raises `NotFound`."""
    if scope.is_selection:
        return [values_of_selection()]
    which, values = _asked(scope, names)
    return _with_root(read_nodes(session, _ROWS[which], values))


def find_nodes_on_way(session: Session, scope: Scope, names: Sequence[str]) -> Sequence[Node]:
    """Return the root and all existing nodes on a path, in order; raises `NotFound`."""
    if scope.is_selection:
        return [node_of_selection()]
    which, values = _asked(scope, names)
    return _with_root(session.scalars(_NODES[which], values).all())


def _asked(scope: Scope, names: Sequence[str]) -> tuple[tuple[int, bool], dict[str, Any]]:
    """Return the key of the statement for a path, and its parameters."""
    size = next(size for size in _SIZES if size >= len(names))
    values: dict[str, Any] = {f"name_{depth}": None for depth in range(len(names), size)}
    values |= {f"name_{depth}": name for depth, name in enumerate(names)}
    values["space_id"] = scope.space_id
    if not scope.is_whole:
        values["root_id"] = scope.root_id
    return (size, scope.is_whole), values


def _with_root(way: Sequence[_Found]) -> Sequence[_Found]:
    if not way:
        raise NotFound
    return way


def find_children(session: Session, folder_id: int, names: Iterable[str]) -> Mapping[str, Node]:
    """Return the existing nodes with these names in a folder, by name."""
    asked = {"parent_id": folder_id, "names": list(names)}
    return {node.name: node for node in session.scalars(_CHILD_NODES, asked)}


def find_nodes(session: Session, scope: Scope, paths: Iterable[_Names]) -> Mapping[_Names, Node]:
    """Return the existing nodes at these paths, except mounts."""

    def find_inside(folder: Node, names: Iterable[str]) -> Mapping[str, Node]:
        return find_children(session, folder.id, names)

    found = _find_all(set(paths), lambda names: find_nodes_on_way(session, scope, names), find_inside)
    return {path: node for path, node in found.items() if node.kind != Kind.MOUNT}


def find_rows(session: Session, scope: Scope, paths: Iterable[_Names]) -> Mapping[_Names, NodeValues]:
    """Return the values of the existing nodes at these paths, mounts included: they take names."""

    def find_inside(folder: NodeValues, names: Iterable[str]) -> Mapping[str, NodeValues]:
        asked = {"parent_id": folder.id, "names": list(names)}
        return {node.name: node for node in read_nodes(session, _CHILDREN, asked)}

    return _find_all(set(paths), lambda names: find_way(session, scope, names), find_inside)


def _find_all(
    wanted: set[_Names],
    find_on_way: Callable[[_Names], Sequence[_Found]],
    find_inside: Callable[[_Found, Iterable[str]], Mapping[str, _Found]],
) -> Mapping[_Names, _Found]:
    """Return what exists at these paths: the common way by one call, then the contents of each folder by one."""
    shared = _shared_way(wanted)
    found: dict[_Names, _Found] = {shared[:depth]: node for depth, node in enumerate(find_on_way(shared))}
    steps: dict[_Names, set[str]] = {}
    for path in wanted:
        for depth in range(len(shared), len(path)):
            steps.setdefault(path[:depth], set()).add(path[depth])
    above: _Names
    # Shorter paths first, so that each folder is known before its contents are queried.
    for above in sorted(steps, key=_by_depth):
        folder = found.get(above)
        if folder is not None and folder.kind != Kind.MOUNT:
            inside = find_inside(folder, sorted(steps[above]))
            found |= {(*above, name): node for name, node in inside.items()}
    return {path: node for path, node in found.items() if path in wanted}


def _shared_way(wanted: Iterable[_Names]) -> _Names:
    """Return the longest path if all others lie on the way to it, else the way to the folders of all."""
    longest = max(wanted, key=len, default=())
    if all(longest[: len(path)] == path for path in wanted):
        return longest
    folders = {path[:-1] for path in wanted}
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(min(folders), max(folders), strict=False))
    return tuple(name for name, _same in pairs)


def _by_depth(path: _Names) -> tuple[int, _Names]:
    return len(path), path
