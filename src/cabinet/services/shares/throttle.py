"""Throttle guessing the passwords of links and their addresses, apart from the counters of accounts.

The counter of a pair (link, network) limits one guesser; that of a network limits one on many links; that of a
link delays guessers from many networks, never long, because it delays everybody. Browsers that have opened
the link are not affected: their cookie is not counted.

Addresses that lead nowhere are counted by network. Existing links stay open for that network, because an
office may share it, and 128 random bits cannot be guessed.

Rule: checked before a password is compared, also with the cache of recent ones.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from cabinet.errors import TooManyAttempts
from cabinet.services.accounts.login_throttle import (
    COUNTED_FOR,
    Limit,
    count_with_retry,
    increment,
    read_counters,
    to_network,
)
from cabinet.services.kernel.clock import Clock

_PAIR, _NETWORK, _LINK = Limit(10, 900), Limit(60, 300), Limit(100, 10)
_MISSES = Limit(60, 300)


class GuestThrottle:
    """Counts the failures of guests."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def check_password(self, share_id: str, address: str) -> None:
        """Raise `TooManyAttempts` if it is too early for another password of this link."""
        self._check(_password_keys(share_id, address))

    def count_wrong_password(self, share_id: str, address: str) -> None:
        """Count a wrong password of a link."""
        self._count(_password_keys(share_id, address))

    def count_miss(self, address: str) -> None:
        """Count an address that leads nowhere; raises `TooManyAttempts`, without a write, after too many."""
        keys = {f"share-miss:{to_network(address)}": _MISSES}
        self._check(keys)
        self._count(keys)

    def _check(self, keys: Mapping[str, Limit]) -> None:
        now = self._clock()
        rows = read_counters(self._session, list(keys), now)
        longest = max(((row.retry_at - now).total_seconds() for row in rows.values()), default=0.0)
        if longest > 0:
            raise TooManyAttempts(retry_after=int(longest) + 1)

    def _count(self, keys: Mapping[str, Limit]) -> None:
        now = self._clock()

        def count() -> None:
            for key, limit in keys.items():
                counter = increment(self._session, key, now, COUNTED_FOR)
                counter.retry_at = now + limit.wait_after(counter.failures)

        count_with_retry(self._session, count)


def _password_keys(share_id: str, address: str) -> Mapping[str, Limit]:
    network = to_network(address)
    return {
        f"share-pair:{network}:{share_id}": _PAIR,
        f"share-network:{network}": _NETWORK,
        f"share:{share_id}": _LINK,
    }
