"""Accounts: registration, sign-in, changes and deletion.

Rule: the hasher costs nothing and counts, so that a test can say how often a password was hashed.
"""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cabinet.errors import (
    InvalidUsername,
    NotFound,
    TooManyAttempts,
    Unavailable,
    UsernameTaken,
    WeakPassword,
    WrongCredentials,
)
from cabinet.models import Base, Node, User
from cabinet.services.accounts import passwords
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.passwords import Passwords
from cabinet.services.accounts.sessions import Sessions, SessionTimes
from cabinet.services.accounts.tokens import Tokens
from tests.support.services import ADDRESS, PASSWORD, CountingHasher, Workbench

ANOTHER = "a horse of another colour"


def opens(accounts: Accounts, username: str, password: str, *, remember: bool = False) -> bool:
    try:
        accounts.check_password(username, password, ADDRESS, remember=remember)
    except WrongCredentials:
        return False
    return True


def is_remembered(bench: Workbench, password: str) -> bool:
    """Sign alice in with HTTP Basic in a separate request."""
    with bench.session() as request:
        return opens(bench.accounts(request), "alice", password, remember=True)


def test_a_new_account_has_an_empty_space_with_a_root(
    accounts: Accounts, session: Session, bench: Workbench
) -> None:
    account = bench.accounts(session, quota=100).register("Ольга", PASSWORD)

    assert (account.username, account.usage, account.quota) == ("Ольга", 0, 100)
    assert account.created_at == bench.clock.now
    root = session.scalar(select(Node).where(Node.space_id == account.id))
    assert root is not None
    assert (root.name, root.parent_id, root.child_count) == ("", None, 0)


def test_only_the_hash_of_the_password_is_stored(accounts: Accounts, session: Session) -> None:
    accounts.register("alice", PASSWORD)

    stored = session.scalar(select(User.password_hash))
    assert stored
    assert PASSWORD not in stored


@pytest.mark.parametrize("username", ["alice", "ALICE", "\uff41lice"])
def test_a_user_name_that_looks_like_another_is_taken(accounts: Accounts, username: str) -> None:
    accounts.register("alice", PASSWORD)

    with pytest.raises(UsernameTaken):
        accounts.register(username, PASSWORD)


