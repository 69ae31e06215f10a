"""Conditions and subqueries for the root of a space or scope, and for what was begun there.

Rule: builds statements and conditions; nothing is executed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, BindParameter, ColumnElement, Select, String, bindparam, select

from cabinet.models import Batch, Node, Upload
from cabinet.services.access.scope import Scope


def root_of(space_id: int | BindParameter[int]) -> Select[int]:
    """Return the query for the root of a space, including a deleted one."""
    return select(Node.id).where(Node.space_id == space_id, Node.parent_id.is_(None))


def root_id_of(scope: Scope) -> Any:
    """Return the row id of the root of a scope, or a subquery for it."""
    return root_of(scope.space_id).scalar_subquery() if scope.root_id is None else scope.root_id


def begun_in(table: type[Batch | Upload], scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for rows that the actor of a scope began in that scope.

    The same path leads elsewhere in another scope, so such rows are visible in their own scope only.
    """
    return _begun(table, scope.space_id, root_id_of(scope), scope.actor.user_id, scope.share_id)


def begun_in_any(
    table: type[Batch | Upload], *, is_whole: bool, is_guest: bool, is_link: bool
) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of `begun_in` for a statement that is built once; `bound_to` gives its values."""
    space_id, root_id = bindparam("scope_space", type_=BigInteger), bindparam("scope_root", type_=BigInteger)
    user_id = None if is_guest else bindparam("scope_user", type_=BigInteger)
    share_id = bindparam("scope_share", type_=String) if is_link else None
    root = root_of(space_id).scalar_subquery() if is_whole else root_id
    return _begun(table, space_id, root, user_id, share_id)


def bound_to(scope: Scope) -> dict[str, int | str]:
    """Return the values of a scope for `begun_in_any`."""
    values: dict[str, int | str] = {"scope_space": scope.space_id}
    if scope.root_id is not None:
        values["scope_root"] = scope.root_id
    if scope.actor.user_id is not None:
        values["scope_user"] = scope.actor.user_id
    if scope.share_id is not None:
        values["scope_share"] = scope.share_id
    return values


def _begun(
    table: type[Batch | Upload], space_id: Any, root_id: Any, user_id: Any, share_id: Any
) -> Sequence[ColumnElement[bool]]:
    here = (table.space_id == space_id, table.root_id == root_id, table.user_id == user_id)
    # A guest never finds a batch again.
    return (*here, Upload.share_id == share_id) if table is Upload else here
