"""Where a space and a scope begin, as other statements ask for it, and what was begun there.

Rule: makes statements and conditions; nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from cabinet.models import Batch, Node, Upload
from cabinet.services.access.scope import Scope


def root_of(space_id: int) -> Select[int]:
    """Return what asks for the root of a space, also of one that has ended."""
    return select(Node.id).where(Node.space_id == space_id, Node.parent_id.is_(None))


def root_id_of(scope: Scope) -> Any:
    """Return the row id of the folder that a scope begins at, or what looks it up."""
    return root_of(scope.space_id).scalar_subquery() if scope.root_id is None else scope.root_id


def begun_in(table: type[Batch | Upload], scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Return the conditions that something was begun by the actor of a scope, and in that scope.

    The same path begins elsewhere in another one, so it is known nowhere else.
    """
    return (
        table.space_id == scope.space_id,
        table.root_id == root_id_of(scope),
        table.user_id == scope.actor.user_id,
    )
