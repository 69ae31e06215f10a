"""Large copies that are killed, or run beside other changes: all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, NotFound, QuotaExceeded, Unavailable
from cabinet.models import Space
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, content_of, paths_of, usage_and_entries
from tests.support.small_steps import Killed, call_after
from tests.unit.building.conftest import (
    MOST_ROWS,
    WAYS,
    Copy,
    at_commit,
    copy_everything,
    copy_one,
    counted,
)


@pytest.mark.long
@pytest.mark.parametrize("copy", WAYS)
def test_a_copy_killed_anywhere_leaves_nothing(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    trash: Trash,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    usage, rows = usage_and_entries(session, alice), counted(session)
    for last in range(1, 100):

        def die(number: int, _own: Session, last: int = last) -> None:
            if number == last:
                raise Killed

        try:
            with at_commit(monkeypatch, bench, die):
                copy(moving, bulk)
        except Killed:
            session.rollback()
        else:
            break
        if copy is not copy_everything and paths_of(session, bench, alice) != before:
            # It was the last step: the copy is complete, although the caller got no answer.
            break
        bench.clock.advance(minutes=2)
        with rows_changed(bench.engine) as changed:
            Recovery(session, bench.clock).recover()
        assert max(changed) <= MOST_ROWS
        assert paths_of(session, bench, alice) == before
        assert trash.count() == 0
        assert (usage_and_entries(session, alice), counted(session)) == (usage, rows)
        check_rows(session)
    assert last > 5
    check_rows(session)


def test_a_rollback_killed_midway_is_completed_by_the_next(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage, rows = usage_and_entries(session, alice), counted(session)

    def die(number: int, _own: Session) -> None:
        if number == 4:
            raise Killed

    with pytest.raises(Killed), at_commit(monkeypatch, bench, die):
        copy_one(moving, bulk)
    session.rollback()
    rounds = 0
    while counted(session) != rows:
        bench.clock.advance(minutes=2)
        calls = iter(range(100))

        def die_too(calls: Iterator[int] = calls) -> None:
            if next(calls) == 1:
                raise Killed

        with monkeypatch.context() as patch:
            call_after(patch, "changes.recovery.publishing", die_too)
            try:
                Recovery(session, bench.clock).recover()
            except Killed:
                session.rollback()
        assert paths_of(session, bench, alice) == before
        rounds += 1
    assert rounds > 1
    assert usage_and_entries(session, alice) == usage
    check_rows(session)


@pytest.mark.parametrize("copy", WAYS)
def test_a_copy_whose_space_is_used_up_meanwhile_leaves_nothing(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    usage, rows = usage_and_entries(session, alice), counted(session)
    bench.accounts(session).set_quota("alice", 3 * usage[0])

    def take_room(number: int, own: Session) -> None:
        if number == 4:
            quota = own.get_one(Space, alice.space_id)
            bench.upload(own, alice, "more", b"x" * ((quota.quota or 0) - quota.usage))

    with (
        rows_changed(bench.engine) as changed,
        pytest.raises(QuotaExceeded),
        at_commit(monkeypatch, bench, take_room),
    ):
        copy(moving, bulk)

    assert max(changed) <= MOST_ROWS
    assert paths_of(session, bench, alice) == [*before, "more"]
    assert counted(session) == [rows[0] + 1, rows[1] + 1, *rows[2:]]
    check_rows(session)
    bench.files(session, alice).purge("more")
    assert usage_and_entries(session, alice) == usage


def _add(own: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(own, alice, "big/new", b"new")
    bench.upload(own, alice, "big/deep/er/" + "long/" * 20 + "x", b"new")


def _trash(own: Session, bench: Workbench, alice: Account) -> None:
    bench.files(own, alice).trash("big/deep")
    bench.files(own, alice).trash("big/several/3")


def _purge(own: Session, bench: Workbench, alice: Account) -> None:
    bench.files(own, alice).purge("big/deep/er")
    bench.files(own, alice).purge("big/several/3")


def _move(own: Session, bench: Workbench, alice: Account) -> None:
    bench.moving(own, alice).move(["big/deep/er"], "elsewhere", OnConflict.FAIL)
    bench.moving(own, alice).move(["big/several/3"], "big/several/moved", OnConflict.FAIL)


def _replace(own: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(own, alice, "big/several/3", b"much more than there was before")
    bench.upload(own, alice, "big/several/0", b"")


@pytest.mark.parametrize("number", [1, pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize("change", [_add, _trash, _purge, _move, _replace])
def test_changes_during_a_copy_keep_all_counters_correct(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    change: Callable[[Session, Workbench, Account], None],
) -> None:
    def act(now: int, own: Session) -> None:
        if now == number:
            change(own, bench, alice)

    with at_commit(monkeypatch, bench, act):
        moving.copy(["big"], "copy", OnConflict.FAIL)

    assert {"copy/0", "copy/several/0", "copy/empty"} <= set(paths_of(session, bench, alice))
    check_rows(session)


def test_an_entry_created_at_the_target_meanwhile_prevents_the_copy(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def replace(number: int, own: Session) -> None:
        if number == 2:
            bench.moving(own, alice).move(["big"], "away", OnConflict.FAIL)
            bench.files(own, alice).make_folder("big")

    with pytest.raises(Unavailable), at_commit(monkeypatch, bench, replace):
        moving.copy(["big"], "copy", OnConflict.FAIL)
    assert "copy" not in paths_of(session, bench, alice)
    check_rows(session)

    bench.files(session, alice).purge("big")
    with pytest.raises(NotFound):
        moving.copy(["big"], "copy", OnConflict.FAIL)


def test_an_undone_large_copy_with_new_content_goes_to_the_trash(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    trash: Trash,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def touch(_number: int, own: Session) -> None:
        if "to/big" in paths_of(own, bench, alice):
            bench.clock.advance(seconds=1)
            bench.upload(own, alice, "to/big/several/mine", b"mine")
            bench.upload(own, alice, "to/other", b"in the way")
            raise EntryExists(path="to/other")

    with pytest.raises(EntryExists), at_commit(monkeypatch, bench, touch):
        bulk.copy(FolderSelection("", frozenset(), 3), "to/", OnConflict.FAIL)

    (kept,) = trash.list_page(10).entries
    assert kept.entry.path == "to/big"
    trash.restore(kept.id)
    assert content_of(session, bench, alice, "to/big/several/mine") == b"mine"
    assert len([path for path in paths_of(session, bench, alice) if path.startswith("to/big/")]) == 15
    check_rows(session)
