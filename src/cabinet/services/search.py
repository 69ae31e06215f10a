"""Finding files and folders by a part of their name.

Three letters or more are found anywhere in a name, the newest first; one or two at its start, in
the order of names. Case and accents do not count.

An index knows names, not places: it gives candidates, and of each the folders above are looked up
by their ids, all of a batch in one query a level. That gives the path, tells whether the candidate
lies where the search is, and drops what is below a folder in the trash. So neither the trash nor a
move ever touches the index, and a tree of any size is hidden or moved by its top row.

Rule: reads only, and of bounded cost: when many candidates lie elsewhere or in the trash, or the
time is over, a page has few entries or none, and still a `next`. Neither what is in that nor its
length tells of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField
from cabinet.models import Node
from cabinet.services.cursors import Cursors, Place
from cabinet.services.entries import Entry, to_entry
from cabinet.services.extents import Extent
from cabinet.services.names import join_path, search_key, split_path
from cabinet.services.search_index import TRIGRAM, find_containing
from cabinet.services.tree import Tree

NOTHING_ASKED = N_("it is empty.")

# Candidates that are looked at for one page, however few of them are shown.
_LOOKED_AT = 5000
# Pages whose candidates are looked at, at most, to tell what has become of all that was found on them.
_PAGES_AT_ONCE = 4
# Seconds after which a page has what it has, once it has looked at a batch of them.
_PATIENCE = 1.0
# Candidates fetched at a time, at least.
_BATCH = 200
# Larger than any id.
_END = 2**62
# Letters of a name that a cursor holds besides the id, and what they have as bytes at most, with it.
_OPENING = 64
_LONGEST_POSITION = 288


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some of what was found below the folder `path`; `next` asks for the rest."""

    path: str
    entries: Sequence[Entry]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a search has to know of a folder."""

    parent_id: int | None
    name: str
    is_trashed: bool


class Search:
    """Searches the files of one user; `timer` tells seconds."""

    def __init__(
        self,
        session: Session,
        cursors: Cursors,
        owner_id: int,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._cursors = cursors
        self._owner_id = owner_id
        self._timer = timer
        self._tree = Tree(session, owner_id)
        self._folders: dict[int, _Folder] = {}

    def page(self, query: str, path: str, limit: int, after: str | None = None) -> SearchPage:
        """Return up to `limit` entries below the folder `path` with `query` in their names.

        Raises `NotFound`, `NotAFolder`, or `InvalidField` for an empty query or a foreign cursor.
        """
        return self._page(query, path, Extent(None, limit, limit), after, _LOOKED_AT)

    def first_part(self, query: str, path: str, extent: Extent, after: str | None = None) -> SearchPage:
        """Return what `page` does of the pages that `extent` takes in; raises as it does."""
        return self._page(query, path, extent, after, _PAGES_AT_ONCE * _LOOKED_AT)

    def _page(self, query: str, path: str, extent: Extent, after: str | None, most: int) -> SearchPage:
        """Return entries behind the cursor `after` as far as `extent` goes; looks at `most` candidates."""
        key = search_key(query.strip())
        if not key:
            raise InvalidField(field="q", reason=NOTHING_ASKED)
        names = split_path(path)
        folder = self._tree.get_folder(names)
        place = ("search", self._owner_id, join_path(names), key)
        start, until = (self._from_cursor(place, cursor) for cursor in (after, extent.until))
        deadline = self._timer() + _PATIENCE
        entries: list[Entry] = []
        looked_at, last = 0, None
        for node in self._candidates(key, extent.least, start):
            is_past = _is_behind(node, until, key)
            is_full = len(entries) == extent.most or (is_past and len(entries) >= extent.least)
            if is_full or looked_at == most or self._is_over(deadline, looked_at):
                # Nothing behind the cursor shows: it stays, and what comes back to just before it shows again.
                is_as_before = is_past and not _is_behind(last, until, key)
                behind = extent.until if is_as_before else self._to_cursor(place, key, last)
                return SearchPage(join_path(names), entries, behind)
            looked_at, last = looked_at + 1, node
            found = self._place(node, folder) if key in node.search_key else None
            if found is not None:
                entries.append(to_entry(node, join_path((*names, *found, node.name))))
        return SearchPage(join_path(names), entries, None)

    def _is_over(self, deadline: float, looked_at: int) -> bool:
        """Tell whether the time of a page is over, once it has looked at a batch: each page gets on."""
        return looked_at > 0 and looked_at % _BATCH == 0 and self._timer() > deadline

    def _to_cursor(self, place: Place, key: str, last: Node | None) -> str | None:
        """Return what goes on behind the last candidate, which may lie where the asker may not look."""
        if last is None:
            return None
        if len(key) >= TRIGRAM:
            return self._cursors.seal(place, [last.id])
        # By the id alone the place in the order of names would be lost once that node is renamed or gone.
        return self._cursors.seal(place, [last.id, last.search_key[:_OPENING]], _LONGEST_POSITION)

    def _candidates(self, key: str, limit: int, start: tuple[str, int] | None) -> Iterator[Node]:
        """Yield nodes that may have `key` in their names, behind `start`, with their folders looked up."""
        if "\0" in key:
            return  # no name has one, and no database can be asked for it
        start_key, start_id = start or ("", 0)
        size = max(limit + 1, _BATCH)
        while True:
            if len(key) >= TRIGRAM:
                batch = find_containing(self._session, self._owner_id, key, start_id or _END, size)
            else:
                batch = self._find_starting(key, start_key, start_id, size)
            self._look_up(node.parent_id for node in batch)
            yield from batch
            if len(batch) < size:
                return
            start_key, start_id = batch[-1].search_key, batch[-1].id

    def _from_cursor(self, place: Place, cursor: str | None) -> tuple[str, int] | None:
        """Return the search key and the id to go on behind; without that node, all that begins like it."""
        if cursor is None:
            return None
        node_id, *openings = self._cursors.open(place, cursor)
        if not openings:
            return "", node_id
        key = self._session.scalar(
            select(Node.search_key).where(Node.id == node_id, Node.owner_id == self._owner_id)
        )
        opening: str = openings[0]
        return (key, node_id) if key is not None and key.startswith(opening) else (opening, 0)

    def _find_starting(self, key: str, start_key: str, start_id: int, limit: int) -> Sequence[Node]:
        """Return nodes whose names start with `key`, in the order of names: one index range."""
        here = tuple_(Node.search_key, Node.id)
        wanted = select(Node).where(
            Node.owner_id == self._owner_id,
            Node.trashed_at.is_(None),
            here > (max(start_key, key), start_id),
            # Behind all that go on with any character but the very last of Unicode.
            Node.search_key < key + "\U0010ffff",
        )
        return self._session.scalars(wanted.order_by(Node.search_key, Node.id).limit(limit)).all()

    def _look_up(self, ids: Iterable[int | None]) -> None:
        """Know all folders from `ids` up to the root, by one query a level."""
        wanted = {node_id for node_id in ids if node_id is not None} - self._folders.keys()
        while wanted:
            columns = select(Node.id, Node.parent_id, Node.name, Node.trashed_at)
            rows = self._session.execute(columns.where(Node.id.in_(wanted))).all()
            self._folders |= {
                row.id: _Folder(row.parent_id, row.name, row.trashed_at is not None) for row in rows
            }
            above = {row.parent_id for row in rows if row.parent_id is not None}
            wanted = above - self._folders.keys()

    def _place(self, node: Node, top: Node) -> tuple[str, ...] | None:
        """Return the names of the folders between `top` and a node, None if it is not seen below `top`."""
        if node.trashed_at is not None:
            return None
        names: list[str] = []
        folder_id = node.parent_id
        while folder_id != top.id:
            folder = self._folders.get(folder_id) if folder_id is not None else None
            if folder is None or folder.is_trashed:
                return None
            names.append(folder.name)
            folder_id = folder.parent_id
        return tuple(reversed(names))


def _is_behind(node: Node | None, place: tuple[str, int] | None, key: str) -> bool:
    """Tell whether a candidate for `key` comes later than the one of a cursor, where there are both."""
    if node is None or place is None:
        return False
    search_key, node_id = place
    if len(key) >= TRIGRAM:
        return node.id < node_id
    return (node.search_key, node.id) > (search_key, node_id)
