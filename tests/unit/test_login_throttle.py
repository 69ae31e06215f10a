"""Throttling of password guessing, without effect on other users.

Rule: the clock is a fake; what a person would have to wait for takes no time here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import AccountGuarded, TooManyAttempts
from cabinet.models import Throttle
from cabinet.services.accounts.login_throttle import (
    COUNTED_FOR,
    DAILY_FAILURES,
    KNOWN_FOR,
    LIMITS,
    LoginThrottle,
    RegistrationLimits,
    RegistrationThrottle,
)
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench

HOME, OFFICE, ATTACKER = "203.0.113.1", "203.0.113.2", "198.51.100.66"


@pytest.fixture
def throttle(session: Session, bench: Workbench) -> LoginThrottle:
    return LoginThrottle(session, bench.clock)


def is_let_in(throttle: LoginThrottle, account: str, address: str) -> bool:
    try:
        throttle.check(account, address)
    except (TooManyAttempts, AccountGuarded):
        return False
    return True


def fail(throttle: LoginThrottle, account: str, address: str, times: int = 1) -> None:
    for _ in range(times):
        throttle.count_failure(account, address)


def wait_of(throttle: LoginThrottle, account: str, address: str) -> int:
    with pytest.raises(TooManyAttempts) as caught:
        throttle.check(account, address)
    return caught.value.retry_after


def test_the_first_attempt_is_not_delayed(throttle: LoginThrottle) -> None:
    assert is_let_in(throttle, "alice", HOME)


def test_the_first_failures_cause_no_delay(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 9)

    assert is_let_in(throttle, "alice", HOME)


def test_after_ten_failures_each_further_one_doubles_the_delay(
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


def test_the_delay_ends_after_retry_after(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 13)
    wait = wait_of(throttle, "alice", HOME)

    bench.clock.advance(seconds=wait - 2)
    assert not is_let_in(throttle, "alice", HOME)

    bench.clock.advance(seconds=2)
    assert is_let_in(throttle, "alice", HOME)


def test_failures_of_one_account_do_not_delay_another(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 15)

    assert is_let_in(throttle, "bob", HOME)
    assert is_let_in(throttle, "alice", OFFICE)


def test_failures_on_many_accounts_throttle_the_address(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["address"].free):
        fail(throttle, f"user{number}", ATTACKER)

    assert not is_let_in(throttle, "somebody else", ATTACKER)
    assert is_let_in(throttle, "somebody else", HOME)


def test_failures_from_many_addresses_throttle_the_account(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["account"].free):
        fail(throttle, "alice", f"192.0.2.{number}")

    assert not is_let_in(throttle, "alice", "192.0.2.200")
    assert is_let_in(throttle, "bob", "192.0.2.200")


def test_after_20_failures_of_an_account_every_address_waits(
    throttle: LoginThrottle,
) -> None:
    for number in range(20):
        fail(throttle, "alice", f"192.0.2.{number % 7}")

    assert not is_let_in(throttle, "alice", "192.0.2.99")


def test_attacks_do_not_lock_the_owner_out_at_a_known_address(
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


def test_the_delay_caused_by_others_is_at_most_a_minute(throttle: LoginThrottle) -> None:
    for number in range(DAILY_FAILURES - 1):
        fail(throttle, "alice", f"192.0.2.{number}")

    assert wait_of(throttle, "alice", HOME) == 61


def test_failures_at_a_known_address_count(throttle: LoginThrottle) -> None:
    throttle.count_success("alice", HOME)
    fail(throttle, "alice", HOME, 10)

    assert not is_let_in(throttle, "alice", HOME)


def test_a_success_resets_the_failures_of_its_pair(throttle: LoginThrottle) -> None:
    fail(throttle, "alice", HOME, 9)
    throttle.count_success("alice", HOME)
    fail(throttle, "alice", HOME, 9)

    assert is_let_in(throttle, "alice", HOME)


def test_a_success_does_not_reset_the_failures_of_the_address(throttle: LoginThrottle) -> None:
    for number in range(LIMITS["address"].free):
        fail(throttle, f"user{number}", ATTACKER)
    throttle.count_success("mallory", ATTACKER)

    assert not is_let_in(throttle, "alice", ATTACKER)


def test_failures_expire_an_hour_after_the_last_one(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 9)
    bench.clock.advance(seconds=COUNTED_FOR.total_seconds())
    fail(throttle, "alice", HOME)

    assert is_let_in(throttle, "alice", HOME)


def test_processes_share_the_failures(throttle: LoginThrottle, bench: Workbench) -> None:
    fail(throttle, "alice", HOME, 10)

    with bench.session() as other:
        assert not is_let_in(LoginThrottle(other, bench.clock), "alice", HOME)


def test_a_sign_in_from_a_known_address_writes_nothing(
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


def test_concurrent_inserts_of_a_counter_are_no_error(
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
    assert sorted(row.failures for row in failures) == [0, 1, 1, 1, 1]


def test_a_failure_is_counted_in_a_concurrently_inserted_counter(
    throttle: LoginThrottle, session: Session, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    registrations = RegistrationThrottle(session, bench.clock, RegistrationLimits(per_minute=2, per_day=9))
    fail(throttle, "alice", HOME)
    registrations.count(HOME)
    find, seen = session.get, set[str]()

    def get(table: type[Throttle], key: str, **options: Any) -> Throttle | None:
        # Each look comes a moment too early once.
        row = find(table, key, **options) if key in seen else None
        seen.add(key)
        return row

    with monkeypatch.context() as patched:
        patched.setattr(session, "get", get)
        fail(throttle, "alice", HOME)
        registrations.count(HOME)

    assert set(session.scalars(select(Throttle.failures))) == {2}
    with pytest.raises(TooManyAttempts):
        registrations.count(HOME)


def test_at_most_a_hundred_concurrent_guesses_are_answered(
    throttle: LoginThrottle,
) -> None:
    throttle.count_success("alice", HOME)
    for number in range(DAILY_FAILURES):
        throttle.count_failure("alice", f"198.51.100.{number}")

    with pytest.raises(AccountGuarded):
        throttle.count_failure("alice", OFFICE)
    throttle.count_failure("alice", HOME)
    throttle.count_failure("alice", OFFICE, is_owner=True)


def test_expired_counters_are_deleted(throttle: LoginThrottle, session: Session, bench: Workbench) -> None:
    fail(throttle, "alice", HOME)
    throttle.count_success("bob", HOME)
    bench.clock.advance(seconds=COUNTED_FOR.total_seconds())

    assert throttle.delete_expired() == len(LIMITS)
    bench.clock.advance(days=1)
    assert throttle.delete_expired() == 1
    assert session.scalar(select(func.count()).select_from(Throttle)) == 1


def test_rows_contain_no_user_names(throttle: LoginThrottle, session: Session) -> None:
    fail(throttle, "my password, typed into the wrong field", HOME)
    throttle.count_success("alice", HOME)

    keys = list(session.scalars(select(Throttle.key)))
    assert len(keys) == 5
    assert not any("alice" in key or "password" in key for key in keys)


def guess(throttle: LoginThrottle, times: int) -> int:
    """Guess once from each of `times` unknown networks; return the number of guesses that were checked."""
    let_in = 0
    for number in range(times):
        address = f"192.0.2.{number % 250}" if number < 250 else f"198.51.100.{number % 250}"
        try:
            throttle.check("alice", address)
        except AccountGuarded:
            continue
        except TooManyAttempts:
            pass  # a client that waits returns later; the delay of the account has its own test
        let_in += 1
        throttle.count_failure("alice", address)
    return let_in


def test_an_account_takes_a_hundred_wrong_passwords_a_day_from_unknown_networks(
    throttle: LoginThrottle, bench: Workbench
) -> None:
    throttle.count_success("alice", HOME)

    assert guess(throttle, 150) == DAILY_FAILURES
    with pytest.raises(AccountGuarded) as caught:
        throttle.check("alice", OFFICE)
    assert is_let_in(throttle, "alice", HOME)
    throttle.check("alice", OFFICE, is_owner=True)
    throttle.check("bob", OFFICE)
    bench.clock.advance(seconds=caught.value.retry_after)
    assert is_let_in(throttle, "alice", OFFICE)


def test_failures_of_a_day_expire_after_24_hours(throttle: LoginThrottle, bench: Workbench) -> None:
    assert guess(throttle, 60) == 60
    bench.clock.advance(hours=23)
    assert guess(throttle, 100) == 40
    bench.clock.advance(hours=2)
    assert guess(throttle, 100) == 60


def test_failures_at_known_addresses_do_not_guard_the_account(throttle: LoginThrottle) -> None:
    throttle.count_success("alice", HOME)
    fail(throttle, "alice", HOME, DAILY_FAILURES + 1)

    throttle.check("alice", OFFICE, is_owner=True)
    with pytest.raises(TooManyAttempts):
        throttle.check("alice", OFFICE)


def test_unlocking_resets_one_account_only(throttle: LoginThrottle) -> None:
    guess(throttle, 100)
    fail(throttle, "bob", HOME, 12)

    throttle.unlock("alice")

    assert is_let_in(throttle, "alice", OFFICE)
    assert not is_let_in(throttle, "bob", HOME)


def test_counters_are_deleted_in_small_transactions(
    throttle: LoginThrottle, session: Session, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.kernel.expiry.BATCH", 4)
    for number in range(9):
        fail(throttle, "alice", f"203.0.113.{number}", 1)
        fail(throttle, f"nobody {number}", ATTACKER, 1)
    before = session.scalar(select(func.count()).select_from(Throttle)) or 0

    with rows_changed(bench.engine) as changed:
        throttle.unlock("alice")
    # Nine pairs, the account and an hour.
    assert changed == [4, 4, 3]
    bench.clock.advance(hours=26)
    with rows_changed(bench.engine) as changed:
        assert throttle.delete_expired() == before - 11

    assert max(changed) == 4
    assert session.scalar(select(func.count()).select_from(Throttle)) == 0


def test_check_returns_whether_a_success_must_be_recorded(throttle: LoginThrottle, bench: Workbench) -> None:
    assert not throttle.check("alice", HOME)
    throttle.count_success("alice", HOME)
    assert throttle.check("alice", HOME)
    fail(throttle, "alice", HOME)
    assert not throttle.check("alice", HOME)
    throttle.count_success("alice", HOME)
    bench.clock.advance(days=2)
    assert not throttle.check("alice", HOME)


def test_a_long_series_of_failures_does_not_overflow() -> None:
    assert LIMITS["pair"].wait_after(10**9) == timedelta(seconds=900)
