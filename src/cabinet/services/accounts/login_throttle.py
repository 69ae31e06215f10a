"""Slowing down whoever guesses passwords, without locking anybody out.

Counters, kept in the database so that all processes share them and a restart forgets nothing. The
pair (account, address) stops one guesser; the address stops one guesser of many accounts; the
account stops many addresses, by a wait and by `DAILY_FAILURES`, and for those two an address from
which the owner signed in before does not count. So nobody can keep the owner out from there.

The failures of a day are counted by the hour, so that the oldest of them stop counting one by one.
PostgreSQL lets two requests begin the same counter at once; one of them does, and the other tries again.

Rule: asked before anything that tells a right password from a wrong one, the memory of Basic
passwords too; counting happens inside `Passwords.turn`, or many guesses would pass uncounted.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import AccountGuarded, TooManyAttempts
from cabinet.models import Throttle
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import writing
from cabinet.services.kernel.expiry import delete_in_steps

# A counter is forgotten when it was not touched for so long.
COUNTED_FOR = timedelta(hours=1)
# How long an address counts as the owner's after a sign-in.
KNOWN_FOR = timedelta(days=90)
# Wrong passwords for one account, in 24 hours, from networks that its owner is not known from.
DAILY_FAILURES = 100
_HOURS = 24
_HOUR = timedelta(hours=1)
# One for each counter that somebody else may begin in the same moment, and one more.
_ATTEMPTS = 5


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


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """Accounts that one network may make; 0 for any number."""

    per_minute: int = 0
    per_day: int = 0


class RegistrationThrottle:
    """Counts the accounts that each network makes."""

    def __init__(self, session: Session, clock: Clock, limits: RegistrationLimits) -> None:
        self._session = session
        self._clock = clock
        self._windows = (("minute", timedelta(minutes=1), limits.per_minute),
                         ("day", timedelta(days=1), limits.per_day))  # fmt: skip

    def count(self, address: str) -> None:
        """Note that an account is about to be made; raises `TooManyAttempts` when there are enough."""
        now, network = self._clock(), to_network(address)
        windows = [
            (f"register-{name}:{network}", lasts, limit) for name, lasts, limit in self._windows if limit
        ]
        # Whoever asks in a loop is refused by a look alone, for everybody waits for a turn to write.
        for key, _lasts, limit in windows:
            _check_window(self._session.get(Throttle, key), now, limit)

        def count() -> None:
            for key, lasts, limit in windows:
                self._count_in(key, now, lasts, limit)

        _count_surely(self._session, count)

    def _count_in(self, key: str, now: datetime, lasts: timedelta, limit: int) -> None:
        row = self._session.get(Throttle, key, with_for_update=True)
        _check_window(row, now, limit)
        if row is None or row.expires_at <= now:
            row = row or Throttle(key=key)
            row.failures, row.retry_at, row.expires_at = 0, now, now + lasts
            self._session.add(row)
        row.failures += 1


def _check_window(row: Throttle | None, now: datetime, limit: int) -> None:
    """Raise `TooManyAttempts` when so many accounts were made in a time that is not over."""
    if row is not None and row.expires_at > now and row.failures >= limit:
        raise TooManyAttempts(retry_after=int((row.expires_at - now).total_seconds()) + 1)


class LoginThrottle:
    """Counts wrong passwords by account and by address."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def check(self, account: str, address: str, *, is_owner: bool = False) -> bool:
        """Raise `TooManyAttempts` when this attempt comes too soon; `account` is a username key.

        `is_owner` says that the account's owner is signed in already, wherever that is. Returns
        whether a success would tell nothing new of this address.
        """
        now = self._clock()
        keys, known = self._keys(account, address), self._known_key(account, address)
        asked = [*keys.values(), known, *self._hour_keys(account, now)]
        rows = {row.key: row for row in self._rows(asked, now)}
        if known in rows or is_owner:
            del keys["account"]
        else:
            self._check_day(account, rows, now)
        waits = [rows[key].retry_at - now for key in keys.values() if key in rows]
        longest = max(waits, default=timedelta(0)).total_seconds()
        if longest > 0:
            raise TooManyAttempts(retry_after=int(longest) + 1)
        return keys["pair"] not in rows and known in rows and _is_fresh(rows[known], now)

    def _check_day(
        self, account: str, rows: Mapping[str, Throttle], now: datetime, limit: int = DAILY_FAILURES
    ) -> None:
        """Raise `AccountGuarded` when the failures of the last 24 hours are `limit`."""
        counted = 0
        for passed, key in enumerate(self._hour_keys(account, now)):
            counted += rows[key].failures if key in rows else 0
            if counted >= limit:
                # Once this hour no longer counts, there are fewer.
                raise AccountGuarded(hours=_HOURS + 1 - passed)

    def count_failure(self, account: str, address: str, *, is_owner: bool = False) -> None:
        """Note a wrong password; `is_owner` as in `check`.

        Raises `AccountGuarded` when it is one too many: others were counted while it was looked at.
        """
        now, known = self._clock(), self._known_key(account, address)
        hours = self._hour_keys(account, now)

        def count() -> None:
            for kind, key in self._keys(account, address).items():
                failures = self._count(key, now, COUNTED_FOR)
                failures.retry_at = now + LIMITS[kind].wait_after(failures.failures)
            if not self._rows([known], now):
                self._count(hours[0], now, _HOUR * (_HOURS + 1)).retry_at = now

        _count_surely(self._session, count)
        rows = {row.key: row for row in self._rows([known, *hours], now)}
        if known not in rows and not is_owner:
            self._check_day(account, rows, now, DAILY_FAILURES + 1)

    def count_success(self, account: str, address: str) -> None:
        """Forget the failures of this account from this address, and know the address."""
        now = self._clock()
        pair, known = self._keys(account, address)["pair"], self._known_key(account, address)
        rows = {row.key: row for row in self._rows([pair, known], now)}
        if pair not in rows and known in rows and _is_fresh(rows[known], now):
            return
        with suppress(IntegrityError), writing(self._session):
            self._session.execute(delete(Throttle).where(Throttle.key.in_([pair, known])))
            self._session.add(Throttle(key=known, failures=0, retry_at=now, expires_at=now + KNOWN_FOR))

    def unlock(self, account: str) -> None:
        """Forget every failure of an account; the networks that its owner is known from stay known."""
        name = _digest(account)
        mine = (
            Throttle.key == f"account:{name}",
            Throttle.key.like(f"hour:{name}:%"),
            Throttle.key.like(f"pair:%:{name}"),
        )
        delete_in_steps(self._session, Throttle.key, or_(*mine))

    def forget_expired(self) -> int:
        """Delete what no longer counts and return how many rows that were."""
        return delete_in_steps(self._session, Throttle.key, Throttle.expires_at <= self._clock())

    def _count(self, key: str, now: datetime, kept_for: timedelta) -> Throttle:
        """Return a counter with one more failure; the caller says when the next try may come."""
        row = self._session.get(Throttle, key, with_for_update=True)
        if row is None:
            row = Throttle(key=key, failures=0)
            self._session.add(row)
        elif row.expires_at <= now:
            row.failures = 0
        row.failures += 1
        row.expires_at = now + kept_for
        return row

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

    def _hour_keys(self, account: str, now: datetime) -> list[str]:
        """Return the counters of the hours that a day touches, the present one first."""
        name, hour = _digest(account), int(now.timestamp()) // 3600
        return [f"hour:{name}:{hour - passed}" for passed in range(_HOURS + 1)]

    def _known_key(self, account: str, address: str) -> str:
        return f"known:{to_network(address)}:{_digest(account)}"


def _count_surely(session: Session, count: Callable[[], None]) -> None:
    """Run `count` in a transaction, and again where another one began one of its counters meanwhile."""
    for _ in range(_ATTEMPTS):
        with suppress(IntegrityError), writing(session):
            count()
            return


def _is_fresh(known: Throttle, now: datetime) -> bool:
    """Tell whether a known address need not be noted anew yet."""
    return known.expires_at > now + KNOWN_FOR - timedelta(days=1)


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


def is_loopback(address: str) -> bool:
    """Tell whether an address is one of this machine alone."""
    network = to_network(address)
    return network == "::" or network.startswith("127.")
