"""What others have shared with a user: list it, accept it, and decline or leave it.

Rule: what is in the trash, of a disabled account, or declined is not listed, as if it were not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session, aliased

from cabinet.errors import NotFound, TooManyMounts
from cabinet.models import (
    Acceptance,
    Kind,
    Node,
    Share,
    ShareItem,
    ShareRecipient,
    Space,
    User,
    UserGroup,
)
from cabinet.services.access.rights import CHANGE, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import publishing, writing
from cabinet.services.shares.delivery import accept, withdraw
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.mount_queries import MAX_MOUNTS
from cabinet.services.tree.space_lock import lock_spaces

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReceivedShare:
    """A grant as its recipient sees it; `path` is that of its mount, None while it waits.

    `owner` is the user name of whose it is, empty for a team space, and `sender` of who shared it.
    """

    id: str
    name: str
    owner: str
    sender: str | None
    user: str | None
    group: str | None
    role: ShareRole
    is_folder: bool
    is_pending: bool
    path: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReceivedPage:
    """Some of what was shared with a user, newest first; `next` is the cursor of the rest, or None."""

    shares: Sequence[ReceivedShare]
    next: str | None


class Received:
    """The grants that one user has got."""

    def __init__(self, session: Session, clock: Clock, cursors: Cursors, scope: Scope) -> None:
        """`scope` is the user's own, as far as the credential reaches."""
        self._session = session
        self._clock = clock
        self._cursors = cursors
        self._scope = scope

    def list_page(self, limit: int, after: str | None = None) -> ReceivedPage:
        """Return some grants that wait or are mounted; raises `InvalidField` for an invalid cursor."""
        self._scope.require_whole(Rights.LIST)
        place = ("received", self._user_id)
        position = (ShareRecipient.created_at, ShareRecipient.share_id)
        wanted = self._shown().order_by(*(column.desc() for column in position))
        if after is not None:
            micros, share_id = self._cursors.open(place, after)
            wanted = wanted.where(tuple_(*position) < (_EPOCH + timedelta(microseconds=micros), share_id))
        rows = self._session.execute(wanted.limit(limit + 1)).all()
        more = None
        if len(rows) > limit:
            last = rows[limit - 1]
            micros = (last.created_at - _EPOCH) // timedelta(microseconds=1)
            more = self._cursors.seal(place, [micros, last.id])
        return ReceivedPage([_to_received(row) for row in rows[:limit]], more)

    def get(self, share_id: str) -> ReceivedShare:
        """Return a grant that waits or is mounted; raises `NotFound`."""
        row = self._session.execute(self._shown().where(Share.id == share_id)).one_or_none()
        if row is None:
            raise NotFound
        return _to_received(row)

    def is_recipient(self, share_id: str) -> bool:
        """Return whether a grant waits for the user or is mounted."""
        row = self._session.get(ShareRecipient, (share_id, self._user_id))
        return row is not None and row.state != Acceptance.DECLINED

    def accept(self, share_id: str) -> ReceivedShare:
        """Mount a grant, which may be one that was declined; return it.

        Raises `NotFound`, and `TooManyMounts`.
        """
        self._scope.require_whole(CHANGE)
        with publishing(self._session):
            row = self._lock(share_id)
            if row.state != Acceptance.ACCEPTED:
                # What is hidden now cannot be accepted.
                row.state = Acceptance.PENDING
                self._session.flush()
                self.get(share_id)
                accept(self._session, row, self._scope.space_id, self._clock())
                if row.mount_id is None:
                    raise TooManyMounts(allowed=MAX_MOUNTS)
        record("grant-accepted", share=share_id)
        return self.get(share_id)

    def leave(self, share_id: str) -> None:
        """Decline a grant, or leave it, so that its mount goes; raises `NotFound`."""
        self._scope.require_whole(CHANGE)
        with writing(self._session):
            withdraw(self._session, [self._lock(share_id)], keep=True)
        record("grant-left", share=share_id)

    @property
    def _user_id(self) -> int:
        return self._scope.actor.user_id or 0

    def _lock(self, share_id: str) -> ShareRecipient:
        """Return the user's row of a grant, under the lock of the user's space; raises `NotFound`."""
        spaces = select(Share.space_id).where(Share.id == share_id)
        lock_spaces(self._session, {self._scope.space_id, *self._session.scalars(spaces)})
        held = (
            select(ShareRecipient)
            .join(Share, Share.id == ShareRecipient.share_id)
            .where(
                Share.id == share_id,
                Share.revoked_at.is_(None),
                ShareRecipient.user_id == self._user_id,
            )
        )
        row = self._session.scalar(held)
        if row is None:
            raise NotFound
        return row

    def _shown(self) -> Select[*tuple[Any, ...]]:
        """Return the query of what is listed, with the columns of `_to_received`."""
        target, mount = aliased(Node), aliased(Node)
        owner, sender, recipient = aliased(User), aliased(User), aliased(User)
        mine = (
            ShareRecipient.user_id == self._user_id,
            ShareRecipient.state != Acceptance.DECLINED,
            Share.revoked_at.is_(None),
        )
        found = select(ShareRecipient.share_id, target.parent_id, target.trashed_at)
        found = found.join(Share, Share.id == ShareRecipient.share_id)
        found = found.join(ShareItem, ShareItem.share_id == Share.id).join(
            target, target.id == ShareItem.node_id
        )
        way = found.where(*mine).cte("way", recursive=True)
        above = aliased(Node)
        upper = select(way.c.share_id, above.parent_id, above.trashed_at).join(
            way, above.id == way.c.parent_id
        )
        way = way.union_all(upper.where(way.c.trashed_at.is_(None)))
        hidden = select(way.c.share_id).where(way.c.trashed_at.is_not(None))
        columns = (
            Share.id, target.name, target.kind, owner.username.label("owner"), sender.username.label("sender"),
            recipient.username.label("user"), UserGroup.name.label("group"), Share.role, ShareRecipient.state,
            mount.name.label("path"), ShareRecipient.created_at,
        )  # fmt: skip
        return (
            select(*columns)
            .join(ShareRecipient, ShareRecipient.share_id == Share.id)
            .join(ShareItem, ShareItem.share_id == Share.id)
            .join(target, target.id == ShareItem.node_id)
            .join(Space, Space.id == target.space_id)
            .outerjoin(owner, owner.id == Space.owner_id)
            .outerjoin(sender, sender.id == Share.user_id)
            .outerjoin(recipient, recipient.id == Share.to_user_id)
            .outerjoin(UserGroup, UserGroup.id == Share.to_group_id)
            .outerjoin(mount, mount.id == ShareRecipient.mount_id)
            .where(*mine, Share.id.not_in(hidden), owner.disabled_at.is_(None))
        )


def _to_received(row: Row[*tuple[Any, ...]]) -> ReceivedShare:
    return ReceivedShare(
        id=row.id,
        name=row.name,
        owner=row.owner or "",
        sender=row.sender or None,
        user=row.user,
        group=row.group,
        role=ShareRole(row.role),
        is_folder=row.kind == Kind.FOLDER,
        is_pending=row.state == Acceptance.PENDING,
        path=row.path,
        created_at=row.created_at,
    )
