"""Deleting a large account: hidden at once, removed in small batches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, SignInRequired, WrongCredentials
from cabinet.services.accounts.account import Account
from cabinet.services.accounts.credentials import Credential
from cabinet.services.accounts.sessions import Sessions, SessionTimes
from cabinet.services.accounts.tokens import Tokens
from cabinet.services.changes.files import Files
from cabinet.services.changes.trash import Trash
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree import removal
from cabinet.services.tree.removal import Removal
from cabinet.services.uploads.values import Part
from tests.support.audit import check_rows
from tests.support.resumable import service_of
from tests.support.row_counts import rows_changed
from tests.support.services import ADDRESS, PASSWORD, Workbench, paths_of
from tests.support.small_steps import Killed, call_after
from tests.unit.removal.conftest import MOST_ROWS, plan, rows_of, trash_singly


def test_a_large_account_disappears_at_once_and_its_name_is_free(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, tree: int
) -> None:
    accounts = bench.accounts(session)
    sessions, tokens = Sessions(session, bench.clock), Tokens(session, bench.clock)
    cookie = sessions.begin(accounts.get(alice.id), SessionTimes(60, 60), "", ADDRESS)
    token = tokens.issue(Credential(accounts.get(alice.id)), "backup")[1]
    uploads = service_of(session, bench, alice)
    begun = uploads.begin(plan("up", 10)).id
    files.trash("big/wide")
    with pytest.raises(WrongCredentials):
        accounts.delete_own(alice.id, "another password", ADDRESS)

    with rows_changed(bench.engine) as changed:
        accounts.delete_own(alice.id, PASSWORD, ADDRESS)

    # The lock, the user, the space, its root, the session and the token.
    assert max(changed) <= 6
    assert removal.pop_hidden_mark(session)
    assert (sessions.find(cookie), tokens.find(token)) == (None, None)
    assert accounts.list_all() == []
    for ask in (
        lambda: accounts.get(alice.id),
        lambda: accounts.find("alice"),
        lambda: files.get("kept"),
        lambda: files.list_below("", 10, None),
        lambda: bench.search(session, alice).page("versions", "", 10),
        lambda: bench.upload(session, alice, "new", b"content"),
        lambda: service_of(session, bench, alice).begin(plan("new", 10)),
        lambda: trash.restore("0" * 32),
        lambda: accounts.change_password(alice.id, PASSWORD, "another long password", ADDRESS),
    ):
        with pytest.raises(NotFound):
            ask()
    with pytest.raises(WrongCredentials):
        accounts.check_password("alice", PASSWORD, ADDRESS)
    with pytest.raises(SignInRequired):
        tokens.issue(Credential(alice), "late")
    with pytest.raises(NotFound):
        uploads.append(begun, Part(0, [b"0123456789"], 10))


def test_an_account_being_removed_is_invisible_and_leaves_no_rows(
    bench: Workbench, session: Session, alice: Account, files: Files, tree: int
) -> None:
    uploads = service_of(session, bench, alice)
    for number in range(12):
        uploads.begin(plan(f"up{number}", 10))
    files.trash("big/wide")
    bob = bench.register(session, "bob")
    bench.upload(session, bob, "bobs", b"content")

    bench.accounts(session).delete("alice")

    inspection = Inspection(session, bench.store)
    assert inspection.verify_usage() == []
    assert list(inspection.iter_uploads()) == []
    stats = inspection.stats()
    assert (stats.users, stats.files, stats.folders, stats.trashed) == (1, 1, 0, 0)
    again = bench.register(session, "alice")
    bench.upload(session, again, "mine", b"content")
    check_rows(session)

    with rows_changed(bench.engine) as removed:
        Removal(session).run()

    assert max(removed) <= MOST_ROWS
    assert rows_of(session) == {"user": 2, "space": 2, "node": 4, "version": 2}
    assert paths_of(session, bench, again) == ["mine"]
    assert paths_of(session, bench, bob) == ["bobs"]
    check_rows(session)


def test_a_removal_killed_midway_is_completed_by_the_next_process(
    bench: Workbench, session: Session, alice: Account, tree: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trash_singly(bench, session, alice)
    bench.trash(session, alice).empty()
    bench.files(session, alice).purge("big")
    bench.accounts(session).delete("alice")
    seen = [rows_of(session)["node"]]
    while "user" in rows_of(session):
        calls = iter(range(100))

        def die(calls: Iterator[int] = calls) -> None:
            if next(calls) == 1:
                raise Killed

        with monkeypatch.context() as patch:
            call_after(patch, "tree.removal.writing", die)
            try:
                Removal(session).run()
            except Killed:
                seen.append(rows_of(session).get("node", 0))
        assert bench.accounts(session).list_all() == []

    assert seen == sorted(seen, reverse=True)
    assert len(seen) > 4
    assert rows_of(session) == {}
