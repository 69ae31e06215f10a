"""Find other users by their exact names, for sharing with them.

The answer tells whether there is such a user, so names that lead nowhere are counted by asker, like guesses of a
password.

Rule: an asker who has guessed too often learns nothing, not even about users that exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import InvalidUsername, NotFound, TooManyAttempts
from cabinet.models import User
from cabinet.services.accounts.blocking import is_blocked
from cabinet.services.accounts.login_throttle import (
    COUNTED_FOR,
    Limit,
    count_with_retry,
    increment,
    read_counters,
)
from cabinet.services.accounts.usernames import to_username, username_key
from cabinet.services.kernel.clock import Clock

# Names in one completion.
_COMPLETED = 10
# Wrong names an hour before each further one has to wait.
_MISSES = Limit(20, 900)


class FoundUser(NamedTuple):
    """A user who was found by name."""

    id: int
    username: str


class _Blocked(Exception):
    """The user accepts nothing from the asker."""


class UserLookup:
    """Finds users for one asker, None for the operator, who is not limited."""

    def __init__(self, session: Session, clock: Clock, asker_id: int | None) -> None:
        self._session = session
        self._clock = clock
        self._asker_id = asker_id

    def find(self, username: str) -> FoundUser:
        """Return the user of this name; raises `NotFound`, and `TooManyAttempts` after many wrong names.

        Must run outside of a writing transaction.
        """
        self.check()
        found = self.look(username)
        if found is None:
            self.count_miss()
            raise NotFound
        return found

    def complete(self, beginning: str) -> Sequence[str]:
        """Return the names of some other users that begin with this text, by name."""
        key = username_key(beginning)
        if not key:
            return []
        wanted = select(User.username).where(
            User.username_key.startswith(key, autoescape=True),
            User.deleted_at.is_(None),
            User.disabled_at.is_(None),
            User.id != self._asker_id,
        )
        return self._session.scalars(wanted.order_by(User.username_key).limit(_COMPLETED)).all()

    def check_accepts(self, user: FoundUser) -> None:
        """Refuse an asker whom the user blocks; only below `hiding_blocks`."""
        if is_blocked(self._session, user.id, self._asker_id):
            raise _Blocked

    @contextmanager
    def hiding_blocks(self) -> Iterator[None]:
        """Raise `NotFound` for a refusal of `check_accepts` in the body, and count it like an unknown name.

        The writing transaction belongs into the body, because counting needs another one.
        """
        try:
            yield
        except _Blocked as error:
            self.count_miss()
            raise NotFound from error

    def look(self, username: str) -> FoundUser | None:
        """Return the user of this name, None without one; the caller checks before, and counts what led nowhere."""
        try:
            key = username_key(to_username(username))
        except InvalidUsername:
            return None
        wanted = select(User.id, User.username).where(User.username_key == key, User.deleted_at.is_(None))
        row = self._session.execute(wanted).one_or_none()
        return None if row is None else FoundUser(*row)

    def check(self) -> None:
        """Raise `TooManyAttempts` after many wrong names."""
        if self._asker_id is None:
            return
        now = self._clock()
        for row in read_counters(self._session, [self._key], now).values():
            if row.retry_at > now:
                raise TooManyAttempts(retry_after=int((row.retry_at - now).total_seconds()) + 1)

    def count_miss(self) -> None:
        """Count a name that led nowhere."""
        if self._asker_id is None:
            return
        now = self._clock()

        def count() -> None:
            counter = increment(self._session, self._key, now, COUNTED_FOR)
            counter.retry_at = now + _MISSES.wait_after(counter.failures)

        count_with_retry(self._session, count)

    @property
    def _key(self) -> str:
        return f"name-miss:{self._asker_id}"
