"""Lists the links and grants of a user: those that the user made, and all grants of what the user owns.

Those of one entry are listed for everybody who may share it: of the links only their own, of the grants all.

Rule: reads only; paths are those of the user, behind mounts as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from cabinet.models import Acceptance, Share, ShareItem, ShareKind, ShareRecipient, User, UserGroup
from cabinet.services.access.rights import Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.ids import hash_secret
from cabinet.services.shares.items import ShareItems, check_scope
from cabinet.services.shares.keys import ShareKeys
from cabinet.services.shares.values import GrantInfo, SharedItem, ShareInfo, SharePage, ShareState, to_info
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.locations import Location
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.tree import Tree

# Links that are read together to find those in a folder.
_EXAMINED = 500

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STATES = {
    Acceptance.PENDING: ShareState.PENDING,
    Acceptance.ACCEPTED: ShareState.ACTIVE,
    Acceptance.DECLINED: ShareState.DECLINED,
}


class ShareList:
    """The links and grants of the user of one scope."""

    def __init__(
        self, session: Session, clock: Clock, keys: ShareKeys, cursors: Cursors, scope: Scope
    ) -> None:
        self._session = session
        self._clock = clock
        self._keys = keys
        self._cursors = cursors
        self._scope = scope
        self._items = ShareItems(session, scope)

    def page(
        self, limit: int, after: str | None, place: Place | None, grants: bool | None = None
    ) -> SharePage:
        """Return some of them, newest first; with `place`, those of the entry there.

        With `grants` only the grants, or if it is False only the links.

        Raises `InvalidField` for an invalid cursor, `NotFound` and `InvalidName`.
        """
        check_scope(self._session, self._scope)
        if place is None:
            found, node_id = self._all(), 0
        else:
            place.scope.require(Rights.SHARE)
            node_id = Tree(self._session, place.scope).get_row(split_path(place.path)).id
            found = self._of(node_id)
        context = ("shares", self._scope.actor.user_id or 0, *self._scope.key, node_id)
        if grants is not None:
            is_wanted = Share.kind == ShareKind.GRANT if grants else Share.kind != ShareKind.GRANT
            found, context = found.where(is_wanted), (*context, "grants" if grants else "links")
        position: tuple[datetime, str] | None = None
        if after is not None:
            micros, share_id = self._cursors.open(context, after)
            position = (_EPOCH + timedelta(microseconds=micros), share_id)
        rows = list(islice(self._iter_inside(found, position, limit + 1), limit + 1))
        shown = rows[:limit]
        more = None
        if len(rows) > limit:
            micros = (shown[-1].created_at - _EPOCH) // timedelta(microseconds=1)
            more = self._cursors.seal(context, [micros, shown[-1].id])
        infos: dict[str, ShareInfo | GrantInfo] = {}
        infos |= {link.id: link for link in self.links([each for each in shown if not _is_grant(each)])}
        infos |= {grant.id: grant for grant in self.grants([each for each in shown if _is_grant(each)])}
        return SharePage([infos[each.id] for each in shown], more)

    def _iter_inside(
        self, found: Select[Share], position: tuple[datetime, str] | None, at_once: int
    ) -> Iterator[Share]:
        """Yield what was found behind a position and leads to nothing outside of the scope."""
        if not self._scope.is_whole:
            at_once = max(at_once, _EXAMINED)
        ordered = found.order_by(Share.created_at.desc(), Share.id.desc())
        while True:
            behind = tuple_(Share.created_at, Share.id) < position if position else true()
            some = self._session.scalars(ordered.where(behind).limit(at_once)).all()
            yield from self._items.inside(some)
            if len(some) < at_once:
                return
            position = (some[-1].created_at, some[-1].id)

    def _all(self) -> Select[Share]:
        is_own_grant = (Share.space_id == self._scope.space_id) & (Share.kind == ShareKind.GRANT)
        mine = or_(Share.user_id == self._scope.actor.user_id, is_own_grant)
        return select(Share).where(Share.revoked_at.is_(None), mine)

    def _of(self, node_id: int) -> Select[Share]:
        leads_here = Share.id.in_(select(ShareItem.share_id).where(ShareItem.node_id == node_id))
        mine = or_(Share.user_id == self._scope.actor.user_id, Share.kind == ShareKind.GRANT)
        return select(Share).where(Share.revoked_at.is_(None), leads_here, mine)

    def links(self, shares: Sequence[Share]) -> list[ShareInfo]:
        """Return links as their owner sees them."""
        items, now = self._items.locate(shares), self._clock()
        return [to_info(share, self._token_of(share), items[share.id], now) for share in shares]

    def grants(self, shares: Sequence[Share]) -> list[GrantInfo]:
        """Return grants as those see them who may share their items."""
        items = self._items.locate(shares)
        user, sender = aliased(User), aliased(User)
        named = (
            select(
                Share.id, user.username.label("user"), UserGroup.name.label("group"), ShareRecipient.state,
                sender.username.label("sender"),
            )
            .outerjoin(user, user.id == Share.to_user_id)
            .outerjoin(UserGroup, UserGroup.id == Share.to_group_id)
            .outerjoin(sender, sender.id == Share.user_id)
            .outerjoin(
                ShareRecipient,
                (ShareRecipient.share_id == Share.id) & (ShareRecipient.user_id == Share.to_user_id),
            )
            .where(Share.id.in_([share.id for share in shares]))
        )  # fmt: skip
        rows = {row.id: row for row in self._session.execute(named)} if shares else {}
        return [_to_grant(share, rows[share.id], items[share.id]) for share in shares]

    def _token_of(self, share: Share) -> str | None:
        """Return the token of a link, None if it was derived from another key."""
        token = self._keys.token_of(share.nonce or b"")
        return token if hash_secret(token) == share.token_hash else None


def _is_grant(share: Share) -> bool:
    return share.kind == ShareKind.GRANT


def _to_grant(share: Share, row: Row[*tuple[Any, ...]], items: Sequence[Location | None]) -> GrantInfo:
    found = [SharedItem(item.path, item.is_trashed) for item in items if item is not None]
    state = ShareState.ACTIVE if row.state is None else _STATES[Acceptance(row.state)]
    if not found:
        state = ShareState.ENDED
    elif found[0].is_trashed:
        state = ShareState.SUSPENDED
    return GrantInfo(
        share.id,
        row.user,
        row.group,
        row.sender or None,
        ShareRole(share.role or ""),
        found,
        state,
        share.created_at,
    )
