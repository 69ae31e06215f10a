"""Moving and copying between scopes, possibly of different spaces.

Nodes from another space are copied: new rows for the same blobs, and of a file only the current content, not
its history. For a move, the original goes to the trash of its own space in the transaction in which the copy
appears, and only if the copy has everything that the original has by then. Nodes of the same space are moved
as within one scope.

Rule: all or nothing, in one batch that can be undone; every transaction locks all its spaces in one call,
before it reads anything that it depends on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from sqlalchemy.orm import Session

from cabinet.errors import N_, EntryExists, InvalidField, IsAFolder, NotFound, SelectionChanged, Unavailable
from cabinet.models import BatchKind, Node, Verb
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.activity.recording import deeds_of, moves_of, places_of, record, trashings_of
from cabinet.services.changes.batch_runner import BatchRunner
from cabinet.services.changes.batches import BatchRun, StepLog
from cabinet.services.changes.building import Builder, holds_the_same, is_small_copy, state_of
from cabinet.services.changes.destinations import DUPLICATE_SOURCE, NO_SOURCES, find_destination
from cabinet.services.changes.placing import Arrival, Placed, Placing
from cabinet.services.changes.selections import SelectedNodeMissing
from cabinet.services.kernel.clock import Clock
from cabinet.services.tree.entries import Entry, OnConflict
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.reach import publishing_measured
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.tree import Tree

ONE_IN_ANOTHER = N_("one of the items is inside another one.")


@dataclass(frozen=True, slots=True)
class Source:
    """A path in a scope. The root of a scope, which has no path there, has a `name` instead."""

    scope: Scope
    path: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Relocated:
    """The resulting entries, in the order of their sources, and the id for undoing the operation."""

    entries: Sequence[Entry]
    batch_id: str | None = None


class _Found(NamedTuple):
    """An existing source: its tree, its path there, its node, and its name."""

    tree: Tree
    names: tuple[str, ...]
    node: Node
    name: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A request: its sources, its target, and whether the sources are removed."""

    sources: Sequence[Source]
    to: str
    on_conflict: OnConflict
    is_move: bool
    is_exact: bool

    @property
    def spaces(self) -> set[int]:
        """The spaces of the sources."""
        return {source.scope.space_id for source in self.sources}


class _DryRunDone(Exception):
    """The operation would succeed; raised to roll back the trial."""


