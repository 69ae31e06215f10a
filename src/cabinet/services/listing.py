"""Pages of a listing, each one index range however large the folder is.

A page goes on behind the last entry of the page before (a keyset), never by counting rows off.
Folders come before files in every order, so a page is a range of folders and then one of files.

Rule: reads only; at most `MAX_LIMIT` entries at a time.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinet.errors import InvalidField
from cabinet.models import Kind, Node
from cabinet.services.entries import BAD_CURSOR, Entry, Order, Page, Sort, from_cursor, to_cursor, to_entry
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

    def __init__(self, session: Session, owner_id: int) -> None:
        self._session = session
        self._tree = Tree(session, owner_id)

    def page(self, path: str, order: Order, limit: int) -> Page:
        """Return a page of the folder at `path`.

        Raises `NotFound`, `NotAFolder`, or `InvalidField` for a foreign cursor.
        """
        names = split_path(path)
        folder = self._tree.get_folder(names)
        start = _from_cursor(order) if order.after else None
        found = list(islice(self._nodes(folder.id, order, start, limit + 1), limit + 1))
        shown = found[:limit]
        entries = [to_entry(node, join_path((*names, node.name))) for node in shown]
        after = _to_cursor(shown[-1], order) if len(found) > limit else None
        return Page(join_path(names), entries, after, folder.child_count, folder.child_size)

    def page_below(self, path: str, limit: int, after: str | None) -> Page:
        """Return a page of everything below `path`: each folder, then what is in it, by name."""
        names = split_path(path)
        folder = self._tree.get_folder(names)
        found = list(islice(self._walk_after(folder, names, after), limit + 1))
        shown = found[:limit]
        last = to_cursor([shown[-1].kind, shown[-1].path]) if len(found) > limit else None
        return Page(join_path(names), shown, last, folder.child_count, folder.child_size)

    def _nodes(self, folder_id: int, order: Order, start: _Position | None, limit: int) -> Iterator[Node]:
        """Yield nodes of a folder behind `start`, folders and then files, up to `limit` of each."""
        for kind in Kind:
            if start and kind < start[0]:
                continue
            behind = start[1] if start and kind == start[0] else None
            yield from self._session.scalars(_range(folder_id, kind, order, behind).limit(limit))

    def _walk_after(self, folder: Node, names: tuple[str, ...], after: str | None) -> Iterator[Entry]:
        """Yield everything below a folder, behind the entry that the cursor names."""
        if after is None:
            yield from self._walk(folder.id, names, None)
            return
        kind, path = from_cursor(after, str, str)
        passed = split_path(path)
        below = passed[len(names) :]
        if passed[: len(names)] != names or not below:
            raise InvalidField(field="after", reason=BAD_CURSOR)
        # From the entry itself outwards: what is in it, what follows it, what follows its folder.
        if kind == "folder" and (last := self._tree.find(passed)) is not None:
            yield from self._walk(last.id, passed, None)
        for depth in range(len(passed), len(names), -1):
            parent = self._tree.find(passed[: depth - 1])
            if parent is None or parent.kind != Kind.FOLDER:
                continue
            is_file = depth == len(passed) and kind == "file"
            start = (Kind.FILE if is_file else Kind.FOLDER, [sort_key(passed[depth - 1])])
            yield from self._walk(parent.id, passed[: depth - 1], start)

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


def _to_cursor(node: Node, order: Order) -> str:
    key = base64.b64encode(node.sort_key).decode()
    value = 0
    if order.sort is Sort.SIZE:
        value = node.size
    elif order.sort is Sort.MODIFIED:
        value = (node.modified_at - _EPOCH) // timedelta(microseconds=1)
    return to_cursor([order.sort.value, node.kind, value, key])


def _from_cursor(order: Order) -> _Position:
    sort, kind, value, key = from_cursor(order.after or "", str, int, int, str)
    try:
        if sort != order.sort:
            raise ValueError("a cursor of another order")
        position: list[Any] = [base64.b64decode(key, validate=True)]
        if order.sort is Sort.SIZE:
            position.insert(0, value)
        elif order.sort is Sort.MODIFIED:
            position.insert(0, _EPOCH + timedelta(microseconds=value))
        return Kind(kind), position
    except (ValueError, OverflowError, binascii.Error) as error:
        raise InvalidField(field="after", reason=BAD_CURSOR) from error
