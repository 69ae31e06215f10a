"""Links as their guests meet them: find one by its token, unlock it, and count what is done with it.

A link that was revoked or has expired, whose owner's account is disabled or gone or may no longer share its
entries, or whose entries are in the trash, answers like an address that never was one. So does a link with all its downloads used, except to whoever
resumes one of these.

Rule: a guest is nobody's account; the scope made here is all that a guest has.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.orm import Session

from cabinet.errors import LinkPasswordRequired, NotFound, WrongLinkPassword
from cabinet.models import Base, Kind, Share, ShareDownload, ShareKind, SpaceKind, Verb
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import SELECTION, Scope
from cabinet.services.accounts.login_throttle import to_network
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.activity.link_events import record_access
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.kernel.ids import hash_secret
from cabinet.services.shares.keys import ShareKeys
from cabinet.services.shares.throttle import GuestThrottle
from cabinet.services.tree.grants import may_still_share
from cabinet.services.tree.link_rights import from_words
from cabinet.services.tree.mounts import Mounts
from cabinet.services.tree.paths import has_root

# How long a download that began may be resumed without being counted again, and an opening is not counted again.
RESUMED_FOR = timedelta(minutes=30)
OPENED_FOR = timedelta(hours=1)

_SHARE, _ITEM, _NODE, _SPACE, _USER = (
    Base.metadata.tables[name] for name in ("share", "share_item", "node", "space", "user")
)
# Built once: every request of a guest runs it. The first entry tells what a link leads to that is no selection.
_FIND = (
    select(
        _SHARE.c.id, _SHARE.c.kind, _SHARE.c.name, _SHARE.c.note, _SHARE.c.is_selection, _SHARE.c.rights,
        _SHARE.c.password_hash, _SHARE.c.token_hash, _SHARE.c.expires_at, _SHARE.c.max_downloads,
        _SHARE.c.downloads, _SHARE.c.max_size, _SHARE.c.max_files, _SHARE.c.space_id,
        _SHARE.c.user_id, _SPACE.c.owner_id,
        _NODE.c.id.label("node_id"), _NODE.c.kind.label("node_kind"),
        _NODE.c.name.label("node_name"), _ITEM.c.name.label("item_name"),
    )
    .join(_USER, _USER.c.id == _SHARE.c.user_id)
    .join(_SPACE, _SPACE.c.id == _SHARE.c.space_id)
    .join(_ITEM, _ITEM.c.share_id == _SHARE.c.id)
    .join(_NODE, _NODE.c.id == _ITEM.c.node_id)
    .where(
        _SHARE.c.token_hash == bindparam("token_hash"),
        _SHARE.c.revoked_at.is_(None),
        _USER.c.disabled_at.is_(None),
        _SPACE.c.deleted_at.is_(None),
        or_(_NODE.c.parent_id.is_not(None), _SPACE.c.kind != SpaceKind.PERSONAL),
    )
    .order_by(_ITEM.c.position)
    .limit(1)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A link that works, as it was when the request began; `secrets` changes with its password and address.

    `title` is its name, else that of the only entry, and empty for a selection without a name. Like the entries
    of a selection, a file keeps the name that it had when the link was made.
    """

    id: str
    kind: ShareKind
    title: str
    note: str | None
    rights: Rights
    is_selection: bool
    is_file: bool
    has_password: bool
    max_downloads: int | None
    downloads: int
    expires_at: datetime | None
    scope: Scope
    password_hash: str | None = field(repr=False)
    secrets: str = field(repr=False)

    @property
    def is_used_up(self) -> bool:
        """Return whether no download is left."""
        return self.max_downloads is not None and self.downloads >= self.max_downloads


