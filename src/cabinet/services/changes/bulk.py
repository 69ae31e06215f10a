"""Operations on everything in a folder or the trash at once, and their undo.

They run as batches of transactions (`batches.py`), so that other writers never wait long.

Rule: all or nothing; a failed batch is reverted before the error is reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, InvalidField, NotFound
from cabinet.models import BatchKind, ItemRole, Kind, Node, Verb
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.changes import batch_deeds
from cabinet.services.changes.batch_deeds import CountsByFolder, Told, told_of, told_of_replaced
from cabinet.services.changes.batch_runner import BatchRunner, Done
from cabinet.services.changes.batches import (
    STEP,
    BatchRun,
    StepLog,
    check_undoable,
    find_trashed_by,
    read_items,
    spaces_of,
)
from cabinet.services.changes.building import Builder, is_small_copy, state_of
from cabinet.services.changes.destinations import NEEDS_A_FOLDER
from cabinet.services.changes.placing import Arrival, Placing
from cabinet.services.changes.purging import Purging
from cabinet.services.changes.reverting import Reverting
from cabinet.services.changes.selections import (
    FolderSelection,
    Selected,
    SelectedNodeMissing,
    TrashSelection,
    find_in_folder,
    find_in_trash,
    get_live,
    get_trashed,
)
from cabinet.services.kernel.clock import Clock
from cabinet.services.tree.copying import measure_copy
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.names import split_path
from cabinet.services.tree.removal import count_nodes
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage import check_entries, check_quota

# Returns the id of the target folder, which it may create, and the nodes to place there.
_Arrive: TypeAlias = Callable[[Placing], tuple[int, list[Arrival]]]

# The nodes that the user selected, without folders that were created on the way.
_OF_THE_USERS = {ItemRole.RELOCATED, ItemRole.COPIED}


class Bulk:
    """Operations of an actor on many entries at once.

    Raise `SelectionChanged` if there are more or fewer entries than the user saw, and if one is removed
    during the operation; entries that are added during it are left alone.

    `source` is the scope of what is moved or copied, if it is another one. From another space everything is
    copied, and the originals are trashed once all copies exist (see `crossing.py`).
    """

    def __init__(self, session: Session, clock: Clock, scope: Scope, source: Scope | None = None) -> None:
        self._session = session
        self._clock = clock
        self._scope = scope
        self._tree = Tree(session, scope)
        self._source = self._tree if source is None else Tree(session, source)
        self._runner = BatchRunner(session, clock, scope, {self._source.scope.space_id})
        self._purging = Purging(session, clock, scope)

    def trash(self, selection: FolderSelection) -> Done:
        """Move the selection to the trash."""
        # LIST as well: a wrong count is answered with the right one.
        self._scope.require(CHANGE | Rights.LIST)

        def act(run: BatchRun, selected: Selected) -> None:
            """Trash the selection, step by step."""
            for some in run.steps_of(selected.node_ids):
                with run.step() as log:
                    source, path = self._folder(selected.folder_id)
                    nodes = get_live(self._session, source, some)
                    self._placing(log).trash([(node, (*path, node.name)) for node in nodes])
            self._tell(run, told_of(self._session, Verb.TRASHED, selected))

        return self._runner.run(BatchKind.TRASH, lambda: self._find(selection), act, selection.count)

    def move(self, selection: FolderSelection, to: str, on_conflict: OnConflict) -> Done:
        """Move the selection into the folder at `to`, which is created if `to` ends in a slash.

        Also raises `EntryExists`, `IntoItself`, `NotAFolder`, `InvalidName` and `InvalidField`.
        """
        self._scope.require(Rights.WRITE)
        self._source.scope.require(CHANGE | Rights.LIST)
        if self._source.scope.space_id != self._scope.space_id:
            return self._move_across(selection, to, on_conflict)

        def act(run: BatchRun, selected: Selected) -> None:
            """Move the selection, step by step; the first step creates the folder."""
            folder_id: int | None = None
            replaced = 0
            for some in run.steps_of(selected.node_ids):
                arrive = partial(self._arrivals, selected, some, to, folder_id)
                folder_id, more = run.run_step(partial(self._move_some, arrive, on_conflict))
                replaced += more
            self._tell(run, told_of_replaced(self._session, folder_id, replaced))
            self._tell(run, told_of(self._session, Verb.MOVED, selected, folder_id))

        return self._runner.run(BatchKind.MOVE, lambda: self._find(selection), act, selection.count)

    def copy(self, selection: FolderSelection, to: str, on_conflict: OnConflict) -> Done:
        """Copy the selection into the folder at `to`; as `move`.

        May also raise `QuotaExceeded`, `TooManyEntries`, and `CopyTooLarge` before anything is written.
        """
        self._scope.require(Rights.WRITE)
        self._source.scope.require(Rights.READ)

        def act(run: BatchRun, selected: Selected) -> None:
            self._copy_found(run, selected, to, on_conflict)

        return self._runner.run(BatchKind.COPY, lambda: self._find_to_copy(selection), act, selection.count)

    def _move_across(self, selection: FolderSelection, to: str, on_conflict: OnConflict) -> Done:
        # READ as well: in the target, others may read it.
        self._source.scope.require(Rights.READ)

        def act(run: BatchRun, selected: Selected) -> None:
            """Copy the selection, then trash the originals, unless they have changed since."""
            seen = self._copy_found(run, selected, to, on_conflict)
            for some in run.steps_of(selected.node_ids):
                with run.step() as log:
                    source, path = self._source_folder(selected)
                    nodes = get_live(self._session, source, some)
                    if any(state_of(node) != seen[node.id] for node in nodes):
                        raise SelectedNodeMissing
                    placing = Placing(self._session, self._source, log, self._clock())
                    placing.trash([(node, (*path, node.name)) for node in nodes])
            self._tell(run, told_of(self._session, Verb.TRASHED, selected))

        return self._runner.run(BatchKind.MOVE, lambda: self._find_to_copy(selection), act, selection.count)

    def _copy_found(
        self, run: BatchRun, selected: Selected, to: str, on_conflict: OnConflict
    ) -> Mapping[int, object]:
        """Copy the selection, as much per step as is small; return the state of each original."""
        builder = Builder(self._session, self._clock, self._scope)
        folder_id: int | None = None
        seen: dict[int, object] = {}
        replaced = 0
        for some in self._steps_by_weight(run, selected.node_ids):
            # A node that is too large for a step has a step of its own.
            built: Mapping[int, int] = {}
            before: dict[int, object] = {}
            if not is_small_copy(self._session, some):
                before = {some[0]: state_of(self._session.get_one(Node, some[0]))}
                built = builder.build(run, some)
            arrive = partial(self._arrivals, selected, some, to, folder_id)
            copy = partial(self._copy_some, arrive, built.get(some[0]), on_conflict)
            folder_id, states, more = run.run_step(copy)
            seen |= states | before
            replaced += more
        self._tell(run, told_of_replaced(self._session, folder_id, replaced))
        copied = replace(selected, folder_id=folder_id or 0)
        self._tell(run, told_of(self._session, Verb.COPIED, copied))
        return seen

    def restore(self, selection: TrashSelection, on_conflict: OnConflict) -> Done:
        """Restore the selection from the trash, as `Trash.restore` does."""
        self._scope.require_whole(CHANGE)

        def act(run: BatchRun, node_ids: Sequence[int]) -> None:
            """Restore the selection, step by step."""
            counts: CountsByFolder = Counter()
            for some in run.steps_of(node_ids):
                counts += run.run_step(partial(self._restore_some, some, on_conflict))
            for told in batch_deeds.told_of_folders(self._session, counts):
                self._tell(run, told)

        return self._runner.run(
            BatchKind.RESTORE, lambda: self._find_trashed(selection), act, selection.count
        )

    def purge(self, selection: TrashSelection) -> Done:
        """Permanently delete the selection in the trash."""
        self._scope.require_whole(Rights.PURGE)
        return self._purging.purge_all(lambda: self._find_trashed(selection), selection.count)

    def purge_batch(self, batch_id: str) -> Done:
        """Permanently delete what a batch moved to the trash; raises `NotFound` as `undo`."""
        self._scope.require_whole(Rights.PURGE)
        kinds = {BatchKind.TRASH}
        length = check_undoable(self._session, self._clock, self._scope, batch_id, kinds)
        return self._purging.purge_all(lambda: find_trashed_by(self._session, self._scope, batch_id), length)

    def undo(self, batch_id: str, kinds: Collection[BatchKind], elsewhere: Collection[Scope] = ()) -> int:
        """Undo a whole batch of one of these kinds, or nothing; return the number of entries restored.

        What it took from `elsewhere`, other scopes of the same user, returns there.

        Moved and deleted nodes return to where they were, as do nodes that they replaced; restored ones
        return to the trash, and copies are trashed. Raises `NotFound` if this user has no such batch here or
        one of its entries has been moved elsewhere, and `EntryExists` or `NotAFolder` if its place is taken.
        """
        self._scope.require(CHANGE)
        back = 0

        def act(run: BatchRun, length: int) -> None:
            """Undo the batch, last items first."""
            nonlocal back
            told = batch_deeds.told_of_undo(self._session, batch_id, kinds)
            found, position = 0, length
            while found < length:
                find_beside = partial(self._open_trees, elsewhere, spaces)
                roles, position = run.run_step(partial(self._undo_some, batch_id, position, find_beside))
                found += len(roles)
                back += sum(role in counted for role in roles)
            if told and back and told.space_id == self._scope.space_id:
                run.tell(self._scope, [replace(told.deed, count=back)])

        def find() -> int:
            return check_undoable(self._session, self._clock, self._scope, batch_id, kinds)

        # A move to another space also has an item for each copy, which is the same entry once more.
        counted = {ItemRole.RELOCATED} if BatchKind.MOVE in kinds else _OF_THE_USERS
        spaces = set(spaces_of(self._session, batch_id))
        runner = BatchRunner(self._session, self._clock, self._scope, spaces)
        runner.run(BatchKind.UNDO, find, act, undoes=batch_id)
        return back

    def _open_trees(self, scopes: Collection[Scope], spaces: Collection[int]) -> list[Tree]:
        """Return the trees of those scopes, in locked spaces, where the user may restore now."""
        trees = []
        for scope in scopes:
            if scope.space_id in spaces and scope.has(CHANGE) and scope != self._scope:
                with suppress(NotFound, Forbidden):
                    tree = Tree(self._session, scope)
                    tree.root(lock=True)
                    trees.append(tree)
        return trees

    def _tell(self, run: BatchRun, told: Told | None) -> None:
        if told is not None:
            is_here = told.space_id == self._scope.space_id
            run.tell(self._scope if is_here else self._source.scope, [told.deed])

    def _find(self, selection: FolderSelection) -> Selected:
        return find_in_folder(self._session, self._source, selection)

    def _find_to_copy(self, selection: FolderSelection) -> Selected:
        selected = self._find(selection)
        entries, size = measure_copy(self._session, selected.node_ids)
        check_entries(self._session, self._scope, entries)
        check_quota(self._session, self._scope, size)
        return selected

    def _find_trashed(self, selection: TrashSelection) -> Sequence[int]:
        return find_in_trash(self._session, self._scope.space_id, selection)

    def _placing(self, log: StepLog) -> Placing:
        return Placing(self._session, self._tree, log, self._clock())

    def _steps_by_weight(self, run: BatchRun, node_ids: Sequence[int]) -> Iterator[Sequence[int]]:
        """Yield ids in steps; the weight of a folder includes everything below it."""
        for some in run.steps_of(node_ids):
            filled = select(Node.id).where(Node.id.in_(some), Node.child_count > 0)
            weights = {
                node_id: count_nodes(self._session, node_id) for node_id in self._session.scalars(filled)
            }
            step: list[int] = []
            weight = 0
            for node_id in some:
                its_weight = weights.get(node_id, 1)
                if step and weight + its_weight > STEP:
                    yield step
                    step, weight = [], 0
                step.append(node_id)
                weight += its_weight
            yield step

    def _folder(self, folder_id: int) -> tuple[Node, tuple[str, ...]]:
        return _show(self._session, self._tree, folder_id)

    def _source_folder(self, selected: Selected) -> tuple[Node, tuple[str, ...]]:
        # Its space is locked already; this checks again that it may be changed.
        self._source.root(lock=True)
        return _show(self._session, self._source, selected.folder_id)

    def _move_some(self, arrive: _Arrive, on_conflict: OnConflict, log: StepLog) -> tuple[int, int]:
        """Move some nodes; return the id of the target folder, and the number of replaced nodes."""
        placing = self._placing(log)
        folder_id, arrivals = arrive(placing)
        placing.move(arrivals, on_conflict)
        return folder_id, len(placing.replaced)

    def _copy_some(
        self, arrive: _Arrive, built_id: int | None, on_conflict: OnConflict, log: StepLog
    ) -> tuple[int, dict[int, object], int]:
        """Copy some nodes, of which one may be built already; return the folder, their states, and the number of
        replaced ones.
        """
        placing = self._placing(log)
        folder_id, arrivals = arrive(placing)
        states = {each.node.id: state_of(each.node) for each in arrivals}
        if built_id is None:
            placing.copy(arrivals, on_conflict)
        else:
            copies = {arrivals[0].node.id: self._session.get_one(Node, built_id)}
            placing.place_copies(arrivals, copies, on_conflict)
        return folder_id, states, len(placing.replaced)

    def _restore_some(self, node_ids: Sequence[int], on_conflict: OnConflict, log: StepLog) -> CountsByFolder:
        counts: CountsByFolder = Counter()
        # One depth at a time: a folder is restored before its contents.
        trashed = get_trashed(self._session, self._scope.space_id, node_ids)
        for _depth, group in groupby(trashed, key=_depth_of):
            placing, nodes = self._placing(log), list(group)
            self._put_back(placing, nodes, on_conflict)
            counts.update((Verb.TRASHED, node.trashed_parent_id) for node in placing.replaced)
            counts.update((Verb.RESTORED, node.parent_id) for node in nodes)
        return counts

    def _undo_some(
        self, batch_id: str, before: int, find_beside: Callable[[], Sequence[Tree]], log: StepLog
    ) -> tuple[list[int], int]:
        """Undo the last items before a position; return their roles, and the position of the first."""
        items = read_items(self._session, batch_id, before)
        if not items:
            # Items are deleted with their nodes when these are purged.
            raise NotFound
        Reverting(self._session, self._tree, log, self._clock(), find_beside()).undo(items)
        return [item.role for item in items], items[-1].position

    def _arrivals(
        self, selected: Selected, node_ids: Sequence[int], to: str, folder_id: int | None, placing: Placing
    ) -> tuple[int, list[Arrival]]:
        """Return the folder at `to`, or that of `folder_id` once known, and the nodes to place there."""
        if folder_id is None:
            folder_id = self._destination(placing, to).id
        folder, path = self._folder(folder_id)
        source, origin = self._source_folder(selected)
        nodes = get_live(self._session, source, node_ids)
        return folder_id, [Arrival(node, folder, (*path, node.name), (*origin, node.name)) for node in nodes]

    def _destination(self, placing: Placing, to: str) -> Node:
        names = split_path(to.removesuffix("/"))
        if not to.endswith("/"):
            node, depth = self._tree.walk(names)
            if depth < len(names) or node.kind != Kind.FOLDER:
                raise InvalidField(field="to", reason=NEEDS_A_FOLDER)
        return placing.folder_at(names)

    def _put_back(self, placing: Placing, nodes: Sequence[Node], on_conflict: OnConflict) -> None:
        folders: dict[tuple[str, ...], Node] = {}
        arrivals: list[Arrival] = []
        for node in nodes:
            origin = self._tree.origin_of(node)
            if origin is not None:
                folder, names = origin
                arrivals.append(Arrival(node, folder, (*names, node.name)))
                continue
            names = split_path(node.trashed_from or node.name)
            if names[:-1] not in folders:
                folders[names[:-1]] = placing.folder_at(names[:-1])
            arrivals.append(Arrival(node, folders[names[:-1]], names))
        placing.move(arrivals, on_conflict)


def _show(session: Session, tree: Tree, folder_id: int) -> tuple[Node, tuple[str, ...]]:
    """Return a folder and its current path; raises `NotFound` if it is deleted or in the trash."""
    folder = session.get(Node, folder_id)
    path = None if folder is None else tree.path_of(folder)
    if folder is None or path is None:
        raise NotFound
    return folder, path


def _depth_of(node: Node) -> int:
    return (node.trashed_from or "").count("/")
