"""The nodes that are at, or above, the paths that uploads go to.

Rule: reads, and creates folders that are missing, in the caller's transaction; decides what may be published where.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from cabinet.errors import EntryExists, IsAFolder, NotAFolder, PreconditionFailed
from cabinet.models import Kind
from cabinet.services.access.rights import Rights
from cabinet.services.tree.entries import OnConflict, Precondition, hash_for_condition
from cabinet.services.tree.name_conflicts import free_name
from cabinet.services.tree.names import fits, join_path, numbered, split_path, too_long
from cabinet.services.tree.node_values import NodeValues, to_values
from cabinet.services.tree.tree import Tree

# The numbers of names that are looked up in advance, and one as long as any.
_LOW_NUMBERS = range(2, 6)
_HIGH_NUMBER = 10**6


class Places:
    """The nodes at some paths and above them, including those created during the publication.

    In a blind scope a used name gets a number, that of a folder too if a file has it, and finding a low number
    takes no more statements than finding the name free.
    """

    def __init__(self, tree: Tree, paths: Sequence[tuple[str, ...]]) -> None:
        self._tree = tree
        self._is_blind = tree.scope.is_blind
        self._nodes: dict[tuple[str, ...], NodeValues] = {}
        # Paths without a node.
        self._free: set[tuple[str, ...]] = set()
        self._load(paths)

    def _load(self, paths: Sequence[tuple[str, ...]]) -> None:
        steps = {path[:depth] for path in paths for depth in range(len(path) + 1)}
        if self._is_blind:
            named = [path for path in paths if path]
            steps |= {(*path[:-1], numbered(path[-1], each)) for path in named for each in _LOW_NUMBERS}
        found = self._tree.find_rows(steps)
        self._nodes = dict(found) | self._nodes
        self._free |= steps - found.keys()

    def check(
        self, path: str, on_conflict: OnConflict, precondition: Precondition
    ) -> tuple[tuple[str, ...], int]:
        """Return the names of the path to publish to, and how many of them exist.

        Raises what prevents the upload: `InvalidName`, `IsAFolder`, `NotAFolder`, `EntryExists`,
        `PreconditionFailed`, `Forbidden` if replacing is not allowed.
        """
        names = split_path(path)
        if not names and self._nodes[()].kind != Kind.FILE:
            raise IsAFolder(path="")
        depth = self._depth(names)
        if self._is_blind:
            names, depth = self._past_files(names, depth)
        node = self._nodes[names[:depth]]
        is_there = depth == len(names)
        if not is_there and node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        if is_there and node.kind != Kind.FILE and on_conflict is not OnConflict.RENAME:
            raise IsAFolder(path=join_path(names))
        held = hash_for_condition(node, self._tree.scope.rights) if is_there else None
        if not precondition(held):
            raise PreconditionFailed
        # The root of a scope cannot get another name.
        if is_there and (on_conflict is OnConflict.FAIL or (not names and on_conflict is OnConflict.RENAME)):
            raise EntryExists(path=join_path(names))
        if is_there and on_conflict is OnConflict.REPLACE:
            self._tree.scope.require(Rights.DELETE)
        return names, depth

    def _depth(self, names: tuple[str, ...]) -> int:
        """Return how many names of a path exist."""
        return next((length for length in range(len(names), 0, -1) if names[:length] in self._nodes), 0)

    def _past_files(self, names: tuple[str, ...], depth: int) -> tuple[tuple[str, ...], int]:
        """Return a path with other folders in place of files, and how many of its names exist.

        Raises `InvalidName` for a path without room for numbers, whether it needs them or not.
        """
        if not fits(tuple(numbered(name, _HIGH_NUMBER) for name in names)):
            raise too_long(names)
        while depth < len(names) and self._nodes[names[:depth]].kind != Kind.FOLDER:
            above = names[: depth - 1]
            free = free_name(names[depth - 1], partial(self._is_file, above))
            names = (*above, free, *names[depth:])
            self._load([names])
            depth = self._depth(names)
        return names, depth

    def _is_file(self, folder: tuple[str, ...], name: str) -> bool:
        self._load([(*folder, name)])
        node = self._nodes.get((*folder, name))
        return node is not None and node.kind != Kind.FOLDER

    def get(self, names: tuple[str, ...]) -> NodeValues:
        """Return the node at an existing path."""
        return self._nodes[names]

    def put(self, names: tuple[str, ...], node: NodeValues) -> None:
        """Set the node at a path."""
        self._nodes[names] = node

    def make_folder(self, names: tuple[str, ...], depth: int, now: datetime) -> NodeValues:
        """Return the folder at `names`, created if only the first `depth` of them exist."""
        for length in range(depth, len(names)):
            made = self._tree.make_folders(self._nodes[names[:length]], names[length : length + 1], now)
            self._nodes[names[: length + 1]] = to_values(made)
        return self._nodes[names]

    def free_name(self, folder: tuple[str, ...], name: str) -> str:
        """Return the name with the first number that is free in a folder."""
        return free_name(name, lambda other: self._is_taken((*folder, other)))

    def _is_taken(self, names: tuple[str, ...]) -> bool:
        if names in self._nodes or names in self._free:
            return names in self._nodes
        return self._tree.child(self._nodes[names[:-1]], names[-1]) is not None
