"""Which entries of a space are shared, for the signs in lists.

Only who may share an entry sees its sign. A link that has expired or has no downloads left is no sign.

Rule: reads the ids of all shared nodes of a space by one query, and none if nothing in the space is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.node_values import AnyNode

_SHARE, _ITEM, _NODE = (Base.metadata.tables[name] for name in ("share", "share_item", "node"))
# Built once: each list of somebody who shares something runs it.
_SHARED = (
    select(_ITEM.c.node_id)
    .join(_SHARE, _SHARE.c.id == _ITEM.c.share_id)
    .where(
        _SHARE.c.space_id == bindparam("space_id"),
        _SHARE.c.revoked_at.is_(None),
        or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > bindparam("now")),
        or_(_SHARE.c.max_downloads.is_(None), _SHARE.c.downloads < _SHARE.c.max_downloads),
    )
)
# Of these nodes, those in one folder.
_IN_FOLDER = select(_NODE.c.id).where(
    _NODE.c.id.in_(bindparam("ids", expanding=True)), _NODE.c.parent_id == bindparam("folder_id")
)

NOTHING: frozenset[int] = frozenset()


class Signs:
    """The signs of the entries of one scope, read when the first is asked for."""

    def __init__(self, session: Session, scope: Scope, clock: Clock) -> None:
        self._session = session
        self._scope = scope
        self._clock = clock

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids of the shared nodes of the space; none without the right to share."""
        if not (self._scope.may_have_shares and self._scope.has(Rights.SHARE)):
            return NOTHING
        values = {"space_id": self._scope.space_id, "now": self._clock()}
        return frozenset(execute(self._session, _SHARED, values).scalars())

    def mark(self, entry: Entry, node_id: int) -> Entry:
        """Return the entry of a node, marked if it is shared."""
        return replace(entry, is_shared=True) if node_id in self.ids else entry

    def states(self, find_folder: Callable[[], AnyNode]) -> tuple[str, ...]:
        """Return values that change with the signs in a folder; never shown themselves.

        In a scope that is no whole space they do not depend on what is shared elsewhere, so there the folder is
        looked up.
        """
        ids = self.ids
        if ids and not self._scope.is_whole:
            values = {"ids": list(ids), "folder_id": find_folder().id}
            ids = frozenset(execute(self._session, _IN_FOLDER, values).scalars())
        return tuple(f"shared/{each}" for each in sorted(ids))
