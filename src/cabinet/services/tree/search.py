"""Search for files and folders by words in their names.

Each word matches anywhere in a name, in any order and from one letter on; the newest come first. Case and
accents do not count.

The index contains names, not locations: it returns candidates, whose parent folders are looked up by id, one
query per level for a whole batch. That gives the path, shows whether the candidate lies below the searched
folder, and drops what is below a trashed folder. So neither the trash nor a move touches the index, and a
tree of any size is hidden or moved by its top row.

In a scope that is a single folder, most candidates of the space may lie elsewhere. So there the tree below
the folder is walked instead, unless it is very large.

A search of the root of a personal space includes what is behind its mounts. Ids are unique across spaces, so
the newest of all spaces come first, and one id is the position of a page.

Rule: reads only, at bounded cost: if many candidates lie elsewhere or in the trash, or the time is up, a page
has few entries or none, but still a `next`. Neither the content nor the length of that cursor reveals
anything about them. A page is refused only if not even its first batch is done in time, because its `next`
would not advance.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, Unavailable
from cabinet.models import Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock, utc_now
from cabinet.services.kernel.search_index import END, Candidates, TookTooLong, find_candidates
from cabinet.services.tree.counting import levels_below
from cabinet.services.tree.cursors import CursorContext, Cursors
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.mounts import Mount, Mounts
from cabinet.services.tree.names import join_path, search_key, search_words, split_path
from cabinet.services.tree.node_values import AnyNode
from cabinet.services.tree.share_signs import Signs, marked
from cabinet.services.tree.tree import Tree

NO_QUERY = N_("it is empty.")

# The maximum number of candidates examined for one page, however few match.
_MAX_EXAMINED = 5000
# An extent is limited to the candidates of this many pages.
_PAGES_AT_ONCE = 4
# Seconds after which a page ends with what it has, but not before its first batch.
_TIME_LIMIT = 1.0
# Candidates fetched at a time.
_BATCH = 200
# The maximum number of nodes walked if only folders are searched: some 50 ms.
_WALKED = 20_000


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some of the results below the folder `path`; `next` is the cursor of the rest."""

    path: str
    entries: Sequence[Entry]
    next: str | None


@dataclass(frozen=True, slots=True)
class _Folder:
    """The columns of a folder that a search needs."""

    parent_id: int | None
    name: str
    is_trashed: bool


@dataclass(frozen=True, slots=True)
class _Begin:
    """The space and the folder where a search starts, and a function from a node and its relative path to its entry."""

    space_id: int
    folder_id: int
    tell: Callable[[Node, tuple[str, ...]], Entry]


# The id of a node, and its entry.
_Found: TypeAlias = tuple[int, Entry]


class _Walked(NamedTuple):
    """The ids that a walk has found, and the number of nodes that it examined."""

    node_ids: set[int]
    passed: int


@dataclass(slots=True)
class _Source:
    """The candidates of one space, fetched in batches; `rest` is that of the last batch."""

    fetch: Callable[[int], Candidates]
    rest: int | None
    nodes: deque[Node] = field(default_factory=deque)

    def fill(self) -> None:
        """Fetch a batch if none are left."""
        if not self.nodes and self.rest is not None:
            batch = self.fetch(self.rest)
            self.nodes.extend(batch.nodes)
            self.rest = batch.rest

    def take(self, floor: int) -> Iterator[Node]:
        """Remove and yield the candidates whose ids are not below `floor`."""
        while self.nodes and self.nodes[0].id >= floor:
            yield self.nodes.popleft()


