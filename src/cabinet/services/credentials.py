"""What lets somebody in without the password: sessions for browsers, tokens for programs.

Making one and checking what it is made with are one decision, under the lock of the user's row: a
password change, an ended session or a disabled account that comes first leaves nothing to be made.

Rule: each is a row, looked up at every request, so that ending one ends it in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, NotFound, SignInRequired, TooManyTokens
from cabinet.models import Session as SignedIn
from cabinet.models import Token, User
from cabinet.services.accounts.accounts import Account, stamp_of, to_account
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, write_if_possible, writing
from cabinet.services.kernel.expiry import delete_in_steps
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret

# A last-used mark may lag so far behind: a write at every request would cost more than it tells.
MARK_EVERY = timedelta(minutes=1)

# Made once, for every request runs one of them, and to build it takes as long.
_SESSION = select(SignedIn).where(SignedIn.secret_hash == bindparam("secret_hash"))
_TOKEN = select(Token).where(Token.secret_hash == bindparam("secret_hash"))

TOKEN_NAME_LENGTH = 100
BAD_TOKEN_NAME = N_("a name of 1 to 100 characters is needed.")
ALREADY_EXPIRED = N_("it lies in the past.")


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody showed: a session, a token, or else the password that `account` was found by."""

    account: Account
    session_id: str | None = None
    token_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lasts, in seconds: unused, and in all."""

    idle_seconds: int
    total_seconds: int


@dataclass(frozen=True, slots=True)
class SignedInSession:
    """A session as its owner sees it."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as its owner sees it."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


def _is_due(last_used_at: datetime | None, now: datetime) -> bool:
    return last_used_at is None or now - last_used_at >= MARK_EVERY


def _is_over(row: SignedIn, now: datetime) -> bool:
    return now >= min(row.expires_at, row.last_used_at + timedelta(seconds=row.idle_seconds))


def _is_usable(row: Token, now: datetime) -> bool:
    return row.expires_at is None or row.expires_at > now


def _confirm(session: Session, shown: Credential, now: datetime) -> None:
    """Raise `SignInRequired` unless `shown` still lets its user in; holds the user's row until the transaction ends."""
    user = session.get(User, shown.account.id, with_for_update=True)
    if user is None or user.disabled_at is not None:
        raise SignInRequired
    if shown.session_id is not None:
        row = session.get(SignedIn, shown.session_id)
        is_valid = row is not None and row.user_id == user.id and not _is_over(row, now)
    elif shown.token_id is not None:
        token = session.get(Token, shown.token_id)
        is_valid = token is not None and token.user_id == user.id and _is_usable(token, now)
    else:
        is_valid = stamp_of(user) == shown.account.stamp
    if not is_valid:
        raise SignInRequired


class Sessions:
    """Browsers that are signed in; a user has at most `limit` of them."""

    def __init__(self, session: Session, clock: Clock, limit: int = 100) -> None:
        self._session = session
        self._clock = clock
        self._limit = limit

    def begin(self, account: Account, times: SessionTimes, user_agent: str, address: str) -> str:
        """Start a session of `account`, whose password was just shown, and return its secret, stored nowhere.

        Beyond the limit the sessions used longest ago end. Raises `SignInRequired` when the password
        was changed or the account disabled since.
        """
        now, secret = self._clock(), new_secret()
        with writing(self._session):
            _confirm(self._session, Credential(account), now)
            self._make_room(account.id)
            self._session.add(
                SignedIn(
                    id=new_id(),
                    user_id=account.id,
                    secret_hash=hash_secret(secret),
                    user_agent=user_agent[:256],
                    address=address[:64],
                    created_at=now,
                    last_used_at=now,
                    idle_seconds=times.idle_seconds,
                    expires_at=now + timedelta(seconds=times.total_seconds),
                )
            )
        record("session-begun", user=account.username, address=address)
        return secret

    def _make_room(self, user_id: int) -> None:
        """End the sessions of a user beyond all but one of the limit."""
        by_use = select(SignedIn.id).where(SignedIn.user_id == user_id)
        by_use = by_use.order_by(SignedIn.last_used_at.desc(), SignedIn.id).offset(self._limit - 1)
        if beyond := self._session.scalars(by_use).all():
            self._session.execute(delete(SignedIn).where(SignedIn.id.in_(beyond)))

    def find(self, secret: str) -> tuple[Account, str] | None:
        """Return whose session this secret opens, and the session's id; None when it is over."""
        row = self._session.scalar(_SESSION, {"secret_hash": hash_secret(secret)})
        if row is None or row.user.disabled_at is not None:
            return None
        now = self._clock()
        if _is_over(row, now):
            return None
        found = to_account(row.user), row.id
        if _is_due(row.last_used_at, now):
            write_if_possible(
                self._session, update(SignedIn).where(SignedIn.id == found[1]).values(last_used_at=now)
            )
        return found

    def list_of(self, user_id: int) -> Sequence[SignedInSession]:
        """Return the sessions of a user, the one used last first."""
        now = self._clock()
        rows = select(SignedIn).where(SignedIn.user_id == user_id).order_by(SignedIn.last_used_at.desc())
        return [
            SignedInSession(row.id, row.user_agent, row.address, row.created_at, row.last_used_at)
            for row in self._session.scalars(rows)
            if not _is_over(row, now)
        ]

    def end(self, user_id: int, session_id: str) -> None:
        """End one session of a user; raises `NotFound`."""
        with writing(self._session):
            wanted = delete(SignedIn).where(SignedIn.id == session_id, SignedIn.user_id == user_id)
            if not execute_counted(self._session, wanted):
                raise NotFound

    def forget_expired(self) -> int:
        """Delete the sessions that are over and return how many they were."""
        return delete_in_steps(self._session, SignedIn.id, SignedIn.expires_at <= self._clock())


