"""The use cases of team spaces: make, list, change and end them, and set their members.

Managers change a space and its members; so do administrators, of every space, who see nothing of what is in one
unless they are members. So a space that loses its last manager is left to the administrators.

Rule: what a change depends on is read under the lock of the space, so two managers cannot remove each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, NotFound, TooManyMembers, TooManySpaces
from cabinet.models import Space, SpaceKind, User, Verb
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import whole_space
from cabinet.services.accounts.user_lookup import UserLookup
from cabinet.services.accounts.usernames import username_key
from cabinet.services.activity.link_events import record_membership
from cabinet.services.activity.notices import notify
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.spaces.funding import give_back, move_quota
from cabinet.services.spaces.rows import (
    find_mount,
    find_space,
    home_of,
    members_of,
    select_members,
    select_spaces,
    spaces_of,
    to_info,
)
from cabinet.services.spaces.values import (
    SpaceDetails,
    SpaceInfo,
    SpaceMakers,
    SpaceMember,
    check_quota,
    to_space_name,
)
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.removal import hide_space
from cabinet.services.tree.space_lock import lock_space, lock_spaces
from cabinet.services.tree.space_rows import add_space, is_small_space
from cabinet.services.tree.sum_checks import repair_folders
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage_checks import recount

# Of one space; ending it removes as many mounts.
MAX_MEMBERS = 1000
# Made by one user who is no administrator.
MAX_MADE = 100

_EVERY = ("spaces",)


@dataclass(frozen=True, slots=True)
class SpaceActor:
    """Who acts: a user with the row of their own space, or without either the operator."""

    user_id: int | None
    home_id: int | None
    is_admin: bool


OPERATOR = SpaceActor(None, None, is_admin=True)


class Spaces:
    """The team spaces that one actor can see and change; `makers` says who may make some."""

    def __init__(
        self, session: Session, clock: Clock, cursors: Cursors, makers: SpaceMakers, actor: SpaceActor
    ) -> None:
        self._session = session
        self._clock = clock
        self._cursors = cursors
        self._makers = makers
        self._actor = actor

    @property
    def is_admin(self) -> bool:
        """Return whether the actor manages every team space."""
        return self._actor.is_admin

    @property
    def may_create(self) -> bool:
        """Return whether the actor may make a team space."""
        return self._actor.is_admin or self._makers is SpaceMakers.EVERYONE

    def list_mine(self) -> Sequence[SpaceInfo]:
        """Return the team spaces of which the actor is a member."""
        return [] if self._actor.home_id is None else spaces_of(self._session, self._actor.home_id)

    def list_all(self, limit: int, after: str | None = None) -> tuple[Sequence[SpaceInfo], str | None]:
        """Return a page of all team spaces, and the cursor of the rest; raises `Forbidden`, `InvalidField`."""
        if not self._actor.is_admin:
            raise Forbidden
        wanted = select_spaces(self._actor.home_id).order_by(Space.id).limit(limit + 1)
        if after is not None:
            wanted = wanted.where(Space.id > self._cursors.open(_EVERY, after)[0])
        found = [to_info(row) for row in self._session.execute(wanted)]
        more = len(found) > limit
        return found[:limit], self._cursors.seal(_EVERY, [found[limit - 1].row_id]) if more else None

    def get(self, space_id: str) -> SpaceDetails:
        """Return a team space with its members; raises `NotFound`, also if it is not the actor's."""
        space = self._find(space_id)
        funder = self._session.execute(
            select(User.id, User.username, Space.funded)
            .join(Space, Space.funder_id == User.id)
            .where(Space.id == space.row_id)
        ).one_or_none()
        is_funder = funder is not None and funder.id == self._actor.user_id
        return SpaceDetails(
            space,
            members_of(self._session, space.row_id),
            funder.username if funder is not None and funder.funded else None,
            may_manage=self._may_manage(space),
            may_set_quota=self._actor.is_admin or (is_funder and self._may_manage(space)),
        )

    def create(self, name: str, quota: int | None, manager: str | None = None) -> SpaceInfo:
        """Make a team space, with the actor as its manager; the operator names one, or none.

        The quota of a space that a user makes, who is no administrator, comes out of theirs. Raises
        `SpacesForbidden`, `InvalidField`, `TooManySpaces`, `TooManyMounts`, and `NotFound` for an unknown user.
        """
        self._makers.require(is_admin=self._actor.is_admin)
        name = to_space_name(name)
        check_quota(quota)
        actor, now = self._actor, self._clock()
        space = Space(kind=SpaceKind.TEAM, public_id=new_id(), name=name, quota=quota, funded=0)
        home_id = actor.home_id
        if manager is not None:
            found = UserLookup(self._session, self._clock, actor.user_id).find(manager)
            home_id = home_of(self._session, found.id)
        with publishing(self._session):
            if home_id is not None:
                lock_space(self._session, home_id)
            if not actor.is_admin and actor.home_id is not None:
                self._check_made()
                space.funder_id = actor.user_id
                space.funded = move_quota(self._session, actor.home_id, 0, quota)
            root = add_space(self._session, space, now)
            if home_id is not None:
                self._mount(root.id, home_id, name, ShareRole.MANAGER)
            public_id = space.public_id or ""
        record("space-created", space=public_id, name=name, quota=quota)
        return self._find(public_id)

    def _check_made(self) -> None:
        made = select(func.count()).where(Space.funder_id == self._actor.user_id, Space.deleted_at.is_(None))
        if (self._session.scalar(made) or 0) >= MAX_MADE:
            raise TooManySpaces(allowed=MAX_MADE)

    def change(
        self, space_id: str, *, name: str | None = None, quota: int | None = None, has_quota: bool = False
    ) -> None:
        """Rename a team space unless `name` is None, and with `has_quota` set its quota, None for no limit.

        The folders of its members keep their names. The user who made the space moves its quota from or to
        theirs, administrators set any. A quota below the usage deletes nothing. Raises `NotFound`,
        `Forbidden` and `InvalidField`.
        """
        name = None if name is None else to_space_name(name)
        check_quota(quota)
        with writing(self._session):
            row = self._lock_with_funder(space_id)
            if name is not None:
                row.name = name
            if has_quota:
                row.funded = self._move_quota(row, quota)
                row.quota = quota
        record("space-changed", space=space_id, name=name, quota=str(quota) if has_quota else None)

    def _move_quota(self, row: Space, quota: int | None) -> int:
        """Move quota between a team space and the user who made it; return what comes from them now."""
        home_id = home_of(self._session, row.funder_id)
        if self._actor.is_admin:
            funded = row.funded if quota is None else min(row.funded, quota)
            give_back(self._session, home_id, row.funded - funded)
            return funded
        if home_id is None or home_id != self._actor.home_id:
            raise Forbidden
        return move_quota(self._session, home_id, row.funded, quota)

    def recount(self, space_id: str) -> tuple[SpaceInfo, int]:
        """Recalculate the counts of a team space and its folders; return it and how many folders were wrong.

        For the operator. Raises `NotFound`.
        """
        row_id = self._find(space_id).row_id
        recount(self._session, row_id)
        folders = repair_folders(self._session, row_id)
        return self._find(space_id), folders

    def end(self, space_id: str) -> None:
        """End a team space: permanently delete all that is in it, and give its quota back.

        A large space is hidden at once, and `removal.py` deletes its rows later. Raises `NotFound` and
        `Forbidden`.
        """
        with writing(self._session):
            row = self._lock_with_funder(space_id)
            give_back(self._session, home_of(self._session, row.funder_id), row.funded)
            root = Tree(self._session, whole_space(row.id)).root()
            if is_small_space(self._session, root):
                # Cascades delete everything that belongs to it, also the mounts of its members.
                self._session.execute(delete(Space).where(Space.id == row.id))
            else:
                row.funded = 0
                hide_space(self._session, root, self._clock())
        record("space-ended", space=space_id)

    def set_member(self, space_id: str, username: str, role: ShareRole) -> SpaceMember:
        """Add a member, or change the role of one, at once, also for what is under way.

        Raises `NotFound`, also for an unknown user and for a new one who blocks the actor, `Forbidden`,
        `TooManyMembers`, `TooManyMounts` of the new one, and `TooManyAttempts` after many unknown users.
        """
        self._require_managed(space_id)
        lookup = UserLookup(self._session, self._clock, self._actor.user_id)
        user = lookup.find(username)
        with lookup.hiding_blocks(), publishing(self._session):
            space, home_id = self._lock_with_home(space_id, user.id)
            mount = find_mount(self._session, space.row_id, home_id)
            if mount is not None:
                mount.role = role
            else:
                lookup.check_accepts(user)
                self._check_members(space.row_id)
                root = Tree(self._session, whole_space(space.row_id)).root()
                self._mount(root.id, home_id, space.name, role)
                self._tell(space, user.id, Verb.JOINED)
        record("space-member-set", space=space_id, user=user.username, role=role)
        return SpaceMember(user.id, user.username, role)

    def _tell(self, space: SpaceInfo, user_id: int, verb: Verb) -> None:
        """Record that a member came or went, and notify one whom somebody else has added."""
        event_id = record_membership(self._session, space.row_id, user_id, self._clock(), verb)
        if verb is Verb.JOINED and user_id != self._actor.user_id:
            notify(self._session, event_id, user_id)

    def _lock_with_home(self, space_id: str, user_id: int, *, is_own: bool = False) -> tuple[SpaceInfo, int]:
        """Lock a team space to change a user's membership; return it and the user's own space.

        Raises as `_lock`, and `NotFound` if the account was deleted meanwhile.
        """
        home_id = home_of(self._session, user_id)
        if home_id is None:
            raise NotFound
        space = self._lock(space_id, home_id, is_own=is_own)
        Tree(self._session, whole_space(home_id)).root()
        return space, home_id

    def _check_members(self, row_id: int) -> None:
        members = select_members(row_id).order_by(None).subquery()
        if (self._session.scalar(select(func.count()).select_from(members)) or 0) >= MAX_MEMBERS:
            raise TooManyMembers(allowed=MAX_MEMBERS)

    def _mount(self, root_id: int, home_id: int, name: str, role: ShareRole) -> None:
        mounts = Mounts(self._session, whole_space(home_id))
        mounts.insert(root_id, name, role, OnConflict.RENAME, self._clock())

    def remove_member(self, space_id: str, username: str) -> None:
        """Remove a member, at once; every member may remove themselves.

        Raises `NotFound`, also for somebody who is no member, and `Forbidden`.
        """
        space = self._find(space_id)
        # Names of members are known to each other, so this reveals no other users.
        key = username_key(username)
        members = {
            username_key(each.username): each.user_id for each in members_of(self._session, space.row_id)
        }
        user_id = members.get(key)
        if not self._may_manage(space) and (user_id is None or user_id != self._actor.user_id):
            raise Forbidden
        if user_id is None:
            raise NotFound
        with writing(self._session):
            is_own = user_id == self._actor.user_id
            space, home_id = self._lock_with_home(space_id, user_id, is_own=is_own)
            mount = find_mount(self._session, space.row_id, home_id)
            if mount is None:
                raise NotFound
            home = whole_space(home_id)
            Mounts(self._session, home).remove(Tree(self._session, home).root(), [mount.name])
            self._tell(space, user_id, Verb.LEFT)
        record("space-member-removed", space=space_id, user=username)

    def _find(self, space_id: str) -> SpaceInfo:
        space = find_space(self._session, space_id, self._actor.home_id)
        if space is None or (space.role is None and not self._actor.is_admin):
            raise NotFound
        return space

    def _may_manage(self, space: SpaceInfo) -> bool:
        return self._actor.is_admin or space.role is ShareRole.MANAGER

    def _require_managed(self, space_id: str) -> SpaceInfo:
        space = self._find(space_id)
        if not self._may_manage(space):
            raise Forbidden
        return space

    def _lock(self, space_id: str, *others: int, is_own: bool = False) -> SpaceInfo:
        """Lock a team space and `others`; return it as of then. Raises as `_require_managed`.

        With `is_own`, the change is one that every member may do.
        """
        lock_spaces(self._session, [self._find(space_id).row_id, *others])
        return self._find(space_id) if is_own else self._require_managed(space_id)

    def _lock_with_funder(self, space_id: str) -> Space:
        """Return the row of a team space, locked with the space of the user who made it; raises as `_lock`."""
        row_id = self._find(space_id).row_id
        funder_id = self._session.scalar(select(Space.funder_id).where(Space.id == row_id))
        home_id = home_of(self._session, funder_id)
        space = self._lock(space_id, *([] if home_id is None else [home_id]))
        return self._session.get_one(Space, space.row_id, populate_existing=True)
