"""Move, rename and copy files or whole trees, any number at once.

A move changes only the row of the moved node, however much lies below it. A copy creates rows that refer to
the same blobs, so no bytes are copied; of a file it copies the current content without the history.

Rule: all or nothing, in one transaction except for large copies; only within one scope.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, IntoItself, IsAFolder, NotFound, SelectionChanged, Unavailable
from cabinet.models import BatchKind, Kind, Node, Verb
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import Deed, deeds_of, moves_of, places_of, record, trashings_of
from cabinet.services.changes.batch_runner import BatchRunner
from cabinet.services.changes.batches import BatchRun
from cabinet.services.changes.building import Builder, is_small_copy
from cabinet.services.changes.destinations import Destination, check_named, find_destination
from cabinet.services.changes.selections import SelectedNodeMissing
from cabinet.services.kernel.clock import Clock
from cabinet.services.tree.copying import copy_tree, measure_copy
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.name_conflicts import resolve_conflict
from cabinet.services.tree.names import join_path, split_path, to_name
from cabinet.services.tree.reach import arriving, publishing_measured
from cabinet.services.tree.tree import Tree

# The nodes to move or copy, by path.
_Sources: TypeAlias = Mapping[tuple[str, ...], Node]
# Places the nodes, or copies of them, at a destination, and returns the resulting entries.
_Arrange: TypeAlias = Callable[[_Sources, Destination, OnConflict], list[Entry]]


class _Large(Exception):
    """There is more to copy than one transaction may."""


class _DryRunDone(Exception):
    """The operation would succeed; raised to roll back the trial."""


class Moving:
    """Operations of an actor that move or copy entries."""

    def __init__(self, session: Session, clock: Clock, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)

    def move(
        self, sources: Sequence[str], to: str, on_conflict: OnConflict, *, is_exact: bool = False
    ) -> list[Entry]:
        """Move the entries at the paths `sources`; return the results in order.

        `to` is a folder if it names one, is empty, or ends in a slash, else the new path of the only source;
        missing folders are created. With `is_exact` it is that path even if a folder has it. Raises `NotFound`, `EntryExists`, `IntoItself`, `NotAFolder`, `IsAFolder`
        for the root, `InvalidName`, `InvalidField`, and `Unavailable` while the tree changes too fast to know
        whether its paths fit.
        """
        self._scope.require(CHANGE)
        return publishing_measured(
            self._session, lambda: self._place(sources, to, on_conflict, self._move, is_exact=is_exact)
        )

    def rename(self, source: str, name: str, on_conflict: OnConflict) -> Entry:
        """Rename the entry at `source` within its folder; raises as `move`.

        Unlike a move, it never moves into an existing folder of that name.
        """
        self._scope.require(CHANGE)
        names, name = split_path(source), to_name(name)
        if not names:
            raise IsAFolder(path="")

        def give_name() -> list[Entry]:
            """Move it within its folder."""
            self._tree.lock()
            node = self._tree.get(names)
            destination = Destination(self._tree.parent(node), names[:-1], name)
            return self._move({names: node}, destination, on_conflict)

        return publishing_measured(self._session, give_name)[0]

    def make_folder_at(self, to: str, on_conflict: OnConflict) -> Entry:
        """Create an empty folder at the path `to`; what has the path is dealt with as by `move`."""
        self._scope.require(Rights.WRITE)

        def make() -> Entry:
            """Create it in one transaction."""
            self._tree.lock()
            now = self._clock()
            at = find_destination(self._tree, to, now, is_one=True, is_exact=True)
            names = resolve_conflict(self._tree, at.folder, at.folder, at.path_of(""), on_conflict, now)
            made = self._tree.make_folders(at.folder, names[-1:], now)
            record(self._session, self._scope, now, deeds_of(Verb.CREATED, [made]))
            return self._tree.to_entry(made, names)

        return publishing_measured(self._session, make)

    def copy(
        self, sources: Sequence[str], to: str, on_conflict: OnConflict, *, is_exact: bool = False
    ) -> list[Entry]:
        """Copy the entries at the paths `sources`; as `move`.

        May also raise `QuotaExceeded`, `TooManyEntries`, and `CopyTooLarge` before anything is written. Large
        copies are built in a batch and appear with its last transaction.
        """
        self._scope.require(Rights.READ | Rights.WRITE)
        try:
            return publishing_measured(
                self._session,
                lambda: self._place(
                    sources, to, on_conflict, self._copy, self._check_small, is_exact=is_exact
                ),
            )
        except _Large:
            return self._copy_in_steps(sources, to, on_conflict, is_exact=is_exact)

    def _copy_in_steps(
        self, sources: Sequence[str], to: str, on_conflict: OnConflict, *, is_exact: bool
    ) -> list[Entry]:
        def dry_run() -> None:
            """Raise what prevents placing the copies, before anything is built."""
            self._place(sources, to, on_conflict, self._dry_run, is_exact=is_exact)
            raise _DryRunDone

        with suppress(_DryRunDone):
            publishing_measured(self._session, dry_run)
        entries: list[Entry] = []

        def act(run: BatchRun, node_ids: Sequence[int]) -> None:
            """Build the copies hidden, and place all of them in the last step."""
            built = Builder(self._session, self._clock, self._scope).build(run, node_ids)
            put = partial(self._put, built)
            placed = run.run_step(
                lambda _log: self._place(sources, to, on_conflict, put, is_exact=is_exact), is_last=True
            )
            entries.extend(placed)

        runner = BatchRunner(self._session, self._clock, self._scope)
        try:
            runner.run(BatchKind.COPY, lambda: self._find_ids(sources), act)
        except SelectionChanged as error:
            # Another node is at one of the paths now; a retry copies that one.
            raise Unavailable from error
        return entries

    def _place(
        self,
        sources: Sequence[str],
        to: str,
        on_conflict: OnConflict,
        arrange: _Arrange,
        check: Callable[[Collection[Node]], None] = lambda _nodes: None,
        *,
        is_exact: bool = False,
    ) -> list[Entry]:
        """Place the entries at some paths, in the caller's transaction."""
        self._tree.lock()
        # All are looked up before the first is moved, which may be a folder that contains the next.
        found = self._find_sources(sources)
        check(found.values())
        is_one = len(found) == 1
        at = find_destination(self._tree, to, self._clock(), is_one=is_one, is_exact=is_exact)
        return arrange(found, at, on_conflict)

    def _find_ids(self, sources: Sequence[str]) -> Sequence[int]:
        return [node.id for node in self._find_sources(sources).values()]

    def _find_sources(self, sources: Sequence[str]) -> _Sources:
        """Return the nodes at the paths, in order."""
        wanted = [split_path(source) for source in sources]
        check_named(wanted)
        found = self._tree.find_all(wanted)
        if len(found) < len(wanted):
            raise NotFound
        return {names: found[names] for names in wanted}

    def _move(self, found: _Sources, at: Destination, on_conflict: OnConflict) -> list[Entry]:
        leaving = [node for node in found.values() if node.parent_id != at.folder.id]
        before, replaced = places_of(found.values()), list[Node]()
        with arriving(self._session, found.values(), leaving):
            entries = [
                self._move_one(node, names, at, on_conflict, replaced) for names, node in found.items()
            ]
        self._tell(replaced, moves_of(found.values(), before))
        return entries

    def _tell(self, replaced: Sequence[Node], deeds: Sequence[Deed]) -> None:
        """Record what was done, after what was trashed for it."""
        record(self._session, self._scope, self._clock(), [*trashings_of(replaced), *deeds])

    def _tell_copies(self, replaced: Sequence[Node], copies: Sequence[Node]) -> None:
        # A copy that a later one of the same name has replaced was never seen.
        before = [node for node in replaced if node not in copies]
        self._tell(before, deeds_of(Verb.COPIED, [node for node in copies if node.trashed_at is None]))

    def _move_one(
        self,
        node: Node,
        names: tuple[str, ...],
        at: Destination,
        on_conflict: OnConflict,
        replaced: list[Node],
    ) -> Entry:
        if at.path_of(names[-1]) == names:
            return self._tree.to_entry(node, names)
        to = self._resolve_conflict(node, names, at, on_conflict, replaced)
        if node.trashed_at is not None:
            # Another source has just replaced it.
            raise EntryExists(path=join_path(to))
        self._tree.check_reach(node, to)
        self._tree.detach(node)
        self._tree.attach(node, at.folder, to[-1])
        return self._tree.to_entry(node, to)

    def _check_small(self, nodes: Collection[Node]) -> None:
        node_ids = [node.id for node in nodes]
        folder_ids = [node.id for node in nodes if node.kind == Kind.FOLDER]
        if not is_small_copy(self._session, node_ids, folder_ids):
            raise _Large
        if len(nodes) > 1:
            # Together; each is measured when it is copied.
            measure_copy(self._session, node_ids, folder_ids)

    def _copy(self, found: _Sources, at: Destination, on_conflict: OnConflict) -> list[Entry]:
        entries: list[Entry] = []
        copies, replaced = list[Node](), list[Node]()
        with arriving(self._session, found.values()):
            for names, node in found.items():
                to = self._resolve_conflict(node, names, at, on_conflict, replaced)
                self._tree.check_reach(node, to)
                made = copy_tree(self._session, self._tree, node, at.folder, to[-1], self._clock())
                copies.append(made)
                entries.append(self._tree.to_entry(made, to))
        self._tell_copies(replaced, copies)
        return entries

    def _dry_run(self, found: _Sources, at: Destination, on_conflict: OnConflict) -> list[Entry]:
        with arriving(self._session, found.values()):
            for names, node in found.items():
                self._tree.check_reach(node, self._resolve_conflict(node, names, at, on_conflict, []))
        return []

    def _put(
        self, built: Mapping[int, int], found: _Sources, at: Destination, on_conflict: OnConflict
    ) -> list[Entry]:
        """Place copies that were built; raises `SelectedNodeMissing` for a source that has appeared since."""
        if any(node.id not in built for node in found.values()):
            raise SelectedNodeMissing
        copies = {names: self._session.get_one(Node, built[node.id]) for names, node in found.items()}
        entries, replaced = list[Entry](), list[Node]()
        with arriving(self._session, copies.values()):
            for names, copy in copies.items():
                to = self._resolve_conflict(found[names], names, at, on_conflict, replaced)
                self._tree.check_reach(copy, to)
                self._tree.attach(copy, at.folder, to[-1])
                entries.append(self._tree.to_entry(copy, to))
        self._tell_copies(replaced, list(copies.values()))
        return entries

    def _resolve_conflict(
        self,
        node: Node,
        names: tuple[str, ...],
        destination: Destination,
        on_conflict: OnConflict,
        replaced: list[Node],
    ) -> tuple[str, ...]:
        """Return the path for a node from `names` or its copy; that name is free afterwards.

        A node that had it is in the trash, and added to `replaced`.
        """
        to = destination.path_of(names[-1])
        if node.kind == Kind.FOLDER and self._tree.is_inside(destination.folder, node):
            raise IntoItself(path=join_path(to))
        folder, now = destination.folder, self._clock()
        return resolve_conflict(self._tree, node, folder, to, on_conflict, now, replaced)
