"""Throttle password guessing and registrations, without locking owners out of their accounts.

The counters are rows, so that all processes share them and a restart does not reset them. The counter
of a pair (account, address) limits one attacker; that of an address limits an attacker on many
accounts; that of an account limits attackers from many addresses, by a delay and by `DAILY_FAILURES`.
The last two ignore addresses from which the owner has signed in before, so an attack cannot lock the
owner out there.

The failures of a day are counted per hour, so that old failures expire hour by hour. On PostgreSQL,
two requests may insert the same counter at once; one succeeds, and the other tries again.

Rule: checked before anything that distinguishes right from wrong passwords, including the cache of
Basic passwords. Failures are counted inside `Passwords.turn`; otherwise many guesses would pass
uncounted.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import AccountGuarded, TooManyAttempts
from cabinet.models import Base, Throttle
from cabinet.services.kernel.clock import Clock
from cabinet.services.kernel.database import execute, writing
from cabinet.services.kernel.expiry import delete_in_steps

# Failures of a counter expire this long after the last one.
COUNTED_FOR = timedelta(hours=1)
# How long an address is known as the owner's after a sign-in.
KNOWN_FOR = timedelta(days=90)
# The maximum of wrong passwords for one account in 24 hours from networks that its owner has not used.
DAILY_FAILURES = 100
_HOURS = 24
_HOUR = timedelta(hours=1)
# The addresses whose networks are cached: each request asks for its own several times.
_KEPT_NETWORKS = 4096
# One for each counter that another request may insert concurrently, and one more.
_ATTEMPTS = 5


class Counter(NamedTuple):
    """The row of a counter."""

    key: str
    failures: int
    retry_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """After `free` failures, each further one doubles the delay, up to `longest` seconds."""

    free: int
    longest: int

    def wait_after(self, failures: int) -> timedelta:
        """Return the delay before the next attempt after `failures`."""
        if failures < self.free:
            return timedelta(0)
        return timedelta(seconds=min(self.longest, 2 ** min(failures - self.free, 20)))


# A person mistypes a few times, an office behind one address more often.
LIMITS = {"pair": Limit(10, 900), "address": Limit(60, 300), "account": Limit(20, 60)}

# Built once: each request with HTTP Basic runs one, and building it takes longer than running it.
_TABLE = Base.metadata.tables["throttle"]
_COUNTERS = select(_TABLE.c.key, _TABLE.c.failures, _TABLE.c.retry_at, _TABLE.c.expires_at).where(
    _TABLE.c.expires_at > bindparam("now")
)
_SOME_COUNTERS = _COUNTERS.where(_TABLE.c.key.in_(bindparam("keys", expanding=True)))
# Those that every attempt needs, without a list, whose text would depend on its length.
_OWN_COUNTERS = _COUNTERS.where(_TABLE.c.key.in_([bindparam(kind) for kind in ("known", *LIMITS)]))


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """The maximum number of registrations from one network; 0 for no limit."""

    per_minute: int = 0
    per_day: int = 0


class RegistrationThrottle:
    """Counts registrations by network."""

    def __init__(self, session: Session, clock: Clock, limits: RegistrationLimits) -> None:
        self._session = session
        self._clock = clock
        self._windows = (("minute", timedelta(minutes=1), limits.per_minute),
                         ("day", timedelta(days=1), limits.per_day))  # fmt: skip

    def count(self, address: str) -> None:
        """Count a registration; raises `TooManyAttempts` at the limit."""
        now, network = self._clock(), to_network(address)
        windows = [
            (f"register-{name}:{network}", lasts, limit) for name, lasts, limit in self._windows if limit
        ]
        # Checked first without a write: a loop of requests must not take turns in the queue of writers.
        for key, _lasts, limit in windows:
            _check_window(self._session.get(Throttle, key), now, limit)

        def count() -> None:
            for key, lasts, limit in windows:
                count_in_window(self._session, key, now, lasts, limit)

        count_with_retry(self._session, count)


def count_in_window(session: Session, key: str, now: datetime, lasts: timedelta, limit: int) -> None:
    """Count an event in the caller's transaction; raises `TooManyAttempts` after `limit` of them in that time."""
    row = session.get(Throttle, key, with_for_update=True)
    _check_window(row, now, limit)
    if row is None or row.expires_at <= now:
        row = row or Throttle(key=key)
        row.failures, row.retry_at, row.expires_at = 0, now, now + lasts
        session.add(row)
    row.failures += 1


def _check_window(row: Throttle | None, now: datetime, limit: int) -> None:
    """Raise `TooManyAttempts` when the counter of an unexpired window has reached `limit`."""
    if row is not None and row.expires_at > now and row.failures >= limit:
        raise TooManyAttempts(retry_after=int((row.expires_at - now).total_seconds()) + 1)


