"""Tokens: creation, expiry and revocation, and their limit.

Rule: the clock is a fake.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, NotFound, SignInRequired, TooManyTokens
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.sessions import Sessions
from cabinet.services.accounts.tokens import Tokens
from tests.support.services import ADDRESS, PASSWORD, Workbench
from tests.support.sessions import ANOTHER, begin, id_of


def acts_for(tokens: Tokens, secret: str) -> Account | None:
    found = tokens.find(secret)
    return None if found is None else found.account


def test_a_token_acts_for_its_user_until_it_expires(tokens: Tokens, bench: Workbench, alice: Account) -> None:
    issued, secret = tokens.issue(
        Credential(alice), "  backup \t script ", bench.clock.now + timedelta(hours=1)
    )

    assert issued.name == "backup script"
    assert acts_for(tokens, secret) == alice
    assert tokens.find("another") is None
    bench.clock.advance(hours=1)
    assert tokens.find(secret) is None


def test_a_token_without_an_expiry_does_not_expire(tokens: Tokens, bench: Workbench, alice: Account) -> None:
    _, secret = tokens.issue(Credential(alice), "backup")
    bench.clock.advance(days=10_000)

    assert acts_for(tokens, secret) == alice


def test_an_expiry_is_the_same_moment_in_every_time_zone(
    tokens: Tokens, session: Session, bench: Workbench, alice: Account
) -> None:
    expires_at = (bench.clock.now + timedelta(hours=1)).astimezone(timezone(timedelta(hours=9)))
    issued, _ = tokens.issue(Credential(alice), "backup", expires_at)

    session.rollback()
    (shown,) = tokens.list_of(alice.id)
    assert shown.expires_at == issued.expires_at == expires_at
    assert str(shown.expires_at) == "2026-03-01 13:00:00+00:00"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "bell\x07", "\udcff"], ids=ascii)
def test_a_token_needs_a_printable_name(tokens: Tokens, alice: Account, name: str) -> None:
    with pytest.raises(InvalidField) as caught:
        tokens.issue(Credential(alice), name)

    assert caught.value.field == "name"


def test_an_expiry_in_the_past_is_refused(tokens: Tokens, bench: Workbench, alice: Account) -> None:
    for expires_at in (bench.clock.now, datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(InvalidField) as caught:
            tokens.issue(Credential(alice), "backup", expires_at)
        assert caught.value.field == "expires_at"

    assert tokens.list_of(alice.id) == []


def test_only_its_owner_can_revoke_a_token(tokens: Tokens, alice: Account, bob: Account) -> None:
    issued, secret = tokens.issue(Credential(alice), "backup")
    assert [shown.id for shown in tokens.list_of(alice.id)] == [issued.id]
    assert tokens.list_of(bob.id) == []

    with pytest.raises(NotFound):
        tokens.revoke(bob.id, issued.id)
    assert acts_for(tokens, secret) == alice

    tokens.revoke(alice.id, issued.id)
    assert tokens.find(secret) is None
    with pytest.raises(NotFound):
        tokens.revoke(alice.id, issued.id)


def test_a_disabled_account_starts_no_session_and_no_token(
    sessions: Sessions, tokens: Tokens, accounts: Accounts, alice: Account
) -> None:
    secret = begin(sessions, alice)
    acting = Credential(alice, session_id=id_of(sessions, secret))
    accounts.disable("alice")

    for shown in (Credential(alice), acting):
        with pytest.raises(SignInRequired):
            tokens.issue(shown, "backup")
    with pytest.raises(SignInRequired):
        begin(sessions, alice)


def test_an_ended_session_or_token_creates_no_token(
    sessions: Sessions, tokens: Tokens, alice: Account
) -> None:
    session_id = id_of(sessions, begin(sessions, alice))
    issued, _ = tokens.issue(Credential(alice, session_id=session_id), "first")
    tokens.issue(Credential(alice, token_id=issued.id), "second")
    sessions.end(alice.id, session_id)
    tokens.revoke(alice.id, issued.id)

    for shown in (Credential(alice, session_id=session_id), Credential(alice, token_id=issued.id)):
        with pytest.raises(SignInRequired):
            tokens.issue(shown, "third")


def test_the_session_of_another_user_creates_no_token(
    sessions: Sessions, tokens: Tokens, alice: Account, bob: Account
) -> None:
    session_id = id_of(sessions, begin(sessions, bob))

    with pytest.raises(SignInRequired):
        tokens.issue(Credential(alice, session_id=session_id), "stolen")


def test_the_token_limit_names_a_token_to_revoke(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    tokens = Tokens(session, bench.clock, limit=2)
    _, first = tokens.issue(Credential(alice), "first")
    bench.clock.advance(minutes=2)
    tokens.issue(Credential(alice), "second")
    bench.clock.advance(minutes=2)
    tokens.find(first)

    with pytest.raises(TooManyTokens) as caught:
        tokens.issue(Credential(alice), "third")

    assert caught.value.data == {"count": 2, "unused": "second"}
    tokens.issue(Credential(bob), "his")


def test_expired_tokens_do_not_count_toward_the_limit(
    session: Session, bench: Workbench, alice: Account
) -> None:
    tokens = Tokens(session, bench.clock, limit=1)
    tokens.issue(Credential(alice), "short", bench.clock.now + timedelta(seconds=5))
    bench.clock.advance(seconds=6)

    tokens.issue(Credential(alice), "next")

    assert [token.name for token in tokens.list_of(alice.id)] == ["next"]


def test_a_password_change_revokes_tokens_on_request(
    tokens: Tokens, accounts: Accounts, alice: Account
) -> None:
    _, kept = tokens.issue(Credential(alice), "backup")
    accounts.change_password(alice.id, PASSWORD, ANOTHER, ADDRESS)
    assert tokens.find(kept) is not None

    accounts.change_password(alice.id, ANOTHER, PASSWORD, ADDRESS, revoke_tokens=True)

    assert tokens.find(kept) is None
