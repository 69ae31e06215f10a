"""Credentials: a password, a browser session or a token, and the access that each grants.

A session or a token is created, and the credential it is created with is checked, in one transaction
under the lock of the user's row: an earlier password change, session end or disabled account
prevents the creation.

Rule: shared by sessions.py and tokens.py; writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, SignInRequired
from cabinet.models import Session as SignedIn
from cabinet.models import Token, User
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import Account, stamp_of
from cabinet.services.accounts.token_scopes import EVERY, USUAL, Scopes, TokenScope, rights_of

# The maximum lag of a last-used time: a write at every request would be too expensive.
MARK_EVERY = timedelta(minutes=1)


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
        """Tell whether it grants less than full access; then it cannot change the account or create tokens."""
        return self.folder_id is not None or not self.granted >= USUAL

    @property
    def scope(self) -> Scope:
        """The accessible tree and the rights in it."""
        actor = Actor(self.account.id, rights_of(self.granted))
        space_id, has_mounts = self.account.space_id, self.account.has_mounts
        return Scope(actor, space_id, self.folder_id, ALL, may_have_mounts=has_mounts)

    def require_unlimited(self) -> None:
        """Raise `Forbidden` if the credential `is_limited`."""
        if self.is_limited:
            raise Forbidden


def is_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Tell whether a last-used time should be updated."""
    return last_used_at is None or now - last_used_at >= MARK_EVERY


def is_over(row: SignedIn, now: datetime) -> bool:
    """Tell whether a session has expired, by its age or without use."""
    return now >= min(row.expires_at, row.last_used_at + timedelta(seconds=row.idle_seconds))


def is_usable(row: Token, now: datetime) -> bool:
    """Tell whether a token has not expired."""
    return row.expires_at is None or row.expires_at > now


def confirm(session: Session, credential: Credential, now: datetime) -> User:
    """Return the user's row, locked until the transaction ends, if `credential` is still valid.

    Raises `SignInRequired` otherwise.
    """
    user = session.get(User, credential.account.id, with_for_update={"of": User})
    if user is None or user.disabled_at is not None:
        raise SignInRequired
    if credential.session_id is not None:
        row = session.get(SignedIn, credential.session_id)
        is_valid = row is not None and row.user_id == user.id and not is_over(row, now)
    elif credential.token_id is not None:
        token = session.get(Token, credential.token_id)
        is_valid = token is not None and token.user_id == user.id and is_usable(token, now)
    else:
        is_valid = stamp_of(user) == credential.account.stamp
    if not is_valid:
        raise SignInRequired
    return user
