"""How whoever guesses passwords is slowed down, and nobody else.

Rule: the clock is a fake; what a person would have to wait for takes no time here.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import TooManyAttempts
from cabinet.models import Throttle
from cabinet.services.throttle import COUNTED_FOR, KNOWN_FOR, LIMITS, LoginThrottle, to_network
from tests.support.services import Workbench

HOME, OFFICE, ATTACKER = "203.0.113.1", "203.0.113.2", "198.51.100.66"


@pytest.fixture
def throttle(session: Session, bench: Workbench) -> LoginThrottle:
    return LoginThrottle(session, bench.clock)


def is_let_in(throttle: LoginThrottle, account: str, address: str) -> bool:
    try:
        throttle.check(account, address)
    except TooManyAttempts:
        return False
    return True


def fail(throttle: LoginThrottle, account: str, address: str, times: int = 1) -> None:
    for _ in range(times):
        throttle.count_failure(account, address)


def wait_of(throttle: LoginThrottle, account: str, address: str) -> int:
    with pytest.raises(TooManyAttempts) as caught:
        throttle.check(account, address)
    return caught.value.retry_after


def test_nobody_waits_before_the_first_failure(throttle: LoginThrottle) -> None:
    assert is_let_in(throttle, "alice", HOME)


def test_a_few_mistakes_cost_nothing(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 9)

    assert is_let_in(throttle, "alice", HOME)


def test_after_ten_failures_each_further_one_doubles_the_wait(
    throttle: LoginThrottle, bench: Workbench
) -> None:
    waits = []
    fail(throttle, "alice", HOME, 9)
    for _ in range(14):
        fail(throttle, "alice", HOME)
        waits.append(wait_of(throttle, "alice", HOME) - 1)
        bench.clock.advance(seconds=waits[-1])
        assert is_let_in(throttle, "alice", HOME)

    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_the_wait_is_over_when_it_says(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 13)
    wait = wait_of(throttle, "alice", HOME)

    bench.clock.advance(seconds=wait - 2)
    assert not is_let_in(throttle, "alice", HOME)

    bench.clock.advance(seconds=2)
    assert is_let_in(throttle, "alice", HOME)


def test_a_wrong_password_of_one_account_does_not_slow_another(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 15)

    assert is_let_in(throttle, "bob", HOME)
    assert is_let_in(throttle, "alice", OFFICE)


def test_one_address_cannot_try_many_accounts(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["address"].free):
        fail(throttle, f"user{number}", ATTACKER)

    assert not is_let_in(throttle, "somebody else", ATTACKER)
    assert is_let_in(throttle, "somebody else", HOME)


def test_many_addresses_cannot_try_one_account(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["account"].free):
        fail(throttle, "alice", f"192.0.2.{number}")

    assert not is_let_in(throttle, "alice", "192.0.2.200")
    assert is_let_in(throttle, "bob", "192.0.2.200")


def test_the_21st_wrong_password_in_a_row_has_to_wait_wherever_it_comes_from(
    throttle: LoginThrottle,
) -> None:
    for number in range(20):
        fail(throttle, "alice", f"192.0.2.{number % 7}")

    assert not is_let_in(throttle, "alice", "192.0.2.99")


def test_nobody_keeps_the_owner_out_of_an_address_that_the_owner_used(
    throttle: LoginThrottle, bench: Workbench
) -> None:
    throttle.count_success("alice", HOME)
    for number in range(100):
        fail(throttle, "alice", f"192.0.2.{number}")

    assert is_let_in(throttle, "alice", HOME)
    assert not is_let_in(throttle, "alice", OFFICE)
    bench.clock.advance(seconds=KNOWN_FOR.total_seconds() - 10)
    for number in range(100):
        fail(throttle, "alice", f"192.0.2.{number}")
    assert is_let_in(throttle, "alice", HOME)
    bench.clock.advance(seconds=11)
    assert not is_let_in(throttle, "alice", HOME)


def test_the_longest_wait_of_somebody_elses_making_is_a_minute(throttle: LoginThrottle) -> None:
    for number in range(200):
        fail(throttle, "alice", f"192.0.2.{number}")

    assert wait_of(throttle, "alice", HOME) == 61


def test_the_owners_own_mistakes_count_at_a_known_address_too(throttle: LoginThrottle) -> None:
    throttle.count_success("alice", HOME)
    fail(throttle, "alice", HOME, 10)

    assert not is_let_in(throttle, "alice", HOME)


def test_the_right_password_forgets_the_mistakes_before_it(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 9)
    throttle.count_success("alice", HOME)
    fail(throttle, "alice", HOME, 9)

    assert is_let_in(throttle, "alice", HOME)


def test_the_right_password_of_one_account_does_not_free_an_address(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["address"].free):
        fail(throttle, f"user{number}", ATTACKER)
    throttle.count_success("mallory", ATTACKER)

    assert not is_let_in(throttle, "alice", ATTACKER)


def test_failures_are_forgotten_after_an_hour_without_one(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 9)
    bench.clock.advance(seconds=COUNTED_FOR.total_seconds())
    fail(throttle, "alice", HOME)

    assert is_let_in(throttle, "alice", HOME)


def test_another_process_knows_the_same_failures(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 10)

    with bench.session() as other:
        assert not is_let_in(LoginThrottle(other, bench.clock), "alice", HOME)


def test_a_sign_in_from_an_address_that_is_known_writes_nothing(
    throttle: LoginThrottle, session: Session, bench: Workbench
) -> None:
    throttle.count_success("alice", HOME)
    before = session.execute(select(Throttle.key, Throttle.expires_at)).all()

    bench.clock.advance(hours=1)
    throttle.count_success("alice", HOME)
    assert session.execute(select(Throttle.key, Throttle.expires_at)).all() == before

    bench.clock.advance(days=1)
    throttle.count_success("alice", HOME)
    assert session.scalar(select(Throttle.expires_at)) == bench.clock.now + KNOWN_FOR


def test_two_that_begin_the_same_counter_at_once_are_no_error(
    throttle: LoginThrottle, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(throttle, "alice", HOME)
    throttle.count_success("bob", HOME)
    with monkeypatch.context() as patched:
        # As if the rows of the other one had come between the look and the insert.
        patched.setattr(session, "get", lambda *_, **__: None)
        patched.setattr(throttle, "_rows", lambda *_: [])
        patched.setattr(session, "execute", lambda *_: None)
        fail(throttle, "alice", HOME)
        throttle.count_success("bob", HOME)

    failures = session.execute(select(Throttle.key, Throttle.failures).order_by(Throttle.failures))
    assert sorted(row.failures for row in failures) == [0, 1, 1, 1]


def test_what_no_longer_counts_is_deleted(
    throttle: LoginThrottle, session: Session, bench: Workbench
) -> None:
    fail(throttle, "alice", HOME)
    throttle.count_success("bob", HOME)
    bench.clock.advance(seconds=COUNTED_FOR.total_seconds())

    assert throttle.forget_expired() == len(LIMITS)
    assert session.scalar(select(func.count()).select_from(Throttle)) == 1


def test_no_row_holds_a_name(throttle: LoginThrottle, session: Session) -> None:
    fail(throttle, "my password, typed into the wrong field", HOME)
    throttle.count_success("alice", HOME)

    keys = list(session.scalars(select(Throttle.key)))
    assert len(keys) == 4
    assert not any("alice" in key or "password" in key for key in keys)


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
def test_a_guesser_has_one_ipv4_address_or_64_bits_of_ipv6(address: str, network: str) -> None:
    assert to_network(address) == network


def test_a_long_series_of_failures_does_not_overflow() -> None:
    assert LIMITS["pair"].wait_after(10**9) == timedelta(seconds=900)
