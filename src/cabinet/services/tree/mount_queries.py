"""The queries of mounts, with their targets and owners, and of the entries of a selection.

Rule: builds statements; nothing is executed here.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, bindparam, or_, select
from sqlalchemy.orm import aliased

from cabinet.models import Kind, Node, ShareItem, Space, SpaceKind, User
from cabinet.services.tree.grants import role_of_mount
from cabinet.services.tree.members import members
from cabinet.services.tree.node_values import columns_of

# The maximum number in one root; a listing of it reads all of them.
MAX_MOUNTS = 500

_TARGET = aliased(Node)
_ROOT = (
    select(Node.id).where(Node.space_id == bindparam("space_id"), Node.parent_id.is_(None)).scalar_subquery()
)

# The target and its space, then the mount's id, name, sort key and role, the target's owner and its team space.
MountRows: TypeAlias = Select[*tuple[Any, ...]]


def _rows(*wanted: ColumnElement[bool]) -> MountRows:
    """Return the query of the visible mounts of a root, with their targets and owners."""
    here = (Node.parent_id == _ROOT, Node.kind == Kind.MOUNT, *wanted)
    begun = select(Node.id, _TARGET.parent_id, _TARGET.trashed_at).join(_TARGET, _TARGET.id == Node.target_id)
    way = begun.where(*here).cte("way", recursive=True)
    above = aliased(Node)
    upper = select(way.c.id, above.parent_id, above.trashed_at).join(way, above.id == way.c.parent_id)
    way = way.union_all(upper.where(way.c.trashed_at.is_(None)))
    # The root of a deleted space is marked the same way.
    hidden = select(way.c.id).where(way.c.trashed_at.is_not(None))
    mount = (Node.id, Node.name, Node.sort_key, role_of_mount(), User.username, Space.public_id)
    columns = select(*columns_of(_TARGET), _TARGET.space_id, *mount)
    found = columns.select_from(Node).join(_TARGET, _TARGET.id == Node.target_id)
    owned = found.join(Space, Space.id == _TARGET.space_id).outerjoin(User, User.id == Space.owner_id)
    may_be_target = or_(_TARGET.parent_id.is_not(None), Space.kind != SpaceKind.PERSONAL)
    shown = owned.where(
        *here, Node.id.not_in(hidden), _TARGET.kind != Kind.MOUNT, may_be_target, User.disabled_at.is_(None)
    )
    return shown.order_by(Node.sort_key).limit(MAX_MOUNTS)


# Built once: building a statement takes as long as running it, and each request with a path runs one.
ALL = _rows()
BY_NAME = _rows(Node.name == bindparam("name"))
BY_TARGET = _rows(Node.target_id == bindparam("target_id"))
OF_SELECTION = {ALL: members(), BY_NAME: members(ShareItem.name == bindparam("name"))}
