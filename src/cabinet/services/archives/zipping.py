"""Zip archives of folders and selections of one scope, created while they are sent.

The tree is read in pages, each in a transaction that ends before the next byte is sent. So an archive shows
each folder as of when it was reached, and each file complete, as of then.

An archive of the root of a personal space includes what is behind its mounts, with the paths and rights of
the user.

Rule: what lies outside of the scope does not exist. Neither the tree nor an archive is ever held in memory as
a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from sqlalchemy import Row, bindparam, select, tuple_
from sqlalchemy.orm import Session

from cabinet.errors import N_, BlobMissing, InvalidField, NotFound, TruncatedBody
from cabinet.models import Kind, Node
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.archives.zip_format import Archive, Length, is_one_piece
from cabinet.services.archives.zip_names import ExactNames, FolderNames, Naming
from cabinet.services.changes.selections import FolderSelection, Selected, find_in_folder
from cabinet.services.kernel.contents import open_content
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.node_values import NodeValues
from cabinet.services.tree.tree import Tree
from cabinet.storage.chunks import iter_exactly
from cabinet.storage.protocols import BlobStore

MAX_PATHS = 1000
TOO_MANY_PATHS = N_("name 1 to 1000 files or folders.")

# Archives with more entries have no known length, because computing it would delay the start too long.
MEASURED_ENTRIES = 20_000

# The name of an archive whose content gives none.
DEFAULT_NAME = "cabinet"

# Entries per page.
PAGE = 1000

# The size in bytes that small pieces are joined to. A longer one would be in memory of its own, which our server
# returns to the system at once (serving/process.py); mapping it anew takes longer than all the rest.
PIECE_SIZE = 96 << 10

_COLUMNS = (
    Node.id, Node.kind, Node.name, Node.sort_key, Node.size, Node.content_hash, Node.modified_at, Node.child_count,
)  # fmt: skip
_ENTRIES = (
    select(*_COLUMNS)
    .where(Node.parent_id == bindparam("folder_id"), Node.trashed_at.is_(None), Node.kind != Kind.MOUNT)
    .order_by(Node.kind, Node.sort_key)
    .limit(bindparam("limit"))
)
_ENTRIES_BEHIND = _ENTRIES.where(
    tuple_(Node.kind, Node.sort_key) > tuple_(bindparam("kind"), bindparam("sort_key"))
)

_AMONG = _ENTRIES.where(Node.id.in_(bindparam("ids", expanding=True)))


class _Copy(NamedTuple):
    """The columns of a node, valid after the transaction that read it."""

    id: int
    kind: int
    name: str
    sort_key: bytes
    size: int
    content_hash: str | None
    modified_at: datetime
    child_count: int


_Found: TypeAlias = Row[Any] | _Copy
_Names: TypeAlias = FolderNames | ExactNames


class _Top(NamedTuple):
    """A requested node with the names of the folders above it; possibly the root."""

    above: tuple[str, ...]
    found: _Found
    is_root: bool = False
    # The mounts in it, in order.
    mounts: Sequence[_Copy] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of an archive. The name of a folder ends in a slash, and it has no content."""

    name: str
    modified_at: datetime
    size: int
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class Zip:
    """An archive that can be sent once; `length` is in bytes, None if computing it takes too long.

    `chunks` raises `BlobMissing` or `StorageFault` if content cannot be read; closing it releases all
    resources.
    """

    name: str
    length: int | None
    chunks: Generator[bytes, None, None]


