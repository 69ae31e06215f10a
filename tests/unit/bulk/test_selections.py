"""Bulk changes of a folder or of the trash: all entries of the selection, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    EntryExists,
    IntoItself,
    InvalidField,
    InvalidName,
    NotAFolder,
    NotFound,
    QuotaExceeded,
    SelectionChanged,
)
from cabinet.models import BatchKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Trash, Trashed
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.services import Workbench, content_of, paths_of, usage_of
from tests.unit.bulk.conftest import (
    CONTENT,
    COPIED,
    MOVED,
    RESTORED,
    TRASHED,
    all_of,
    all_trashed,
    rows_left,
    trashed_ids,
)


def test_everything_except_some_is_trashed_and_restored_unchanged(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.trash(all_of("a", 5, "3", "5"))

    assert done.count == 5
    assert paths_of(session, bench, alice) == ["a", "a/3", "a/5"]
    assert sorted(trashed_ids(trash)) == ["a/0", "a/1", "a/2", "a/4", "a/6"]
    check_rows(session)
    assert bulk.undo(done.batch_id, TRASHED) == 5
    assert paths_of(session, bench, alice) == seven
    assert trashed_ids(trash) == {}
    check_rows(session)
    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, TRASHED)


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (all_of("a", 6), 7),
        (all_of("a", 8), 7),
        (all_of("a", 7, "3"), 6),
        (all_of("", 7), 1),
    ],
)
def test_a_changed_count_is_reported_and_nothing_is_done(
    bulk: Bulk,
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
    selection: FolderSelection,
    count: int,
) -> None:
    acts: tuple[Callable[[], object], ...] = (
        lambda: bulk.trash(selection),
        lambda: bulk.move(selection, "new/", OnConflict.FAIL),
        lambda: bulk.copy(selection, "new/", OnConflict.FAIL),
    )
    for act in acts:
        with pytest.raises(SelectionChanged) as caught:
            act()
        assert caught.value.count == count
    assert paths_of(session, bench, alice) == seven
    assert rows_left(session) == (0, 0)


def test_exceptions_count_only_if_they_exist(bulk: Bulk, seven: list[str]) -> None:
    assert bulk.trash(all_of("a", 6, "3", "nothing", "такого нет")).count == 6


def test_an_exception_matches_any_unicode_form(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/é", CONTENT)
    bench.upload(session, alice, "a/f", CONTENT)

    bulk.trash(all_of("a", 1, "e\u0301"))

    assert paths_of(session, bench, alice) == ["a", "a/é"]


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (all_of("nothing", 7), NotFound),
        (all_of("a/0", 1), NotAFolder),
        (all_of("a", 7, "b/c"), InvalidName),
        (all_of("a//b", 7), InvalidName),
    ],
)
def test_only_a_folder_can_be_selected_from(
    bulk: Bulk, seven: list[str], selection: FolderSelection, error: type[CabinetError]
) -> None:
    with pytest.raises(error):
        bulk.trash(selection)


def test_moving_everything_back_restores_replaced_entries(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    for name in ("1", "6"):
        bench.upload(session, alice, f"b/{name}", b"in the way")
    before = paths_of(session, bench, alice)
    with pytest.raises(EntryExists):
        bulk.move(all_of("a", 7), "b", OnConflict.FAIL)
    assert paths_of(session, bench, alice) == before

    done = bulk.move(all_of("a", 7), "b", OnConflict.REPLACE)

    assert paths_of(session, bench, alice) == ["a", "b", *(f"b/{number}" for number in range(7))]
    assert content_of(session, bench, alice, "b/6") == CONTENT + b"6"
    assert sorted(trashed_ids(trash)) == ["b/1", "b/6"]
    check_rows(session)
    bulk.undo(done.batch_id, MOVED)
    assert paths_of(session, bench, alice) == before
    assert content_of(session, bench, alice, "b/6") == b"in the way"
    assert trashed_ids(trash) == {}
    check_rows(session)


def test_conflicting_names_get_unused_numbers(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account
) -> None:
    for path in ("a/x", "a/x (2)", "a/x (3)", "b/x"):
        bench.upload(session, alice, path, path.encode())

    done = bulk.move(all_of("a", 3), "b/", OnConflict.RENAME)

    names = sorted(path for path in paths_of(session, bench, alice) if path.startswith("b/"))
    assert len(names) == 4
    assert {content_of(session, bench, alice, path) for path in names} == {
        b"a/x",
        b"a/x (2)",
        b"a/x (3)",
        b"b/x",
    }
    check_rows(session)
    bulk.undo(done.batch_id, MOVED)
    assert content_of(session, bench, alice, "a/x (2)") == b"a/x (2)"
    check_rows(session)


def test_a_missing_target_folder_is_created_and_a_file_is_refused(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "file", CONTENT)
    for to, error in (
        ("new", InvalidField),
        ("file", InvalidField),
        ("file/", NotAFolder),
        ("a/0/x/", NotAFolder),
    ):
        with pytest.raises(error):
            bulk.move(all_of("a", 7), to, OnConflict.FAIL)

    bulk.move(all_of("a", 7), "new/er/", OnConflict.FAIL)

    assert "new/er/6" in paths_of(session, bench, alice)
    check_rows(session)


def test_nothing_is_moved_into_itself(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.files(session, alice).make_folder("a/z/deep")
    before = paths_of(session, bench, alice)
    for act in (bulk.move, bulk.copy):
        with pytest.raises(IntoItself):
            act(all_of("a", 8), "a/z/deep/new/", OnConflict.FAIL)
        assert paths_of(session, bench, alice) == before
    check_rows(session)

    assert bulk.move(all_of("a", 7, "z"), "a/z/deep", OnConflict.FAIL).count == 7
    assert "a/z/deep/0" in paths_of(session, bench, alice)


def test_a_move_to_the_same_folder_changes_nothing(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.move(all_of("a", 7), "a", OnConflict.FAIL)

    assert paths_of(session, bench, alice) == seven
    assert bulk.undo(done.batch_id, MOVED) == 0


def test_everything_is_copied_with_descendants_and_copies_are_trashed_by_undo(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "a/sub/deep/f", CONTENT)
    bench.upload(session, alice, "b/3", b"in the way")
    before, usage = paths_of(session, bench, alice), usage_of(session, alice)

    done = bulk.copy(all_of("a", 8), "b", OnConflict.REPLACE)

    assert set(paths_of(session, bench, alice)) == {
        *before,
        *(path.replace("a/", "b/") for path in before if "/" in path),
    }
    assert content_of(session, bench, alice, "b/sub/deep/f") == CONTENT
    check_rows(session)
    assert bulk.undo(done.batch_id, COPIED) == 9
    assert paths_of(session, bench, alice) == before
    assert content_of(session, bench, alice, "b/3") == b"in the way"
    assert len(trashed_ids(trash)) == 8
    check_rows(session)
    trash.empty()
    assert usage_of(session, alice) == usage


def test_copies_in_the_same_folder_get_other_names(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    for choice in (OnConflict.FAIL, OnConflict.REPLACE):
        with pytest.raises(EntryExists):
            bulk.copy(all_of("a", 7), "a", choice)

    bulk.copy(all_of("a", 7), "a", OnConflict.RENAME)

    assert set(paths_of(session, bench, alice)) == {*seven, *(f"a/{number} (2)" for number in range(7))}
    check_rows(session)


def test_reaching_the_quota_midway_leaves_no_copy(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=100)
    for number in range(7):
        bench.upload(session, bob, f"a/{number}", bytes(10))
    before = paths_of(session, bench, bob)

    with pytest.raises(QuotaExceeded):
        bench.bulk(session, bob).copy(all_of("a", 7), "new/", OnConflict.FAIL)

    assert paths_of(session, bench, bob) == before
    assert usage_of(session, bob) == 70
    assert bench.trash(session, bob).list_page(10).entries == []
    assert rows_left(session) == (0, 0)
    check_rows(session)


def test_the_trash_except_some_is_restored_and_deleted_again(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "d/e/f", CONTENT)
    files = bench.files(session, alice)
    for path in ("d/e/f", "d/e", "d", "a/1", "a/2", "a"):
        bench.clock.advance(seconds=1)
        files.trash(path)
    before = trash.list_page(1000).entries
    ids = trashed_ids(trash)

    done = bulk.restore(all_trashed(4, ids["a/2"], ids["d/e"]), OnConflict.FAIL)

    assert set(paths_of(session, bench, alice)) == {"d", "d/e", "d/e/f", *seven} - {"a/2"}
    assert set(trashed_ids(trash)) == {"a/2", "d/e"}
    check_rows(session)
    assert bulk.undo(done.batch_id, RESTORED) == 4
    # The folder created meanwhile, in place of one that stayed in the trash, is inside of its folder now.
    assert [_outside(each) for each in trash.list_page(1000).entries] == [_outside(each) for each in before]
    check_rows(session)


def _outside(trashed: Trashed) -> Trashed:
    """Return an entry in the trash without its content."""
    return replace(trashed, entry=replace(trashed.entry, totals=None))


def test_two_restored_entries_of_one_name_follow_on_conflict(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    for content in (b"first", b"second", b"third"):
        bench.clock.advance(seconds=1)
        bench.upload(session, alice, "f", content)
        bench.files(session, alice).trash("f")
    before = trash.list_page(10).entries
    with pytest.raises(EntryExists):
        bulk.restore(all_trashed(3), OnConflict.FAIL)
    assert trash.list_page(10).entries == before

    done = bulk.restore(all_trashed(3), OnConflict.RENAME)
    assert paths_of(session, bench, alice) == ["f", "f (2)", "f (3)"]
    bulk.undo(done.batch_id, RESTORED)
    assert trash.list_page(10).entries == before
    done = bulk.restore(all_trashed(3), OnConflict.REPLACE)
    assert paths_of(session, bench, alice) == ["f"]
    assert len(trashed_ids(trash)) == 1
    check_rows(session)
    bulk.undo(done.batch_id, RESTORED)
    assert trash.list_page(10).entries == before
    check_rows(session)


def test_the_trash_except_some_is_purged(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.files(session, alice).make_folder("a/sub/deep")
    bulk.trash(all_of("a", 8))
    kept = trashed_ids(trash)["a/3"]

    with pytest.raises(SelectionChanged) as caught:
        bulk.purge(all_trashed(8, kept))
    assert caught.value.count == 7
    done = bulk.purge(all_trashed(7, kept))

    assert trashed_ids(trash) == {"a/3": kept}
    assert usage_of(session, alice) == len(CONTENT) + 1
    check_rows(session)
    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, set(BatchKind))
