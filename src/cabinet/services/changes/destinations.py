"""The destination of a move or copy: a folder, and possibly a new name.

Rule: runs in the caller's transaction, under the lock of the destination's space, and commits nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cabinet.errors import N_, InvalidField, IsAFolder, NotAFolder
from cabinet.models import Kind, Node
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.tree import Tree

DUPLICATE_SOURCE = N_("it contains the same item twice.")
NO_SOURCES = N_("no items are given.")
NEEDS_A_FOLDER = N_("several items need an existing folder, or a path that ends with a slash.")


@dataclass(frozen=True, slots=True)
class Destination:
    """The target folder, its path, and the new name if there is one."""

    folder: Node
    names: tuple[str, ...]
    name: str | None

    def path_of(self, name: str) -> tuple[str, ...]:
        """Return the target path of an entry with this name."""
        return (*self.names, self.name or name)


def check_named(wanted: Sequence[tuple[str, ...]]) -> None:
    """Raise `InvalidField` if there are no paths or duplicate ones, and `IsAFolder` for the root."""
    if not wanted:
        raise InvalidField(field="from", reason=NO_SOURCES)
    if () in wanted:
        raise IsAFolder(path="")
    if len(set(wanted)) < len(wanted):
        raise InvalidField(field="from", reason=DUPLICATE_SOURCE)


def find_destination(
    tree: Tree, to: str, now: datetime, *, is_one: bool, is_exact: bool = False
) -> Destination:
    """Return the destination `to`: a folder if it names one, is empty, or ends in a slash, else a new path.

    A new path is possible for one source only. Creates missing folders. With `is_exact` it is always the path of
    the only source, whatever is there. Raises `NotAFolder`, `InvalidName` and `InvalidField`, and `IsAFolder` if
    that is the root.
    """
    names = split_path(to.removesuffix("/"))
    if is_exact:
        return _exact(tree, names, now)
    node, depth = tree.walk(names)
    is_there = depth == len(names)
    if is_there and node.kind == Kind.FOLDER:
        return Destination(node, names, None)
    if to.endswith("/"):
        if node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        return Destination(tree.load(tree.make_folders(node, names[depth:], now)), names, None)
    if not is_one:
        raise InvalidField(field="to", reason=NEEDS_A_FOLDER)
    if is_there:
        node = tree.parent(node)
    elif node.kind != Kind.FOLDER:
        raise NotAFolder(path=join_path(names[:depth]))
    folder = tree.load(tree.make_folders(node, names[depth:-1], now))
    return Destination(folder, names[:-1], names[-1])


def _exact(tree: Tree, names: tuple[str, ...], now: datetime) -> Destination:
    if not names:
        raise IsAFolder(path="")
    node, depth = tree.walk(names[:-1])
    if node.kind != Kind.FOLDER:
        raise NotAFolder(path=join_path(names[:depth]))
    folder = tree.load(tree.make_folders(node, names[depth:-1], now))
    return Destination(folder, names[:-1], names[-1])
