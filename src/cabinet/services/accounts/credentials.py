"""What lets somebody in: a password, a session of a browser, or a token of a program.

Making a session or a token and checking what it is made with are one decision, under the lock of
the user's row: a password change, an ended session or a disabled account that comes first leaves
nothing to be made.

Rule: what sessions.py and tokens.py share; nothing here is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from cabinet.errors import SignInRequired
from cabinet.models import Session as SignedIn
from cabinet.models import Token, User
from cabinet.services.accounts.accounts import Account, stamp_of

# A last-used mark may lag so far behind: a write at every request would cost more than it tells.
MARK_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody showed: a session, a token, or else the password that `account` was found by."""

    account: Account
    session_id: str | None = None
    token_id: str | None = None


def is_due(last_used_at: datetime | None, now: datetime) -> bool:
    """Tell whether a last-used mark wants to be written again."""
    return last_used_at is None or now - last_used_at >= MARK_EVERY


def is_over(row: SignedIn, now: datetime) -> bool:
    """Tell whether a session has ended by its age, or unused."""
    return now >= min(row.expires_at, row.last_used_at + timedelta(seconds=row.idle_seconds))


def is_usable(row: Token, now: datetime) -> bool:
    """Tell whether a token has not expired."""
    return row.expires_at is None or row.expires_at > now


def confirm(session: Session, shown: Credential, now: datetime) -> None:
    """Raise `SignInRequired` unless `shown` still lets its user in; holds the user's row until the transaction ends."""
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
