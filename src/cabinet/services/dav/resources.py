"""Resources: the nodes that a WebDAV request is about, and the members of folders a page at a time.

A page is one index range of folders or files by name, so that a folder of any size costs no more memory than one page.
In the root of a personal space the mounts are among the members, each with the values of its target.

Rule: reads only; costs one query per page, never one per member.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinet.models import Base, Kind
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.tree.entries import FolderTotals, Mounted, totals_of
from cabinet.services.tree.merging import mount_states_of
from cabinet.services.tree.mounts import Mount, Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.node_values import COLUMNS, NodeValues, read_nodes
from cabinet.services.tree.paths import find_way

# Members of the first page, which should leave soon, and of each further one.
FIRST_PAGE = 100
PAGE = 1000

_NODE = Base.metadata.tables["node"]
# Built once: building a statement takes ten times as long as running it.
_PAGE = (
    select(*COLUMNS)
    .where(
        _NODE.c.parent_id == bindparam("parent_id"),
        _NODE.c.kind == bindparam("kind"),
        _NODE.c.trashed_at.is_(None),
        _NODE.c.sort_key > bindparam("after"),
    )
    .order_by(_NODE.c.sort_key)
    .limit(bindparam("most"))
)


@dataclass(slots=True)
class Resource:
    """A file or a folder at a path of the actor, and the scope that it lies in.

    The `node` of a mount is its target. `beside` is what the state of a root depends on besides its own node.
    """

    node: NodeValues
    name: str
    path: str
    scope: Scope
    mounted: Mounted | None = None
    beside: tuple[str, ...] = ()
    may_read: bool | None = None

    def __post_init__(self) -> None:
        # Members of one folder get it from there: each property of each would ask again.
        if self.may_read is None:
            self.may_read = self.scope.has(Rights.READ)

    @property
    def is_folder(self) -> bool:
        """Return whether it can have members."""
        return self.node.kind != Kind.FILE

    @property
    def content_hash(self) -> str | None:
        """The content hash of a file, None for a folder or without the right to read."""
        return self.node.content_hash if self.may_read else None

    @property
    def totals(self) -> FolderTotals | None:
        """What a folder contains, None for a file or without the right to read."""
        return totals_of(self.node) if self.is_folder and self.may_read else None


class Resources:
    """Finds the resources of one actor; `scope` is the actor's own."""

    def __init__(self, session: Session, scope: Scope) -> None:
        self._session = session
        self._mounts = Mounts(session, scope)

    def find(self, place: Place) -> Resource | None:
        """Return the resource at a place, None if there is none.

        Whether the actor may know that is for the caller to ask. Raises `InvalidName`, and `NotFound` for a scope
        whose root is gone.
        """
        names = split_path(place.path)
        way = find_way(self._session, place.scope, names)
        node = way[-1]
        if len(way) <= len(names) or node.kind == Kind.MOUNT:
            return None
        path = place.to_actor_path(place.path)
        if place.mount is not None and place.is_mount:
            return Resource(node, place.mount.name, path, place.scope, place.mount.mounted)
        beside: tuple[str, ...] = ()
        if not names and place.scope.is_whole and place.mount is None:
            beside = mount_states_of(self._mounts.all())
        return Resource(node, node.name if names else "", path, place.scope, beside=beside)

    def members(self, folder: Resource) -> Iterator[list[Resource]]:
        """Yield the members of a folder, folders before files, in pages read on demand.

        The reading transaction ends with each page, so that none is open while a page is sent.
        """
        folder.scope.require(Rights.LIST)
        above = f"{folder.path}/" if folder.path else ""
        scope, may_read = folder.scope, folder.may_read
        if not folder.path and scope.is_whole:
            shown = [self._mounted(mount) for mount in self._mounts.all()]
            self._session.rollback()
            if shown:
                yield shown
        most = FIRST_PAGE
        for kind in (Kind.FOLDER, Kind.FILE):
            after = b""
            while True:
                asked = {"parent_id": folder.node.id, "kind": kind.value, "after": after, "most": most}
                nodes = read_nodes(self._session, _PAGE, asked)
                self._session.rollback()
                if nodes:
                    yield [
                        Resource(node, node.name, above + node.name, scope, may_read=may_read)
                        for node in nodes
                    ]
                if len(nodes) < most:
                    break
                after, most = nodes[-1].sort_key, PAGE

    def _mounted(self, mount: Mount) -> Resource:
        scope = self._mounts.at(mount).scope
        return Resource(mount.target, mount.name, mount.name, scope, mount.mounted)
