"""Groups: create, list, rename and delete them, and change their members.

A group is visible to its members and to administrators. A manager adds and removes members; an administrator
changes every group. The last manager may leave: then only administrators change the members. The operator's
setting decides whether other users create groups of their own, and rename and delete the ones that they manage.

Rule: what a member may do is decided under the lock of the group's row, so that a removed manager changes nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from cabinet.errors import (
    N_,
    Forbidden,
    GroupNameTaken,
    GroupsForbidden,
    InvalidField,
    NotFound,
    TooManyGroups,
    TooManyMembers,
)
from cabinet.models import GroupMember, GroupRole, Share, Space, User, UserGroup
from cabinet.services.accounts.user_lookup import UserLookup
from cabinet.services.accounts.usernames import username_key
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.shares.delivery import clear_ended, deliver_missing, withdraw_from_member
from cabinet.services.shares.shares import end_shares
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.space_lock import lock_spaces

# What is shared with a group is brought to each of its members.
MAX_MEMBERS = 1000
# The maximum number of groups that one user is in.
MAX_GROUPS = 200

_NAME_LENGTH = 64
BAD_NAME = N_("it must have 1 to 64 printable characters.")


class GroupPolicy(StrEnum):
    """Who creates, renames and deletes groups besides administrators."""

    ADMINS = "admins"
    EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group as a user sees it; `role` is the user's own, None if the user is not a member."""

    id: str
    name: str
    role: GroupRole | None
    members: int


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a group."""

    username: str
    role: GroupRole


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups by name; `next` is the cursor of the rest, or None."""

    groups: Sequence[GroupInfo]
    next: str | None


