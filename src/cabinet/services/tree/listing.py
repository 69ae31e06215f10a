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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from cabinet.models import Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.tree.cursors import Cursors, Place
from cabinet.services.tree.entries import Entry, Insides
from cabinet.services.tree.extents import Extent, first_part
from cabinet.services.tree.merging import (
    Brief,
    Columns,
    Course,
    Position,
    beside_of,
    brief_of,
    merged,
    with_mounts,
)
from cabinet.services.tree.mounts import Mount, Mounts
from cabinet.services.tree.names import join_path, sort_key, split_path
from cabinet.services.tree.paging import Order, Page, Sort
from cabinet.services.tree.removal import has_more_than
from cabinet.services.tree.tree import Tree

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

# The maximum number of subfolders that are sorted by their sums: takes some 10 ms.
MAX_SUMMED = 10_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The columns that each order compares; `_SUMS` those of folders by size.
_COLUMNS: dict[Sort, Columns] = {
    Sort.NAME: (Node.sort_key,),
    Sort.SIZE: (Node.size, Node.sort_key),
    Sort.MODIFIED: (Node.modified_at, Node.sort_key),
}
_SUMS: Columns = (Node.tree_size, Node.sort_key)


# The columns of an outline, in the order of the fields of `Brief`.
_BRIEF = (
    Node.id, Node.kind, Node.name, Node.sort_key, Node.size, Node.tree_size, Node.tree_files,
    Node.content_hash, Node.modified_at,
)  # fmt: skip
# Ids in one statement.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Outline:
    """The first part of a folder in brief; `next` is the cursor of the rest, None if there is none.

    `insides` and `shown` are those of a `Page`.
    """

    path: str
    briefs: Sequence[Brief]
    next: str | None
    insides: Insides
    shown: Insides


