"""Tokens, with which programs act for a user.

Rule: a token is a row that is read at every request, so that revoking it takes effect in every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import N_, Forbidden, InvalidField, NotFound, TooManyTokens
from cabinet.models import Base, Role, Space, Token, User
from cabinet.services.accounts.account import select_accounts, to_account
from cabinet.services.accounts.credentials import Credential, confirm, is_due, is_usable
from cabinet.services.accounts.token_scopes import (
    Scopes,
    TokenScope,
    from_column,
    in_order,
    to_column,
    to_scopes,
)
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, execute_counted, write_if_possible, writing
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret
from cabinet.services.tree.locations import Location, find_locations
from cabinet.services.tree.names import join_path, split_path
from cabinet.services.tree.tree import Tree

_TABLE, _USER = Base.metadata.tables["token"], Base.metadata.tables["user"]
# Built once: every request runs it, and building it takes longer than running it.
_TOKEN = (
    select_accounts(
        _TABLE.c.id, _TABLE.c.scopes, _TABLE.c.folder_id, _TABLE.c.last_used_at, _TABLE.c.expires_at
    )
    .join(_TABLE, _TABLE.c.user_id == _USER.c.id)
    .where(_TABLE.c.secret_hash == bindparam("secret_hash"), _USER.c.disabled_at.is_(None))
)

TOKEN_NAME_LENGTH = 100
BAD_TOKEN_NAME = N_("it must have 1 to 100 printable characters.")
ALREADY_EXPIRED = N_("it is in the past.")
ADMIN_OF_A_FOLDER = N_("a token with the admin scope cannot be limited to a folder.")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The data of a token that its owner sees.

    `folder` is the path that the token is limited to, None for no limit. For a folder in the trash
    (`folder_trashed`), where the token finds nothing, it is the former path.
    """

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    scopes: tuple[TokenScope, ...]
    folder: str | None
    folder_trashed: bool


class Tokens:
    """The use cases of tokens; a user has at most `limit` unexpired tokens."""

    def __init__(self, session: Session, clock: Clock, limit: int = 100) -> None:
        self._session = session
        self._clock = clock
        self._limit = limit

    def issue(
        self,
        credential: Credential,
        name: str,
        expires_at: datetime | None = None,
        scopes: Iterable[str] | None = None,
        folder: str = "",
    ) -> tuple[IssuedToken, str]:
        """Create a token for the user of `credential`, and return it with its secret, which is not stored.

        Without `scopes` it has the usual ones; `folder` is a path, the empty one means no limit. The
        admin scope needs an administrator who is not using a token.

        Raises `Forbidden` for more access than `credential` may grant, `InvalidField` for an invalid name,
        expiry or scope, `InvalidName`, `NotFound` and `NotAFolder` for the folder, `TooManyTokens`, and
        `SignInRequired` when `credential` is no longer valid.
        """
        credential.require_unlimited()
        now, secret = self._clock(), new_secret()
        label = " ".join(name.split())
        if not 1 <= len(label) <= TOKEN_NAME_LENGTH or not label.isprintable():
            raise InvalidField(field="name", reason=BAD_TOKEN_NAME)
        if expires_at is not None and expires_at <= now:
            raise InvalidField(field="expires_at", reason=ALREADY_EXPIRED)
        granted, names = to_scopes(scopes), split_path(folder)
        if names and TokenScope.ADMIN in granted:
            raise InvalidField(field="scopes", reason=ADMIN_OF_A_FOLDER)
        issued = IssuedToken(
            new_id(), label, now, None, expires_at, in_order(granted), join_path(names) or None, False
        )
        with writing(self._session):
            folder_id = self._find_folder(credential, names)
            _check_may_grant(credential, confirm(self._session, credential, now), granted)
            self._check_limit(credential.account.id, now)
            self._session.add(
                Token(
                    id=issued.id,
                    user_id=credential.account.id,
                    secret_hash=hash_secret(secret),
                    name=label,
                    scopes=to_column(granted),
                    folder_id=folder_id,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
        facts = {"scopes": ",".join(issued.scopes), "folder": folder_id}
        record("token-issued", user=credential.account.username, token=issued.id, **facts)
        return issued, secret

    def _find_folder(self, credential: Credential, names: tuple[str, ...]) -> int | None:
        """Return the id of the folder of a token, None for no limit."""
        if not names:
            return None
        tree = Tree(self._session, credential.scope)
        # A purge waits for this lock, so the folder exists until the token refers to it.
        tree.lock()
        return tree.get_folder(names).id

    def _check_limit(self, user_id: int, now: datetime) -> None:
        """Raise `TooManyTokens` at the limit; delete expired tokens first."""
        held = self._session.scalars(select(Token).where(Token.user_id == user_id)).all()
        if len(held) < self._limit:
            return
        usable = [row for row in held if is_usable(row, now)]
        if len(usable) >= self._limit:
            unused = min(usable, key=lambda row: row.last_used_at or row.created_at)
            raise TooManyTokens(count=len(usable), unused=unused.name)
        expired = delete(Token).where(Token.user_id == user_id, Token.expires_at <= now)
        execute_counted(self._session, expired)

    def find(self, secret: str) -> Credential | None:
        """Return the credential of the token with this secret.

        None when it was revoked, has expired, or is limited to a purged folder.
        """
        row = execute(self._session, _TOKEN, {"secret_hash": hash_secret(secret)}).one_or_none()
        now = self._clock()
        if row is None or not is_usable(row, now):
            return None
        found = Credential(
            to_account(row), token_id=row.id, granted=from_column(row.scopes), folder_id=row.folder_id
        )
        if row.folder_id is not None and not self._places([row], found.account.space_id):
            return None
        if is_due(row.last_used_at, now):
            write_if_possible(
                self._session, update(Token).where(Token.id == found.token_id).values(last_used_at=now)
            )
        return found

    def list_of(self, user_id: int) -> Sequence[IssuedToken]:
        """Return the tokens of a user, newest first, without those limited to purged folders."""
        wanted = select(Token).where(Token.user_id == user_id).order_by(Token.created_at.desc(), Token.id)
        rows = self._session.scalars(wanted).all()
        space_id = self._session.scalar(select(Space.id).where(Space.owner_id == user_id))
        places = self._places(rows, space_id or 0)
        return [
            _to_issued(row, None if row.folder_id is None else places[row.folder_id])
            for row in rows
            if row.folder_id is None or row.folder_id in places
        ]

    def _places(self, rows: Iterable[Token | Row[Any]], space_id: int) -> Mapping[int, Location]:
        """Return the locations of the tokens' folders, by folder id."""
        folder_ids = {row.folder_id for row in rows if row.folder_id is not None}
        return find_locations(self._session, space_id, folder_ids)

    def revoke(self, user_id: int, token_id: str) -> None:
        """Revoke a token of a user at once; raises `NotFound`."""
        with writing(self._session):
            wanted = delete(Token).where(Token.id == token_id, Token.user_id == user_id)
            if not execute_counted(self._session, wanted):
                raise NotFound
        record("token-revoked", token=token_id)


def _to_issued(row: Token, place: Location | None) -> IssuedToken:
    return IssuedToken(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        scopes=in_order(from_column(row.scopes)),
        folder=place.path if place else None,
        folder_trashed=place is not None and place.is_trashed,
    )


def _check_may_grant(credential: Credential, user: User, granted: Scopes) -> None:
    """Raise `Forbidden` for the admin scope, unless an administrator grants it without a token."""
    is_admin = user.role == Role.ADMIN.value and credential.token_id is None
    if TokenScope.ADMIN in granted and not is_admin:
        raise Forbidden