def to_group_name(text: str) -> str:
    """Return `text` as the name of a group; raises `InvalidField`."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise InvalidField(field="name", reason=BAD_NAME)
    return name


class Groups:
    """The groups as one user sees and changes them; `user_id` is None for the operator."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        cursors: Cursors,
        policy: GroupPolicy,
        user_id: int | None,
        *,
        is_admin: bool,
    ) -> None:
        self._session = session
        self._clock = clock
        self._cursors = cursors
        self._policy = policy
        self._user_id = user_id
        self._is_admin = is_admin

    def list_page(self, limit: int, after: str | None = None) -> GroupPage:
        """Return some of the visible groups by name; raises `InvalidField` for an invalid cursor."""
        wanted = self._visible().order_by(UserGroup.name_key)
        place = ("groups", self._user_id or 0)
        if after is not None:
            wanted = wanted.where(UserGroup.name_key > self._cursors.open(place, after)[0])
        rows = self._session.execute(wanted.limit(limit + 1)).all()
        shown = [GroupInfo(row.public_id, row.name, _to_role(row.role), row.members) for row in rows[:limit]]
        more = self._cursors.seal(place, [rows[limit - 1].name_key]) if len(rows) > limit else None
        return GroupPage(shown, more)

    def get(self, group_id: str) -> tuple[GroupInfo, Sequence[Member]]:
        """Return a group with its members by name; raises `NotFound`."""
        row = self._session.execute(self._visible().where(UserGroup.public_id == group_id)).one_or_none()
        if row is None:
            raise NotFound
        named = select(User.username, GroupMember.role).join(User, User.id == GroupMember.user_id)
        members = self._session.execute(
            named.where(GroupMember.group_id == row.id).order_by(User.username_key)
        ).all()
        info = GroupInfo(row.public_id, row.name, _to_role(row.role), len(members))
        return info, [Member(each.username, GroupRole(each.role)) for each in members]

    def find_id(self, name: str) -> str:
        """Return the id of a visible group by its name; raises `NotFound`."""
        wanted = self._visible().where(UserGroup.name_key == username_key(name))
        row = self._session.execute(wanted).one_or_none()
        if row is None:
            raise NotFound
        return str(row.public_id)

    def create(self, name: str) -> GroupInfo:
        """Create a group, managed by the user, or without members by the operator.

        Raises `GroupsForbidden`, `InvalidField`, `GroupNameTaken`, and `TooManyGroups`.
        """
        self._require_policy()
        name = to_group_name(name)
        now = self._clock()
        group = UserGroup(public_id=new_id(), name=name, name_key=username_key(name), created_at=now)
        try:
            with writing(self._session):
                self._session.add(group)
                self._session.flush()
                if self._user_id is not None:
                    self._add(group.id, self._user_id, GroupRole.MANAGER)
        except IntegrityError as error:
            raise GroupNameTaken(name=name) from error
        record("group-created", group=group.public_id, name=name)
        return self.get(group.public_id)[0]

    def rename(self, group_id: str, name: str) -> GroupInfo:
        """Rename a group; raises `NotFound`, `Forbidden`, `InvalidField`, and `GroupNameTaken`."""
        name = to_group_name(name)
        try:
            with writing(self._session):
                group = self._lock(group_id, manages=True)
                self._require_policy()
                group.name, group.name_key = name, username_key(name)
        except IntegrityError as error:
            raise GroupNameTaken(name=name) from error
        record("group-renamed", group=group_id, name=name)
        return self.get(group_id)[0]

    def delete(self, group_id: str) -> None:
        """Delete a group; its members stay users. Raises `NotFound` and `Forbidden`."""
        with writing(self._session):
            group = self._lock(group_id, manages=True)
            self._require_policy()
            shared = select(Share.id).where(Share.to_group_id == group.id, Share.revoked_at.is_(None))
            end_shares(self._session, self._session.scalars(shared).all(), self._clock())
            self._session.execute(delete(UserGroup).where(UserGroup.id == group.id))
        record("group-deleted", group=group_id)
        clear_ended(self._session)

    def set_member(self, group_id: str, username: str, role: GroupRole) -> tuple[Member, bool]:
        """Add a user to a group, or change the role of a member; return the member, and whether it is new.

        Raises `NotFound`, also for an unknown user and for a new one who blocks the actor, `Forbidden`,
        `TooManyMembers`, `TooManyGroups`, and `TooManyAttempts` after many unknown users.
        """
        self._check_manages(group_id)
        lookup = UserLookup(self._session, self._clock, self._user_id)
        user = lookup.find(username)
        with lookup.hiding_blocks(), writing(self._session):
            group = self._lock(group_id, manages=True)
            known = self._session.get(GroupMember, (group.id, user.id))
            if known is not None:
                known.role = role
            else:
                lookup.check_accepts(user)
                self._add(group.id, user.id, role)
            joined = (Share.to_group_id == group.id, GroupMember.user_id == user.id)
        event = "group-member-added" if known is None else "group-member-changed"
        record(event, group=group_id, user=user.username, role=role)
        deliver_missing(self._session, self._clock, *joined)
        return Member(user.username, role), known is None

    def remove_member(self, group_id: str, username: str) -> None:
        """Remove a member from a group; every member may leave.

        Raises `NotFound`, also for a user who is not a member, and `Forbidden`.
        """
        named = select(Space.id).join(User, User.id == Space.owner_id)
        space_ids = self._session.scalars(named.where(User.username_key == username_key(username))).all()
        with writing(self._session):
            # Before all other locks: mounts of the member go.
            lock_spaces(self._session, space_ids)
            group = self._lock(group_id, manages=False)
            member = self._session.scalar(
                select(GroupMember)
                .join(User, User.id == GroupMember.user_id)
                .where(GroupMember.group_id == group.id, User.username_key == username_key(username))
            )
            is_self = member is not None and member.user_id == self._user_id
            if not is_self:
                self._require_manager(group)
            if member is None:
                raise NotFound
            self._session.delete(member)
            withdraw_from_member(self._session, group.id, member.user_id)
        record("group-member-removed", group=group_id, user=username)

    def _visible(self) -> Select[int, str, str, str, str | None, int]:
        """Return the query of the groups that the user sees, with the user's role and the number of members."""
        own, every = aliased(GroupMember), aliased(GroupMember)
        number = select(func.count()).where(every.group_id == UserGroup.id).scalar_subquery()
        columns = select(
            UserGroup.id,
            UserGroup.public_id,
            UserGroup.name,
            UserGroup.name_key,
            own.role,
            number.label("members"),
        )
        is_own = (own.group_id == UserGroup.id) & (own.user_id == (self._user_id or 0))
        return columns.join(own, is_own, isouter=self._is_admin)

    def _require_policy(self) -> None:
        if not self._is_admin and self._policy is not GroupPolicy.EVERYONE:
            raise GroupsForbidden

    def _check_manages(self, group_id: str) -> None:
        """Raise what `_lock` does, before names are looked up for somebody who may not add them."""
        self._require_manager(self._find(select(UserGroup).where(UserGroup.public_id == group_id)))

    def _lock(self, group_id: str, *, manages: bool) -> UserGroup:
        """Return the row of a group, locked until the transaction ends.

        Raises `NotFound` for a group that the user does not see, and `Forbidden` if the user must manage it.
        """
        group = self._find(select(UserGroup).where(UserGroup.public_id == group_id).with_for_update())
        if manages:
            self._require_manager(group)
        return group

    def _find(self, wanted: Select[UserGroup]) -> UserGroup:
        group = self._session.scalar(wanted)
        if group is None or (not self._is_admin and self._role_in(group) is None):
            raise NotFound
        return group

    def _require_manager(self, group: UserGroup) -> None:
        if not self._is_admin and self._role_in(group) is not GroupRole.MANAGER:
            raise Forbidden

    def _role_in(self, group: UserGroup) -> GroupRole | None:
        role = select(GroupMember.role).where(
            GroupMember.group_id == group.id, GroupMember.user_id == (self._user_id or 0)
        )
        return _to_role(self._session.scalar(role))

    def _add(self, group_id: int, user_id: int, role: GroupRole) -> None:
        """Add a member in the caller's transaction, under the lock of the group and then of the user."""
        # Two groups could otherwise take the last place of a user at once.
        self._session.get(User, user_id, with_for_update={"of": User})
        in_group = select(func.count()).where(GroupMember.group_id == group_id)
        if (self._session.scalar(in_group) or 0) >= MAX_MEMBERS:
            raise TooManyMembers(allowed=MAX_MEMBERS)
        of_user = select(func.count()).where(GroupMember.user_id == user_id)
        if (self._session.scalar(of_user) or 0) >= MAX_GROUPS:
            raise TooManyGroups(allowed=MAX_GROUPS)
        self._session.add(
            GroupMember(group_id=group_id, user_id=user_id, role=role, created_at=self._clock())
        )
        self._session.flush()


def _to_role(text: str | None) -> GroupRole | None:
    return None if text is None else GroupRole(text)
