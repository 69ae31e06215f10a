"""The queries of team spaces and their members.

A user is a member while their root has a mount of the root of the space; its role is the member's role, so
there is nothing that could contradict it.

Rule: reads only; every query is one statement, whatever the number of spaces or members.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, false, select
from sqlalchemy.orm import Session, aliased

from cabinet.models import Kind, Node, Space, SpaceKind, User
from cabinet.services.access.roles import ShareRole
from cabinet.services.spaces.values import SpaceInfo, SpaceMember

_ROOT, _MOUNT = aliased(Node), aliased(Node)
_IS_LIVE = (Space.kind == SpaceKind.TEAM, Space.deleted_at.is_(None))


def select_spaces(home_id: int | None) -> Select[*tuple[Any, ...]]:
    """Return the query of all team spaces, with the membership of the user whose own space is `home_id`."""
    is_mine = false() if home_id is None else _MOUNT.space_id == home_id
    columns = (Space.id, Space.public_id, Space.name, Space.usage, Space.entries, Space.quota)
    found = select(*columns, _MOUNT.role, _MOUNT.name.label("path"))
    found = found.select_from(Space).join(_ROOT, and_(_ROOT.space_id == Space.id, _ROOT.parent_id.is_(None)))
    return found.outerjoin(_MOUNT, and_(_MOUNT.target_id == _ROOT.id, is_mine)).where(*_IS_LIVE)


def spaces_of(session: Session, home_id: int) -> list[SpaceInfo]:
    """Return the team spaces of a user, in the order of the folders that they appear as."""
    # From the mounts of one root, which an index finds.
    home = select(_ROOT.id).where(_ROOT.space_id == home_id, _ROOT.parent_id.is_(None)).scalar_subquery()
    target = aliased(Node)
    found = (
        select(Space.id, Space.public_id, Space.name, Space.usage, Space.entries, Space.quota)
        .add_columns(_MOUNT.role, _MOUNT.name.label("path"))
        .select_from(_MOUNT)
        .join(target, target.id == _MOUNT.target_id)
        .join(Space, Space.id == target.space_id)
        .where(_MOUNT.parent_id == home, _MOUNT.kind == Kind.MOUNT, target.parent_id.is_(None), *_IS_LIVE)
    )
    return [to_info(row) for row in session.execute(found.order_by(_MOUNT.sort_key))]


def find_space(session: Session, public_id: str, home_id: int | None) -> SpaceInfo | None:
    """Return a team space, None if there is none with this id."""
    row = session.execute(select_spaces(home_id).where(Space.public_id == public_id)).first()
    return None if row is None else to_info(row)


def to_info(row: Row[*tuple[Any, ...]]) -> SpaceInfo:
    """Return the team space of a row."""
    role = None if row.role is None else ShareRole(row.role)
    return SpaceInfo(row.id, row.public_id, row.name, row.usage, row.entries, row.quota, role, row.path)


def _in_space(space_id: int) -> tuple[ColumnElement[bool], ...]:
    return (_ROOT.space_id == space_id, _ROOT.parent_id.is_(None))


def select_members(space_id: int) -> Select[*tuple[Any, ...]]:
    """Return the query of the members of a team space by name: the user's row and name, and the role.

    A deleted user whose rows are still being removed is not one.
    """
    found = select(User.id, User.username, _MOUNT.role).select_from(_ROOT)
    found = found.join(_MOUNT, _MOUNT.target_id == _ROOT.id).join(Space, Space.id == _MOUNT.space_id)
    found = found.join(User, User.id == Space.owner_id).where(*_in_space(space_id))
    return found.where(Space.deleted_at.is_(None)).order_by(User.username_key)


def members_of(session: Session, space_id: int) -> Sequence[SpaceMember]:
    """Return the members of a team space, by name."""
    rows = session.execute(select_members(space_id))
    return [SpaceMember(row.id, row.username, ShareRole(row.role)) for row in rows]


def find_mount(session: Session, space_id: int, home_id: int) -> Node | None:
    """Return the mount that makes somebody a member, None for others."""
    wanted = select(_MOUNT).join(_ROOT, _MOUNT.target_id == _ROOT.id)
    return session.scalars(wanted.where(*_in_space(space_id), _MOUNT.space_id == home_id)).first()


def home_of(session: Session, user_id: int | None) -> int | None:
    """Return the row of a user's own space, whose root has the mounts; None if the user is gone."""
    return session.scalar(select(Space.id).where(Space.owner_id == user_id))
