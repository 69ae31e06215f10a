"""The tree of one user: finding a node by its path, making folders, adding and removing nodes.

Resolving a path is one indexed look-up a segment. The counters of a folder change together with
what is in it, and so does how far the longest path below it reaches: that is how a tree of any
size moves by changing one row, and still no path becomes longer than a path may be.

Rule: everything here runs in the caller's transaction and commits nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    CTE,
    LargeBinary,
    Row,
    Select,
    SelectBase,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from cabinet.errors import NotAFolder, NotFound
from cabinet.models import Kind, Node, User
from cabinet.services.kernel.database import execute_counted
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.names import (
    PATH_BYTES,
    PATH_SEGMENTS,
    check_path,
    join_path,
    search_key,
    sort_key,
    too_long,
)
from cabinet.services.tree.trash_marks import behind
from cabinet.services.tree.usage import use

# Made once: to build such a statement takes as long as to run it, and each request runs several.
# That of a deleted account is hidden as what is in a trash, and no path leads anywhere below it.
_IS_ROOT = (Node.owner_id == bindparam("owner_id"), Node.parent_id.is_(None), Node.trashed_at.is_(None))
_ROOT = select(Node).where(*_IS_ROOT)
_LOCKED_ROOT = _ROOT.with_for_update()
# Where the trash lies, and the mark up to which it is purged.
_TRASH = select(Node.id, User.trash_hidden_to).join(User, User.id == Node.owner_id).where(*_IS_ROOT)
_CHILD = select(Node).where(
    Node.parent_id == bindparam("parent_id"), Node.name == bindparam("name"), Node.trashed_at.is_(None)
)
# Not one query over pairs of folder and name: SQLite reads the whole table for that.
_CHILDREN = select(Node).where(
    Node.parent_id == bindparam("parent_id"),
    Node.name.in_(bindparam("names", expanding=True)),
    Node.trashed_at.is_(None),
)
_COUNT = (
    update(Node)
    .where(Node.id == bindparam("folder_id"))
    .values(
        child_count=Node.child_count + bindparam("entries"), child_size=Node.child_size + bindparam("bytes")
    )
)


def _by_folder(path: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(path), path


class Tree:
    """The live nodes of one user."""

    def __init__(self, session: Session, owner_id: int) -> None:
        self._session = session
        self._owner_id = owner_id

    def root(self, *, lock: bool = False) -> Node:
        """Return the user's own folder; raises `NotFound` when the account is gone.

        With `lock`, one transaction at a time gets it, until it ends; on SQLite that is so anyway.
        """
        node = self._session.scalar(_LOCKED_ROOT if lock else _ROOT, {"owner_id": self._owner_id})
        if node is None:
            raise NotFound
        return node

    def child(self, folder: Node, name: str) -> Node | None:
        """Return what `name` means in `folder`."""
        return self._session.scalar(_CHILD, {"parent_id": folder.id, "name": name})

    def children(self, folder: Node, names: Iterable[str]) -> Mapping[str, Node]:
        """Return what those of the names mean in `folder` that mean something, by name."""
        asked = {"parent_id": folder.id, "names": list(names)}
        return {node.name: node for node in self._session.scalars(_CHILDREN, asked)}

    def parent(self, node: Node) -> Node:
        """Return the folder that `node`, which is not the root, lies in."""
        return self._session.get_one(Node, node.parent_id)

    def walk(self, names: Sequence[str], *, lock: bool = False) -> tuple[Node, int]:
        """Return the last node of a path that is there, and how many of the names lead to it."""
        node = self.root(lock=lock)
        for depth, name in enumerate(names):
            found = self.child(node, name) if node.kind == Kind.FOLDER else None
            if found is None:
                return node, depth
            node = found
        return node, len(names)

    def find(self, names: Sequence[str]) -> Node | None:
        """Return the node at a path, None where there is none, also below a file."""
        node, depth = self.walk(names)
        return node if depth == len(names) else None

    def find_all(
        self, paths: Iterable[tuple[str, ...]], root: Node | None = None
    ) -> Mapping[tuple[str, ...], Node]:
        """Return the nodes at those of the paths where there is one, by one query a folder.

        `root` is the user's own folder, if the caller has it already.
        """
        wanted = set(paths)
        steps = {path[:depth] for path in wanted for depth in range(1, len(path) + 1)}
        found: dict[tuple[str, ...], Node] = {(): root or self.root()}
        # Shorter ones first, so that each folder is known before what lies in it is asked for.
        for folder, below_it in groupby(sorted(steps, key=_by_folder), key=lambda step: step[:-1]):
            names = [step[-1] for step in below_it]
            if folder in found:
                inside = self.children(found[folder], names)
                found |= {(*folder, name): node for name, node in inside.items()}
        return {path: node for path, node in found.items() if path in wanted}

    def get(self, names: Sequence[str]) -> Node:
        """Return the node at a path; raises `NotFound`."""
        node = self.find(names)
        if node is None:
            raise NotFound
        return node

    def get_folder(self, names: Sequence[str]) -> Node:
        """Return the folder at a path; raises `NotFound` or `NotAFolder`."""
        node = self.get(names)
        if node.kind != Kind.FOLDER:
            raise NotAFolder(path=join_path(tuple(names)))
        return node

    def new(self, folder: Node, name: str, kind: Kind, now: datetime) -> Node:
        """Return a node for `folder`, where nothing may have that name; `add_all` puts it there."""
        node = Node(owner_id=self._owner_id, parent_id=folder.id, kind=kind, name=name)
        node.sort_key, node.search_key = sort_key(name), search_key(name)
        node.size = node.version = node.below_bytes = node.below_segments = 0
        node.created_at = node.modified_at = now
        return node

    def add_all(self, folder: Node, nodes: Sequence[Node]) -> None:
        """Put new nodes into the folder that they were made for; raises `TooManyEntries`."""
        use(self._session, self._owner_id, 0, entries=len(nodes))
        self._add_counted(folder, nodes)

    def _add_counted(self, folder: Node, nodes: Sequence[Node]) -> None:
        self._session.add_all(nodes)
        self._session.flush()
        self.count(folder.id, entries=len(nodes), size=sum(node.size for node in nodes))
        for node in nodes:
            self.stretch(folder, node)

    def stretch(self, folder: Node, node: Node | Row[Any]) -> None:
        """Let the folder, and those above it, reach as far as `node`, which is new in it, does."""
        while True:
            size, segments = _reach(node)
            if folder.below_bytes >= size and folder.below_segments >= segments:
                return  # and so do those above it
            folder.below_bytes = max(folder.below_bytes, size)
            folder.below_segments = max(folder.below_segments, segments)
            if folder.parent_id is None:
                return
            node, folder = folder, self.parent(folder)

    def check_reach(self, node: Node, names: tuple[str, ...]) -> None:
        """Raise `InvalidName` if `node`, or anything below it, could not be at the path `names`.

        What is noted of a folder may be more than the truth, for nothing shrinks when something is
        taken out; before that refuses anything, the truth is looked up, in all that is below.
        """
        check_path(names)
        size, segments = len(join_path(names).encode()) + 1, len(names)
        if size + node.below_bytes <= PATH_BYTES and segments + node.below_segments <= PATH_SEGMENTS:
            return
        if node.kind == Kind.FOLDER:
            node.below_bytes, node.below_segments = self._session.execute(_longest_below(node.id)).one()
            if size + node.below_bytes > PATH_BYTES or segments + node.below_segments > PATH_SEGMENTS:
                raise too_long(names)

    def way_up(self, folder: Node) -> Iterator[Node]:
        """Yield `folder` and every folder above it, up to the root."""
        yield folder
        while folder.parent_id is not None:
            folder = self.parent(folder)
            yield folder

    def lies_in(self, folder: Node, node: Node) -> bool:
        """Tell whether `folder` is `node` or lies anywhere below it."""
        return any(above.id == node.id for above in self.way_up(folder))

    def path_of(self, node: Node) -> tuple[str, ...] | None:
        """Return the names that lead to `node`; None when it, or a folder above it, is in the trash."""
        way = list(self.way_up(node))
        if any(above.trashed_at is not None for above in way):
            return None
        return tuple(above.name for above in reversed(way[:-1]))

    def put(self, node: Node, folder: Node, name: str) -> None:
        """Let a node that is counted nowhere lie in `folder` under a name that is free there."""
        self._rename(node, folder, name)
        self._session.flush()
        self.count(folder.id, entries=1, size=node.size)
        self.stretch(folder, node)

    def relocate_all(self, places: Sequence[tuple[Node, Node, str]]) -> None:
        """Let each node, live or in the trash, lie in its folder under its name, which is free there.

        One change a folder, however many nodes leave it or come to it.
        """
        entries: Counter[int] = Counter()
        sizes: Counter[int] = Counter()
        for node, folder, name in places:
            for folder_id, sign in ((_counted_in(node), -1), (folder.id, 1)):
                if folder_id is not None:
                    entries[folder_id] += sign
                    sizes[folder_id] += sign * node.size
            self._rename(node, folder, name)
        self._session.flush()
        self.count_all(entries, sizes)
        for node, folder, _name in places:
            self.stretch(folder, node)

    def _rename(self, node: Node, folder: Node, name: str) -> None:
        self._give_name(node, name)
        node.parent_id = folder.id
        node.trashed_at = node.trashed_from = node.trash_id = None

    @staticmethod
    def _give_name(node: Node, name: str) -> None:
        if name != node.name:
            node.name, node.sort_key, node.search_key = name, sort_key(name), search_key(name)

    def take(self, node: Node) -> None:
        """Count a live node, which is not the root, in its folder no more; the caller puts it elsewhere."""
        if node.parent_id is not None:
            self.count(node.parent_id, entries=-1, size=-node.size)

    def make_folders(self, folder: Node, names: Sequence[str], now: datetime) -> Node:
        """Make the folders `names`, each in the one before it and the first in `folder`; return the last."""
        use(self._session, self._owner_id, 0, entries=len(names))
        for name in names:
            made = self.new(folder, name, Kind.FOLDER, now)
            self._add_counted(folder, [made])
            folder = made
        return folder

    def trash(self, node: Node, path: str, now: datetime) -> None:
        """Hide a node that lies at `path`, and all below it; the root cannot be asked for."""
        self.trash_all([(node, path)], now)

    def trash_all(self, nodes: Iterable[tuple[Node, str]], now: datetime) -> None:
        """Hide nodes as `trash` does, with one change a folder however many of them lie in it."""
        # Below the root, so that each outlives the folder it was in, should that go for ever.
        root_id, mark = self._session.execute(_TRASH, {"owner_id": self._owner_id}).one()
        trashed_at = behind(mark, now)
        entries: Counter[int] = Counter()
        sizes: Counter[int] = Counter()
        for node, path in nodes:
            if node.parent_id is not None:
                entries[node.parent_id] -= 1
                sizes[node.parent_id] -= node.size
            node.parent_id = root_id
            node.trashed_at, node.trashed_from, node.trash_id = trashed_at, path, new_id()
        self._session.flush()
        self.count_all(entries, sizes)

    def hide(self, node: Node, now: datetime) -> None:
        """Let a node that no folder counts be a copy that is not complete; the caller flushes."""
        node.parent_id = self.root().id
        node.trashed_at, node.trashed_from, node.trash_id = now, None, None

    def trash_as(self, node: Node, path: str, trash_id: str | None, trashed_at: datetime | None) -> None:
        """Let a node in the trash be there as it was before; the caller flushes."""
        self._give_name(node, path.rpartition("/")[2])
        if trashed_at is not None:
            # All that came there before may have been purged meanwhile.
            _root_id, mark = self._session.execute(_TRASH, {"owner_id": self._owner_id}).one()
            trashed_at = behind(mark, trashed_at)
        node.trashed_from, node.trash_id, node.trashed_at = path, trash_id, trashed_at

    def count_all(self, entries: Mapping[int, int], sizes: Mapping[int, int]) -> None:
        """Add to the counters of folders, which are those of `entries`."""
        changed = [
            {"folder_id": folder_id, "entries": entries[folder_id], "bytes": sizes[folder_id]}
            for folder_id in sorted(entries)
        ]
        if changed:
            self._session.connection().execute(_COUNT, changed)

    def count(self, folder_id: int, *, entries: int = 0, size: int = 0) -> None:
        """Add to the counters of a folder."""
        execute_counted(self._session, _COUNT, {"folder_id": folder_id, "entries": entries, "bytes": size})


def _counted_in(node: Node) -> int | None:
    """Return the id of the folder that counts a node; None of one in the trash, which none does."""
    return node.parent_id if node.trashed_at is None else None


def _reach(node: Node | Row[Any]) -> tuple[int, int]:
    """Return the bytes and the segments of the longest path that begins with the node's own name."""
    further = node.below_bytes + 1 if node.below_segments else 0
    return len(node.name.encode()) + further, node.below_segments + 1


def below(node_ids: Sequence[int] | SelectBase) -> CTE:
    """Return the ids of nodes and of all below them, with how many levels deeper each lies."""
    top = select(Node.id, literal(0).label("depth")).where(Node.id.in_(node_ids))
    nodes = top.cte("below", recursive=True)
    child = aliased(Node)
    return nodes.union_all(select(child.id, nodes.c.depth + 1).join(nodes, child.parent_id == nodes.c.id))


def _longest_below(folder_id: int) -> Select[int, int]:
    """Return what asks for the bytes and the segments of the longest paths below a folder."""
    top = select(Node.id, literal(0).label("bytes"), literal(0).label("segments"))
    paths = top.where(Node.id == folder_id).cte("paths", recursive=True)
    child = aliased(Node)
    # A name has no backslash, so as bytes it is what it is as text, on every database.
    size = func.length(cast(child.name, LargeBinary))
    further = paths.c.bytes + size + case((paths.c.segments > 0, 1), else_=0)
    paths = paths.union_all(
        select(child.id, further, paths.c.segments + 1).join(paths, child.parent_id == paths.c.id)
    )
    return select(func.max(paths.c.bytes), func.max(paths.c.segments))
