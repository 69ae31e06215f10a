"""Pages of a listing, each one index range however large the folder is.

A page goes on behind the last entry of the page before (a keyset), never by counting rows off.
Folders come before files in every order, so a page is a range of folders and then one of files.

Rule: reads only; at most `MAX_LIMIT` entries at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.models import Kind, Node
from cabinet.services.cursors import Cursors
from cabinet.services.entries import Entry, Order, Page, Sort, to_entry
from cabinet.services.names import join_path, sort_key, split_path
from cabinet.services.tree import Tree

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What each order compares; the sort key of a name ends each of them, for it is unique.
_COLUMNS: dict[Sort, tuple[InstrumentedAttribute[Any], ...]] = {
    Sort.NAME: (Node.sort_key,),
    Sort.SIZE: (Node.size, Node.sort_key),
    Sort.MODIFIED: (Node.modified_at, Node.sort_key),
}


# Where a listing goes on: the kind, and the values of the order's columns, of the last entry shown.
_Position: TypeAlias = tuple[Kind, list[Any]]


class Listing:
    """Reads the folders of one user."""

    def __init__(self, session: Session, cursors: Cursors, owner_id: int) -> None:
        self._session = session
        self._cursors = cursors
        self._owner_id = owner_id
        self._tree = Tree(session, owner_id)

    def page(self, path: str, order: Order, limit: int) -> Page:
        """Return a page of the folder at `path`.

        Raises `NotFound`, `NotAFolder`, or `InvalidField` for a foreign cursor.
        """
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = ("list", self._owner_id, join_path(names), order.sort.value, order.descending)
        start = None if order.after is None else _from_sealed(self._cursors.open(place, order.after), order)
        found = list(islice(self._nodes(folder.id, order, start, limit + 1), limit + 1))
        shown = found[:limit]
        entries = [to_entry(node, join_path((*names, node.name))) for node in shown]
        more = len(found) > limit
        after = self._cursors.seal(place, _to_sealed(shown[-1], order)) if more else None
        return Page(join_path(names), entries, after, folder.child_count, folder.child_size)

    def page_below(self, path: str, limit: int, after: str | None) -> Page:
        """Return a page of everything below `path`: each folder, then what is in it, by name."""
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = ("walk", self._owner_id, join_path(names))
        start = None if after is None else self._cursors.open(place, after)
        found = list(islice(self._walk_after(folder, names, start), limit + 1))
        shown = found[:limit]
        last = None
        if len(found) > limit:
            below = split_path(shown[-1].path)[len(names) :]
            last = self._cursors.seal(place, [shown[-1].kind, join_path(below)])
        return Page(join_path(names), shown, last, folder.child_count, folder.child_size)

    def _nodes(self, folder_id: int, order: Order, start: _Position | None, limit: int) -> Iterator[Node]:
        """Yield nodes of a folder behind `start`, folders and then files, up to `limit` of each."""
        for kind in Kind:
            if start and kind < start[0]:
                continue
            behind = start[1] if start and kind == start[0] else None
            yield from self._session.scalars(_range(folder_id, kind, order, behind).limit(limit))

    def _walk_after(
        self, folder: Node, names: tuple[str, ...], start: Sequence[str] | None
    ) -> Iterator[Entry]:
        """Yield everything below a folder, behind an entry: its kind and its path below the folder."""
        if start is None:
            yield from self._walk(folder.id, names, None)
            return
        kind, below = start
        passed = (*names, *split_path(below))
        # From the entry itself outwards: what is in it, what follows it, what follows its folder.
        if kind == "folder" and (last := self._tree.find(passed)) is not None:
            yield from self._walk(last.id, passed, None)
        for depth in range(len(passed), len(names), -1):
            parent = self._tree.find(passed[: depth - 1])
            if parent is None or parent.kind != Kind.FOLDER:
                continue
            is_file = depth == len(passed) and kind == "file"
            position = (Kind.FILE if is_file else Kind.FOLDER, [sort_key(passed[depth - 1])])
            yield from self._walk(parent.id, passed[: depth - 1], position)

    def _walk(self, folder_id: int, names: tuple[str, ...], start: _Position | None) -> Iterator[Entry]:
        """Yield what is below a folder, behind `start`, in batches that end with the consumer."""
        while True:
            batch = list(islice(self._nodes(folder_id, Order(), start, MAX_LIMIT), MAX_LIMIT))
            for node in batch:
                path = (*names, node.name)
                yield to_entry(node, join_path(path))
                if node.kind == Kind.FOLDER:
                    yield from self._walk(node.id, path, None)
            if len(batch) < MAX_LIMIT:
                return
            start = (Kind(batch[-1].kind), [batch[-1].sort_key])


def _range(folder_id: int, kind: Kind, order: Order, start: Sequence[Any] | None) -> Select[Node]:
    """Return one index range: the nodes of a kind in a folder, in order, behind `start`."""
    columns = _COLUMNS[order.sort]
    wanted = select(Node).where(Node.parent_id == folder_id, Node.kind == kind, Node.trashed_at.is_(None))
    if start is not None:
        here = tuple_(*columns)
        wanted = wanted.where(here < tuple(start) if order.descending else here > tuple(start))
    return wanted.order_by(*(column.desc() if order.descending else column for column in columns))


def _to_sealed(node: Node, order: Order) -> list[str | int]:
    """Return where a listing in this order goes on behind a node; of names only its own."""
    values: list[str | int] = [node.kind, node.name]
    if order.sort is Sort.SIZE:
        values.append(node.size)
    elif order.sort is Sort.MODIFIED:
        values.append((node.modified_at - _EPOCH) // timedelta(microseconds=1))
    return values


def _from_sealed(values: Sequence[Any], order: Order) -> _Position:
    kind, name, *rest = values
    position: list[Any] = [sort_key(name)]
    if order.sort is Sort.SIZE:
        position[:0] = rest
    elif order.sort is Sort.MODIFIED:
        position[:0] = [_EPOCH + timedelta(microseconds=micros) for micros in rest]
    return Kind(kind), position
