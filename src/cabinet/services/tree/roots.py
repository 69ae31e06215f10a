"""Conditions and subqueries for the root of a space or scope, and for what was begun there.

Rule: builds statements and conditions; nothing is executed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from cabinet.models import Batch, Node, Upload
from cabinet.services.access.scope import Scope


def root_of(space_id: int) -> Select[int]:
    """Return the query for the root of a space, including a deleted one."""
    return select(Node.id).where(Node.space_id == space_id, Node.parent_id.is_(None))


def root_id_of(scope: Scope) -> Any:
    """Return the row id of the root of a scope, or a subquery for it."""
    return root_of(scope.space_id).scalar_subquery() if scope.root_id is None else scope.root_id


def begun_in(table: type[Batch | Upload], scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for rows that the actor of a scope began in that scope.

    The same path leads elsewhere in another scope, so such rows are visible in their own scope only.
    """
    return (
        table.space_id == scope.space_id,
        table.root_id == root_id_of(scope),
        table.user_id == scope.actor.user_id,
    )
