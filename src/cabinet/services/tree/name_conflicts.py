"""What happens when a name is in use: the newcomer is refused, gets another name, or the place.

Rule: runs in the caller's transaction, under the lock of its space, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cabinet.errors import EntryExists, IntoItself
from cabinet.models import Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.names import join_path, numbered
from cabinet.services.tree.tree import Tree


def free_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return the name with a number that is free where the one before it is taken.

    By doubling and then halving, for many thousands may be taken.
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


def make_way(
    tree: Tree, node: Node, folder: Node, names: tuple[str, ...], on_conflict: Conflict, now: datetime
) -> tuple[str, ...]:
    """Return the path that `node`, which is to lie in `folder` at `names`, gets; nothing is there then.

    What it replaces goes to the trash. Raises `EntryExists`, `Forbidden` where nothing may be replaced, or `IntoItself` when it would replace
    what it lies in.
    """
    there = tree.child(folder, names[-1])
    if there is None:
        return names
    if on_conflict is Conflict.RENAME:
        free = free_name(names[-1], lambda name: tree.child(folder, name) is not None)
        return (*names[:-1], free)
    if on_conflict is Conflict.FAIL or there.id == node.id or there.kind == Kind.MOUNT:
        raise EntryExists(path=join_path(names))
    if tree.lies_in(node, there):
        raise IntoItself(path=join_path(names))
    tree.scope.require(Rights.DELETE)
    tree.trash(there, names, now)
    return names
