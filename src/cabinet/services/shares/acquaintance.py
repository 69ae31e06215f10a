"""Whether two users know each other: then what one shares is mounted for the other at once.

Rule: reads only.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from cabinet.models import GroupMember, Kind, Node, Space


def know_each_other(session: Session, user_id: int, other_id: int) -> bool:
    """Return whether two users are in a group or in a team space together."""
    own, their = aliased(GroupMember), aliased(GroupMember)
    in_group = select(own.group_id).join(their, their.group_id == own.group_id)
    in_group = in_group.where(own.user_id == user_id, their.user_id == other_id).limit(1)
    return session.scalar(in_group) is not None or _are_in_a_team_space(session, user_id, other_id)


def _are_in_a_team_space(session: Session, user_id: int, other_id: int) -> bool:
    """Return whether both have a mount of one whole space."""
    own, their, target = aliased(Node), aliased(Node), aliased(Node)
    found = (
        select(own.id)
        .join(target, target.id == own.target_id)
        .join(their, their.target_id == target.id)
        .where(
            target.parent_id.is_(None),
            target.trashed_at.is_(None),
            *_is_mount_of(own, user_id),
            *_is_mount_of(their, other_id),
        )
    )
    return session.scalar(found.limit(1)) is not None


def _is_mount_of(mount: type[Node], user_id: int) -> tuple[ColumnElement[bool], ...]:
    space_id = select(Space.id).where(Space.owner_id == user_id).scalar_subquery()
    return mount.kind == Kind.MOUNT, mount.space_id == space_id
