"""Which entries of a space are shared, for the signs in lists.

Only who may share an entry sees its sign. A link that has expired or has no downloads left is no sign.

Rule: asks for the entries of a list by one query, however much of the space is shared, and runs none if nothing
is. Only a list of everything below a folder reads the ids of all shared nodes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from cabinet.models import Base
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.node_values import AnyNode

# Folders with more entries are compared with what the space shares, instead of looking at each entry.
FEW_ENTRIES = 1000
# Ids in one statement.
_BATCH = 500

_SHARE, _ITEM, _NODE = (Base.metadata.tables[name] for name in ("share", "share_item", "node"))
# Neither revoked nor over.
IS_LIVE: ColumnElement[bool] = and_(
    _SHARE.c.revoked_at.is_(None),
    or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > bindparam("now")),
    or_(_SHARE.c.max_downloads.is_(None), _SHARE.c.downloads < _SHARE.c.max_downloads),
)
_IS_SIGN: ColumnElement[bool] = and_(_SHARE.c.space_id == bindparam("space_id"), IS_LIVE)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
# Built once: each list of somebody who shares something runs one of them.
_ALL = select(_ITEM.c.node_id).join(_SHARE, _SHARE.c.id == _ITEM.c.share_id).where(_IS_SIGN)
# Scalar subqueries, which are looked up row by row: without statistics, PostgreSQL would join all shares.
_IS_SHARED = (
    select(_SHARE.c.id)
    .where(_SHARE.c.id == _ITEM.c.share_id, _IS_SIGN)
    .correlate(_ITEM)
    .scalar_subquery()
    .is_not(None)
)
# Compared outside of the subquery, which has the id of the node alone to search by.
_IS_IN_FOLDER = (
    select(_NODE.c.parent_id)
    .where(_NODE.c.id == _ITEM.c.node_id, _NODE.c.trashed_at.is_(None))
    .correlate(_ITEM)
    .scalar_subquery()
) == bindparam("folder_id")
_AMONG = select(_ITEM.c.node_id).where(_ITEM.c.node_id.in_(_IDS), _IS_SHARED)
_OF_FEW = (
    select(_ITEM.c.node_id)
    .join(_NODE, _NODE.c.id == _ITEM.c.node_id)
    .where(_NODE.c.parent_id == bindparam("folder_id"), _NODE.c.trashed_at.is_(None), _IS_SHARED)
)
_OF_MANY = _ALL.where(_IS_IN_FOLDER)

NOTHING: frozenset[int] = frozenset()


class Signs:
    """The signs of the entries of one scope."""

    def __init__(self, session: Session, scope: Scope, clock: Clock) -> None:
        self._session = session
        self._scope = scope
        self._clock = clock

    @cached_property
    def all(self) -> frozenset[int]:
        """The ids of all shared nodes of the space."""
        return self._read(_ALL)

    def among(self, node_ids: Iterable[int]) -> frozenset[int]:
        """Return which of some nodes are shared."""
        wanted = list(node_ids) if self.are_any else []
        found = (
            self._read(_AMONG, ids=wanted[start : start + _BATCH]) for start in range(0, len(wanted), _BATCH)
        )
        return NOTHING.union(*found)

    def in_folder(self, folder: AnyNode) -> frozenset[int]:
        """Return the ids of the shared entries of a folder."""
        return self._read(_OF_FEW if folder.child_count <= FEW_ENTRIES else _OF_MANY, folder_id=folder.id)

    @property
    def are_any(self) -> bool:
        """Whether there may be signs; without the right to share there are none."""
        return self._scope.may_have_shares and self._scope.has(Rights.SHARE)

    def _read(self, statement: Any, **values: Any) -> frozenset[int]:
        if not self.are_any:
            return NOTHING
        asked = {"space_id": self._scope.space_id, "now": self._clock(), **values}
        return frozenset(execute(self._session, statement, asked).scalars())


def marked(entry: Entry, node_id: int, shared: Collection[int]) -> Entry:
    """Return the entry of a node, marked if the node is shared."""
    return replace(entry, is_shared=True) if node_id in shared else entry


def states_of(shared: Iterable[int]) -> tuple[str, ...]:
    """Return values that change with the signs of a list; never shown themselves."""
    return tuple(f"shared/{each}" for each in sorted(shared))