class Crossing:
    """Operations of an actor that bring entries from other scopes into this one."""

    def __init__(self, session: Session, clock: Clock, scope: Scope) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)

    def move(
        self, sources: Sequence[Source], to: str, on_conflict: OnConflict, *, is_exact: bool = False
    ) -> Relocated:
        """Move entries into this scope; `to` is as in `Moving.move`.

        Needs READ, WRITE and DELETE in their scopes, because others may read them in the target. Raises as
        `copy` does, `IsAFolder` for the root of a scope, and `Unavailable` if they change meanwhile.
        """
        self._scope.require(Rights.WRITE)
        for source in sources:
            source.scope.require(Rights.READ | CHANGE)
            if not split_path(source.path):
                raise IsAFolder(path="")
        return self._run(_Wanted(sources, to, on_conflict, is_move=True, is_exact=is_exact))

    def copy(
        self, sources: Sequence[Source], to: str, on_conflict: OnConflict, *, is_exact: bool = False
    ) -> Relocated:
        """Copy entries into this scope; needs READ in their scopes.

        Raises `NotFound`, `EntryExists`, `IntoItself`, `NotAFolder`, `InvalidName`, `InvalidField`,
        `QuotaExceeded` or `FolderFull`, `TooManyEntries` and `CopyTooLarge`; nothing has changed then.
        """
        self._scope.require(Rights.WRITE)
        for source in sources:
            source.scope.require(Rights.READ)
        return self._run(_Wanted(sources, to, on_conflict, is_move=False, is_exact=is_exact))

    def _run(self, wanted: _Wanted) -> Relocated:
        entries: list[Entry] = []

        def act(run: BatchRun, seen: Mapping[int, object]) -> None:
            """Build large copies hidden, and place everything in the last step."""
            built = self._build(run, wanted, list(seen))
            arrive = partial(self._arrive, wanted, built, seen)
            entries.extend(run.run_step(arrive, is_last=True))

        runner = BatchRunner(self._session, self._clock, self._scope, wanted.spaces)
        kind = BatchKind.MOVE if wanted.is_move else BatchKind.COPY
        try:
            done = runner.run(kind, lambda: self._look(wanted), act, len(wanted.sources))
        except SelectionChanged as error:
            # Another node is there now; a retry takes that one.
            raise Unavailable from error
        return Relocated(entries, done.batch_id)

    def _look(self, wanted: _Wanted) -> Mapping[int, object]:
        """Return the states of the nodes to copy, by id, to detect changes."""
        found = self._find(wanted)
        seen = {each.node.id: state_of(each.node) for each in found if self._is_copied(each, wanted)}
        self._session.rollback()
        return seen

    def _is_copied(self, found: _Found, wanted: _Wanted) -> bool:
        return not wanted.is_move or found.node.space_id != self._scope.space_id

    def _find(self, wanted: _Wanted, *, lock: bool = False) -> list[_Found]:
        """Return the sources in order; `lock` takes the lock and checks the rights of their mounts again."""
        if not wanted.sources:
            raise InvalidField(field="from", reason=NO_SOURCES)
        paths: dict[Scope, list[tuple[str, ...]]] = {}
        for source in wanted.sources:
            names = split_path(source.path)
            if not names and not source.name:
                raise IsAFolder(path="")
            paths.setdefault(source.scope, []).append(names)
        trees = {scope: Tree(self._session, scope) for scope in paths}
        if lock:
            for tree in trees.values():
                tree.lock()
        nodes = {scope: trees[scope].find_all(below) for scope, below in paths.items()}
        found: list[_Found] = []
        for source in wanted.sources:
            scope, names = source.scope, split_path(source.path)
            if names not in nodes[scope]:
                raise NotFound
            name = names[-1] if names else source.name
            found.append(_Found(trees[scope], names, nodes[scope][names], name))
        self._check_each_once(found, wanted)
        return found

    def _check_each_once(self, found: Sequence[_Found], wanted: _Wanted) -> None:
        """Raise `InvalidField` for a source named twice, or one that would be copied and moved as well."""
        node_ids = {each.node.id for each in found}
        if len(node_ids) < len(found):
            raise InvalidField(field="from", reason=DUPLICATE_SOURCE)
        for each in found if wanted.is_move else ():
            above = [folder.id for folder in each.tree.iter_with_ancestors(each.node)][1:]
            if self._is_copied(each, wanted) and not node_ids.isdisjoint(above):
                raise InvalidField(field="from", reason=ONE_IN_ANOTHER)

    def _build(self, run: BatchRun, wanted: _Wanted, node_ids: Sequence[int]) -> Mapping[int, int]:
        """Build hidden copies of what is too much for one transaction; return the copies by original."""
        if is_small_copy(self._session, node_ids):
            return {}

        def dry_run() -> None:
            """Raise what prevents placing the copies, before anything is built."""
            lock_spaces(self._session, {self._scope.space_id, *wanted.spaces})
            self._tree.root(lock=True)
            arrivals = self._arrivals(self._find(wanted, lock=True), wanted)
            placing = self._placing(StepLog(run.id, 0), self._tree)
            placing.dry_run(list(arrivals.values()), wanted.on_conflict)
            raise _DryRunDone

        with suppress(_DryRunDone):
            publishing_measured(self._session, dry_run)
        return Builder(self._session, self._clock, self._scope).build(run, node_ids)

    def _arrivals(self, found: Sequence[_Found], wanted: _Wanted) -> Mapping[int, Arrival]:
        is_one, is_exact = len(found) == 1, wanted.is_exact
        at = find_destination(self._tree, wanted.to, self._clock(), is_one=is_one, is_exact=is_exact)
        return {
            each.node.id: Arrival(each.node, at.folder, at.path_of(each.name), each.names) for each in found
        }

    def _arrive(
        self, wanted: _Wanted, built: Mapping[int, int], seen: Mapping[int, object], log: StepLog
    ) -> list[Entry]:
        """Place everything in one transaction."""
        found = self._find(wanted, lock=True)
        arrivals = self._arrivals(found, wanted)
        copied = {each.node.id for each in found if self._is_copied(each, wanted)}
        if copied != seen.keys():
            raise SelectedNodeMissing
        placing, on_conflict = self._placing(log, self._tree), wanted.on_conflict
        moved = [arrival for node_id, arrival in arrivals.items() if node_id not in copied]
        before = places_of(each.node for each in moved)
        placed = dict(zip((each.node.id for each in moved), placing.move(moved, on_conflict), strict=True))
        new = [arrival for node_id, arrival in arrivals.items() if node_id in copied]
        if built:
            whole = {each.node.id: self._copy_of(each.node, built, seen, wanted) for each in new}
            copies = placing.place_copies(new, whole, on_conflict)
        else:
            copies = placing.copy(new, on_conflict)
        placed |= zip((each.node.id for each in new), copies, strict=True)
        deeds = trashings_of(placing.replaced)
        deeds += moves_of((each.node for each in moved), before)
        deeds += deeds_of(Verb.COPIED, (node for node, _path in copies))
        record(self._session, self._scope, self._clock(), deeds)
        if wanted.is_move:
            self._trash(log, [each for each in found if each.node.id in copied])
        return [self._entry(placed[each.node.id]) for each in found]

    def _copy_of(
        self, node: Node, built: Mapping[int, int], seen: Mapping[int, object], wanted: _Wanted
    ) -> Node:
        """Return the built copy of a node.

        Raises `SelectedNodeMissing` if the original of a move has changed since.
        """
        copy = self._session.get_one(Node, built[node.id])
        if wanted.is_move and (state_of(node) != seen[node.id] or not holds_the_same(copy, node)):
            raise SelectedNodeMissing
        return copy

    def _trash(self, log: StepLog, originals: Sequence[_Found]) -> None:
        by_tree: dict[Tree, list[Placed]] = {}
        for each in originals:
            by_tree.setdefault(each.tree, []).append((each.node, each.names))
        for tree, nodes in by_tree.items():
            deeds = deeds_of(Verb.TRASHED, (node for node, _path in nodes))
            self._placing(log, tree).trash(nodes)
            record(self._session, tree.scope, self._clock(), deeds)

    def _entry(self, placed: Placed) -> Entry:
        node, path = placed
        if node.trashed_at is not None:
            # Another source has just replaced it.
            raise EntryExists(path=join_path(path))
        return self._tree.to_entry(node, path)

    def _placing(self, log: StepLog, tree: Tree) -> Placing:
        return Placing(self._session, tree, log, self._clock())
