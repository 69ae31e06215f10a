"""Sessions: browsers that are signed in.

Rule: each is a row, looked up at every request, so that ending one ends it in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Session as SignedIn
from cabinet.services.accounts.accounts import Account, to_account
from cabinet.services.accounts.credentials import Credential, confirm, is_due, is_over
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, write_if_possible, writing
from cabinet.services.kernel.expiry import delete_in_steps
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret

# Sessions that one more ends at most: somebody may have had very many before there was a limit.
_ENDED = 500

# Made once, for every request runs it, and to build it takes as long.
_SESSION = select(SignedIn).where(SignedIn.secret_hash == bindparam("secret_hash"))


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


class Sessions:
    """Browsers that are signed in; a user has at most `limit` of them."""

    def __init__(self, session: Session, clock: Clock, limit: int = 100) -> None:
        self._session = session
        self._clock = clock
        self._limit = limit

    def begin(self, account: Account, times: SessionTimes, user_agent: str, address: str) -> str:
        """Start a session of `account`, whose password was just shown, and return its secret, stored nowhere.

        Beyond the limit the sessions used longest ago end, some hundreds at a time. Raises
        `SignInRequired` when the password was changed or the account disabled since.
        """
        now, secret = self._clock(), new_secret()
        with writing(self._session):
            confirm(self._session, Credential(account), now)
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
        """End the sessions of a user that were used longest ago, beyond all but one of the limit.

        Where these are very many, the next time ends more of them.
        """
        mine = select(SignedIn.id).where(SignedIn.user_id == user_id)
        kept = mine.order_by(SignedIn.last_used_at.desc(), SignedIn.id).limit(self._limit - 1)
        beyond = mine.where(SignedIn.id.not_in(kept)).order_by(SignedIn.last_used_at, SignedIn.id.desc())
        execute_counted(self._session, delete(SignedIn).where(SignedIn.id.in_(beyond.limit(_ENDED))))

    def find(self, secret: str) -> tuple[Account, str] | None:
        """Return whose session this secret opens, and the session's id; None when it is over."""
        row = self._session.scalar(_SESSION, {"secret_hash": hash_secret(secret)})
        if row is None or row.user.disabled_at is not None:
            return None
        now = self._clock()
        if is_over(row, now):
            return None
        found = to_account(row.user), row.id
        if is_due(row.last_used_at, now):
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
            if not is_over(row, now)
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