class Zipping:
    """Creates archives of the contents of a scope.

    It owns `session`, which is used until the archive is sent, and closed then.
    """

    def __init__(self, session: Session, store: BlobStore, scope: Scope) -> None:
        self._session = session
        self._store = store
        self._scope = scope
        self._tree = Tree(session, scope)

    def zip(self, paths: Sequence[str], naming: Naming = Naming.SAFE) -> Zip:
        """Return an archive of files and folders in order; the empty path means all contents of the root.

        With exact names each entry has its whole path, and what lies below another of `paths` is included
        only once. Raises `InvalidField`, `InvalidName`, or `NotFound` if one of them does not exist.
        """
        return self.zip_places([Place(self._scope, path) for path in paths], naming)

    def zip_places(self, places: Sequence[Place], naming: Naming = Naming.SAFE) -> Zip:
        """Return an archive of the entries at some places, named by the actor's paths; as `zip`."""
        self._scope.require(Rights.READ)
        if not 1 <= len(places) <= MAX_PATHS:
            raise InvalidField(field="path", reason=TOO_MANY_PATHS)
        inside = {split_path(place.to_actor_path(place.path)): place for place in places}
        wanted = list(inside)
        if naming is Naming.EXACT:
            wanted = _outermost(wanted)
        return self._zip(
            _name_of(wanted), lambda: self._find({names: inside[names] for names in wanted}), naming
        )

    def zip_all(self, selection: FolderSelection, naming: Naming = Naming.SAFE) -> Zip:
        """Return an archive of all entries of a folder but some; what is removed meanwhile is left out.

        Raises `SelectionChanged`, `NotFound`, `NotAFolder` or `InvalidName`.
        """
        self._scope.require(Rights.READ)

        def find() -> Iterator[_Top]:
            return self._selected(find_in_folder(self._session, self._tree, selection))

        return self._zip(_name_of([split_path(selection.folder)]), find, naming)

    def _zip(self, name: str, find: Callable[[], Iterable[_Top]], naming: Naming) -> Zip:
        try:
            members = self._members(find(), naming)
            known = list(islice(members, MEASURED_ENTRIES + 1))
        finally:
            self._session.rollback()
        length = None if len(known) > MEASURED_ENTRIES else _length_of(known)
        return Zip(name, length, self._chunks(chain(known, members)))

    def _find(self, wanted: Mapping[tuple[str, ...], Place]) -> list[_Top]:
        found: dict[tuple[Scope, tuple[str, ...]], Node] = {}
        inside = {names: split_path(place.path) for names, place in wanted.items()}
        for scope in dict.fromkeys(place.scope for place in wanted.values()):
            scope.require(Rights.READ)
            paths = [inside[names] for names, place in wanted.items() if place.scope == scope]
            nodes = Tree(self._session, scope).find_all(paths)
            found |= {(scope, path): node for path, node in nodes.items()}
        return [
            _Top(
                names[:-1],
                _copy_of(found.get((place.scope, inside[names])), names),
                not names,
                () if names else self._mounts(),
            )
            for names, place in wanted.items()
        ]

    def _mounts(self) -> Sequence[_Copy]:
        mounts = Mounts(self._session, self._scope)
        readable = [mount for mount in mounts.all() if mounts.at(mount).scope.has(Rights.READ)]
        copies = [
            _copy_of(mount.target, (mount.name,))._replace(sort_key=mount.sort_key) for mount in readable
        ]
        return sorted(copies, key=_in_order)

    def _selected(self, selected: Selected) -> Iterator[_Top]:
        """Yield the selected entries of a folder that still exist, page by page."""
        for start in range(0, len(selected.node_ids), PAGE):
            ids = selected.node_ids[start : start + PAGE]
            for row in self._page(_AMONG, {"folder_id": selected.folder_id, "ids": ids}):
                yield _Top(selected.path, row)

    def _members(self, tops: Iterable[_Top], naming: Naming) -> Iterator[Member]:
        """Yield `tops` and everything below; the root is replaced by its contents."""
        names: _Names = FolderNames() if naming is Naming.SAFE else ExactNames()
        for top in tops:
            prefix = "" if naming is Naming.SAFE else "".join(f"{name}/" for name in top.above)
            if top.is_root:
                yield from self._below(top.found.id, "", names, top.mounts)
            else:
                yield from self._member(top.found, prefix, names)

    def _below(
        self, folder_id: int, prefix: str, names: _Names, mounts: Sequence[_Copy] = ()
    ) -> Iterator[Member]:
        inside: Iterable[_Found] = self._entries_of(folder_id)
        for row in merge(inside, mounts, key=_in_order) if mounts else inside:
            yield from self._member(row, prefix, names)

    def _entries_of(self, folder_id: int) -> Iterator[Row[Any]]:
        page = self._page(_ENTRIES, {"folder_id": folder_id})
        while page:
            yield from page
            if len(page) < PAGE:
                return
            last = {"kind": page[-1].kind, "sort_key": page[-1].sort_key}
            page = self._page(_ENTRIES_BEHIND, {"folder_id": folder_id, **last})

    def _page(self, statement: Any, values: dict[str, Any]) -> Sequence[Row[Any]]:
        page = self._session.execute(statement, {**values, "limit": PAGE}).all()
        self._session.rollback()
        return page

    def _member(self, row: _Found, prefix: str, names: _Names) -> Iterator[Member]:
        name = prefix + names.take(row.name)
        if row.kind == Kind.FILE:
            yield Member(name, row.modified_at, row.size, row.content_hash)
            return
        yield Member(f"{name}/", row.modified_at, 0, None)
        if row.child_count:
            yield from self._below(row.id, f"{name}/", type(names)())

    def _chunks(self, members: Iterable[Member]) -> Generator[bytes, None, None]:
        """Yield the archive in pieces of about `PIECE_SIZE`; many small files share one."""
        gathered: list[bytes] = []
        size = 0
        with (
            closing(self._session),
            closing(Archive()) as archive,
            closing(self._entries(archive, members)) as entries,
        ):
            for piece in chain(entries, archive.end()):
                if gathered and size + len(piece) > PIECE_SIZE:
                    yield b"".join(gathered)
                    gathered, size = [], 0
                gathered.append(piece)
                size += len(piece)
            yield b"".join(gathered)

    def _entries(self, archive: Archive, members: Iterable[Member]) -> Generator[bytes, None, None]:
        for member in members:
            if member.content_hash is None:
                yield archive.folder(member.name, member.modified_at)
                continue
            with open_content(self._session, self._store, member.content_hash) as stream:
                content = _read(stream, member)
                if is_one_piece(member.size):
                    whole = b"".join(content)
                    yield from archive.small_file(member.name, member.modified_at, whole)
                else:
                    yield from archive.large_file(member.name, member.modified_at, member.size, content)


