"""Moving, renaming and copying, a file or a whole tree, any number of them at once.

A move changes the row of what is moved and no other, however much lies below it. A copy makes new
rows that refer to the same blobs, so no byte is copied; of a file it takes what it is now, without
its history.

Rule: one transaction, all or nothing; only one user's tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cabinet.errors import N_, EntryExists, IntoItself, InvalidField, IsAFolder, NotAFolder, NotFound
from cabinet.models import Kind, Node
from cabinet.services.clock import Clock
from cabinet.services.conflicts import make_way
from cabinet.services.copying import copy_tree, measure_copy
from cabinet.services.entries import Conflict, Entry, to_entry
from cabinet.services.names import join_path, split_path, to_name
from cabinet.services.publishing import publishing
from cabinet.services.tree import Tree

NAMED_TWICE = N_("it names the same thing twice.")
NOTHING_NAMED = N_("it names nothing.")
NEEDS_A_FOLDER = N_("several things need a folder that is there, or a path that ends in a slash.")


@dataclass(frozen=True, slots=True)
class _Destination:
    """The folder that things go to, its path, and the new name if one thing gets one."""

    folder: Node
    names: tuple[str, ...]
    name: str | None


class Moving:
    """What a user can rearrange."""

    def __init__(self, session: Session, clock: Clock, owner_id: int) -> None:
        self._session = session
        self._clock = clock
        self._owner_id = owner_id
        self._tree = Tree(session, owner_id)

    def move(self, sources: Sequence[str], to: str, on_conflict: Conflict) -> list[Entry]:
        """Move what is at the paths `sources`, and return what is where now, in their order.

        `to` is a folder if it names one, is empty, or ends in a slash, else the new path of the
        only source; folders are made where they are missing. Raises `NotFound`, `EntryExists`,
        `IntoItself`, `NotAFolder`, `IsAFolder` for the root, `InvalidName`, `InvalidField`.
        """
        return self._arrange(sources, to, on_conflict, self._move)

    def rename(self, source: str, name: str, on_conflict: Conflict) -> Entry:
        """Give what is at `source` another name in the folder where it lies; raises as `move`.

        Unlike a move, this never leads into a folder that has the name already.
        """
        names, name = split_path(source), to_name(name)
        if not names:
            raise IsAFolder(path="")
        with publishing(self._session):
            self._tree.root(lock=True)
            node = self._tree.get(names)
            destination = _Destination(self._tree.parent(node), names[:-1], name)
            return self._move(node, names, destination, on_conflict)

    def copy(self, sources: Sequence[str], to: str, on_conflict: Conflict) -> list[Entry]:
        """Copy what is at the paths `sources`; as `move`.

        May also raise `QuotaExceeded`, `TooManyEntries`, and `CopyTooLarge` before anything is written.
        """
        return self._arrange(sources, to, on_conflict, self._copy, self._check_copy)

    def _arrange(
        self,
        sources: Sequence[str],
        to: str,
        on_conflict: Conflict,
        arrange: Callable[[Node, tuple[str, ...], _Destination, Conflict], Entry],
        check: Callable[[Iterable[Node]], None] = lambda _nodes: None,
    ) -> list[Entry]:
        wanted = [split_path(source) for source in sources]
        if not wanted:
            raise InvalidField(field="from", reason=NOTHING_NAMED)
        if () in wanted:
            raise IsAFolder(path="")
        if len(set(wanted)) < len(wanted):
            raise InvalidField(field="from", reason=NAMED_TWICE)
        with publishing(self._session):
            root = self._tree.root(lock=True)
            # All of them before the first is moved, which may be a folder that holds the next.
            found = self._tree.find_all(wanted, root)
            if len(found) < len(wanted):
                raise NotFound
            check(found.values())
            destination = self._find_destination(to, is_one=len(wanted) == 1)
            return [arrange(found[names], names, destination, on_conflict) for names in wanted]

    def _find_destination(self, to: str, *, is_one: bool) -> _Destination:
        names = split_path(to.removesuffix("/"))
        node, depth = self._tree.walk(names)
        is_there = depth == len(names)
        if is_there and node.kind == Kind.FOLDER:
            return _Destination(node, names, None)
        if to.endswith("/"):
            if node.kind != Kind.FOLDER:
                raise NotAFolder(path=join_path(names[:depth]))
            return _Destination(self._tree.make_folders(node, names[depth:], self._clock()), names, None)
        if not is_one:
            raise InvalidField(field="to", reason=NEEDS_A_FOLDER)
        if is_there:
            node = self._tree.parent(node)
        elif node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(names[:depth]))
        folder = self._tree.make_folders(node, names[depth:-1], self._clock())
        return _Destination(folder, names[:-1], names[-1])

    def _move(
        self, node: Node, names: tuple[str, ...], destination: _Destination, on_conflict: Conflict
    ) -> Entry:
        to = (*destination.names, destination.name or names[-1])
        if to == names:
            return to_entry(node, join_path(to))
        to = self._make_way(node, to, destination, on_conflict)
        if node.trashed_at is not None:
            # Another of the sources has just replaced it.
            raise EntryExists(path=join_path(to))
        self._tree.take(node)
        self._tree.put(node, destination.folder, to[-1])
        return to_entry(node, join_path(to))

    def _check_copy(self, nodes: Iterable[Node]) -> None:
        measure_copy(self._session, [node.id for node in nodes])

    def _copy(
        self, node: Node, names: tuple[str, ...], destination: _Destination, on_conflict: Conflict
    ) -> Entry:
        to = (*destination.names, destination.name or names[-1])
        to = self._make_way(node, to, destination, on_conflict)
        made = copy_tree(self._session, self._tree, node, destination.folder, to[-1], self._clock())
        return to_entry(made, join_path(to))

    def _make_way(
        self, node: Node, to: tuple[str, ...], destination: _Destination, on_conflict: Conflict
    ) -> tuple[str, ...]:
        if node.kind == Kind.FOLDER and self._tree.lies_in(destination.folder, node):
            raise IntoItself(path=join_path(to))
        to = make_way(self._tree, node, destination.folder, to, on_conflict, self._clock())
        self._tree.check_reach(node, to)
        return to
