"""The limit on registrations from one network, and the definition of a network.

Rule: the clock is the test's own.
"""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import TooManyAttempts
from cabinet.models import Throttle
from cabinet.services.accounts.login_throttle import (
    RegistrationLimits,
    RegistrationThrottle,
    is_loopback,
    to_network,
)
from cabinet.services.kernel.database import writing
from tests.support.services import Workbench

HOME, OFFICE = "203.0.113.1", "203.0.113.2"


def test_registrations_from_one_network_are_limited(session: Session, bench: Workbench) -> None:
    throttle = RegistrationThrottle(session, bench.clock, RegistrationLimits(per_minute=2, per_day=3))
    throttle.count(HOME)
    throttle.count(HOME)

    with pytest.raises(TooManyAttempts) as caught:
        throttle.count(HOME)
    throttle.count(OFFICE)
    bench.clock.advance(seconds=caught.value.retry_after)
    throttle.count(HOME)
    bench.clock.advance(minutes=2)
    with pytest.raises(TooManyAttempts) as caught:
        throttle.count(HOME)
    bench.clock.advance(seconds=caught.value.retry_after)
    throttle.count(HOME)


def test_a_network_registering_in_a_loop_delays_no_others(session: Session, bench: Workbench) -> None:
    throttle = RegistrationThrottle(session, bench.clock, RegistrationLimits(per_minute=1, per_day=1))
    throttle.count(HOME)

    with bench.session() as other, writing(other):
        for _ in range(3):
            with pytest.raises(TooManyAttempts):
                throttle.count(HOME)


def test_without_limits_nothing_is_counted(session: Session, bench: Workbench) -> None:
    throttle = RegistrationThrottle(session, bench.clock, RegistrationLimits())
    for _ in range(50):
        throttle.count(HOME)

    assert session.scalar(select(func.count()).select_from(Throttle)) == 0


@pytest.mark.parametrize(
    ("address", "is_own"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", True),
     ("128.0.0.1", False), ("2001:db8::1", False), ("::2:0:0:0:1", False), ("", False)],
)  # fmt: skip
def test_loopback_addresses_are_recognized(address: str, is_own: bool) -> None:
    assert is_loopback(address) == is_own


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::"),
        ("", "unknown"),
        ("a unix socket", "unknown"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_64(address: str, network: str) -> None:
    assert to_network(address) == network
