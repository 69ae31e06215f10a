"""Grants: give a user or a group a role at one folder or file, change the role, and end it.

Whoever may share a node gives, changes and ends its grants: its owner, and managers behind a mount. A grant
belongs to the node, so it stays when the manager who gave it leaves. Giving it again to the same recipient changes
the role, so that a retry after a lost response is no error, and offers it again to one who had declined.

Users are named exactly. A name that leads nowhere, a user who blocks the sender and one with too many grants
waiting are refused in the same words.

Rule: decides under the lock of the node's space; the role is stored once, with the grant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, IsAFolder, NotFound, TooManyShares
from cabinet.models import (
    Acceptance,
    GroupMember,
    Node,
    Share,
    ShareItem,
    ShareKind,
    ShareRecipient,
    Space,
    UserGroup,
    Verb,
)
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.blocking import is_blocked
from cabinet.services.accounts.login_throttle import count_in_window
from cabinet.services.accounts.user_lookup import UserLookup
from cabinet.services.accounts.usernames import username_key
from cabinet.services.activity.link_events import record_sharing
from cabinet.services.activity.notices import notify
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.shares.acquaintance import know_each_other
from cabinet.services.shares.delivery import accept, clear_ended, deliver_missing, space_of
from cabinet.services.shares.items import ShareItems, check_scope
from cabinet.services.shares.shares import MAX_HELD, end_shares
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.names import sort_key, split_path
from cabinet.services.tree.space_lock import lock_spaces
from cabinet.services.tree.tree import Tree

# Grants that wait for one recipient to accept them, and those that one sender may add in a day.
MAX_WAITING = 100
SENT_PER_DAY = 20
_DAY = timedelta(days=1)

NO_RECIPIENT = N_("there is nobody with this name whom you can share with.")
ONESELF = N_("it is your own name.")
ITS_OWNER = N_("it belongs to this user.")


class Recipient(NamedTuple):
    """Whom a grant is for: a user or a group, by name."""

    user: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """The ids of a recipient, and the personal space of a user."""

    user_id: int | None
    group_id: int | None
    space_id: int | None


class Grants:
    """Gives, changes and ends grants, for one user."""

    def __init__(self, session: Session, clock: Clock, account: Account, scope: Scope) -> None:
        """`scope` is the user's own, as far as the credential reaches."""
        self._session = session
        self._clock = clock
        self._account = account
        self._scope = scope

    def create(self, scope: Scope, path: str, to: Recipient, role: ShareRole) -> tuple[str, bool]:
        """Give a role at the node at `path` of a scope; return the id of the grant, and whether it is new.

        Raises `Forbidden`, `NotFound`, `InvalidName`, `IsAFolder` for the root of a space, `InvalidField` for
        the recipient, `TooManyShares`, and `TooManyAttempts`.
        """
        scope.require_member(Rights.SHARE | role.rights)
        names = split_path(path)
        if not names and scope.mount_id is None:
            raise IsAFolder(path="")
        found = self._find_recipient(to)
        self._session.rollback()
        try:
            with publishing(self._session):
                lock_spaces(self._session, {scope.space_id, found.space_id or scope.space_id})
                tree = Tree(self._session, scope)
                tree.lock()
                node = tree.get(names)
                if node.parent_id is None:
                    raise IsAFolder(path="")
                self._check_not_owner(node, found)
                share, is_new = self._store(node, found, role)
                if is_new:
                    self._tell(scope, share, node, found)
                if found.user_id is not None:
                    self._offer(share, found.user_id, found.space_id or 0)
        except _Refused as error:
            self._lookup().count_miss()
            raise InvalidField(field="to", reason=NO_RECIPIENT) from error
        event = "grant-created" if is_new else "grant-changed"
        record(event, share=share.id, role=role, user=to.user, group=to.group)
        deliver_missing(self._session, self._clock, Share.id == share.id)
        return share.id, is_new

    def find_recipients(self, name: str) -> Sequence[Recipient]:
        """Return the user and the group of the user's with exactly this name, whom the user can share with.

        Raises `Forbidden`, and `TooManyAttempts` after many names that lead nowhere.
        """
        check_scope(self._session, self._scope)
        lookup = self._lookup()
        found: list[Recipient] = []
        lookup.check()
        if not name or username_key(name) == username_key(self._account.username):
            return found
        group = self._session.scalar(self._groups(name))
        user = lookup.look(name)
        if user is not None and not is_blocked(self._session, user.id, self._account.id):
            found.append(Recipient(user=user.username))
        if group is not None:
            found.append(Recipient(group=group.name))
        if not found:
            lookup.count_miss()
        return found

    def _tell(self, scope: Scope, share: Share, node: Node, found: _Found) -> None:
        """Record a new grant, and notify its user; members of a group are notified when they get it."""
        event_id = record_sharing(self._session, scope, share.created_at, Verb.SHARED, share.id, [node.id])
        if found.user_id is not None:
            notify(self._session, event_id, found.user_id)

    def _lookup(self) -> UserLookup:
        return UserLookup(self._session, self._clock, self._account.id)

    def _find_recipient(self, to: Recipient) -> _Found:
        if to.group is not None:
            return _Found(None, self._find_group(to.group), None)
        try:
            user = self._lookup().find(to.user or "")
        except NotFound as error:
            raise InvalidField(field="to", reason=NO_RECIPIENT) from error
        if user.id == self._account.id:
            raise InvalidField(field="to", reason=ONESELF)
        return _Found(user.id, None, space_of(self._session, user.id))

    def _find_group(self, name: str) -> int:
        """Return the id of a group of the user's, or for an administrator of any."""
        self._lookup().check()
        group = self._session.scalar(self._groups(name))
        if group is None:
            self._lookup().count_miss()
            raise InvalidField(field="to", reason=NO_RECIPIENT)
        return group.id

    def _groups(self, name: str) -> Select[UserGroup]:
        wanted = select(UserGroup).where(UserGroup.name_key == username_key(name))
        if self._account.is_admin:
            return wanted
        joined = wanted.join(GroupMember, GroupMember.group_id == UserGroup.id)
        return joined.where(GroupMember.user_id == self._account.id)

    def _check_not_owner(self, node: Node, found: _Found) -> None:
        owner_id = self._session.scalar(select(Space.owner_id).where(Space.id == node.space_id))
        if owner_id is not None and owner_id == found.user_id:
            raise InvalidField(field="to", reason=ITS_OWNER)

    def _store(self, node: Node, found: _Found, role: ShareRole) -> tuple[Share, bool]:
        """Store a grant, or change the role of the one that the recipient has."""
        held = select(Share).join(ShareItem, ShareItem.share_id == Share.id)
        known = self._session.scalar(
            held.where(
                ShareItem.node_id == node.id,
                Share.kind == ShareKind.GRANT,
                Share.revoked_at.is_(None),
                Share.to_user_id.is_not_distinct_from(found.user_id),
                Share.to_group_id.is_not_distinct_from(found.group_id),
            )
        )
        if known is not None:
            known.role = role
            return known, False
        self._check_held()
        share = Share(id=new_id(), space_id=node.space_id, user_id=self._account.id, kind=ShareKind.GRANT)
        share.is_selection, share.rights, share.created_at = False, "", self._clock()
        share.to_user_id, share.to_group_id, share.role = found.user_id, found.group_id, role
        self._session.add(share)
        self._session.flush()
        item = ShareItem(share_id=share.id, position=0, node_id=node.id, name=node.name)
        item.sort_key = sort_key(node.name)
        self._session.add(item)
        self._session.flush()
        return share, True

    def _check_held(self) -> None:
        held = select(func.count()).where(Share.user_id == self._account.id, Share.revoked_at.is_(None))
        if (self._session.scalar(held) or 0) >= MAX_HELD:
            raise TooManyShares(allowed=MAX_HELD)

    def _offer(self, share: Share, user_id: int, space_id: int) -> None:
        """Mount a grant for its user at once, or let it wait; raises `_Refused`."""
        row = self._session.get(ShareRecipient, (share.id, user_id))
        if row is not None and row.state != Acceptance.DECLINED:
            return
        if is_blocked(self._session, user_id, self._account.id):
            raise _Refused
        now = self._clock()
        if row is None:
            row = ShareRecipient(share_id=share.id, user_id=user_id, created_at=now)
            self._session.add(row)
        row.state = Acceptance.PENDING
        self._session.flush()
        if self._account.is_admin or know_each_other(self._session, user_id, self._account.id):
            accept(self._session, row, space_id, now)
            return
        waiting = select(func.count()).where(
            ShareRecipient.user_id == user_id, ShareRecipient.state == Acceptance.PENDING
        )
        if (self._session.scalar(waiting) or 0) > MAX_WAITING:
            raise _Refused
        count_in_window(self._session, f"grants-sent:{self._account.id}", now, _DAY, SENT_PER_DAY)

    def change(self, share_id: str, role: ShareRole) -> None:
        """Change the role of a grant, which binds at once; raises `NotFound` and `Forbidden`."""
        scope = self._managed(share_id)
        scope.require(role.rights)
        with writing(self._session):
            self._lock(share_id, scope).role = role
        record("grant-changed", share=share_id, role=role)

    def end(self, share_id: str) -> None:
        """End a grant at once; raises `NotFound`."""
        scope = self._managed(share_id)
        with writing(self._session):
            self._lock(share_id, scope)
            now, items = self._clock(), select(ShareItem.node_id).where(ShareItem.share_id == share_id)
            node_ids = self._session.scalars(items).all()
            end_shares(self._session, [share_id], now)
            record_sharing(self._session, scope, now, Verb.UNSHARED, share_id, node_ids)
        record("grant-ended", share=share_id)
        clear_ended(self._session, Share.id == share_id)

    def _lock(self, share_id: str, scope: Scope) -> Share:
        """Take the lock of a grant's space, and return its row; raises `NotFound`, and what `check_grant` does."""
        Tree(self._session, scope).lock()
        share = self._session.get(Share, share_id, with_for_update=True)
        if share is None or share.revoked_at is not None:
            raise NotFound
        return share

    def check_managed(self, share_id: str) -> None:
        """Raise `NotFound` or `Forbidden` unless the user may manage a grant."""
        self._managed(share_id)

    def _managed(self, share_id: str) -> Scope:
        """Return the scope in which the user may manage a grant; raises `NotFound` and `Forbidden`."""
        check_scope(self._session, self._scope)
        found = select(Share.space_id, ShareItem.node_id).join(ShareItem, ShareItem.share_id == Share.id)
        row = self._session.execute(
            found.where(Share.id == share_id, Share.kind == ShareKind.GRANT, Share.revoked_at.is_(None))
        ).first()
        if row is None:
            raise NotFound
        if row.space_id == self._scope.space_id:
            if not ShareItems(self._session, self._scope).inside([self._session.get_one(Share, share_id)]):
                raise NotFound
            return self._scope
        node = self._session.get_one(Node, row.node_id)
        above = {each.id for each in Tree(self._session, self._scope).iter_with_ancestors(node)}
        mounts = Mounts(self._session, self._scope)
        for mount in mounts.all():
            scope = mounts.at(mount).scope
            if mount.target.id in above and scope.has(Rights.SHARE):
                return scope
        raise NotFound


class _Refused(Exception):
    """The recipient accepts nothing from the sender, which is told like an unknown name."""
