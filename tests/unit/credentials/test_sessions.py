"""Browser sessions: creation, expiry and revocation.

Rule: the clock is a fake.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, SignInRequired, WrongCredentials
from cabinet.models import Token, UserSession
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.kernel.database import writing
from tests.support.row_counts import rows_changed
from tests.support.services import ADDRESS, PASSWORD, START, Workbench
from tests.support.sessions import ANOTHER, DAY, TIMES, begin, id_of


def test_a_secret_opens_the_session_of_its_user(sessions: Sessions, alice: Account, bob: Account) -> None:
    found = sessions.find(begin(sessions, alice))

    assert found is not None
    assert found[0] == alice
    assert sessions.find("another secret") is None
    assert sessions.find("") is None


def test_secrets_are_stored_only_as_their_hash(
    sessions: Sessions, tokens: Tokens, session: Session, alice: Account
) -> None:
    secret, (_, token) = begin(sessions, alice), tokens.issue(Credential(alice), "backup")

    assert len(secret) >= 43
    assert len(token) >= 43
    for row in (*session.scalars(select(UserSession)), *session.scalars(select(Token))):
        values = [str(value) for value in vars(row).values()]
        assert secret not in values
        assert token not in values


def test_a_session_expires_without_use(sessions: Sessions, bench: Workbench, alice: Account) -> None:
    secret = begin(sessions, alice)
    bench.clock.advance(seconds=DAY - 1)
    assert sessions.find(secret)
    bench.clock.advance(seconds=DAY - 1)
    assert sessions.find(secret)
    bench.clock.advance(seconds=DAY)
    assert sessions.find(secret) is None


def test_a_session_expires_by_its_age(sessions: Sessions, bench: Workbench, alice: Account) -> None:
    secret = begin(sessions, alice)
    for _ in range(13):
        bench.clock.advance(seconds=DAY // 2)
        assert sessions.find(secret)

    bench.clock.advance(seconds=DAY // 2)

    assert sessions.find(secret) is None


def test_the_last_used_time_is_written_at_most_once_a_minute(
    sessions: Sessions, tokens: Tokens, bench: Workbench, alice: Account
) -> None:
    secret, (_, token) = begin(sessions, alice), tokens.issue(Credential(alice), "backup")
    tokens.find(token)
    writes: list[str] = []
    event.listen(
        bench.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *rest: writes.append(statement),
    )

    def uses() -> int:
        writes.clear()
        sessions.find(secret)
        tokens.find(token)
        return sum(statement.startswith("UPDATE") for statement in writes)

    assert [uses(), uses()] == [0, 0]
    bench.clock.advance(seconds=59)
    assert uses() == 0
    bench.clock.advance(seconds=1)
    assert [uses(), uses()] == [2, 0]
    assert [shown.last_used_at for shown in sessions.list_of(alice.id)] == [bench.clock.now]
    assert [shown.last_used_at for shown in tokens.list_of(alice.id)] == [bench.clock.now]


def test_a_long_user_agent_is_truncated(sessions: Sessions, alice: Account) -> None:
    sessions.begin(alice, TIMES, "x" * 10_000, "y" * 10_000)

    (shown,) = sessions.list_of(alice.id)
    assert (shown.user_agent, shown.address) == ("x" * 256, "y" * 64)


def test_sessions_are_listed_by_last_use_without_expired_ones(
    sessions: Sessions, bench: Workbench, alice: Account, bob: Account
) -> None:
    idle, used, fresh = begin(sessions, alice), begin(sessions, alice), begin(sessions, alice)
    begin(sessions, bob)
    ids = {secret: id_of(sessions, secret) for secret in (idle, used, fresh)}
    bench.clock.advance(hours=20)
    sessions.find(fresh)
    bench.clock.advance(hours=1)
    sessions.find(used)
    assert [shown.id for shown in sessions.list_of(alice.id)] == [ids[used], ids[fresh], ids[idle]]

    bench.clock.advance(hours=3)

    assert [shown.id for shown in sessions.list_of(alice.id)] == [ids[used], ids[fresh]]


def test_only_its_owner_can_end_a_session(sessions: Sessions, alice: Account, bob: Account) -> None:
    secret = begin(sessions, alice)
    session_id = id_of(sessions, secret)

    with pytest.raises(NotFound):
        sessions.end(bob.id, session_id)
    assert sessions.find(secret)

    sessions.end(alice.id, session_id)
    assert sessions.find(secret) is None
    with pytest.raises(NotFound):
        sessions.end(alice.id, session_id)


def test_expired_sessions_are_deleted(sessions: Sessions, bench: Workbench, alice: Account) -> None:
    begin(sessions, alice)
    bench.clock.advance(days=3)
    begin(sessions, alice)
    bench.clock.advance(days=4)

    assert sessions.delete_expired() == 1
    assert sessions.delete_expired() == 0


def test_naive_times_are_refused_by_the_database_types(session: Session, alice: Account) -> None:
    with pytest.raises(StatementError, match="naive"):
        session.scalar(select(Token).where(Token.created_at == datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the case


def test_an_outdated_password_starts_no_session(
    sessions: Sessions, tokens: Tokens, accounts: Accounts, alice: Account
) -> None:
    stale = accounts.check_password("alice", PASSWORD, ADDRESS)
    accounts.set_password("alice", ANOTHER)

    with pytest.raises(SignInRequired):
        begin(sessions, stale)
    with pytest.raises(SignInRequired):
        tokens.issue(Credential(stale), "backup")

    assert sessions.list_of(alice.id) == []
    assert tokens.list_of(alice.id) == []


def test_beyond_the_limit_the_least_recently_used_session_ends(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    sessions = Sessions(session, bench.clock, limit=3)
    other = begin(sessions, bob)
    secrets = []
    for _ in range(4):
        secrets.append(begin(sessions, alice))
        bench.clock.advance(minutes=2)
        sessions.find(secrets[0])

    assert [sessions.find(secret) is not None for secret in secrets] == [True, False, True, True]
    assert sessions.find(other) is not None


def test_very_many_sessions_end_in_batches_oldest_first(
    session: Session, bench: Workbench, alice: Account
) -> None:
    """A script may have signed in every minute before there was a limit: more sessions than one statement can list."""
    rows = [
        {
            "id": f"{number}",
            "user_id": alice.id,
            "secret_hash": f"{number}",
            "user_agent": "",
            "address": ADDRESS,
            "created_at": START,
            "last_used_at": START - timedelta(minutes=2000 - number),
            "idle_seconds": DAY,
            "expires_at": START + timedelta(days=7),
        }
        for number in range(2000)
    ]
    with writing(session):
        session.execute(insert(UserSession), rows)
    sessions = Sessions(session, bench.clock, limit=3)

    with rows_changed(bench.engine) as changed:
        secrets = [begin(sessions, alice) for _ in range(2)]

    # 500 ended and one started, each time.
    assert changed == [501, 501]
    assert session.scalar(select(func.min(UserSession.last_used_at))) == START - timedelta(minutes=1000)
    assert all(sessions.find(secret) for secret in secrets)


def test_concurrent_password_changes_do_not_overwrite_each_other(
    accounts: Accounts, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    hash_password = bench.passwords.hash

    def change_password_concurrently(password: str) -> str:
        monkeypatch.setattr(bench.passwords, "hash", hash_password)
        with bench.session() as other:
            bench.accounts(other).set_password("alice", "the operator's choice")
        return hash_password(password)

    monkeypatch.setattr(bench.passwords, "hash", change_password_concurrently)
    with pytest.raises(WrongCredentials):
        accounts.change_password(alice.id, PASSWORD, ANOTHER, ADDRESS)

    assert accounts.check_password("alice", "the operator's choice", ADDRESS) == alice


def test_expired_sessions_are_deleted_in_small_transactions(
    session: Session, sessions: Sessions, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.kernel.expiry.BATCH", 4)
    for _ in range(10):
        begin(sessions, alice)
    bench.clock.advance(days=400)
    kept = begin(sessions, alice)

    with rows_changed(bench.engine) as changed:
        assert sessions.delete_expired() == 10

    assert changed == [4, 4, 2]
    assert sessions.find(kept) is not None
