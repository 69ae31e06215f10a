"""Accounts: register, check a password, change it, disable, delete.

Rule: the name and the password are judged together; an answer never tells which was wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import InvalidUsername, NotFound, UsernameTaken, WrongCredentials
from cabinet.models import Kind, Node, User
from cabinet.models import Session as SignedIn
from cabinet.services.clock import Clock
from cabinet.services.database import writing
from cabinet.services.names import to_username, username_key
from cabinet.services.passwords import Passwords, check_strength
from cabinet.services.secrets import new_id
from cabinet.services.throttle import LoginThrottle
from cabinet.services.usage import recount


@dataclass(frozen=True, slots=True)
class Account:
    """What may be told of a user."""

    id: int
    public_id: str
    username: str
    language: str | None
    usage: int
    quota: int | None
    created_at: datetime
    disabled_at: datetime | None


def to_account(user: User) -> Account:
    """Copy a row, so that nobody holds on to it past its transaction."""
    return Account(
        id=user.id,
        public_id=user.public_id,
        username=user.username,
        language=user.language,
        usage=user.usage,
        quota=user.quota,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
    )


class Accounts:
    """The use cases of an account; `default_quota` is in bytes, None for no limit."""

    def __init__(
        self, session: Session, passwords: Passwords, clock: Clock, default_quota: int | None
    ) -> None:
        self._session = session
        self._passwords = passwords
        self._clock = clock
        self._default_quota = default_quota
        self._throttle = LoginThrottle(session, clock)

    def register(self, username: str, password: str) -> Account:
        """Make an account with its empty root folder.

        Raises `InvalidUsername`, `WeakPassword` or `UsernameTaken`, in this order.
        """
        name = to_username(username)
        check_strength(password, name)
        if self._find(name) is not None:
            raise UsernameTaken(username=name)
        with self._passwords.turn():
            password_hash = self._passwords.hash(password)
        now = self._clock()
        user = User(
            public_id=new_id(),
            username=name,
            username_key=username_key(name),
            password_hash=password_hash,
            quota=self._default_quota,
            created_at=now,
        )
        try:
            with writing(self._session):
                self._session.add(user)
                self._session.flush()
                root = Node(owner_id=user.id, kind=Kind.FOLDER, name="", sort_key=b"")
                root.created_at = root.modified_at = now
                self._session.add(root)
        except IntegrityError as error:
            raise UsernameTaken(username=name) from error
        return to_account(user)

    def check_password(
        self, username: str, password: str, address: str, *, remember: bool = False
    ) -> Account:
        """Return the account that name and password open; `address` is the peer's, for counting.

        With `remember`, as HTTP Basic needs it, a pair that was right lately costs no hash.
        Raises `WrongCredentials` or `TooManyAttempts`.
        """
        key = username_key(username)
        user = self._find(username)
        # Copied at once, for the row may be gone by the time that the password is checked.
        account = to_account(user) if user and user.disabled_at is None else None
        stored = user.password_hash if user and account else None
        if not (remember and stored and self._passwords.is_remembered(password, stored)):
            # No transaction stays open while the hash is computed.
            self._session.rollback()
            with self._passwords.turn():
                self._throttle.check(key, address)
                self._session.rollback()
                if not self._passwords.verify(password, stored):
                    self._throttle.count_failure(key, address)
                    raise WrongCredentials
            self._throttle.count_success(key, address)
            self._passwords.remember(password, stored or "")
        assert account is not None  # what stands for an unknown one matches no password
        return account

    def change_password(
        self, user_id: int, current: str, new: str, address: str, keep_session: str | None = None
    ) -> None:
        """Replace the password, and end all sessions but `keep_session` (its id).

        Tokens live on: they are keys of their own, revoked one by one. Raises `WrongCredentials`,
        `TooManyAttempts` or `WeakPassword`.
        """
        account = self.get(user_id)
        self.check_password(account.username, current, address)
        self._set_password(account, new, keep_session)

    def set_password(self, username: str, new: str) -> None:
        """Replace the password as the operator, and end all sessions."""
        self._set_password(self.find(username), new, None)

    def set_language(self, user_id: int, language: str) -> None:
        """Keep the language that the user chose."""
        with writing(self._session):
            self._session.execute(update(User).where(User.id == user_id).values(language=language))

    def disable(self, username: str) -> None:
        """Let nobody in by this account any more, from now on and everywhere."""
        account = self.find(username)
        with writing(self._session):
            disabled = update(User).where(User.id == account.id, User.disabled_at.is_(None))
            self._session.execute(disabled.values(disabled_at=self._clock()))
            self._session.execute(delete(SignedIn).where(SignedIn.user_id == account.id))

    def enable(self, username: str) -> None:
        """Undo `disable`; the ended sessions stay ended."""
        account = self.find(username)
        with writing(self._session):
            self._session.execute(update(User).where(User.id == account.id).values(disabled_at=None))

    def set_quota(self, username: str, quota: int | None) -> None:
        """Allow so many bytes from now on, None for any number.

        Less than is stored already deletes nothing: nothing new is taken until there is room.
        """
        account = self.find(username)
        with writing(self._session):
            self._session.execute(update(User).where(User.id == account.id).values(quota=quota))

    def recount(self, username: str) -> Account:
        """Make the account's usage what it stores, and return the account; raises `NotFound`."""
        account = self.find(username)
        with writing(self._session):
            usage = recount(self._session, account.id)
        return replace(account, usage=usage)

    def delete_own(self, user_id: int, password: str, address: str) -> None:
        """Delete the account for ever, with all files, sessions and tokens, after its password.

        Raises `WrongCredentials` or `TooManyAttempts`.
        """
        account = self.get(user_id)
        self.check_password(account.username, password, address)
        self._delete(account.id)

    def delete(self, username: str) -> None:
        """Delete an account as the operator."""
        self._delete(self.find(username).id)

    def get(self, user_id: int) -> Account:
        """Return the account with this id; raises `NotFound`."""
        user = self._session.get(User, user_id)
        if user is None:
            raise NotFound
        return to_account(user)

    def find(self, username: str) -> Account:
        """Return the account of this name; raises `NotFound`."""
        user = self._find(username)
        if user is None:
            raise NotFound
        return to_account(user)

    def list_all(self) -> Sequence[Account]:
        """Return every account, in the order of names."""
        return [to_account(user) for user in self._session.scalars(select(User).order_by(User.username_key))]

    def _find(self, username: str) -> User | None:
        try:
            key = username_key(to_username(username))
        except InvalidUsername:
            return None
        return self._session.scalar(select(User).where(User.username_key == key))

    def _set_password(self, account: Account, new: str, keep_session: str | None) -> None:
        check_strength(new, account.username)
        self._session.rollback()
        with self._passwords.turn():
            password_hash = self._passwords.hash(new)
        with writing(self._session):
            changed = update(User).where(User.id == account.id).values(password_hash=password_hash)
            self._session.execute(changed)
            ended = delete(SignedIn).where(SignedIn.user_id == account.id)
            self._session.execute(ended.where(SignedIn.id != (keep_session or "")))

    def _delete(self, user_id: int) -> None:
        with writing(self._session):
            # Whatever belongs to the account goes with its row; the sweep collects the bytes.
            self._session.execute(delete(User).where(User.id == user_id))
