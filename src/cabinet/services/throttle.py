"""Slowing down whoever guesses passwords, without locking anybody out.

Three counters, kept in the database so that all processes share them and a restart forgets
nothing. The pair (account, address) stops one guesser; the address stops one guesser of many
accounts; the account stops many addresses, and for that one an address from which the owner
signed in before does not count. So nobody can keep the owner out from elsewhere.

Where a database lets two requests begin the same counter at once, one of them does and the other
goes uncounted; SQLite does not let them.

Rule: asking and counting happen inside `Passwords.turn`.
"""

from __future__ import annotations

import hashlib
import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import TooManyAttempts
from cabinet.models import Throttle
from cabinet.services.clock import Clock
from cabinet.services.database import execute_counted, writing

# A counter is forgotten when it was not touched for so long.
COUNTED_FOR = timedelta(hours=1)
# How long an address counts as the owner's after a sign-in.
KNOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Limit:
    """After `free` failures each further one doubles the wait, up to `longest` seconds."""

    free: int
    longest: int

    def wait_after(self, failures: int) -> timedelta:
        """Return how long the next attempt has to wait after so many failures."""
        if failures < self.free:
            return timedelta(0)
        return timedelta(seconds=min(self.longest, 2 ** min(failures - self.free, 20)))


# A person mistypes a few times; an office behind one address mistypes more often.
LIMITS = {"pair": Limit(10, 900), "address": Limit(60, 300), "account": Limit(20, 60)}


class LoginThrottle:
    """Counts wrong passwords by account and by address."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def check(self, account: str, address: str) -> None:
        """Raise `TooManyAttempts` when this attempt comes too soon; `account` is a username key."""
        now = self._clock()
        keys = self._keys(account, address)
        known = self._known_key(account, address)
        rows = {row.key: row for row in self._rows([*keys.values(), known], now)}
        if known in rows:
            del keys["account"]
        waits = [rows[key].retry_at - now for key in keys.values() if key in rows]
        longest = max(waits, default=timedelta(0)).total_seconds()
        if longest > 0:
            raise TooManyAttempts(retry_after=int(longest) + 1)

    def count_failure(self, account: str, address: str) -> None:
        """Note a wrong password."""
        now = self._clock()
        with suppress(IntegrityError), writing(self._session):
            for kind, key in self._keys(account, address).items():
                row = self._session.get(Throttle, key, with_for_update=True)
                if row is None:
                    row = Throttle(key=key, failures=0)
                    self._session.add(row)
                elif row.expires_at <= now:
                    row.failures = 0
                row.failures += 1
                row.retry_at = now + LIMITS[kind].wait_after(row.failures)
                row.expires_at = now + COUNTED_FOR

    def count_success(self, account: str, address: str) -> None:
        """Forget the failures of this account from this address, and know the address."""
        now = self._clock()
        pair, known = self._keys(account, address)["pair"], self._known_key(account, address)
        rows = {row.key: row for row in self._rows([pair, known], now)}
        fresh = known in rows and rows[known].expires_at > now + KNOWN_FOR - timedelta(days=1)
        if pair not in rows and fresh:
            return
        with suppress(IntegrityError), writing(self._session):
            self._session.execute(delete(Throttle).where(Throttle.key.in_([pair, known])))
            self._session.add(Throttle(key=known, failures=0, retry_at=now, expires_at=now + KNOWN_FOR))

    def forget_expired(self) -> int:
        """Delete what no longer counts and return how many rows that were."""
        with writing(self._session):
            return execute_counted(
                self._session, delete(Throttle).where(Throttle.expires_at <= self._clock())
            )

    def _rows(self, keys: list[str], now: datetime) -> list[Throttle]:
        wanted = select(Throttle).where(Throttle.key.in_(keys), Throttle.expires_at > now)
        return list(self._session.scalars(wanted))

    def _keys(self, account: str, address: str) -> dict[str, str]:
        network, name = to_network(address), _digest(account)
        return {
            "pair": f"pair:{network}:{name}",
            "address": f"address:{network}",
            "account": f"account:{name}",
        }

    def _known_key(self, account: str, address: str) -> str:
        return f"known:{to_network(address)}:{_digest(account)}"


def _digest(account: str) -> str:
    """Return a stand-in for a name, for people type their passwords into the wrong field."""
    return hashlib.sha256(account.encode(errors="surrogatepass")).hexdigest()[:32]


def to_network(address: str) -> str:
    """Return what one guesser has at hand: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped  # how a socket that listens for both kinds shows the older one
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)
