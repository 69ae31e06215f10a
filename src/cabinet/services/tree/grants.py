"""Checks that a mount or a link still grants what its scope was created with.

A request may receive bytes for hours, and a batch runs in many transactions: meanwhile the mount may be
removed or its role changed, and the link may be revoked. A link of a manager to what others own is valid only as long
as a mount of the manager leads to all of its entries and lets the manager share.

The role of a mount is stored once: with the grants that the mount shows, or, where there is none, in its own row.

Rule: called under the lock of the space that is written to, by the code that takes the lock; reads only.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.orm import Session, aliased

from cabinet.errors import Forbidden, NotFound
from cabinet.models import Kind, Node, Share, ShareItem, ShareRecipient, Space, User
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.tree.link_rights import from_words

_BEST_FIRST = tuple(role.value for role in (ShareRole.MANAGER, ShareRole.EDITOR, ShareRole.VIEWER))


def role_of_mount() -> ColumnElement[str | None]:
    """Return the role of the mount in the row of `Node`: the best that its grants give; None if these have ended."""
    # No join: without statistics, PostgreSQL would walk through all shares for each mount.
    role = select(Share.role).where(Share.id == ShareRecipient.share_id, Share.revoked_at.is_(None))
    granted = role.correlate(ShareRecipient).scalar_subquery()
    # By its rank, so that the role of each grant is read once, and sorted nowhere.
    rank = case({each: rank for rank, each in enumerate(_BEST_FIRST)}, value=granted, else_=None)
    best = select(func.min(rank)).where(ShareRecipient.mount_id == Node.id).correlate(Node).scalar_subquery()
    return func.coalesce(Node.role, case(dict(enumerate(_BEST_FIRST)), value=best, else_=None))


# Built once: building takes as long as running it.
_TARGET = aliased(Node)
_GRANT = (
    select(Node.target_id, role_of_mount().label("role"), User.disabled_at)
    .join(_TARGET, _TARGET.id == Node.target_id)
    .join(Space, Space.id == _TARGET.space_id)
    .outerjoin(User, User.id == Space.owner_id)
    .where(Node.id == bindparam("mount_id"), Node.kind == Kind.MOUNT)
)
_LINK = (
    select(Share.rights, Share.user_id, Space.owner_id)
    .join(User, User.id == Share.user_id)
    .join(Space, Space.id == Share.space_id)
    .where(Share.id == bindparam("share_id"), Share.revoked_at.is_(None), User.disabled_at.is_(None))
)


def _out_of_reach() -> Select[int]:
    """Return the query of the entries of a link to which no mount of its owner leads that lets the owner share."""
    begun = select(ShareItem.position, ShareItem.node_id.label("node_id"))
    way = begun.where(ShareItem.share_id == bindparam("share_id")).cte("way", recursive=True)
    above = aliased(Node)
    upper = select(way.c.position, above.parent_id).join(way, above.id == way.c.node_id)
    way = way.union_all(upper.where(above.parent_id.is_not(None)))
    target, theirs, own = aliased(Node), aliased(Space), aliased(Space)
    reached = (
        select(way.c.position)
        .join(Node, Node.target_id == way.c.node_id)
        .join(own, own.id == Node.space_id)
        .join(target, target.id == Node.target_id)
        .join(theirs, theirs.id == target.space_id)
        .outerjoin(User, User.id == theirs.owner_id)
        .where(
            Node.kind == Kind.MOUNT,
            own.owner_id == bindparam("user_id"),
            role_of_mount() == ShareRole.MANAGER,
            User.disabled_at.is_(None),
        )
    )
    items = select(ShareItem.position).where(ShareItem.share_id == bindparam("share_id"))
    return items.where(ShareItem.position.not_in(reached)).limit(1)


_OUT_OF_REACH = _out_of_reach()


def may_still_share(session: Session, share_id: str, user_id: int) -> bool:
    """Return whether a user may still share all entries of a link, which lie in a space that is not theirs."""
    return session.scalar(_OUT_OF_REACH, {"share_id": share_id, "user_id": user_id}) is None


def check_grant(session: Session, scope: Scope) -> None:
    """Raise `NotFound` if the mount or link of a scope is gone, `Forbidden` if it grants less than before.

    A link that expires during a request is still valid for it.
    """
    if scope.share_id is not None:
        link = session.execute(_LINK, {"share_id": scope.share_id}).one_or_none()
        if link is None:
            raise NotFound
        if link.owner_id != link.user_id and not may_still_share(session, scope.share_id, link.user_id):
            raise NotFound
        if scope.granted not in from_words(link.rights):
            raise Forbidden
    if scope.mount_id is None:
        return
    row = session.execute(_GRANT, {"mount_id": scope.mount_id}).one_or_none()
    if row is None or row.role is None or row.disabled_at is not None:
        raise NotFound
    if scope.root_id not in (None, row.target_id):
        raise NotFound
    if scope.granted not in ShareRole(row.role).rights:
        raise Forbidden
