"""Dead properties: XML that clients store with nodes and read again, of which the server knows nothing.

They belong to a node, move with it, and end with it. A copy gets its own, from what makes it.

Rule: a change of properties is one transaction, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from cabinet.errors import TooManyProperties
from cabinet.models import Base, DavProperty, Kind, Node
from cabinet.services.access.rights import CHANGE
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.database import execute, execute_counted, publishing
from cabinet.services.tree.names import split_path
from cabinet.services.tree.sums import CounterChanges
from cabinet.services.tree.tree import Tree

# The maximum of one node; programs store a handful.
MAX_PROPERTIES = 100

_PROPERTY = Base.metadata.tables["dav_property"]
_IDS = 500


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """A property to store, or to remove if it has no `value`."""

    name: str
    value: str | None


class DeadProperties:
    """The dead properties of an actor's nodes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self, node_ids: Sequence[int]) -> Mapping[int, Mapping[str, str]]:
        """Return the properties of nodes, by name, by the node's id."""
        found: dict[int, dict[str, str]] = {}
        for start in range(0, len(node_ids), _IDS):
            wanted = select(_PROPERTY).where(_PROPERTY.c.node_id.in_(node_ids[start : start + _IDS]))
            for node_id, name, value in execute(self._session, wanted.order_by(_PROPERTY.c.name)):
                found.setdefault(node_id, {})[name] = value
        return found

    def change(
        self, scope: Scope, path: str, changes: Sequence[PropertyChange], modified_at: datetime | None
    ) -> None:
        """Change the properties of the node at a path in order, and the time of its last change if given.

        Raises `NotFound` and `TooManyProperties`.
        """
        scope.require(CHANGE)
        with publishing(self._session):
            tree = Tree(self._session, scope)
            tree.lock()
            node = tree.get_row(split_path(path))
            for each in changes:
                same = (DavProperty.node_id == node.id, DavProperty.name == each.name)
                execute_counted(self._session, delete(DavProperty).where(*same))
                if each.value is not None:
                    row = {"node_id": node.id, "name": each.name, "value": each.value}
                    execute(self._session, insert(_PROPERTY), row)
            counted = select(func.count()).where(DavProperty.node_id == node.id)
            if (self._session.scalar(counted) or 0) > MAX_PROPERTIES:
                raise TooManyProperties(allowed=MAX_PROPERTIES)
            if modified_at is not None:
                execute_counted(
                    self._session, update(Node).where(Node.id == node.id).values(modified_at=modified_at)
                )
                told = CounterChanges()
                told.add_size(node.id if node.kind == Kind.FOLDER else node.parent_id or node.id, 0)
                tree.count(told)
