"""What lets somebody in: a password, a session of a browser, or a token of a program; and how far.

Making a session or a token and checking what it is made with are one decision, under the lock of
the user's row: a password change, an ended session or a disabled account that comes first leaves
nothing to be made.

Rule: what sessions.py and tokens.py share; nothing here is written.
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

# A last-used mark may lag so far behind: a write at every request would cost more than it tells.
MARK_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody showed: a session, a token, or else the password that `account` was found by.

    `granted` and `folder_id` are what a token was made for; all else opens everything.
    """

    account: Account
    session_id: str | None = None
    token_id: str | None = None
    granted: Scopes = EVERY
    folder_id: int | None = None

    @property
    def scopes(self) -> Scopes:
        """What it is good for now: none is for administration unless its user is an administrator."""
        return self.granted if self.account.is_admin else self.granted - {TokenScope.ADMIN}

    @property
    def is_limited(self) -> bool:
        """Tell whether it opens less than all that its user has, and so neither changes the account nor makes keys."""
        return self.folder_id is not None or not self.granted >= USUAL

    @property
    def scope(self) -> Scope:
        """The tree that it opens, and what may be done there."""
        actor = Actor(self.account.id, rights_of(self.granted))
        return Scope(actor, self.account.space_id, self.folder_id, ALL)

    def require_unlimited(self) -> None:
        """Raise `Forbidden` for what `is_limited`."""
        if self.is_limited:
            raise Forbidden


def is_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Tell whether a last-used mark wants to be written again."""
    return last_used_at is None or now - last_used_at >= MARK_EVERY


def is_over(row: SignedIn, now: datetime) -> bool:
    """Tell whether a session has ended by its age, or unused."""
    return now >= min(row.expires_at, row.last_used_at + timedelta(seconds=row.idle_seconds))


def is_usable(row: Token, now: datetime) -> bool:
    """Tell whether a token has not expired."""
    return row.expires_at is None or row.expires_at > now


def confirm(session: Session, shown: Credential, now: datetime) -> User:
    """Return the row of the user whom `shown` still lets in, locked until the transaction ends.

    Raises `SignInRequired`.
    """
    user = session.get(User, shown.account.id, with_for_update={"of": User})
    if user is None or user.disabled_at is not None:
        raise SignInRequired
    if shown.session_id is not None:
        row = session.get(SignedIn, shown.session_id)
        is_valid = row is not None and row.user_id == user.id and not is_over(row, now)
    elif shown.token_id is not None:
        token = session.get(Token, shown.token_id)
        is_valid = token is not None and token.user_id == user.id and is_usable(token, now)
    else:
        is_valid = stamp_of(user) == shown.account.stamp
    if not is_valid:
        raise SignInRequired
    return user
