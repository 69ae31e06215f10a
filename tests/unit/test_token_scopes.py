"""Tokens: scopes, folders, and who may create them.

Rule: through the services; what each request gets of it is in `tests/http/test_token_scopes.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, InvalidField, InvalidName, NotAFolder, NotFound, SignInRequired
from cabinet.models import Token, User
from cabinet.services.access.rights import ALL, CHANGE, Rights
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.accounts import Accounts
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.token_scopes import EVERY, USUAL, TokenScope, from_column, rights_of, to_scopes
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.removal import Removal
from tests.support.services import PASSWORD, Guest, Workbench, paths_of

READS = Rights.LIST | Rights.READ


@pytest.fixture
def admin(accounts: Accounts, alice: Account) -> Account:
    accounts.promote(alice.username)
    return accounts.get(alice.id)


def made(
    tokens: Tokens, account: Account, scopes: Iterable[str] | None = None, folder: str = ""
) -> Credential:
    """Create a token with a password, and return its credential."""
    _, secret = tokens.issue(Credential(account), "a test", None, scopes, folder)
    found = tokens.find(secret)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("names", "rights"),
    [
        (["read"], READS),
        (["write"], CHANGE),
        (["share"], Rights.SHARE),
        (["admin"], Rights.NONE),
        (["read", "write"], READS | CHANGE),
        (["read", "write", "share"], ALL),
        (["read", "write", "share", "admin"], ALL),
        (["write", "share", "admin"], CHANGE | Rights.SHARE),
    ],
)
def test_scopes_allow_these_rights(names: list[str], rights: Rights) -> None:
    assert rights_of(to_scopes(names)) == rights


def test_a_token_without_parameters_has_the_usual_scopes_and_no_folder(
    tokens: Tokens, alice: Account
) -> None:
    found = made(tokens, alice)

    assert (found.granted, found.folder_id, found.is_limited) == (USUAL, None, False)
    assert found.scope == alice.scope
    (shown,) = tokens.list_of(alice.id)
    assert (shown.scopes, shown.folder) == (("read", "write", "share"), None)


@pytest.mark.parametrize("names", [[], [""], ["read", "everything"], ["READ"], ["read write"], [" read"]])
def test_invalid_scopes_are_refused(tokens: Tokens, alice: Account, names: list[str]) -> None:
    with pytest.raises(InvalidField) as refused:
        tokens.issue(Credential(alice), "x", None, names)

    assert refused.value.field == "scopes"
    assert tokens.list_of(alice.id) == []


def test_unknown_scopes_of_a_row_are_ignored() -> None:
    assert from_column("read purge") == {TokenScope.READ}
    assert from_column("readwrite") == frozenset()


@pytest.mark.parametrize(
    ("names", "folder"),
    [(["read"], ""), (["write", "share"], ""), (["read", "write"], ""), (["admin"], ""), (None, "docs")],
)
def test_a_limited_token_creates_no_token(
    session: Session,
    bench: Workbench,
    tokens: Tokens,
    admin: Account,
    names: list[str] | None,
    folder: str,
) -> None:
    bench.files(session, admin).make_folder("docs")
    limited = made(tokens, admin, names, folder)

    for wanted in (None, ["read"], names):
        with pytest.raises(Forbidden):
            tokens.issue(limited, "another", None, wanted, folder)
    assert len(tokens.list_of(admin.id)) == 1


def test_an_unlimited_token_creates_tokens_without_the_admin_scope(tokens: Tokens, admin: Account) -> None:
    for own in (USUAL, EVERY):
        shown = made(tokens, admin, own)
        assert shown.scopes == own
        for wanted in (None, ["write"], ["read", "share"]):
            tokens.issue(shown, "another", None, wanted)
        with pytest.raises(Forbidden):
            tokens.issue(shown, "another", None, ["read", "admin"])


def test_only_an_administrator_creates_a_token_with_the_admin_scope(tokens: Tokens, alice: Account) -> None:
    with pytest.raises(Forbidden):
        tokens.issue(Credential(alice), "x", None, ["admin"])

    assert tokens.list_of(alice.id) == []


def test_a_demoted_administrator_creates_no_admin_token(
    tokens: Tokens, accounts: Accounts, admin: Account
) -> None:
    accounts.demote(admin.username)

    with pytest.raises(Forbidden):
        tokens.issue(Credential(admin), "x", None, ["admin"])


def test_a_demotion_removes_the_admin_scope_of_existing_tokens(
    tokens: Tokens, accounts: Accounts, admin: Account
) -> None:
    _, secret = tokens.issue(Credential(admin), "x", None, ["read", "admin"])

    def scopes() -> set[str]:
        found = tokens.find(secret)
        assert found is not None
        return set(found.scopes)

    assert scopes() == {"read", "admin"}
    accounts.demote(admin.username)
    assert scopes() == {"read"}
    accounts.promote(admin.username)
    assert scopes() == {"read", "admin"}


def test_new_accounts_are_no_administrators(
    session: Session, accounts: Accounts, alice: Account, bench: Workbench
) -> None:
    bench.register(session, "bob")
    assert not alice.is_admin

    accounts.promote("ALICE")

    assert [(each.username, each.role) for each in accounts.list_all()] == [
        ("alice", "admin"),
        ("bob", "user"),
    ]
    accounts.demote("alice")
    assert not any(each.is_admin for each in accounts.list_all())
    for change in (accounts.promote, accounts.demote):
        with pytest.raises(NotFound):
            change("carol")


def test_a_password_grants_all_rights_of_the_user(accounts: Accounts, admin: Account) -> None:
    shown = Credential(accounts.check_password(admin.username, PASSWORD, "127.0.0.1"))

    assert (shown.scopes, shown.is_limited, shown.scope) == (EVERY, False, admin.scope)


def test_a_token_of_a_folder_is_rooted_there(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/inside", b"1")
    bench.upload(session, alice, "outside", b"22")

    found = made(tokens, alice, None, "a/b")

    assert found.is_limited
    assert not found.scope.is_whole
    assert paths_of(session, bench, Guest(found.scope)) == ["inside"]
    (shown,) = tokens.list_of(alice.id)
    assert (shown.folder, shown.folder_trashed) == ("a/b", False)


def test_the_root_folder_means_no_limit(tokens: Tokens, alice: Account) -> None:
    assert made(tokens, alice, ["read"], "").folder_id is None


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        ("none", NotFound),
        ("a/none", NotFound),
        ("a/file", NotAFolder),
        ("a/", InvalidName),
        ("..", InvalidName),
    ],
)
def test_the_folder_of_a_token_must_exist(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account, folder: str, error: type[Exception]
) -> None:
    bench.upload(session, alice, "a/file", b"1")

    with pytest.raises(error):
        tokens.issue(Credential(alice), "x", None, None, folder)
    assert tokens.list_of(alice.id) == []


def test_a_token_with_the_admin_scope_has_no_folder(
    session: Session, bench: Workbench, tokens: Tokens, admin: Account
) -> None:
    bench.files(session, admin).make_folder("a")

    with pytest.raises(InvalidField):
        tokens.issue(Credential(admin), "x", None, EVERY, "a")


def test_a_token_follows_its_folder(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/inside", b"1")
    scope = made(tokens, alice, None, "a/b").scope
    bench.files(session, alice).make_folder("c")

    bench.moving(session, alice).move(["a/b"], "c/d", OnConflict.FAIL)

    assert paths_of(session, bench, Guest(scope)) == ["inside"]
    assert [shown.folder for shown in tokens.list_of(alice.id)] == ["c/d"]


@pytest.mark.parametrize("deleted", ["a/b", "a"])
def test_a_token_finds_nothing_while_its_folder_is_in_the_trash(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account, deleted: str
) -> None:
    bench.upload(session, alice, "a/b/inside", b"1")
    _, secret = tokens.issue(Credential(alice), "x", None, None, "a/b")
    found = tokens.find(secret)
    bench.files(session, alice).trash(deleted)

    again = tokens.find(secret)
    assert again == found
    assert again is not None
    with pytest.raises(NotFound):
        paths_of(session, bench, Guest(again.scope))
    with pytest.raises(NotFound):
        bench.upload(session, Guest(again.scope), "new", b"x")
    (shown,) = tokens.list_of(alice.id)
    assert (shown.folder, shown.folder_trashed) == ("a/b", True)

    trash = bench.trash(session, alice)
    trash.restore(trash.list_page(1).entries[0].id)
    assert paths_of(session, bench, Guest(again.scope)) == ["inside"]
    assert not tokens.list_of(alice.id)[0].folder_trashed


@pytest.mark.parametrize("above", ["a", "a/b"])
@pytest.mark.parametrize("way", ["purge", "trash and purge", "trash and empty"])
def test_a_token_is_invalid_once_its_folder_is_purged(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account, above: str, way: str
) -> None:
    bench.upload(session, alice, "a/b/inside", b"1")
    bench.upload(session, alice, "outside", b"1")
    _, secret = tokens.issue(Credential(alice), "x", None, None, "a/b")
    _, other = tokens.issue(Credential(alice), "y")
    trash = bench.trash(session, alice)

    if way == "purge":
        bench.files(session, alice).purge(above)
    else:
        bench.files(session, alice).trash(above)
        if way == "trash and empty":
            trash.empty()
        else:
            trash.purge(trash.list_page(1).entries[0].id)

    # Hidden it is at once, removed a moment later.
    for _ in range(2):
        assert tokens.find(secret) is None
        assert [shown.name for shown in tokens.list_of(alice.id)] == ["y"]
        Removal(session).run()
    assert tokens.find(other) is not None
    assert [row.folder_id for row in session.scalars(select(Token))] == [None]


def test_a_token_whose_folder_was_purged_cannot_create_credentials(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account
) -> None:
    bench.files(session, alice).make_folder("a")
    shown = made(tokens, alice, None, "a")
    bench.files(session, alice).purge("a")
    Removal(session).run()

    with pytest.raises((Forbidden, SignInRequired)):
        tokens.issue(shown, "x")


def test_the_folder_of_a_token_is_in_its_users_space(
    session: Session, bench: Workbench, tokens: Tokens, alice: Account
) -> None:
    bob = bench.register(session, "bob")
    bench.files(session, bob).make_folder("his")
    bench.files(session, alice).make_folder("hers")
    with pytest.raises(NotFound):
        tokens.issue(Credential(alice), "x", None, None, "his")
    hers, _ = tokens.issue(Credential(alice), "x", None, None, "hers")
    _, secret = tokens.issue(Credential(bob), "x", None, None, "his")

    # Which no service does.
    with writing(session):
        folder_id = session.scalars(select(Token.folder_id).where(Token.id == hers.id)).one()
        session.execute(update(Token).where(Token.user_id == bob.id).values(folder_id=folder_id))

    assert tokens.find(secret) is None
    assert tokens.list_of(bob.id) == []


def test_an_unknown_role_is_no_administrator(session: Session, accounts: Accounts, alice: Account) -> None:
    with writing(session):
        session.execute(update(User).values(role="root"))

    assert not accounts.get(alice.id).is_admin


def test_the_audit_log_records_roles_and_token_scopes(
    tokens: Tokens, accounts: Accounts, alice: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cabinet.audit")

    accounts.promote("alice")
    issued, secret = tokens.issue(Credential(accounts.get(alice.id)), "x", None, ["admin", "read"])
    accounts.demote("alice")

    assert [record.getMessage().partition(" request=")[0] for record in caplog.records] == [
        "event=account-promoted user=alice",
        f'event=token-issued user=alice token={issued.id} scopes="read,admin"',
        "event=account-demoted user=alice",
    ]
    assert secret not in caplog.text
