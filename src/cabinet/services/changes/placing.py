"""Places many nodes, or copies of them, with a few queries per folder instead of per node.

Rule: runs in the caller's step of a batch, inside `measuring`, under the lock of its space, and logs
everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, IntoItself, NotAFolder
from cabinet.models import ItemRole, Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.changes.batches import StepLog
from cabinet.services.tree.copying import copy_trees
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.name_conflicts import free_name
from cabinet.services.tree.names import join_path
from cabinet.services.tree.paths import find_children
from cabinet.services.tree.reach import arriving
from cabinet.services.tree.tree import Tree


@dataclass(frozen=True, slots=True)
class Arrival:
    """A node that is to be placed, itself or as a copy, in `folder`; `path` ends in its new name.

    `origin` is the current path of a live node.
    """

    node: Node
    folder: Node
    path: tuple[str, ...]
    origin: tuple[str, ...] = ()


# A placed node and its path.
Placed: TypeAlias = tuple[Node, tuple[str, ...]]


class Placing:
    """Places nodes, in one step of a batch."""

    def __init__(self, session: Session, tree: Tree, log: StepLog, now: datetime) -> None:
        self._session = session
        self._tree = tree
        self._log = log
        self._now = now
        # What is in the trash now because its name was taken.
        self.replaced: list[Node] = []

    def move(self, arrivals: Sequence[Arrival], on_conflict: OnConflict) -> list[Placed]:
        """Move nodes, live or trashed, to their places; return them with their paths, in order of placing.

        Replaced nodes go to the trash. Raises `EntryExists`, `IntoItself` and `InvalidName`.
        """
        placed: list[Placed] = []
        leaving = [each.node for each in arrivals if each.node.parent_id != each.folder.id]
        with arriving(self._session, [each.node for each in arrivals], leaving):
            for round_ in _rounds(arrivals):
                settled = self._settle(round_, on_conflict)
                self._check_reach(settled)
                away = [each for each in settled if not _is_there(each)]
                for each in away:
                    self._log.record_move(each.node, each.origin)
                self._tree.relocate_all([(each.node, each.folder, each.path[-1]) for each in away])
                placed += [(each.node, each.path) for each in settled]
        return placed

    def copy(self, arrivals: Sequence[Arrival], on_conflict: OnConflict) -> list[Placed]:
        """Place copies of the nodes, all in one folder; return the copies in order.

        Raises as `move`, and `QuotaExceeded`.
        """
        placed: list[Placed] = []
        with arriving(self._session, [each.node for each in arrivals]):
            for round_ in _rounds(arrivals):
                settled = self._settle(round_, on_conflict, is_copy=True)
                self._check_reach(settled)
                wanted = [(each.node, each.path[-1]) for each in settled]
                copies = copy_trees(self._session, self._tree, wanted, settled[0].folder, self._now)
                for each, copy in zip(settled, copies, strict=True):
                    self._log.record_created(copy, ItemRole.COPIED, each.path)
                    placed.append((copy, each.path))
        return placed

    def place_copies(
        self, arrivals: Sequence[Arrival], copies: Mapping[int, Node], on_conflict: OnConflict
    ) -> list[Placed]:
        """Place copies that are built already, given by the ids of their originals; return them in order.

        Raises `EntryExists`, `IntoItself` and `InvalidName`.
        """
        placed: list[Placed] = []
        with arriving(self._session, copies.values()):
            for round_ in _rounds(arrivals):
                settled = [
                    replace(each, node=copies[each.node.id])
                    for each in self._settle(round_, on_conflict, is_copy=True)
                ]
                self._check_reach(settled)
                self._tree.relocate_all([(each.node, each.folder, each.path[-1]) for each in settled])
                for each in settled:
                    self._log.record_created(each.node, ItemRole.COPIED, each.path)
                    placed.append((each.node, each.path))
        return placed

    def dry_run(self, arrivals: Sequence[Arrival], on_conflict: OnConflict) -> None:
        """Raise what prevents placing copies of the nodes; the caller rolls back."""
        with arriving(self._session, [each.node for each in arrivals]):
            for round_ in _rounds(arrivals):
                self._check_reach(self._settle(round_, on_conflict, is_copy=True))

    def trash(self, nodes: Sequence[tuple[Node, tuple[str, ...]]]) -> None:
        """Move nodes, each at its path, to the trash."""
        for node, path in nodes:
            self._log.record_move(node, path)
        self._tree.trash_all(nodes, self._now)

    def folder_at(self, names: tuple[str, ...]) -> Node:
        """Return the folder at a path, created if missing; raises `NotAFolder`."""
        folder, depth = self._tree.walk(names)
        if folder.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        for length in range(depth, len(names)):
            folder = self._tree.load(self._tree.make_folders(folder, [names[length]], self._now))
            self._log.record_created(folder, ItemRole.FOLDER_CREATED, names[: length + 1])
        return folder

    def _settle(
        self, arrivals: Sequence[Arrival], on_conflict: OnConflict, *, is_copy: bool = False
    ) -> list[Arrival]:
        """Return the arrivals with their final names, which are free afterwards."""
        settled: list[Arrival] = []
        rivals: list[tuple[Node, tuple[str, ...]]] = []
        for folder, inside in groupby(sorted(arrivals, key=_folder_id), key=lambda each: each.folder):
            group = list(inside)
            self._check_circle(folder, group)
            names = {each.path[-1] for each in group}
            there = dict(find_children(self._session, folder.id, names))
            for each in group:
                rival = there.get(each.path[-1])
                if rival is not None and (is_copy or rival.id != each.node.id):
                    if on_conflict is OnConflict.RENAME:
                        each = self._renamed(each, names)  # noqa: PLW2901 - it is the same arrival
                    else:
                        self._check_replaceable(each, rival, on_conflict)
                        rivals.append((rival, each.path))
                settled.append(each)
        # In its own statement, before the others take the names.
        self.trash(rivals)
        self.replaced += [node for node, _path in rivals]
        return settled

    def _check_reach(self, settled: Sequence[Arrival]) -> None:
        for each in settled:
            self._tree.check_reach(each.node, each.path)

    def _check_circle(self, folder: Node, arrivals: Sequence[Arrival]) -> None:
        above = {each.id for each in self._tree.iter_with_ancestors(folder)}
        for each in arrivals:
            if each.node.kind == Kind.FOLDER and each.node.id in above:
                raise IntoItself(path=join_path(each.path))

    def _check_replaceable(self, arrival: Arrival, rival: Node, on_conflict: OnConflict) -> None:
        if on_conflict is OnConflict.FAIL or rival.id == arrival.node.id or rival.kind == Kind.MOUNT:
            raise EntryExists(path=join_path(arrival.path))
        self._tree.scope.require(Rights.DELETE)
        if self._tree.is_inside(arrival.node, rival):
            raise IntoItself(path=join_path(arrival.path))

    def _renamed(self, arrival: Arrival, claimed: set[str]) -> Arrival:
        """Return an arrival with a name that is neither in the folder nor claimed by another arrival."""

        def is_taken(name: str) -> bool:
            return name in claimed or self._tree.child(arrival.folder, name) is not None

        name = free_name(arrival.path[-1], is_taken)
        claimed.add(name)
        return replace(arrival, path=(*arrival.path[:-1], name))


def _folder_id(arrival: Arrival) -> int:
    return arrival.folder.id


def _is_there(arrival: Arrival) -> bool:
    node = arrival.node
    is_same = (node.parent_id, node.name) == (arrival.folder.id, arrival.path[-1])
    return is_same and node.trashed_at is None


def _rounds(arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    """Yield arrivals in order, in rounds without duplicate names.

    So a later arrival meets an earlier one of its name in the folder.
    """
    round_: list[Arrival] = []
    claimed: set[tuple[int, str]] = set()
    for each in arrivals:
        key = (each.folder.id, each.path[-1])
        if key in claimed:
            yield round_
            round_, claimed = [], set()
        claimed.add(key)
        round_.append(each)
    if round_:
        yield round_
