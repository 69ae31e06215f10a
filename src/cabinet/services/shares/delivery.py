"""Brings grants to the users that they are for, and takes them back.

A grant to a group reaches each member, also those that join later, and those that leave lose it. A grant that
ended is hidden at once; its rows are removed after that. Both go in small transactions, because a group may have
many members; what a process that died has left undone is done by the sweep.

Rule: writes the rows of recipients and their mounts, under the locks of the spaces that these are in.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from cabinet.errors import TooManyMounts
from cabinet.models import (
    Acceptance,
    GroupMember,
    Node,
    Share,
    ShareItem,
    ShareRecipient,
    Space,
)
from cabinet.services.access.scope import whole_space
from cabinet.services.accounts.blocking import blocks
from cabinet.services.activity.notices import notify_of_grant
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import BatchSizer, execute_counted, publishing, writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.space_lock import lock_spaces

# Recipients in one transaction: each takes about ten statements, and the first transaction is not measured yet.
STEP = 20

# The share, the user and the user's space.
Delivery: TypeAlias = tuple[str, int, int]

_SHARED = aliased(Space)


def _undelivered(*wanted: ColumnElement[bool]) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for members of a group that have not got a grant of it, in the query of `_missing`.

    Its owner needs none, and those who block the sender get none.
    """
    has_it = select(ShareRecipient.share_id).where(
        ShareRecipient.share_id == Share.id, ShareRecipient.user_id == GroupMember.user_id
    )
    is_declined = blocks(GroupMember.user_id, Share.user_id)
    has_item = select(ShareItem.share_id).where(ShareItem.share_id == Share.id)
    is_other = or_(_SHARED.owner_id.is_(None), _SHARED.owner_id != GroupMember.user_id)
    here = (Share.revoked_at.is_(None), _SHARED.deleted_at.is_(None), Space.deleted_at.is_(None), is_other)
    return (*here, *wanted, has_item.exists(), ~has_it.exists(), ~is_declined)


def _missing(session: Session, limit: int, *wanted: ColumnElement[bool]) -> list[Delivery]:
    """Return some members of groups that have not got a grant of theirs."""
    found = (
        select(Share.id, GroupMember.user_id, Space.id)
        .join(GroupMember, GroupMember.group_id == Share.to_group_id)
        .join(Space, Space.owner_id == GroupMember.user_id)
        .join(_SHARED, _SHARED.id == Share.space_id)
        .where(*_undelivered(*wanted))
        .order_by(Share.created_at, Share.id, GroupMember.user_id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found.limit(limit))]


def deliver_missing(session: Session, clock: Clock, *wanted: ColumnElement[bool]) -> None:
    """Bring grants to the members of groups that have not got theirs, in small transactions."""
    sizer = BatchSizer(STEP)
    while True:
        session.rollback()
        some = _missing(session, sizer.size, *wanted)
        if not some:
            session.rollback()
            return
        with publishing(session):
            begun = time.monotonic()
            deliver(session, some, wanted, clock())
        sizer.adjust(time.monotonic() - begun)


def deliver(
    session: Session, deliveries: Sequence[Delivery], wanted: Iterable[ColumnElement[bool]], now: datetime
) -> None:
    """Bring grants to members in the caller's transaction, which takes the locks here, as far as still due."""
    share_ids = {share_id for share_id, *_rest in deliveries}
    shared = session.scalars(select(Share.space_id).where(Share.id.in_(share_ids)))
    lock_spaces(session, {*shared, *(space_id for _share, _user, space_id in deliveries)})
    pairs = tuple_(Share.id, GroupMember.user_id).in_([(share, user) for share, user, _space in deliveries])
    due = _missing(session, len(deliveries), *wanted, pairs)
    for share_id, user_id, space_id in due:
        row = ShareRecipient(share_id=share_id, user_id=user_id, state=Acceptance.PENDING, created_at=now)
        session.add(row)
        session.flush()
        accept(session, row, space_id, now)
    for share_id in dict.fromkeys(each[0] for each in due):
        notify_of_grant(session, share_id, [user for share, user, _space in due if share == share_id])


def accept(session: Session, row: ShareRecipient, space_id: int, now: datetime) -> None:
    """Mount what a grant is for in the root of its recipient, in the caller's transaction.

    Another grant of the same node has its mount already. With the maximum number of mounts, or without the node,
    the grant waits.
    """
    node = session.scalar(
        select(Node).join(ShareItem, ShareItem.node_id == Node.id).where(ShareItem.share_id == row.share_id)
    )
    if node is None:
        return
    shown = select(Node.id).join(ShareRecipient, ShareRecipient.mount_id == Node.id)
    mount_id = session.scalar(
        shown.where(ShareRecipient.user_id == row.user_id, Node.target_id == node.id).limit(1)
    )
    if mount_id is None:
        mounts = Mounts(session, whole_space(space_id))
        try:
            mount_id = mounts.insert(node.id, node.name, None, OnConflict.RENAME, now).id
        except TooManyMounts:
            return
    row.state, row.mount_id = Acceptance.ACCEPTED, mount_id
    session.flush()


def withdraw(session: Session, rows: Iterable[ShareRecipient], *, keep: bool = False) -> None:
    """Delete recipients, or with `keep` decline for them, and remove the mounts that no other grant shows.

    In the caller's transaction, which holds the locks of their spaces.
    """
    mount_ids = []
    for row in rows:
        if row.mount_id is not None:
            mount_ids.append(row.mount_id)
        if keep:
            row.state, row.mount_id = Acceptance.DECLINED, None
        else:
            session.delete(row)
    session.flush()
    if mount_ids:
        still = select(ShareRecipient.mount_id).where(ShareRecipient.mount_id == Node.id).exists()
        execute_counted(session, delete(Node).where(Node.id.in_(mount_ids), ~still))


def withdraw_from_member(session: Session, group_id: int, user_id: int) -> None:
    """Take the grants of a group from a member who leaves; as `withdraw`."""
    of_group = select(ShareRecipient).join(Share, Share.id == ShareRecipient.share_id)
    withdraw(
        session,
        session.scalars(
            of_group.where(Share.to_group_id == group_id, ShareRecipient.user_id == user_id)
        ).all(),
    )


def clear_ended(session: Session, *wanted: ColumnElement[bool]) -> None:
    """Remove the recipients of grants that have ended, with their mounts, in small transactions."""
    sizer = BatchSizer(STEP)
    ended = (
        select(ShareRecipient, Space.id)
        .join(Share, Share.id == ShareRecipient.share_id)
        .join(Space, Space.owner_id == ShareRecipient.user_id)
        .where(
            or_(Share.revoked_at.is_not(None), func.coalesce(Share.to_user_id, Share.to_group_id).is_(None)),
            *wanted,
        )
        .order_by(ShareRecipient.share_id, ShareRecipient.user_id)
    )
    while True:
        session.rollback()
        if session.execute(ended.limit(1)).first() is None:
            session.rollback()
            return
        with writing(session):
            begun = time.monotonic()
            rows = session.execute(ended.limit(sizer.size)).all()
            lock_spaces(session, {space_id for _row, space_id in rows})
            withdraw(session, [row for row, _space_id in rows])
        sizer.adjust(time.monotonic() - begun)


def settle(session: Session, clock: Clock) -> None:
    """Do what a process that died has left undone."""
    clear_ended(session)
    deliver_missing(session, clock)


def space_of(session: Session, user_id: int) -> int:
    """Return the personal space of a user."""
    return session.scalars(select(Space.id).where(Space.owner_id == user_id)).one()
