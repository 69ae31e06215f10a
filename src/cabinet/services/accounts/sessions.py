"""Sessions of signed-in browsers.

Rule: a session is a row that is read at every request, so that ending it takes effect in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import Base, UserSession
from cabinet.services.accounts.account import Account, select_accounts, to_account
from cabinet.services.accounts.credentials import Credential, confirm, is_due, is_over
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, execute_counted, write_if_possible, writing
from cabinet.services.kernel.expiry import delete_in_steps
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret

# The maximum number of sessions that one new session ends; a user may have very many from before the limit.
_ENDED = 500

_TABLE, _USER = Base.metadata.tables["session"], Base.metadata.tables["user"]
# Built once: every request runs it, and building it takes longer than running it.
_SESSION = (
    select_accounts(_TABLE.c.id, _TABLE.c.last_used_at, _TABLE.c.idle_seconds, _TABLE.c.expires_at)
    .join(_TABLE, _TABLE.c.user_id == _USER.c.id)
    .where(_TABLE.c.secret_hash == bindparam("secret_hash"), _USER.c.disabled_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """The lifetime of a session in seconds: without use, and in total."""

    idle_seconds: int
    total_seconds: int


@dataclass(frozen=True, slots=True)
class SignedInSession:
    """The data of a session that its owner sees."""

    id: str
    user_agent: str
    address: str
    created_at: datetime
    last_used_at: datetime


class Sessions:
    """The use cases of sessions; a user has at most `limit` of them."""

    def __init__(self, session: Session, clock: Clock, limit: int = 100) -> None:
        self._session = session
        self._clock = clock
        self._limit = limit

    def begin(self, account: Account, times: SessionTimes, user_agent: str, address: str) -> str:
        """Start a session of `account`, whose password was just verified, and return its secret (never stored).

        Beyond the limit, the least recently used sessions end, some hundreds at a time. Raises
        `SignInRequired` when the password was changed or the account disabled since.
        """
        now, secret = self._clock(), new_secret()
        with writing(self._session):
            confirm(self._session, Credential(account), now)
            self._end_excess(account.id)
            self._session.add(
                UserSession(
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

    def _end_excess(self, user_id: int) -> None:
        """End the least recently used sessions, so that there is room for one more within the limit.

        If there are very many of them, the next call ends more.
        """
        mine = select(UserSession.id).where(UserSession.user_id == user_id)
        kept = mine.order_by(UserSession.last_used_at.desc(), UserSession.id).limit(self._limit - 1)
        beyond = mine.where(UserSession.id.not_in(kept)).order_by(
            UserSession.last_used_at, UserSession.id.desc()
        )
        execute_counted(self._session, delete(UserSession).where(UserSession.id.in_(beyond.limit(_ENDED))))

    def find(self, secret: str) -> tuple[Account, str] | None:
        """Return the account and the id of the session with this secret; None when it has ended."""
        row = execute(self._session, _SESSION, {"secret_hash": hash_secret(secret)}).one_or_none()
        now = self._clock()
        if row is None or is_over(row, now):
            return None
        if is_due(row.last_used_at, now):
            used = update(UserSession).where(UserSession.id == row.id).values(last_used_at=now)
            write_if_possible(self._session, used)
        return to_account(row), row.id

    def list_of(self, user_id: int) -> Sequence[SignedInSession]:
        """Return the sessions of a user, most recently used first."""
        now = self._clock()
        rows = (
            select(UserSession)
            .where(UserSession.user_id == user_id)
            .order_by(UserSession.last_used_at.desc())
        )
        return [
            SignedInSession(row.id, row.user_agent, row.address, row.created_at, row.last_used_at)
            for row in self._session.scalars(rows)
            if not is_over(row, now)
        ]

    def end(self, user_id: int, session_id: str) -> None:
        """End one session of a user; raises `NotFound`."""
        with writing(self._session):
            wanted = delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
            if not execute_counted(self._session, wanted):
                raise NotFound

    def delete_expired(self) -> int:
        """Delete expired sessions, and return their number."""
        return delete_in_steps(self._session, UserSession.id, UserSession.expires_at <= self._clock())
