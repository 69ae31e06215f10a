"""Tokens: programs that may act for a user.

Rule: each is a row, looked up at every request, so that revoking one ends it in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, NotFound, TooManyTokens
from cabinet.models import Token
from cabinet.services.accounts.accounts import Account, to_account
from cabinet.services.accounts.credentials import Credential, confirm, is_due, is_usable
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, write_if_possible, writing
from cabinet.services.kernel.ids import hash_secret, new_id, new_secret

# Made once, for every request runs it, and to build it takes as long.
_TOKEN = select(Token).where(Token.secret_hash == bindparam("secret_hash"))

TOKEN_NAME_LENGTH = 100
BAD_TOKEN_NAME = N_("a name of 1 to 100 characters is needed.")
ALREADY_EXPIRED = N_("it lies in the past.")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as its owner sees it."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


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
            confirm(self._session, shown, now)
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
        usable = [row for row in held if is_usable(row, now)]
        if len(usable) >= self._limit:
            unused = min(usable, key=lambda row: row.last_used_at or row.created_at)
            raise TooManyTokens(count=len(usable), unused=unused.name)
        expired = delete(Token).where(Token.user_id == user_id, Token.expires_at <= now)
        execute_counted(self._session, expired)

    def find(self, secret: str) -> tuple[Account, str] | None:
        """Return whom this secret acts for, and the token's id; None when it was revoked or has expired."""
        row = self._session.scalar(_TOKEN, {"secret_hash": hash_secret(secret)})
        now = self._clock()
        if row is None or row.user.disabled_at is not None or not is_usable(row, now):
            return None
        account, token_id = to_account(row.user), row.id
        if is_due(row.last_used_at, now):
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