def _in_order(found: _Found) -> tuple[int, bytes]:
    return found.kind, found.sort_key


def _copy_of(node: Node | NodeValues | None, names: tuple[str, ...]) -> _Copy:
    """Return the columns of a node, with the requested name; raises `NotFound` for None."""
    if node is None:
        raise NotFound
    copy = _Copy(*(getattr(node, field) for field in _Copy._fields))
    return copy._replace(name=names[-1]) if names else copy


def _read(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield the content of a file; raises `BlobMissing` if some of it is missing."""
    try:
        yield from iter_exactly(stream, member.size)
    except TruncatedBody as error:
        raise BlobMissing(content_hash=member.content_hash or "") from error


def _length_of(members: Iterable[Member]) -> int:
    length = Length()
    for member in members:
        length.add(member.name, member.modified_at, member.size)
    return length.total


def _outermost(paths: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the paths that do not lie below another."""
    selected = set(paths)
    return [path for path in paths if not any(path[:depth] in selected for depth in range(len(path)))]


def _name_of(paths: Sequence[tuple[str, ...]]) -> str:
    """Return the name of the only entry, else of the folder that contains all."""
    folders = {path[:-1] for path in paths}
    named = paths[0] if len(paths) == 1 else folders.pop() if len(folders) == 1 else ()
    return f"{named[-1] if named else DEFAULT_NAME}.zip"
