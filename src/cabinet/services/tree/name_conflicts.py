"""Resolution of name conflicts: refuse the new node, rename it, or replace the old one.

Rule: runs in the caller's transaction, under the lock of its space, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cabinet.errors import EntryExists, IntoItself
from cabinet.models import Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import join_path, numbered
from cabinet.services.tree.tree import Tree


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return `name` with a free number whose predecessor is taken.

    Searches by doubling and bisection, because many thousands may be taken.
    """
    taken, free = 1, 2
    while is_taken(numbered(name, free)):
        taken, free = free, free * 2
    while free - taken > 1:
        between = (taken + free) // 2
        if is_taken(numbered(name, between)):
            taken = between
        else:
            free = between
    return numbered(name, free)


def resolve_conflict(
    tree: Tree,
    node: Node,
    folder: Node,
    names: tuple[str, ...],
    on_conflict: OnConflict,
    now: datetime,
    replaced: list[Node] | None = None,
) -> tuple[str, ...]:
    """Return the path for `node` in `folder`, which is `names` or renamed; that name is free afterwards.

    A replaced node goes to the trash, and is added to `replaced`. Raises `EntryExists`, `Forbidden` if replacing is not allowed, or
    `IntoItself` if `node` lies in what it would replace.
    """
    there = tree.child(folder, names[-1])
    if there is None:
        return names
    if on_conflict is OnConflict.RENAME:
        free = free_name(names[-1], lambda name: tree.child(folder, name) is not None)
        return (*names[:-1], free)
    if on_conflict is OnConflict.FAIL or there.id == node.id or there.kind == Kind.MOUNT:
        raise EntryExists(path=join_path(names))
    if tree.is_inside(node, there):
        raise IntoItself(path=join_path(names))
    tree.scope.require(Rights.DELETE)
    tree.trash(there, names, now)
    if replaced is not None:
        replaced.append(there)
    return names