class Listing:
    """Lists the folders of one scope."""

    def __init__(
        self, session: Session, cursors: Cursors, scope: Scope, max_summed: int = MAX_SUMMED
    ) -> None:
        """Sort up to `max_summed` subfolders of a folder by their sums."""
        self._session = session
        self._max_summed = max_summed
        self._cursors = cursors
        self._scope = scope
        self._tree = Tree(session, scope)
        self._mounts = Mounts(session, scope)

    def page(self, path: str, order: Order, limit: int) -> Page:
        """Return a page of the folder at `path`.

        Raises `NotFound`, `NotAFolder`, or `InvalidField` for an invalid cursor.
        """
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = self._place(names, order)
        start = self._position(place, order, order.after)
        course = self._course(folder, order, start)
        mounts = self._mounts_in(names)
        own = islice(self._nodes(course, start, limit + 1), limit + 1)
        found = list(islice(merged(own, mounts, course, start), limit + 1))
        shown = found[:limit]
        entries = [self._entry(node, names) for node in shown]
        more = len(found) > limit
        after = self._cursors.seal(place, _to_sealed(shown[-1], course)) if more else None
        insides = self._insides(folder, names)
        return Page(
            join_path(names), entries, after, insides, with_mounts(insides, mounts), beside_of(mounts)
        )

    def outline(self, path: str, order: Order, extent: Extent) -> Outline:
        """Return the first part of the folder at `path`, or of what follows the cursor of `order`.

        Raises as `page` does.
        """
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = self._place(names, order)
        start, until = (self._position(place, order, cursor) for cursor in (order.after, extent.until))
        course = self._course(folder, order, start, until)
        mounts = self._mounts_in(names)

        def briefs_between(first: Position | None, last: Position | None, limit: int) -> list[Brief | Mount]:
            own = self._briefs(course, first, last, limit)
            return list(islice(merged(own, mounts, course, first, last), limit))

        found, after = first_part(
            extent,
            lambda limit: briefs_between(start, until, limit),
            lambda limit: briefs_between(until, None, limit),
            lambda brief: self._cursors.seal(place, _to_sealed(brief, course)),
        )
        briefs = [brief_of(each) if isinstance(each, Mount) else each for each in found]
        insides = self._insides(folder, names)
        return Outline(join_path(names), briefs, after, insides, with_mounts(insides, mounts))

    def entries(self, outline: Outline, numbers: Sequence[int]) -> dict[int, Entry]:
        """Return the entries at these positions of an outline, without those that no longer exist."""
        numbers_of = {outline.briefs[number].id: number for number in numbers}
        ids, above = list(numbers_of), split_path(outline.path)
        found: dict[int, Entry] = {}
        for first in range(0, len(ids), _BATCH):
            wanted = select(Node).where(Node.id.in_(ids[first : first + _BATCH]))
            for node in self._session.scalars(wanted):
                if node.kind != Kind.MOUNT:
                    found[numbers_of[node.id]] = self._tree.to_entry(node, (*above, node.name))
        mounts = (mount for mount in self._mounts_in(above) if mount.id in numbers_of)
        return found | {numbers_of[mount.id]: self._mounts.entry(mount) for mount in mounts}

    def beside(self, path: str) -> tuple[str, ...]:
        """Return what a page of a folder depends on besides its contents, as in `Page.beside`."""
        return beside_of(self._mounts_in(split_path(path)))

    def _mounts_in(self, names: tuple[str, ...]) -> Sequence[Mount]:
        return () if names else self._mounts.all()

    def _entry(self, each: Node | Mount, above: tuple[str, ...]) -> Entry:
        if isinstance(each, Mount):
            return self._mounts.entry(each)
        return self._tree.to_entry(each, (*above, each.name))

    def page_below(self, path: str, limit: int, after: str | None) -> Page:
        """Return a page of everything below `path`: each folder followed by its contents, by name."""
        self._scope.require(Rights.LIST)
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = ("walk", *self._scope.key, join_path(names))
        start = None if after is None else self._cursors.open(place, after)
        mounts = self._mounts_in(names)
        found = list(islice(self._walk_after(folder, names, start, mounts), limit + 1))
        shown = found[:limit]
        last = None
        if len(found) > limit:
            below = split_path(shown[-1].path)[len(names) :]
            last = self._cursors.seal(place, [shown[-1].kind, join_path(below)])
        insides = self._insides(folder, names)
        return Page(join_path(names), shown, last, insides, with_mounts(insides, mounts), beside_of(mounts))

    def _insides(self, folder: Node, names: tuple[str, ...]) -> Insides:
        insides = self._tree.to_entry(folder, names).insides
        assert insides is not None  # it is a folder
        return insides

    def _course(self, folder: Node, order: Order, *positions: Position | None) -> Course:
        """Return how to list a folder in an order, consistent with its previous pages."""
        columns = _COLUMNS[order.sort]
        if order.sort is not Sort.SIZE:
            return Course(folder.id, columns, columns, order.descending)
        known = [len(values) > 1 for kind, values in filter(None, positions) if kind == Kind.FOLDER]
        is_summed = known[0] if known else self._has_few_folders(folder)
        return Course(folder.id, _SUMS if is_summed else _COLUMNS[Sort.NAME], columns, order.descending)

    def _has_few_folders(self, folder: Node) -> bool:
        if folder.child_count <= self._max_summed:
            return True
        folders = _range(_by_name(folder.id), Kind.FOLDER).with_only_columns(Node.id)
        return not has_more_than(self._session, folders, self._max_summed)

    def _place(self, names: tuple[str, ...], order: Order) -> Place:
        return ("list", *self._scope.key, join_path(names), order.sort.value, order.descending)

    def _position(self, place: Place, order: Order, cursor: str | None) -> Position | None:
        return None if cursor is None else _from_sealed(self._cursors.open(place, cursor), order)

    def _nodes(self, course: Course, start: Position | None, limit: int) -> Iterator[Node]:
        """Yield the nodes of a folder after `start`, folders and then files, up to `limit` of each."""
        for wanted in _ranges(course, start):
            yield from self._session.scalars(wanted.limit(limit))

    def _briefs(
        self, course: Course, start: Position | None, until: Position | None, limit: int
    ) -> list[Brief]:
        """Return up to `limit` entries of a folder after `start`, up to and including `until`."""
        found: list[Brief] = []
        for wanted in _ranges(course, start, until):
            rows = self._session.execute(wanted.with_only_columns(*_BRIEF).limit(limit - len(found)))
            found += [Brief(*row) for row in rows]
        return found

    def _walk_after(
        self, folder: Node, names: tuple[str, ...], start: Sequence[str] | None, mounts: Sequence[Mount]
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
            yield from self._walk(folder.id, names, (Kind.FOLDER, [mount.sort_key]), mounts)
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
                yield place.shown(entry)

    def walk_after(self, root: Node, start: Sequence[str] | None) -> Iterator[Entry]:
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
        course = _by_name(folder_id)
        for each in merged(self._in_batches(course, start), mounts, course, start):
            if isinstance(each, Mount):
                yield self._mounts.entry(each)
                yield from self._walk_mount(each, None)
                continue
            path = (*names, each.name)
            yield self._tree.to_entry(each, path)
            if each.kind == Kind.FOLDER:
                yield from self._walk(each.id, path, None)

    def _in_batches(self, course: Course, start: Position | None) -> Iterator[Node]:
        """Yield the nodes of a folder after `start`, in batches read on demand."""
        while True:
            batch = list(islice(self._nodes(course, start, MAX_LIMIT), MAX_LIMIT))
            yield from batch
            if len(batch) < MAX_LIMIT:
                return
            start = (Kind(batch[-1].kind), [batch[-1].sort_key])


def _by_name(folder_id: int) -> Course:
    return Course(folder_id, _COLUMNS[Sort.NAME], _COLUMNS[Sort.NAME], is_descending=False)


def _ranges(course: Course, start: Position | None, until: Position | None = None) -> Iterator[Select[Node]]:
    """Yield the ranges of folders and of files after `start`, each up to `until`."""
    for kind in (Kind.FOLDER, Kind.FILE):
        if (start and kind < start[0]) or (until and kind > until[0]):
            continue
        behind = start[1] if start and kind == start[0] else None
        last = until[1] if until and kind == until[0] else None
        yield _range(course, kind, behind, last)


def _range(
    course: Course, kind: Kind, start: Sequence[Any] | None = None, until: Sequence[Any] | None = None
) -> Select[Node]:
    """Return the query of one range: nodes of a kind in a folder, ordered, after `start`, up to `until`.

    It is an index range, unless it compares sums.
    """
    columns, goes_down = course.columns_of(kind), course.is_descending
    here = tuple_(*columns)
    wanted = select(Node).where(
        Node.parent_id == course.folder_id, Node.kind == kind, Node.trashed_at.is_(None)
    )
    if start is not None:
        wanted = wanted.where(here < tuple(start) if goes_down else here > tuple(start))
    if until is not None:
        wanted = wanted.where(here >= tuple(until) if goes_down else here <= tuple(until))
    return wanted.order_by(*(column.desc() if goes_down else column for column in columns))


def _to_sealed(node: Node | Brief | Mount, course: Course) -> list[str | int]:
    """Return the position of a node for a cursor; it contains no name but the node's own."""
    if isinstance(node, Mount):
        node = brief_of(node)
    values: list[str | int] = [node.kind, node.name]
    first = course.columns_of(node.kind)[0]
    if first is Node.modified_at:
        values.append((node.modified_at - _EPOCH) // timedelta(microseconds=1))
    elif first is not Node.sort_key:
        # A file has no tree size, and a folder no size.
        values.append(node.size + node.tree_size)
    return values


def _from_sealed(values: Sequence[Any], order: Order) -> Position:
    kind, name, *rest = values
    if order.sort is Sort.MODIFIED:
        rest = [_EPOCH + timedelta(microseconds=micros) for micros in rest]
    return Kind(kind), [*rest, sort_key(name)]
