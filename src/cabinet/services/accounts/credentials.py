"""Credentials: a password, a browser session or a token, and the access that each grants.

A session or a token is created, and the credential it is created with is checked, in one transaction
under the lock of the user's row: an earlier password change, session end or disabled account
prevents the creation.

Rule: shared by sessions.py and tokens.py; writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, SignInRequired
from cabinet.models import Token, User, UserSession
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope, SpaceUsage
from cabinet.services.accounts.account import Account, stamp_of
from cabinet.services.accounts.token_scopes import EVERY, USUAL, Scopes, TokenScope, rights_of

# The maximum lag of a last-used time: a write at every request would be too expensive.
LAST_USED_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential of a request: a session, a token, or otherwise the password of `account`.

    `granted` and `folder_id` are the limits of a token; other credentials have none.
    """

    account: Account
    session_id: str | None = None
    token_id: str | None = None
    granted: Scopes = EVERY
    folder_id: int | None = None

    @property
    def scopes(self) -> Scopes:
        """The effective scopes: without `admin` unless the user is an administrator."""
        return self.granted if self.account.is_admin else self.granted - {TokenScope.ADMIN}

    @property
    def is_limited(self) -> bool:
        """Return whether it grants less than full access; then it cannot change the account or create tokens."""
        return self.folder_id is not None or not self.granted >= USUAL

    @property
    def scope(self) -> Scope:
        """The accessible tree and the rights in it."""
        account = self.account
        actor = Actor(account.id, rights_of(self.granted))
        return Scope(
            actor,
            account.space_id,
            self.folder_id,
            ALL,
            may_have_mounts=account.has_mounts,
            may_have_shares=account.has_shares,
            usage=SpaceUsage(account.usage, account.entries, account.quota),
        )

    def require_unlimited(self) -> None:
        """Raise `Forbidden` if the credential `is_limited`."""
        if self.is_limited:
            raise Forbidden


def is_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Return whether a last-used time should be updated."""
    return last_used_at is None or now - last_used_at >= LAST_USED_INTERVAL


def is_over(row: UserSession | Row[Any], now: datetime) -> bool:
    """Return whether a session has expired, by its age or without use."""
    return now >= min(row.expires_at, row.last_used_at + timedelta(seconds=row.idle_seconds))


def is_usable(row: Token | Row[Any], now: datetime) -> bool:
    """Return whether a token has not expired."""
    return row.expires_at is None or row.expires_at > now


def confirm(session: Session, credential: Credential, now: datetime) -> User:
    """Return the user's row, locked until the transaction ends, if `credential` is still valid.

    Raises `SignInRequired` otherwise.
    """
    user = session.get(User, credential.account.id, with_for_update={"of": User})
    if user is None or user.disabled_at is not None:
        raise SignInRequired
    if credential.session_id is not None:
        row = session.get(UserSession, credential.session_id)
        is_valid = row is not None and row.user_id == user.id and not is_over(row, now)
    elif credential.token_id is not None:
        token = session.get(Token, credential.token_id)
        is_valid = token is not None and token.user_id == user.id and is_usable(token, now)
    else:
        is_valid = stamp_of(user.password_hash) == credential.account.stamp
    if not is_valid:
        raise SignInRequired
    return user