class LoginThrottle:
    """Counts wrong passwords by account and by address."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def check(self, account: str, address: str, *, is_owner: bool = False) -> bool:
        """Raise `TooManyAttempts` when this attempt is too early; `account` is a username key.

        `is_owner` means that the account's owner is already signed in, on any network. Returns whether
        a success need not be recorded: the address is known, and there are no failures to reset.
        """
        now = self._clock()
        keys, known = self._keys(account, address), self._known_key(account, address)
        rows = _by_key(execute(self._session, _OWN_COUNTERS, keys | {"known": known, "now": now}))
        if known in rows or is_owner:
            del keys["account"]
        else:
            self._check_day(account, self._rows(self._hour_keys(account, now), now), now)
        waits = [rows[key].retry_at - now for key in keys.values() if key in rows]
        longest = max(waits, default=timedelta(0)).total_seconds()
        if longest > 0:
            raise TooManyAttempts(retry_after=int(longest) + 1)
        return keys["pair"] not in rows and known in rows and _is_fresh(rows[known], now)

    def _check_day(
        self, account: str, rows: Mapping[str, Counter], now: datetime, limit: int = DAILY_FAILURES
    ) -> None:
        """Raise `AccountGuarded` when the failures of the last 24 hours reach `limit`."""
        counted = 0
        for passed, key in enumerate(self._hour_keys(account, now)):
            counted += rows[key].failures if key in rows else 0
            if counted >= limit:
                # Once this hour has expired, the count is below the limit.
                raise AccountGuarded(hours=_HOURS + 1 - passed)

    def count_failure(self, account: str, address: str, *, is_owner: bool = False) -> None:
        """Count a wrong password; `is_owner` as in `check`.

        Raises `AccountGuarded` when it exceeds the limit, because concurrent failures were counted since.
        """
        now, known = self._clock(), self._known_key(account, address)
        hours = self._hour_keys(account, now)

        def count() -> None:
            for kind, key in self._keys(account, address).items():
                failures = increment(self._session, key, now, COUNTED_FOR)
                failures.retry_at = now + LIMITS[kind].wait_after(failures.failures)
            if not self._rows([known], now):
                increment(self._session, hours[0], now, _HOUR * (_HOURS + 1)).retry_at = now

        count_with_retry(self._session, count)
        rows = self._rows([known, *hours], now)
        if known not in rows and not is_owner:
            self._check_day(account, rows, now, DAILY_FAILURES + 1)

    def count_success(self, account: str, address: str) -> None:
        """Reset the failures of this account from this address, and record the address as known."""
        now = self._clock()
        pair, known = self._keys(account, address)["pair"], self._known_key(account, address)
        rows = self._rows([pair, known], now)
        if pair not in rows and known in rows and _is_fresh(rows[known], now):
            return
        with suppress(IntegrityError), writing(self._session):
            self._session.execute(delete(Throttle).where(Throttle.key.in_([pair, known])))
            self._session.add(Throttle(key=known, failures=0, retry_at=now, expires_at=now + KNOWN_FOR))

    def unlock(self, account: str) -> None:
        """Reset all failures of an account; known networks of its owner stay known."""
        name = _digest(account)
        mine = (
            Throttle.key == f"account:{name}",
            Throttle.key.like(f"hour:{name}:%"),
            Throttle.key.like(f"pair:%:{name}"),
        )
        delete_in_steps(self._session, Throttle.key, or_(*mine))

    def delete_expired(self) -> int:
        """Delete expired counters, and return the number of rows."""
        return delete_in_steps(self._session, Throttle.key, Throttle.expires_at <= self._clock())

    def _rows(self, keys: list[str], now: datetime) -> Mapping[str, Counter]:
        return read_counters(self._session, keys, now)

    def _keys(self, account: str, address: str) -> dict[str, str]:
        network, name = to_network(address), _digest(account)
        return {
            "pair": f"pair:{network}:{name}",
            "address": f"address:{network}",
            "account": f"account:{name}",
        }

    def _hour_keys(self, account: str, now: datetime) -> list[str]:
        """Return the keys of the hourly counters of the last 24 hours, the current hour first."""
        name, hour = _digest(account), int(now.timestamp()) // 3600
        return [f"hour:{name}:{hour - passed}" for passed in range(_HOURS + 1)]

    def _known_key(self, account: str, address: str) -> str:
        return f"known:{to_network(address)}:{_digest(account)}"


def _by_key(rows: Iterable[Row[Any]]) -> Mapping[str, Counter]:
    return {row.key: Counter._make(row) for row in rows}


def read_counters(session: Session, keys: list[str], now: datetime) -> Mapping[str, Counter]:
    """Return the unexpired counters among these, by key."""
    return _by_key(execute(session, _SOME_COUNTERS, {"keys": keys, "now": now}))


def increment(session: Session, key: str, now: datetime, kept_for: timedelta) -> Throttle:
    """Increment a counter in the caller's transaction and return it; the caller sets its `retry_at`."""
    row = session.get(Throttle, key, with_for_update=True)
    if row is None:
        row = Throttle(key=key, failures=0)
        session.add(row)
    elif row.expires_at <= now:
        row.failures = 0
    row.failures += 1
    row.expires_at = now + kept_for
    return row


def count_with_retry(session: Session, count: Callable[[], None]) -> None:
    """Run `count` in a transaction, and again when another one inserted one of its counters meanwhile."""
    for _ in range(_ATTEMPTS):
        with suppress(IntegrityError), writing(session):
            count()
            return


def _is_fresh(known: Counter, now: datetime) -> bool:
    """Return whether a known address was recorded less than a day ago."""
    return known.expires_at > now + KNOWN_FOR - timedelta(days=1)


def _digest(account: str) -> str:
    """Return a hash of a user name, because people type passwords into the wrong field."""
    return hashlib.sha256(account.encode(errors="surrogatepass")).hexdigest()[:32]


@lru_cache(_KEPT_NETWORKS)
def to_network(address: str) -> str:
    """Return the network of one client: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped  # the form of IPv4 addresses on a dual-stack socket
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False).network_address)


def is_loopback(address: str) -> bool:
    """Return whether an address is a loopback address."""
    network = to_network(address)
    return network == "::" or network.startswith("127.")