class Tokens:
    """Programs that may act for a user, who has at most `limit` tokens that have not expired."""

    def __init__(self, session: Session, clock: Clock, limit: int = 100) -> None:
        self._session = session
        self._clock = clock
        self._limit = limit

    def issue(
        self, shown: Credential, name: str, expires_at: datetime | None = None
    ) -> tuple[IssuedToken, str]:
        """Make a token for whom `shown` lets in, and return it with its secret, which is stored nowhere.

        Raises `InvalidField` for a name or an expiry that makes no sense, `TooManyTokens`, and
        `SignInRequired` when `shown` lets nobody in any more.
        """
        now, secret = self._clock(), new_secret()
        label = " ".join(name.split())
        if not 1 <= len(label) <= TOKEN_NAME_LENGTH or not label.isprintable():
            raise InvalidField(field="name", reason=BAD_TOKEN_NAME)
        if expires_at is not None and expires_at <= now:
            raise InvalidField(field="expires_at", reason=ALREADY_EXPIRED)
        issued = IssuedToken(new_id(), label, now, None, expires_at)
        with writing(self._session):
            _confirm(self._session, shown, now)
            self._check_limit(shown.account.id, now)
            self._session.add(
                Token(
                    id=issued.id,
                    user_id=shown.account.id,
                    secret_hash=hash_secret(secret),
                    name=label,
                    created_at=now,
                    expires_at=expires_at,
                )
            )
        record("token-issued", user=shown.account.username, token=issued.id)
        return issued, secret

    def _check_limit(self, user_id: int, now: datetime) -> None:
        """Raise `TooManyTokens` when a user has as many as may be; those that have expired make room."""
        held = self._session.scalars(select(Token).where(Token.user_id == user_id)).all()
        if len(held) < self._limit:
            return
        usable = [row for row in held if _is_usable(row, now)]
        if len(usable) >= self._limit:
            unused = min(usable, key=lambda row: row.last_used_at or row.created_at)
            raise TooManyTokens(count=len(usable), unused=unused.name)
        expired = delete(Token).where(Token.user_id == user_id, Token.expires_at <= now)
        execute_counted(self._session, expired)

    def find(self, secret: str) -> tuple[Account, str] | None:
        """Return whom this secret acts for, and the token's id; None when it was revoked or has expired."""
        row = self._session.scalar(_TOKEN, {"secret_hash": hash_secret(secret)})
        now = self._clock()
        if row is None or row.user.disabled_at is not None or not _is_usable(row, now):
            return None
        account, token_id = to_account(row.user), row.id
        if _is_due(row.last_used_at, now):
            write_if_possible(
                self._session, update(Token).where(Token.id == token_id).values(last_used_at=now)
            )
        return account, token_id

    def list_of(self, user_id: int) -> Sequence[IssuedToken]:
        """Return the tokens of a user, the newest first."""
        rows = select(Token).where(Token.user_id == user_id).order_by(Token.created_at.desc(), Token.id)
        return [
            IssuedToken(row.id, row.name, row.created_at, row.last_used_at, row.expires_at)
            for row in self._session.scalars(rows)
        ]

    def revoke(self, user_id: int, token_id: str) -> None:
        """Make a token of a user worthless at once; raises `NotFound`."""
        with writing(self._session):
            wanted = delete(Token).where(Token.id == token_id, Token.user_id == user_id)
            if not execute_counted(self._session, wanted):
                raise NotFound
        record("token-revoked", token=token_id)
