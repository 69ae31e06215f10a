"""Users from whom another user accepts nothing.

What a blocked user shares is refused as if there were no such recipient, so that nobody learns who blocks them.

Rule: a block declines what is waiting; what was accepted stays until it is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from cabinet.errors import N_, InvalidField, NotFound, TooManyShares
from cabinet.models import Acceptance, Share, ShareRecipient, User, UserBlock
from cabinet.services.accounts.user_lookup import UserLookup
from cabinet.services.accounts.usernames import username_key
from cabinet.services.audit.log import record
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute_counted, publishing, writing

# The maximum number of users that one user blocks.
MAX_BLOCKS = 1000

NO_USER = N_("there is no user with this name.")
ONESELF = N_("it is your own name.")


@dataclass(frozen=True, slots=True)
class Block:
    """A blocked user."""

    username: str
    created_at: datetime


class Blocks:
    """The users that one user blocks."""

    def __init__(self, session: Session, clock: Clock, user_id: int) -> None:
        self._session = session
        self._clock = clock
        self._user_id = user_id

    def list_all(self) -> Sequence[Block]:
        """Return the blocked users by name."""
        found = select(User.username, UserBlock.created_at).join(User, User.id == UserBlock.blocked_id)
        mine = found.where(UserBlock.user_id == self._user_id, User.deleted_at.is_(None))
        return [Block(*row) for row in self._session.execute(mine.order_by(User.username_key))]

    def add(self, username: str) -> Block:
        """Block a user, and decline what they share that is waiting; a blocked one stays so.

        Raises `InvalidField`, `TooManyShares`, and `TooManyAttempts` after many unknown names.
        """
        try:
            blocked = UserLookup(self._session, self._clock, self._user_id).find(username)
        except NotFound as error:
            raise InvalidField(field="username", reason=NO_USER) from error
        if blocked.id == self._user_id:
            raise InvalidField(field="username", reason=ONESELF)
        with publishing(self._session):
            row = self._session.get(UserBlock, (self._user_id, blocked.id))
            if row is None:
                counted = select(func.count()).where(UserBlock.user_id == self._user_id)
                if (self._session.scalar(counted) or 0) >= MAX_BLOCKS:
                    raise TooManyShares(allowed=MAX_BLOCKS)
                row = UserBlock(user_id=self._user_id, blocked_id=blocked.id, created_at=self._clock())
                self._session.add(row)
            of_them = select(Share.id).where(Share.user_id == blocked.id)
            waiting = update(ShareRecipient).where(
                ShareRecipient.user_id == self._user_id,
                ShareRecipient.state == Acceptance.PENDING,
                ShareRecipient.share_id.in_(of_them),
            )
            execute_counted(self._session, waiting.values(state=Acceptance.DECLINED))
            made = Block(blocked.username, row.created_at)
        record("user-blocked", user=blocked.username)
        return made

    def remove(self, username: str) -> None:
        """Unblock a user; raises `NotFound` for one who is not blocked."""
        named = select(User.id).where(User.username_key == username_key(username))
        gone = delete(UserBlock).where(UserBlock.user_id == self._user_id, UserBlock.blocked_id.in_(named))
        with writing(self._session):
            if not execute_counted(self._session, gone):
                raise NotFound
        record("user-unblocked", user=username)
