"""Pages of a listing, each one index range however large the folder is.

A page continues after the last entry of the previous one (keyset pagination), never by an offset. Folders
come before files in every order, so a page is a range of folders and then one of files. The sums of folders
change all the time, so no index contains them: by size, all subfolders are read and sorted in memory, or, if
there are too many, ordered by name. The cursors record which of the two was used, and it stays the same for
all pages of a listing.

An outline is everything that a client has loaded of a folder page by page, in its current state. It reads
only a few columns of each entry, because it may be fifty pages long and most entries are needed for
comparison only.

The root of a personal space shows mounts among the folders, each with the values of its target. All of them
are read for each page, and those after the cursor are merged in. A list of everything below the root includes
what is behind each mount, with the paths and rights of the mount's user.

Rule: reads only; at most `MAX_LIMIT` full entries at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock, utc_now
from cabinet.services.kernel.database import execute
from cabinet.services.tree.cursors import CursorContext, Cursors
from cabinet.services.tree.entries import Entry, FolderTotals
from cabinet.services.tree.extents import Extent, first_part
from cabinet.services.tree.list_ranges import ranges
from cabinet.services.tree.merging import (
    Columns,
    EntrySummary,
    Position,
    SortPlan,
    merged,
    mount_states_of,
    summary_of,
    with_mounts,
)
from cabinet.services.tree.mounts import Mount, Mounts
from cabinet.services.tree.names import join_path, sort_key, split_path
from cabinet.services.tree.node_values import COLUMNS, AnyNode, NodeValues, read_nodes
from cabinet.services.tree.paging import Order, Page, Sort
from cabinet.services.tree.removal import has_more_than
from cabinet.services.tree.share_signs import NOTHING, Signs, marked, states_of
from cabinet.services.tree.tree import Tree

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

# The maximum number of subfolders that are sorted by their sums: takes some 10 ms.
MAX_SUMMED = 10_000

_NODE = Base.metadata.tables["node"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The columns that each order compares; `_SUMS` those of folders by size.
_COLUMNS: dict[Sort, Columns] = {
    Sort.NAME: (_NODE.c.sort_key,),
    Sort.SIZE: (_NODE.c.size, _NODE.c.sort_key),
    Sort.MODIFIED: (_NODE.c.modified_at, _NODE.c.sort_key),
}
_SUMS: Columns = (_NODE.c.tree_size, _NODE.c.sort_key)


# The columns of an outline, in the order of the fields of `EntrySummary`.
_SUMMARY: Columns = tuple(_NODE.c[name] for name in EntrySummary._fields if name != "mounted")
_BY_IDS = select(*COLUMNS).where(_NODE.c.id.in_(bindparam("ids", expanding=True)))
# Ids in one statement.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Outline:
    """The first part of a folder in brief; `next` is the cursor of the rest, None if there is none.

    `totals` and `shown` are those of a `Page`; `shared` are the ids of shared entries.
    """

    path: str
    summaries: Sequence[EntrySummary]
    next: str | None
    totals: FolderTotals
    shown: FolderTotals
    shared: frozenset[int] = NOTHING


class Listing:
    """Lists the folders of one scope."""

    def __init__(
        self,
        session: Session,
        cursors: Cursors,
        scope: Scope,
        clock: Clock = utc_now,
        max_summed: int = MAX_SUMMED,
    ) -> None:
        """Sort up to `max_summed` subfolders of a folder by their sums."""
        self._session = session
        self._max_summed = max_summed
        self._cursors = cursors
        self._scope = scope
        self._signs = Signs(session, scope, clock)
        self._tree = Tree(session, scope)
        self._mounts = Mounts(session, scope)

    def page(self, path: str, order: Order, limit: int) -> Page:
        """Return a page of the folder at `path`.

        Raises `NotFound`, `NotAFolder`, or `InvalidField` for an invalid cursor.
        """
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder_row(names)
        place = self._place(names, order)
        start = self._position(place, order, order.after)
        plan = self._sort_plan(folder, order, start)
        mounts = self._mounts_in(names)
        own = islice(self._nodes(plan, start, limit + 1), limit + 1)
        found = list(islice(merged(own, mounts, plan, start), limit + 1))
        shown = found[:limit]
        shared = self._signs.in_folder(folder)
        entries = [self._entry(node, names, shared) for node in shown]
        more = len(found) > limit
        after = self._cursors.seal(place, _to_sealed(shown[-1], plan)) if more else None
        totals = self._totals(folder, names)
        beside = _beside(mounts, shared)
        return Page(join_path(names), entries, after, totals, with_mounts(totals, mounts), beside)

    def outline(self, path: str, order: Order, extent: Extent) -> Outline:
        """Return the first part of the folder at `path`, or of what follows the cursor of `order`.

        Raises as `page` does.
        """
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder_row(names)
        place = self._place(names, order)
        start, until = (self._position(place, order, cursor) for cursor in (order.after, extent.until))
        plan = self._sort_plan(folder, order, start, until)
        mounts = self._mounts_in(names)

        def summaries_between(
            first: Position | None, last: Position | None, limit: int
        ) -> list[EntrySummary | Mount]:
            own = self._summaries(plan, first, last, limit)
            return list(islice(merged(own, mounts, plan, first, last), limit))

        found, after = first_part(
            extent,
            lambda limit: summaries_between(start, until, limit),
            lambda limit: summaries_between(until, None, limit),
            lambda brief: self._cursors.seal(place, _to_sealed(brief, plan)),
        )
        summaries = [summary_of(each) if isinstance(each, Mount) else each for each in found]
        totals = self._totals(folder, names)
        return Outline(
            join_path(names),
            summaries,
            after,
            totals,
            with_mounts(totals, mounts),
            self._signs.in_folder(folder),
        )

    def entries(self, outline: Outline, numbers: Sequence[int]) -> dict[int, Entry]:
        """Return the entries at these positions of an outline, without those that no longer exist."""
        numbers_of = {outline.summaries[number].id: number for number in numbers}
        ids, above = list(numbers_of), split_path(outline.path)
        found: dict[int, Entry] = {}
        for first in range(0, len(ids), _BATCH):
            for node in read_nodes(self._session, _BY_IDS, {"ids": ids[first : first + _BATCH]}):
                if node.kind != Kind.MOUNT:
                    found[numbers_of[node.id]] = self._entry(node, above, outline.shared)
        mounts = (mount for mount in self._mounts_in(above) if mount.id in numbers_of)
        return found | {numbers_of[mount.id]: self._mounts.entry(mount) for mount in mounts}

    def beside(self, path: str, *, below: bool = False) -> tuple[str, ...]:
        """Return what a page depends on besides what it lists, as in `Page.beside`, with `below` a `page_below`."""
        names = split_path(path)
        shared: Collection[int] = NOTHING
        if self._signs.are_any:
            folder = self._tree.get_folder_row(names)
            shared = self._shared_below(folder) if below else self._signs.in_folder(folder)
        return _beside(self._mounts_in(names), shared)

    def _shared_below(self, folder: AnyNode) -> Collection[int]:
        """Return what a list of everything below a folder depends on, which is not what is shared elsewhere."""
        return self._signs.all if self._scope.is_whole else self._signs.in_folder(folder)

    def _mounts_in(self, names: tuple[str, ...]) -> Sequence[Mount]:
        return () if names else self._mounts.all()

    def _entry(self, each: NodeValues | Mount, above: tuple[str, ...], shared: Collection[int]) -> Entry:
        if isinstance(each, Mount):
            return self._mounts.entry(each)
        return marked(self._tree.to_entry(each, (*above, each.name)), each.id, shared)

    def page_below(self, path: str, limit: int, after: str | None) -> Page:
        """Return a page of everything below `path`: each folder followed by its contents, by name."""
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder_row(names)
        place = ("walk", *self._scope.key, join_path(names))
        start = None if after is None else self._cursors.open(place, after)
        mounts = self._mounts_in(names)
        found = list(islice(self._walk_after(folder, names, start, mounts), limit + 1))
        shown = found[:limit]
        last = None
        if len(found) > limit:
            below = split_path(shown[-1].path)[len(names) :]
            last = self._cursors.seal(place, [shown[-1].kind, join_path(below)])
        totals = self._totals(folder, names)
        beside = _beside(mounts, self._shared_below(folder))
        return Page(join_path(names), shown, last, totals, with_mounts(totals, mounts), beside)

    def _totals(self, folder: NodeValues, names: tuple[str, ...]) -> FolderTotals:
        totals = self._tree.to_entry(folder, names).totals
        assert totals is not None  # it is a folder
        return totals

    def _sort_plan(self, folder: NodeValues, order: Order, *positions: Position | None) -> SortPlan:
        """Return how to list a folder in an order, consistent with its previous pages."""
        columns = _COLUMNS[order.sort]
        if order.sort is not Sort.SIZE:
            return SortPlan(folder.id, columns, columns, order.descending)
        known = [len(values) > 1 for kind, values in filter(None, positions) if kind == Kind.FOLDER]
        is_summed = known[0] if known else self._has_few_folders(folder)
        return SortPlan(folder.id, _SUMS if is_summed else _COLUMNS[Sort.NAME], columns, order.descending)

    def _has_few_folders(self, folder: NodeValues) -> bool:
        if folder.child_count <= self._max_summed:
            return True
        folders = select(Node.id).where(
            Node.parent_id == folder.id, Node.kind == Kind.FOLDER, Node.trashed_at.is_(None)
        )
        return not has_more_than(self._session, folders, self._max_summed)

    def _place(self, names: tuple[str, ...], order: Order) -> CursorContext:
        return ("list", *self._scope.key, join_path(names), order.sort.value, order.descending)

    def _position(self, place: CursorContext, order: Order, cursor: str | None) -> Position | None:
        return None if cursor is None else _from_sealed(self._cursors.open(place, cursor), order)

    def _nodes(self, plan: SortPlan, start: Position | None, limit: int) -> Iterator[NodeValues]:
        """Yield the nodes of a folder after `start`, folders and then files, up to `limit` of each."""
        for statement, values in ranges(COLUMNS, plan, start):
            yield from read_nodes(self._session, statement, values | {"most": limit})

    def _summaries(
        self, plan: SortPlan, start: Position | None, until: Position | None, limit: int
    ) -> list[EntrySummary]:
        """Return up to `limit` entries of a folder after `start`, up to and including `until`."""
        found: list[EntrySummary] = []
        for statement, values in ranges(_SUMMARY, plan, start, until):
            rows = execute(self._session, statement, values | {"most": limit - len(found)})
            found += [EntrySummary(*row) for row in rows.all()]
        return found

    def _walk_after(
        self,
        folder: AnyNode,
        names: tuple[str, ...],
        start: Sequence[str] | None,
        mounts: Sequence[Mount],
    ) -> Iterator[Entry]:
        """Yield everything below a folder with these mounts, after an entry: its kind and relative path."""
        if start is None:
            yield from self._walk(folder.id, names, None, mounts)
            return
        kind, below = start
        passed = split_path(below)
        mount = next((each for each in mounts if each.name == passed[0]), None)
        if mount is not None:
            yield from self._walk_mount(mount, [kind, join_path(passed[1:])] if passed[1:] else None)
            yield from self._walk(folder.id, names, (Kind(mount.target.kind), [mount.sort_key]), mounts)
            return
        whole = (*names, *passed)
        # From the entry outwards: its contents, what follows it, what follows its parent.
        if kind == "folder" and (last := self._tree.find(whole)) is not None:
            yield from self._walk(last.id, whole, None)
        for depth in range(len(whole), len(names), -1):
            parent = self._tree.find(whole[: depth - 1])
            if parent is None or parent.kind != Kind.FOLDER:
                continue
            is_file = depth == len(whole) and kind == "file"
            position = (Kind.FILE if is_file else Kind.FOLDER, [sort_key(whole[depth - 1])])
            beside = mounts if depth == len(names) + 1 else ()
            yield from self._walk(parent.id, whole[: depth - 1], position, beside)

    def _walk_mount(self, mount: Mount, start: Sequence[str] | None) -> Iterator[Entry]:
        """Yield what is behind a mount, after an entry there, with the paths of the mount's user."""
        place = self._mounts.at(mount)
        if place.scope.has(Rights.LIST):
            behind = Listing(self._session, self._cursors, place.scope)
            for entry in behind.walk_after(mount.target, start):
                yield place.to_actor_entry(entry)

    def walk_after(self, root: AnyNode, start: Sequence[str] | None) -> Iterator[Entry]:
        """Yield everything below the root of the scope, after an entry of `page_below`."""
        return self._walk_after(root, (), start, ())

    def _walk(
        self,
        folder_id: int,
        names: tuple[str, ...],
        start: Position | None,
        mounts: Sequence[Mount] = (),
    ) -> Iterator[Entry]:
        """Yield everything below a folder with these mounts, after `start`, in batches read on demand."""
        plan = _by_name(folder_id)
        for each in merged(self._in_batches(plan, start), mounts, plan, start):
            if isinstance(each, Mount):
                yield self._mounts.entry(each)
                yield from self._walk_mount(each, None)
                continue
            yield self._entry(each, names, self._signs.all)
            if each.kind == Kind.FOLDER:
                yield from self._walk(each.id, (*names, each.name), None)

    def _in_batches(self, plan: SortPlan, start: Position | None) -> Iterator[NodeValues]:
        """Yield the nodes of a folder after `start`, in batches read on demand."""
        while True:
            batch = list(islice(self._nodes(plan, start, MAX_LIMIT), MAX_LIMIT))
            yield from batch
            if len(batch) < MAX_LIMIT:
                return
            start = (Kind(batch[-1].kind), [batch[-1].sort_key])


def _beside(mounts: Sequence[Mount], shared: Collection[int]) -> tuple[str, ...]:
    return (*mount_states_of(mounts), *states_of(shared))


def _by_name(folder_id: int) -> SortPlan:
    return SortPlan(folder_id, _COLUMNS[Sort.NAME], _COLUMNS[Sort.NAME], is_descending=False)


def _to_sealed(node: NodeValues | EntrySummary | Mount, plan: SortPlan) -> list[str | int]:
    """Return the position of a node for a cursor; it contains no name but the node's own."""
    if isinstance(node, Mount):
        node = summary_of(node)
    values: list[str | int] = [node.kind, node.name]
    first = plan.columns_of(node.kind)[0].key
    if first == "modified_at":
        values.append((node.modified_at - _EPOCH) // timedelta(microseconds=1))
    elif first != "sort_key":
        # A file has no tree size, and a folder no size.
        values.append(node.size + node.tree_size)
    return values


def _from_sealed(values: Sequence[Any], order: Order) -> Position:
    kind, name, *rest = values
    if order.sort is Sort.MODIFIED:
        rest = [_EPOCH + timedelta(microseconds=micros) for micros in rest]
    return Kind(kind), [*rest, sort_key(name)]