class Links:
    """The links of all users, for their guests."""

    def __init__(self, session: Session, clock: Clock, passwords: Passwords, keys: ShareKeys) -> None:
        self._session = session
        self._clock = clock
        self._passwords = passwords
        self._keys = keys
        self._throttle = GuestThrottle(session, clock)

    def find(self, token: str, address: str) -> Link:
        """Return the link with this token, for a guest at a network address.

        Raises `NotFound`, and `TooManyAttempts` after too many tokens that lead nowhere.
        """
        row = self._session.execute(_FIND, {"token_hash": hash_secret(token)}).one_or_none()
        link = None if row is None else _to_link(row)
        if link is None or (link.expires_at is not None and link.expires_at <= self._clock()):
            self._throttle.count_miss(address)
            raise NotFound
        assert row is not None
        if row.owner_id != row.user_id and not may_still_share(self._session, link.id, row.user_id):
            raise NotFound
        scope = link.scope
        if not (Mounts(self._session, scope).all() if scope.is_selection else has_root(self._session, scope)):
            raise NotFound
        return link

    def unlock(self, link: Link, password: str, address: str) -> None:
        """Check the password of a link; raises `WrongLinkPassword` or `TooManyAttempts`."""
        stored = link.password_hash
        if stored is None:
            return
        self._throttle.check_password(link.id, address)
        if self._passwords.is_remembered(password, stored):
            return
        self._session.rollback()
        with self._passwords.turn():
            is_right = self._passwords.verify(password, stored)
            if not is_right:
                self._throttle.count_wrong_password(link.id, address)
        if not is_right:
            raise WrongLinkPassword
        self._passwords.remember(password, stored)

    def cookie_of(self, link: Link) -> str:
        """Return the value of the cookie that keeps a link unlocked."""
        return self._keys.cookie_of(link.id, link.secrets, self._clock())

    def check_cookie(self, link: Link, cookie: str) -> None:
        """Raise `LinkPasswordRequired` unless this cookie keeps the link unlocked."""
        if not self._keys.is_cookie_of(cookie, link.id, link.secrets, self._clock()):
            raise LinkPasswordRequired

    def count_open(self, link: Link, address: str) -> None:
        """Count that a guest has opened a link, and tell of it: once for a network and an hour."""
        key, now = _key_of(address, "open", ""), self._clock()
        if self._has_begun(link.id, key, now - OPENED_FOR):
            return
        used = update(Share).where(Share.id == link.id)
        with writing(self._session):
            execute_counted(self._session, used.values(last_used_at=now))
            # The row of the link is locked by now, so no other request counts the same.
            if self._has_begun(link.id, key, now - OPENED_FOR):
                return
            execute_counted(self._session, used.values(opens=Share.opens + 1))
            self._note(link.id, key, now)
            record_access(self._session, link.scope, now, Verb.OPENED)

    def begin_download(
        self, link: Link, address: str, path: str, *, resumes: bool, shown: str | None = None
    ) -> None:
        """Count a download that begins; exact, however many begin at once. Raises `NotFound` if none is left.

        One that `resumes` a download of this `path` that began lately from the same network is not counted.
        `shown` is the entry in the link, None for all of it.
        """
        if resumes and self.may_resume(link, address, path):
            return
        now = self._clock()
        counted = update(Share).where(
            Share.id == link.id,
            Share.revoked_at.is_(None),
            or_(Share.max_downloads.is_(None), Share.downloads < Share.max_downloads),
        )
        with writing(self._session):
            values = {"downloads": Share.downloads + 1, "last_used_at": now}
            if not execute_counted(self._session, counted.values(values)):
                raise NotFound
            # The row of the link is locked by now, so no other request notes the same.
            self._note(link.id, _key_of(address, "download", path), now)
            record_access(self._session, link.scope, now, Verb.DOWNLOADED, shown)

    def may_resume(self, link: Link, address: str, path: str) -> bool:
        """Return whether a download of this path lately began from this network."""
        key, after = _key_of(address, "download", path), self._clock() - RESUMED_FOR
        found = self._has_begun(link.id, key, after)
        self._session.rollback()
        return found

    def _has_begun(self, share_id: str, key: str, after: datetime) -> bool:
        begun = select(ShareDownload.begun_at).where(
            ShareDownload.share_id == share_id, ShareDownload.key == key, ShareDownload.begun_at > after
        )
        return self._session.scalar(begun) is not None

    def _note(self, share_id: str, key: str, now: datetime) -> None:
        row = self._session.get(ShareDownload, (share_id, key))
        if row is None:
            self._session.add(ShareDownload(share_id=share_id, key=key, begun_at=now))
        else:
            row.begun_at = now


def _to_link(row: Row[*tuple[Any, ...]]) -> Link:
    is_folder = not row.is_selection and row.node_kind == Kind.FOLDER
    own_name = "" if row.is_selection else row.node_name if is_folder else row.item_name
    rights = from_words(row.rights)
    scope = Scope(
        Actor(None),
        row.space_id,
        row.node_id if is_folder else SELECTION,
        rights,
        share_id=row.id,
        may_have_mounts=False,
    )
    return Link(
        id=row.id,
        kind=ShareKind(row.kind),
        title=row.name or own_name,
        note=row.note,
        rights=rights,
        is_selection=row.is_selection,
        is_file=not row.is_selection and row.node_kind == Kind.FILE,
        has_password=row.password_hash is not None,
        max_downloads=row.max_downloads,
        downloads=row.downloads,
        expires_at=row.expires_at,
        scope=scope,
        password_hash=row.password_hash,
        secrets=f"{row.token_hash} {row.password_hash}",
    )


def _key_of(address: str, what: str, path: str) -> str:
    """Return a hash: the rows tell neither networks nor paths."""
    return hashlib.sha256("\0".join((to_network(address), what, path)).encode()).hexdigest()