class Search:
    """Searches the files of one scope; `timer` returns seconds."""

    def __init__(
        self,
        session: Session,
        cursors: Cursors,
        scope: Scope,
        timer: Callable[[], float] = time.monotonic,
        clock: Clock = utc_now,
    ) -> None:
        self._session = session
        self._cursors = cursors
        self._scope = scope
        self._timer = timer
        self._signs = Signs(session, scope, clock)
        self._tree = Tree(session, scope)
        self._mounts = Mounts(session, scope)
        self._folders: dict[int, _Folder] = {}

    def page(self, query: str, path: str, limit: int, after: str | None = None) -> SearchPage:
        """Return up to `limit` entries below the folder `path` with all words of `query` in their names.

        Raises `NotFound`, `NotAFolder`, `Unavailable` if the index is too slow, or `InvalidField` for an
        empty query or an invalid cursor.
        """
        return self._page(query, path, Extent(None, limit, limit), after, _MAX_EXAMINED)

    def first_part(self, query: str, path: str, extent: Extent, after: str | None = None) -> SearchPage:
        """Return the results of the pages that `extent` covers; raises as `page` does."""
        return self._page(query, path, extent, after, _PAGES_AT_ONCE * _MAX_EXAMINED)

    def _page(self, query: str, path: str, extent: Extent, after: str | None, most: int) -> SearchPage:
        """Return entries after the cursor `after` up to the end of `extent`; examines `most` candidates."""
        self._scope.require(Rights.LIST)
        words = search_words(query)
        if not words:
            raise InvalidField(field="q", reason=NO_QUERY)
        names = split_path(path)
        folder = self._tree.get_folder(names)
        mounts = {} if names else {mount.id: mount for mount in self._mounts.all()}
        begins = [self._begin_here(folder, names), *map(self._begin_behind, mounts.values())]
        selected = {each.target.id: each for each in mounts.values()} if self._scope.is_selection else {}
        place = ("search", *self._scope.key, join_path(names), " ".join(words))
        before = self._from_cursor(place, after, END)
        until = self._from_cursor(place, extent.until, 0)
        deadline = self._timer() + _TIME_LIMIT
        entries: list[_Found] = []
        looked_at, last = 0, END
        rest: int | None = before
        try:
            for batch in self._batches(words, before, folder, list(mounts.values())):
                for node in batch.nodes:
                    is_past = node.id < until
                    is_full = len(entries) == extent.most or (is_past and len(entries) >= extent.least)
                    # In a scope of a single folder most candidates may lie outside, and every page would be
                    # empty.
                    is_enough = looked_at >= most and (self._scope.is_whole or bool(entries))
                    if is_full or is_enough:
                        # No entry after the cursor is shown, so it stays: an entry that reappears just before
                        # it is shown again.
                        is_as_before = is_past and last >= until
                        behind = extent.until if is_as_before else self._cursors.seal(place, [last])
                        return self._to_page(names, entries, behind)
                    looked_at, last = looked_at + 1, node.id
                    found = self._selected_entry(node, words, selected)
                    if found is None and all(word in node.search_key for word in words):
                        found = self._entry(node, begins, mounts)
                    if found is not None:
                        entries.append((node.id, found))
                rest = batch.rest
                if self._timer() > deadline:
                    break
            else:
                rest = None
        except TookTooLong as error:
            if rest == before:
                raise Unavailable from error
        return self._to_page(names, entries, None if rest is None else self._cursors.seal(place, [rest]))

    def _to_page(self, names: tuple[str, ...], found: Sequence[_Found], behind: str | None) -> SearchPage:
        # Of the own space: what is behind mounts lies in others.
        shared = self._signs.among(node_id for node_id, _entry in found)
        return SearchPage(
            join_path(names), [marked(entry, node_id, shared) for node_id, entry in found], behind
        )

    def _from_cursor(self, place: CursorContext, cursor: str | None, otherwise: int) -> int:
        """Return the id that a cursor continues below, or `otherwise` without a cursor."""
        return otherwise if cursor is None else int(self._cursors.open(place, cursor)[0])

    def _begin_here(self, folder: Node, names: tuple[str, ...]) -> _Begin:
        def tell(node: Node, found: tuple[str, ...]) -> Entry:
            return self._tree.to_entry(node, (*names, *found))

        return _Begin(folder.space_id, folder.id, tell)

    def _begin_behind(self, mount: Mount) -> _Begin:
        place = self._mounts.at(mount)
        tree = Tree(self._session, place.scope)

        def tell(node: Node, found: tuple[str, ...]) -> Entry:
            return place.to_actor_entry(tree.to_entry(node, found))

        return _Begin(mount.space_id, mount.target.id, tell)

    def _entry(self, node: Node, begins: Sequence[_Begin], mounts: Mapping[int, Mount]) -> Entry | None:
        """Return the entry of a node that is below one of the folders or one of the mounts, else None."""
        if node.kind == Kind.MOUNT:
            return self._mounts.entry(mounts[node.id]) if node.id in mounts else None
        for begin in begins:
            found = self._place(node, begin.folder_id) if begin.space_id == node.space_id else None
            if found is not None:
                return begin.tell(node, (*found, node.name))
        return None

    def _batches(
        self, words: Sequence[str], before: int, folder: Node, mounts: Sequence[Mount]
    ) -> Iterator[Candidates]:
        """Yield nodes that may have `words` in their names, with ids below `before` and folders looked up."""
        if any("\0" in word for word in words):
            return  # No name contains one, and the databases do not accept it.
        sources = [_Source(self._fetch_here(words, folder, mounts), before)]
        sources += [_Source(fetch, before) for fetch in self._fetch_behind(words, mounts)]
        rest: int | None = before
        while rest is not None:
            for source in sources:
                source.fill()
            # Every source has returned its candidates down to this id.
            rest = max((source.rest for source in sources if source.rest is not None), default=None)
            nodes = [node for source in sources for node in source.take(rest or 0)]
            nodes.sort(key=lambda node: node.id, reverse=True)
            self._look_up(node.parent_id for node in nodes)
            yield Candidates(nodes, rest)

    def _selected_entry(
        self, node: Node, words: Sequence[str], selected: Mapping[int, Mount]
    ) -> Entry | None:
        """Return a node as an entry of the selection, where it keeps its name; None if it has not all `words`."""
        mount = selected.get(node.id)
        if mount is None or not _has_all(mount, words):
            return None
        return self._mounts.entry(mount)

    def _fetch_here(
        self, words: Sequence[str], folder: Node, mounts: Sequence[Mount]
    ) -> Callable[[int], Candidates]:
        if self._scope.is_selection:
            return self._fetch_walked({each.target.id for each in mounts if _has_all(each, words)})
        walked = None if self._scope.is_whole else self._walk(words, folder, _WALKED)
        if walked is None:
            return self._fetch_from_index(words, self._scope.space_id)
        return self._fetch_walked(walked.node_ids)

    def _fetch_behind(
        self, words: Sequence[str], mounts: Sequence[Mount]
    ) -> Iterator[Callable[[int], Candidates]]:
        """Yield a function per space behind mounts that fetches its candidates.

        All walks together are bounded.
        """
        left, walked, large = _WALKED, dict[int, set[int]](), set[int]()
        for mount in mounts:
            if mount.target.kind == Kind.FILE:
                continue
            space_id = mount.space_id
            # `tree_files` alone does not bound a walk: there may be many more folders than files.
            is_whole = mount.target.parent_id is None
            may_fit = not is_whole and space_id not in large and mount.target.tree_files <= left
            found = self._walk(words, mount.target, left) if may_fit else None
            if found is None:
                large.add(space_id)
                left = 0 if may_fit else left
            else:
                walked.setdefault(space_id, set()).update(found.node_ids)
                left -= found.passed
        for space_id in large:
            yield self._fetch_from_index(words, space_id)
        for space_id in walked.keys() - large:
            yield self._fetch_walked(walked[space_id])

    def _fetch_from_index(self, words: Sequence[str], space_id: int) -> Callable[[int], Candidates]:
        return lambda rest: find_candidates(self._session, space_id, words, rest, _BATCH)

    def _fetch_walked(self, walked: set[int]) -> Callable[[int], Candidates]:
        newest_first = sorted(walked, reverse=True)
        return lambda rest: self._read([node_id for node_id in newest_first if node_id < rest])

    def _walk(self, words: Sequence[str], folder: AnyNode, most: int) -> _Walked | None:
        """Return the nodes below a folder with `words` in their names, None if there are more than `most`."""
        # Trashed nodes lie directly below the root of the space, and so below no other folder.
        found: set[int] = set()
        passed = 0
        for inside in levels_below(self._session, [folder.id]):
            names = select(Node.id, Node.search_key).where(inside).limit(most + 1 - passed)
            rows = self._session.execute(names).all()
            passed += len(rows)
            if passed > most:
                return None
            found.update(row.id for row in rows if all(word in row.search_key for word in words))
        return _Walked(found, passed)

    def _read(self, node_ids: Sequence[int]) -> Candidates:
        """Return the first of some nodes, the newest first, like the index."""
        some = node_ids[:_BATCH]
        nodes = self._session.scalars(select(Node).where(Node.id.in_(some)).order_by(Node.id.desc())).all()
        return Candidates(nodes, some[-1] if len(node_ids) > len(some) else None)

    def _look_up(self, ids: Iterable[int | None]) -> None:
        """Load all folders from `ids` up to the root, one query per level."""
        wanted = {node_id for node_id in ids if node_id is not None} - self._folders.keys()
        while wanted:
            columns = select(Node.id, Node.parent_id, Node.name, Node.trashed_at)
            rows = self._session.execute(columns.where(Node.id.in_(wanted))).all()
            self._folders |= {
                row.id: _Folder(row.parent_id, row.name, row.trashed_at is not None) for row in rows
            }
            above = {row.parent_id for row in rows if row.parent_id is not None}
            wanted = above - self._folders.keys()

    def _place(self, node: Node, top_id: int) -> tuple[str, ...] | None:
        """Return the names of the folders between one and a node, None if the node is not visible below that."""
        if node.trashed_at is not None:
            return None
        names: list[str] = []
        folder_id = node.parent_id
        while folder_id != top_id:
            folder = self._folders.get(folder_id) if folder_id is not None else None
            if folder is None or folder.is_trashed:
                return None
            names.append(folder.name)
            folder_id = folder.parent_id
        return tuple(reversed(names))


def _has_all(mount: Mount, words: Sequence[str]) -> bool:
    """Return whether all words of a query are in the name of a mount."""
    name = search_key(mount.name)
    return all(word in name for word in words)