def test_a_user_name_taken_concurrently_is_taken(
    accounts: Accounts, session: Session, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts.register("alice", PASSWORD)
    late = bench.accounts(session)
    monkeypatch.setattr(late, "_find", lambda username: None)

    with pytest.raises(UsernameTaken) as caught:
        late.register("Alice", PASSWORD)

    assert isinstance(caught.value.__cause__, IntegrityError)
    assert session.scalar(select(func.count()).select_from(Node)) == 1


def test_user_name_then_password_then_availability_is_checked(
    accounts: Accounts,
) -> None:
    accounts.register("alice", PASSWORD)

    with pytest.raises(InvalidUsername):
        accounts.register("..", "x")
    with pytest.raises(WeakPassword):
        accounts.register("alice", "x")


@pytest.mark.parametrize(
    "password", [PASSWORD, "  spaces count  ", "пароль☃длинный", ("a few words " * 200)[:1024], "83920175\0"]
)
def test_random_passwords_are_accepted(accounts: Accounts, password: str) -> None:
    accounts.register("alice", password)

    assert opens(accounts, "alice", password)
    assert not opens(accounts, "alice", password.strip() + " ")


def test_user_names_are_case_insensitive_at_sign_in(accounts: Accounts) -> None:
    account = accounts.register("alice", PASSWORD)

    assert accounts.check_password("ALICE", PASSWORD, ADDRESS) == account
    assert not opens(accounts, "alice", PASSWORD.upper())


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("nobody", PASSWORD),
        ("../..", PASSWORD),
        ("alice", ANOTHER),
        ("alice", ""),
        ("alice", "x" * 1_000_000),
        ("alice", "\udcff"),
        ("disabled", PASSWORD),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_each_failed_sign_in_computes_one_hash(
    accounts: Accounts, bench: Workbench, username: str, password: str
) -> None:
    accounts.register("alice", PASSWORD)
    accounts.register("disabled", PASSWORD)
    accounts.disable("disabled")
    assert opens(accounts, "alice", PASSWORD)
    hashed, checked = bench.hasher.hashed, bench.hasher.checked

    assert not opens(accounts, username, password)

    assert (bench.hasher.hashed - hashed, bench.hasher.checked - checked) == (0, 1)


def test_the_first_failure_of_a_process_computes_the_same_for_unknown_names() -> None:
    work = []
    for stored in (None, CountingHasher().generate_password_hash(PASSWORD).decode()):
        hasher = CountingHasher()
        Passwords(hasher, 1).verify(ANOTHER, stored)
        work.append((hasher.hashed, hasher.checked))

    assert work[0] == work[1]


def test_no_password_matches_an_unknown_name() -> None:
    assert not Passwords(CountingHasher(), 1).verify("refused", None)


def test_a_throttled_sign_in_waits_even_with_the_right_password(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    for _ in range(10):
        assert not opens(accounts, "alice", ANOTHER)
    checked = bench.hasher.checked

    with pytest.raises(TooManyAttempts) as caught:
        accounts.check_password("alice", PASSWORD, ADDRESS)

    assert caught.value.retry_after >= 1
    assert bench.hasher.checked == checked
    bench.clock.advance(seconds=caught.value.retry_after)
    assert opens(accounts, "alice", PASSWORD)


def test_a_repeated_right_password_computes_one_hash(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    checked = bench.hasher.checked

    assert all(opens(accounts, "alice", PASSWORD, remember=True) for _ in range(20))

    assert bench.hasher.checked - checked == 1


def test_a_wrong_password_is_never_cached(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    assert opens(accounts, "alice", PASSWORD, remember=True)

    assert not opens(accounts, "alice", ANOTHER, remember=True)
    assert not opens(accounts, "alice", ANOTHER, remember=True)


def test_a_password_change_invalidates_the_cache(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    assert is_remembered(bench, PASSWORD)
    with bench.session() as elsewhere:
        other = Accounts(elsewhere, Passwords(bench.hasher, 1), bench.clock, None)
        other.set_password("alice", ANOTHER)

    assert not is_remembered(bench, PASSWORD)
    assert is_remembered(bench, ANOTHER)


def test_a_disabled_account_is_not_served_from_the_cache(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    assert is_remembered(bench, PASSWORD)

    accounts.disable("alice")
    assert not is_remembered(bench, PASSWORD)

    accounts.enable("alice")
    assert is_remembered(bench, PASSWORD)


def test_a_sign_in_survives_a_concurrent_deletion_of_the_account(
    accounts: Accounts, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = accounts.register("alice", PASSWORD)
    verify = bench.passwords.verify

    def verify_slowly(password: str, stored: str | None) -> bool:
        with bench.session() as meanwhile:
            bench.accounts(meanwhile).delete("alice")
        return verify(password, stored)

    monkeypatch.setattr(bench.passwords, "verify", verify_slowly)

    assert accounts.check_password("alice", PASSWORD, ADDRESS) == account


def test_concurrent_password_hashes_are_limited(monkeypatch: pytest.MonkeyPatch, bench: Workbench) -> None:
    monkeypatch.setattr(passwords, "_TURN_TIMEOUT", 0.01)

    with bench.passwords.turn(), bench.passwords.turn(), pytest.raises(Unavailable), bench.passwords.turn():
        pytest.fail("a third one hashes")
    with bench.passwords.turn():
        assert bench.passwords.hash(PASSWORD)


def test_a_password_change_ends_all_other_sessions(
    accounts: Accounts, session: Session, bench: Workbench
) -> None:
    account = accounts.register("alice", PASSWORD)
    sessions = Sessions(session, bench.clock)
    here, there = (sessions.begin(account, SessionTimes(60, 60), "", ADDRESS) for _ in range(2))
    found = sessions.find(here)
    assert found is not None

    accounts.change_password(account.id, PASSWORD, ANOTHER, ADDRESS, keep_session=found[1])

    assert sessions.find(here) is not None
    assert sessions.find(there) is None
    assert opens(accounts, "alice", ANOTHER)
    assert not opens(accounts, "alice", PASSWORD)


def test_a_password_change_needs_the_old_password_and_a_strong_new_one(accounts: Accounts) -> None:
    account = accounts.register("alice", PASSWORD)

    with pytest.raises(WrongCredentials):
        accounts.change_password(account.id, ANOTHER, ANOTHER, ADDRESS)
    with pytest.raises(WeakPassword):
        accounts.change_password(account.id, PASSWORD, "alice", ADDRESS)

    assert opens(accounts, "alice", PASSWORD)


def test_the_operator_sets_a_password_and_ends_all_sessions(
    accounts: Accounts, session: Session, bench: Workbench
) -> None:
    account = accounts.register("alice", PASSWORD)
    sessions = Sessions(session, bench.clock)
    secret = sessions.begin(account, SessionTimes(60, 60), "", ADDRESS)

    accounts.set_password("Alice", ANOTHER)

    assert sessions.find(secret) is None
    assert opens(accounts, "alice", ANOTHER)


def test_a_disabled_account_loses_access_at_once(
    accounts: Accounts, session: Session, bench: Workbench
) -> None:
    account = accounts.register("alice", PASSWORD)
    sessions, tokens = Sessions(session, bench.clock), Tokens(session, bench.clock)
    secret = sessions.begin(account, SessionTimes(60, 60), "", ADDRESS)
    _, token = tokens.issue(Credential(account), "backup")

    accounts.disable("alice")

    assert sessions.find(secret) is None
    assert tokens.find(token) is None
    assert not opens(accounts, "alice", PASSWORD)
    assert accounts.find("alice").disabled_at == bench.clock.now
    accounts.enable("alice")
    assert sessions.find(secret) is None
    assert tokens.find(token) is not None


def test_disabling_twice_keeps_the_first_time(accounts: Accounts, bench: Workbench) -> None:
    accounts.register("alice", PASSWORD)
    accounts.disable("alice")
    first = bench.clock.now
    bench.clock.advance(hours=1)

    accounts.disable("alice")

    assert accounts.find("alice").disabled_at == first


def test_deleting_an_account_removes_all_its_rows(
    accounts: Accounts, session: Session, bench: Workbench
) -> None:
    account = accounts.register("alice", PASSWORD)
    Sessions(session, bench.clock).begin(account, SessionTimes(60, 60), "", ADDRESS)
    Tokens(session, bench.clock).issue(Credential(account), "backup")
    bench.upload(session, account, "a/b.txt", b"content")

    with pytest.raises(WrongCredentials):
        accounts.delete_own(account.id, ANOTHER, ADDRESS)
    accounts.delete_own(account.id, PASSWORD, ADDRESS)

    left = {
        table.name: session.scalar(select(func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
        if table.name not in {"blob", "throttle"}
    }
    assert not any(left.values()), left
    with pytest.raises(NotFound):
        accounts.get(account.id)


def test_deleting_one_account_leaves_the_others(accounts: Accounts) -> None:
    accounts.register("alice", PASSWORD)
    bob = accounts.register("Bob", PASSWORD)

    accounts.delete("alice")

    assert accounts.list_all() == [bob]
    for ask in (accounts.find, accounts.disable, accounts.enable, accounts.delete):
        with pytest.raises(NotFound):
            ask("alice")


def test_the_selected_language_is_stored(accounts: Accounts) -> None:
    account = accounts.register("alice", PASSWORD)

    accounts.set_language(account.id, "ru")

    assert accounts.get(account.id).language == "ru"
