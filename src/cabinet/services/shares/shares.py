"""The links of a user: make, list, change, renew and revoke them; and the list of their grants.

A link belongs to nodes, not to paths: moving and renaming keep it, the trash suspends it, and permanent
deletion ends it. So does the end of its owner's account.

Rule: nobody gives rights that they do not have, and nobody sees or changes the links of others. In a folder that
a token is limited to, there are only the links that lead to nothing outside of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, IsAFolder, NotFound, TooManyShares
from cabinet.models import Kind, Node, Share, ShareItem, ShareKind, Upload, User, Verb
from cabinet.services.access.rights import Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.activity.link_events import record_sharing
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, writing
from cabinet.services.kernel.ids import hash_secret, new_id
from cabinet.services.shares.items import ShareItems, check_scope
from cabinet.services.shares.keys import ShareKeys, new_nonce
from cabinet.services.shares.policy import SharePolicy
from cabinet.services.shares.share_list import ShareList
from cabinet.services.shares.values import (
    BAD_RIGHTS,
    DEFAULT_FILES,
    NEEDS_ONE_FOLDER,
    GrantInfo,
    NewShare,
    ShareInfo,
    SharePage,
    check_limits,
    check_password,
    kind_of,
    to_note,
    to_share_name,
)
from cabinet.services.tree.cursors import Cursors
from cabinet.services.tree.link_rights import OF_LINKS, from_words, to_words
from cabinet.services.tree.mounts import Place
from cabinet.services.tree.name_conflicts import free_name
from cabinet.services.tree.names import sort_key, split_path
from cabinet.services.tree.tree import Tree

# The maximum number of entries in one link, and in all links of a user.
MAX_ITEMS = 1000
MAX_HELD = 10_000


class Shares:
    """The links of the actor of one scope, a user."""

    def __init__(
        self,
        session: Session,
        clock: Clock,
        passwords: Passwords,
        keys: ShareKeys,
        cursors: Cursors,
        policy: SharePolicy,
        scope: Scope,
    ) -> None:
        self._session = session
        self._clock = clock
        self._passwords = passwords
        self._keys = keys
        self._policy = policy
        self._scope = scope
        self._items = ShareItems(session, scope)
        self._list = ShareList(session, clock, keys, cursors, scope)

    def create(
        self, paths: Sequence[str], wanted: NewShare, *, is_admin: bool, scope: Scope | None = None
    ) -> ShareInfo:
        """Make a link to the entries at `paths`, a selection if there are several.

        They are paths of `scope`, by default the user's own; another one is behind a mount, which may be the
        entry itself.

        Raises `SharingForbidden`, `Forbidden`, `NotFound`, `InvalidName`, `IsAFolder` for the root,
        `TooManyShares`, and `InvalidField`.
        """
        scope = scope or self._scope
        scope.require_member(Rights.SHARE | wanted.rights)
        self._policy.require(self._session, is_admin=is_admin)
        now = self._clock()
        share = self._to_row(wanted, scope, now)
        names = list(dict.fromkeys(split_path(path) for path in paths))
        if not all(names) and (scope.mount_id is None or scope.is_whole):
            raise IsAFolder(path="")
        share.is_selection = len(names) > 1
        self._session.rollback()
        self._set_password(share, wanted.password)
        nonce = new_nonce()
        share.nonce, share.token_hash = nonce, hash_secret(self._keys.token_of(nonce))
        with writing(self._session):
            tree = Tree(self._session, scope)
            # A purge waits for this lock, so the entries exist until the link refers to them.
            tree.lock()
            self._check_held(len(names))
            items = self._find_items(tree, names)
            _check_target(share, [node for _name, node in items])
            self._session.add(share)
            self._session.flush()
            self._session.add_all(
                ShareItem(
                    share_id=share.id, position=position, node_id=node.id, name=name, sort_key=sort_key(name)
                )
                for position, (name, node) in enumerate(items)
            )
            self._session.flush()
            node_ids = [node.id for _name, node in items]
            record_sharing(self._session, scope, now, Verb.SHARED, share.id, node_ids)
        record("share-created", share=share.id, kind=share.kind, rights=share.rights)
        return self._info(share)

    def _to_row(self, wanted: NewShare, scope: Scope, now: datetime) -> Share:
        """Return the row of a new link without its secrets; raises `InvalidField`."""
        if wanted.rights not in OF_LINKS:
            raise InvalidField(field="rights", reason=BAD_RIGHTS)
        values = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
        for name in ("kind", "rights", "password", "has_expiry"):
            del values[name]
        if not wanted.has_expiry:
            values["expires_at"] = self._policy.default_expiry(now)
        self._policy.check_password(has_password=wanted.password is not None)
        share = Share(id=new_id(), space_id=scope.space_id, user_id=scope.actor.user_id)
        share.created_at, share.is_selection = now, False
        self._fill(share, values | {"rights": wanted.rights}, now)
        return share

    def _fill(self, share: Share, values: Mapping[str, Any], now: datetime) -> None:
        """Set columns from valid values, and the limits that its rights require; raises `InvalidField`."""
        values = dict(values)
        if "name" in values:
            values["name"] = to_share_name(values["name"])
        if "note" in values:
            values["note"] = to_note(values["note"])
        if "expires_at" in values:
            self._policy.check_expiry(values["expires_at"], now)
        if "rights" in values:
            rights: Rights = values["rights"]
            values["rights"], values["kind"] = to_words(rights), kind_of(rights).value
        for name, value in values.items():
            setattr(share, name, value)
        rights = from_words(share.rights)
        limits = {name: getattr(share, name) for name in ("max_downloads", "max_size", "max_files")}
        check_limits(rights, limits)
        if Rights.WRITE in rights:
            share.max_size = share.max_size or self._policy.request_max_size
            share.max_files = share.max_files or DEFAULT_FILES
            self._policy.check_size(share.max_size)

    def _set_password(self, share: Share, password: str | None) -> None:
        """Set or remove the password of a link; hashes outside of transactions."""
        if password is None:
            share.password_hash = None
            return
        check_password(password)
        with self._passwords.turn():
            share.password_hash = self._passwords.hash(password)

    def _check_held(self, added: int) -> None:
        held = (
            select(func.count())
            .select_from(ShareItem)
            .join(Share, Share.id == ShareItem.share_id)
            .where(Share.user_id == self._scope.actor.user_id, Share.revoked_at.is_(None))
        )
        if (self._session.scalar(held) or 0) + added > MAX_HELD:
            raise TooManyShares(allowed=MAX_HELD)

    def _find_items(self, tree: Tree, paths: Sequence[tuple[str, ...]]) -> list[tuple[str, Node]]:
        """Return the nodes at some paths, each with a name that no other has; raises `NotFound`."""
        nodes = tree.find_all(paths)
        if len(nodes) < len(paths):
            raise NotFound
        taken: dict[str, Node] = {}
        for path in paths:
            # The root of a scope behind a mount has the name that its owner gave it.
            own = path[-1] if path else nodes[path].name
            taken[own if own not in taken else free_name(own, taken.__contains__)] = nodes[path]
        return list(taken.items())

    def get(self, share_id: str) -> ShareInfo:
        """Return a link; raises `NotFound`."""
        return self._info(self._get(share_id))

    def _info(self, share: Share) -> ShareInfo:
        (info,) = self._list.links([share])
        return info

    def is_grant(self, share_id: str) -> bool:
        """Return whether there is a grant with this id, anybody's."""
        return self._session.scalar(select(Share.kind).where(Share.id == share_id)) == ShareKind.GRANT

    def get_grant(self, share_id: str) -> GrantInfo:
        """Return a grant that the user manages, which the caller has checked; raises `NotFound`."""
        share = self._session.get(Share, share_id)
        if share is None or share.revoked_at is not None:
            raise NotFound
        (info,) = self._list.grants([share])
        return info

    def _get(self, share_id: str) -> Share:
        check_scope(self._session, self._scope)
        share = self._session.get(Share, share_id)
        if share is None or share.user_id != self._scope.actor.user_id or share.revoked_at is not None:
            raise NotFound
        if share.kind == ShareKind.GRANT or not self._items.inside([share]):
            raise NotFound
        return share

    def list_page(
        self, limit: int, after: str | None, place: Place | None = None, *, grants: bool | None = None
    ) -> SharePage:
        """Return some links and grants, newest first; with `place`, those of the entry there.

        With `grants` only the grants, or if it is False only the links.

        Raises `InvalidField` for an invalid cursor, `NotFound` and `InvalidName`.
        """
        return self._list.page(limit, after, place, grants)

    def change(self, share_id: str, changes: Mapping[str, Any], *, is_admin: bool) -> ShareInfo:
        """Change a link: its columns by name, or its `password`, None for no password.

        Raises `NotFound`, `SharingForbidden`, `Forbidden`, and `InvalidField`.
        """
        self._policy.require(self._session, is_admin=is_admin)
        values = dict(changes)
        has_password = "password" in values
        password = values.pop("password", None)
        rights = values.get("rights")
        if rights is not None:
            self._scope.require(rights)
        self._session.rollback()
        # Hashing takes long, so it is done on a copy before the transaction.
        hashed = Share()
        if has_password:
            self._policy.check_password(has_password=password is not None)
            self._set_password(hashed, password)
        with writing(self._session):
            share = self._lock(share_id)
            if rights is not None:
                _forget_limits(share, rights, values)
            self._fill(share, values, self._clock())
            if has_password:
                share.password_hash = hashed.password_hash
            if rights is not None:
                wanted = select(Node).join(ShareItem, ShareItem.node_id == Node.id)
                _check_target(
                    share, self._session.scalars(wanted.where(ShareItem.share_id == share_id)).all()
                )
        record("share-changed", share=share_id, changed=",".join(sorted(changes)))
        return self.get(share_id)

    def renew(self, share_id: str, *, is_admin: bool) -> ShareInfo:
        """Replace the secret of a link, which ends its old address at once; raises as `change`."""
        self._policy.require(self._session, is_admin=is_admin)
        nonce = new_nonce()
        with writing(self._session):
            share = self._lock(share_id)
            share.nonce, share.token_hash = nonce, hash_secret(self._keys.token_of(nonce))
        record("share-renewed", share=share_id)
        return self.get(share_id)

    def revoke(self, share_id: str) -> None:
        """End a link at once; raises `NotFound`."""
        now = self._clock()
        wanted = select(ShareItem.node_id).where(ShareItem.share_id == share_id)
        with writing(self._session):
            scope = replace(self._scope, space_id=self._lock(share_id).space_id)
            end_shares(self._session, [share_id], now)
            node_ids = self._session.scalars(wanted).all()
            record_sharing(self._session, scope, now, Verb.UNSHARED, share_id, node_ids)
        record("share-revoked", share=share_id)

    def _lock(self, share_id: str) -> Share:
        """Return the row of a link, locked until this transaction ends; raises `NotFound`."""
        self._session.get(Share, share_id, with_for_update=True)
        return self._get(share_id)


