"""Accounts: register, check a password, change it, disable, delete.

Rule: the user name and the password are checked together; an error never tells which was wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import (
    AccountGuarded,
    InvalidUsername,
    NotFound,
    TooManyAttempts,
    UsernameTaken,
    WrongCredentials,
    WrongPassword,
)
from cabinet.models import Base, GroupMember, Role, Share, Space, Token, User, UserSession
from cabinet.services.access.scope import whole_space
from cabinet.services.accounts.account import (
    Account,
    password_hash_of,
    select_accounts,
    stamp_of,
    to_account,
)
from cabinet.services.accounts.login_throttle import LoginThrottle, RegistrationLimits, RegistrationThrottle
from cabinet.services.accounts.password_strength import check_strength
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.accounts.usernames import to_username, username_key
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, writing
from cabinet.services.kernel.ids import new_id
from cabinet.services.tree.removal import hide_space
from cabinet.services.tree.space_rows import add_space, is_small_space
from cabinet.services.tree.sum_checks import repair_folders
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage_checks import recount

_USER = Base.metadata.tables["user"]


@contextmanager
def _own_password() -> Iterator[None]:
    """Raise `WrongPassword` for wrong credentials of a signed-in user."""
    try:
        yield
    except WrongCredentials as error:
        raise WrongPassword from error


# Built once: requests with HTTP Basic run it, and building it takes longer than running it.
_BY_NAME = select_accounts().where(_USER.c.username_key == bindparam("username_key"))
_BY_ID = select_accounts().where(_USER.c.id == bindparam("user_id"), _USER.c.deleted_at.is_(None))
_ALL = select_accounts().where(_USER.c.deleted_at.is_(None)).order_by(_USER.c.username_key)


class Accounts:
    """The use cases of accounts; `default_quota` is in bytes, None for no limit.

    `hosts` returns the host names of this server, which are refused as passwords, and `limits` the limits on
    registrations; few requests need either.
    """

    def __init__(
        self,
        session: Session,
        passwords: Passwords,
        clock: Clock,
        default_quota: int | None,
        hosts: Callable[[], Collection[str]] = tuple,
        limits: Callable[[], RegistrationLimits] = RegistrationLimits,
    ) -> None:
        self._session = session
        self._passwords = passwords
        self._clock = clock
        self._default_quota = default_quota
        self._hosts = hosts
        self._throttle = LoginThrottle(session, clock)
        self._limits = limits

    def register(self, username: str, password: str, address: str | None = None) -> Account:
        """Create an account with an empty space; with an `address`, count the registration.

        Raises `InvalidUsername`, `WeakPassword`, `UsernameTaken` or `TooManyAttempts`, in this
        order, or `Unavailable` when too many requests wait to hash a password.
        """
        name = to_username(username)
        check_strength(password, name, self._hosts())
        if self._find(name) is not None:
            raise UsernameTaken(username=name)
        if address is not None:
            self._count_registration(address)
        self._session.rollback()
        with self._passwords.turn():
            password_hash = self._passwords.hash(password)
        now = self._clock()
        user = User(
            public_id=new_id(),
            username=name,
            username_key=username_key(name),
            password_hash=password_hash,
            created_at=now,
        )
        try:
            with writing(self._session):
                self._session.add(user)
                self._session.flush()
                add_space(self._session, Space(owner_id=user.id, quota=self._default_quota), now)
        except IntegrityError as error:
            raise UsernameTaken(username=name) from error
        if address is not None:
            record("account-made", user=name, address=address)
        return self.get(user.id)

    def _count_registration(self, address: str) -> None:
        try:
            RegistrationThrottle(self._session, self._clock, self._limits()).count(address)
        except TooManyAttempts as error:
            record("registration-throttled", address=address, retry_after=error.retry_after)
            raise

    def check_password(
        self, username: str, password: str, address: str, *, remember: bool = False, is_owner: bool = False
    ) -> Account:
        """Return the account of a user name and password; `address` is the peer's, for counting.

        With `remember`, for HTTP Basic, a recently verified pair needs no hash. `is_owner` means that
        the account's owner is already signed in. Raises `WrongCredentials`, `TooManyAttempts`,
        `AccountGuarded`, or `Unavailable` when too many requests wait to hash a password.
        """
        key = username_key(username)
        row = self._find(username)
        account = None if row is None else to_account(row)
        if account is not None and account.disabled_at is not None:
            account = None
        stored = password_hash_of(row) if row and account else None
        facts = {"user": account.username if account else None, "address": address}
        try:
            # Before the cache, which distinguishes right from wrong passwords, and before the queue.
            is_settled = self._throttle.check(key, address, is_owner=is_owner)
            if not (remember and stored and self._passwords.is_remembered(password, stored)):
                self._verify(key, password, stored, address, is_owner=is_owner)
                self._passwords.remember(password, stored or "")
                record("password-accepted", **facts)
        except WrongCredentials:
            record("password-refused", **facts)
            raise
        except (TooManyAttempts, AccountGuarded) as error:
            record("password-throttled", **facts, reason=error.slug, retry_after=error.retry_after)
            raise
        if not is_settled:
            self._throttle.count_success(key, address)
        assert account is not None  # for an unknown user, no password matches
        return account

    def _verify(self, key: str, password: str, stored: str | None, address: str, *, is_owner: bool) -> None:
        """Raise `WrongCredentials` unless `password` matches the hash `stored`; count failures."""
        # No transaction is open while the hash is computed.
        self._session.rollback()
        with self._passwords.turn():
            # Checked again, because requests ahead in the queue may have been failures.
            self._throttle.check(key, address, is_owner=is_owner)
            self._session.rollback()
            if not self._passwords.verify(password, stored):
                self._throttle.count_failure(key, address, is_owner=is_owner)
                raise WrongCredentials

    def change_password(
        self,
        user_id: int,
        current: str,
        new: str,
        address: str,
        keep_session: str | None = None,
        *,
        revoke_tokens: bool = False,
    ) -> None:
        """Replace the password, and end all sessions except the one with the id `keep_session`.

        Tokens stay valid, unless `revoke_tokens`. Raises `WrongPassword`, also when the password was
        changed concurrently, `TooManyAttempts` or `WeakPassword`.
        """
        account = self.get(user_id)
        with _own_password():
            checked = self.check_password(account.username, current, address, is_owner=True)
            self._set_password(checked, new, keep_session, checked.stamp, revoke_tokens=revoke_tokens)
        record("password-changed", user=account.username, address=address, tokens_revoked=int(revoke_tokens))

    def set_password(self, username: str, new: str) -> None:
        """Replace the password as the operator, and end all sessions."""
        self._set_password(self.find(username), new, None)

    def set_language(self, user_id: int, language: str) -> None:
        """Store the language that the user selected."""
        with writing(self._session):
            self._session.execute(update(User).where(User.id == user_id).values(language=language))

    def disable(self, username: str) -> None:
        """Disable an account and end its sessions; its files are kept."""
        account = self.find(username)
        with writing(self._session):
            disabled = update(User).where(User.id == account.id, User.disabled_at.is_(None))
            self._session.execute(disabled.values(disabled_at=self._clock()))
            self._session.execute(delete(UserSession).where(UserSession.user_id == account.id))

    def unlock(self, username: str) -> None:
        """Clear the failed sign-ins of an account, so that its passwords are accepted again; raises `NotFound`."""
        self._throttle.unlock(username_key(self.find(username).username))

    def enable(self, username: str) -> None:
        """Enable a disabled account; its ended sessions stay ended."""
        account = self.find(username)
        with writing(self._session):
            self._session.execute(update(User).where(User.id == account.id).values(disabled_at=None))

    def promote(self, username: str) -> None:
        """Make a user an administrator; raises `NotFound`."""
        self._set_role(username, Role.ADMIN)

    def demote(self, username: str) -> None:
        """Remove the administrator role, also from the user's tokens, effective with their next request.

        Raises `NotFound`.
        """
        self._set_role(username, Role.USER)

    def _set_role(self, username: str, role: Role) -> None:
        account = self.find(username)
        with writing(self._session):
            self._session.execute(update(User).where(User.id == account.id).values(role=role.value))
        record("account-promoted" if role is Role.ADMIN else "account-demoted", user=account.username)

    def set_quota(self, username: str, quota: int | None) -> None:
        """Set the quota in bytes, None for no limit.

        A quota below the current usage deletes nothing; uploads are refused until there is space.
        """
        account = self.find(username)
        with writing(self._session):
            self._session.execute(update(Space).where(Space.id == account.space_id).values(quota=quota))

    def recount(self, username: str) -> Account:
        """Recalculate the account's usage and entries, and return the account; raises `NotFound`."""
        account = self.find(username)
        usage, entries = recount(self._session, account.space_id)
        return replace(account, usage=usage, entries=entries)

    def repair_folders(self, username: str) -> int:
        """Correct the counters of an account's folders, and return how many were wrong; raises `NotFound`."""
        return repair_folders(self._session, self.find(username).space_id)

    def delete_own(self, user_id: int, password: str, address: str) -> None:
        """Delete an account permanently, with all files, sessions and tokens, after a check of its password.

        Raises `WrongPassword` or `TooManyAttempts`.
        """
        account = self.get(user_id)
        with _own_password():
            checked = self.check_password(account.username, password, address, is_owner=True)
            self._delete(checked.id, checked.stamp)
        record("account-deleted", user=account.username, address=address)

    def delete(self, username: str) -> None:
        """Delete an account as the operator."""
        self._delete(self.find(username).id)

    def get(self, user_id: int) -> Account:
        """Return the account with this id; raises `NotFound`."""
        row = execute(self._session, _BY_ID, {"user_id": user_id}).one_or_none()
        if row is None:
            raise NotFound
        return to_account(row)

    def find(self, username: str) -> Account:
        """Return the account of this name; raises `NotFound`."""
        if (row := self._find(username)) is None:
            raise NotFound
        return to_account(row)

    def list_all(self) -> Sequence[Account]:
        """Return all accounts, ordered by name."""
        return [to_account(row) for row in execute(self._session, _ALL)]

    def _find(self, username: str) -> Row[Any] | None:
        try:
            key = username_key(to_username(username))
        except InvalidUsername:
            return None
        return execute(self._session, _BY_NAME, {"username_key": key}).one_or_none()

    def _set_password(
        self,
        account: Account,
        new: str,
        keep_session: str | None,
        stamp: str | None = None,
        *,
        revoke_tokens: bool = False,
    ) -> None:
        """Replace a password; with a `stamp`, only if the password has not changed since."""
        check_strength(new, account.username, self._hosts())
        self._session.rollback()
        with self._passwords.turn():
            password_hash = self._passwords.hash(new)
        with writing(self._session):
            # The user's row first, as in all code that creates sessions or tokens.
            self._lock(account.id, stamp).password_hash = password_hash
            self._session.flush()
            ended = delete(UserSession).where(UserSession.user_id == account.id)
            self._session.execute(ended.where(UserSession.id != (keep_session or "")))
            if revoke_tokens:
                self._session.execute(delete(Token).where(Token.user_id == account.id))

    def _lock(self, user_id: int, stamp: str | None) -> User:
        """Return the row of a user, locked until this transaction ends.

        Raises `NotFound`, or `WrongCredentials` when the password has changed since `stamp`.
        """
        user = self._session.get(User, user_id, with_for_update={"of": User})
        if user is None or user.deleted_at is not None:
            raise NotFound
        if stamp is not None and stamp_of(user.password_hash) != stamp:
            raise WrongCredentials
        return user

    def _delete(self, user_id: int, stamp: str | None = None) -> None:
        """Delete an account; a large one is hidden at once, and `removal.py` deletes its rows later.

        The sweep removes the content.
        """
        with writing(self._session):
            # Locks are taken in the same order as by all writers of the tree.
            space_id = self._session.scalar(select(Space.id).where(Space.owner_id == user_id))
            root = Tree(self._session, whole_space(space_id or 0)).root(lock=True)
            user = self._lock(user_id, stamp)
            if is_small_space(self._session, root):
                # Cascades delete everything that belongs to the account.
                self._session.execute(delete(User).where(User.id == user_id))
                return
            for table in (UserSession, Token, GroupMember):
                self._session.execute(delete(table).where(table.user_id == user_id))
            self._session.execute(delete(Share).where(Share.to_user_id == user_id))
            now = self._clock()
            hide_space(self._session, root, now)
            user.deleted_at = user.disabled_at = now
            # The name is available at once; these values match no user name and no password.
            user.username, user.username_key, user.password_hash = "", f"-{user.public_id}", ""