def end_shares(session: Session, share_ids: Sequence[str], now: datetime) -> None:
    """Revoke links in the caller's transaction; their unfinished uploads expire."""
    ended = update(Share).where(Share.id.in_(share_ids), Share.revoked_at.is_(None))
    execute_counted(session, ended.values(revoked_at=now))
    unfinished = update(Upload).where(Upload.share_id.in_(share_ids), Upload.ended_at.is_(None))
    execute_counted(session, unfinished.values(expires_at=now))


def revoke_all(session: Session, clock: Clock, username_key: str | None = None) -> int:
    """End all links, or those of one user; return their number. For the operator."""
    wanted = select(Share.id).where(Share.revoked_at.is_(None), Share.kind != ShareKind.GRANT)
    if username_key is not None:
        wanted = wanted.join(User, User.id == Share.user_id).where(User.username_key == username_key)
    revoked = 0
    while True:
        session.rollback()
        ids = session.scalars(wanted.limit(_AT_ONCE)).all()
        if not ids:
            break
        with writing(session):
            end_shares(session, ids, clock())
        revoked += len(ids)
    record("shares-revoked", count=revoked)
    return revoked


# Links that one transaction revokes.
_AT_ONCE = 500


def _check_target(share: Share, nodes: Sequence[Node]) -> None:
    """Raise `InvalidField` if a link with write access does not lead to a single folder."""
    is_folder = not share.is_selection and all(node.kind == Kind.FOLDER for node in nodes)
    if Rights.WRITE in from_words(share.rights) and not is_folder:
        raise InvalidField(field="rights", reason=NEEDS_ONE_FOLDER)


def _forget_limits(share: Share, rights: Rights, values: Mapping[str, Any]) -> None:
    """Remove the limits that a link cannot have with its new rights, unless they are set as well."""
    if Rights.WRITE not in rights:
        share.max_size, share.max_files = values.get("max_size"), values.get("max_files")
    if Rights.READ not in rights:
        share.max_downloads = values.get("max_downloads")
