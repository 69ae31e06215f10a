"""Purging a large tree: hidden and not counted at once, removed in small batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import NotFound, PreconditionFailed
from cabinet.models import BatchItem, Node
from cabinet.services.accounts.account import Account
from cabinet.services.changes.files import Files
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.maintenance.sweep import Housekeeping, Retention
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree import removal
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.removal import Removal
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import KEEP, TRASH_KEEP, Workbench, paths_of, usage_and_entries
from tests.support.small_steps import Killed
from tests.unit.removal.conftest import MOST_ROWS, by_path, rows_of


def sweep(bench: Workbench, session: Session, keep: timedelta = TRASH_KEEP) -> Housekeeping:
    return Housekeeping(session, bench.store, bench.locker, bench.clock, Retention(keep, KEEP, KEEP, KEEP))


@pytest.fixture(params=["live", "trash", "several", "selection", "batch", "empty", "sweep"])
def purge_big(
    request: pytest.FixtureRequest,
    bench: Workbench,
    session: Session,
    alice: Account,
    files: Files,
    trash: Trash,
    tree: int,
) -> Callable[[], object]:
    """Return one of the ways to delete the large folder permanently."""
    if request.param == "live":
        return lambda: files.purge("big")
    if request.param == "batch":
        done = bench.bulk(session, alice).trash(FolderSelection("", frozenset({"kept"}), 1))
        return lambda: bench.bulk(session, alice).purge_batch(done.batch_id)
    if request.param == "several":
        bench.trash(session, alice).add([f"big/wide/{number}" for number in range(9)])
    files.trash("big")
    ids = list(by_path(trash).values())
    ways: dict[str, Callable[[], object]] = {
        "trash": lambda: trash.purge(ids[0]),
        "several": lambda: trash.purge_all(ids),
        "selection": lambda: bench.bulk(session, alice).purge(TrashSelection(frozenset(), 1)),
        "empty": trash.empty,
        "sweep": lambda: sweep(bench, session, timedelta(0)).sweep(),
    }
    return ways[request.param]


def test_a_large_entry_is_purged_at_once_and_removed_in_small_transactions(
    purge_big: Callable[[], object],
    bench: Workbench,
    session: Session,
    alice: Account,
    trash: Trash,
    tree: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch, rows_changed(bench.engine) as hidden:
        patch.setattr(Removal, "run", lambda _: 0)
        purge_big()

    assert max(hidden) <= MOST_ROWS
    assert paths_of(session, bench, alice) == ["kept"]
    assert (trash.list_page(10).entries, trash.count()) == ([], 0)
    assert bench.search(session, alice).page("versions", "", 10).entries == []
    assert usage_and_entries(session, alice) == (tree, 1)
    # The rows still exist, but are invisible.
    assert rows_of(session)["node"] > 20
    inspection = Inspection(session, bench.store)
    assert inspection.verify_usage() == []
    stats = inspection.stats()
    assert (stats.folders, stats.files, stats.versions, stats.trashed, stats.content) == (0, 1, 1, 0, tree)
    check_rows(session)
    bench.upload(session, alice, "big/wide/0", b"another")
    before = usage_and_entries(session, alice)

    with rows_changed(bench.engine) as removed:
        Removal(session).run()

    assert len(removed) > 5
    assert max(removed) <= MOST_ROWS
    assert paths_of(session, bench, alice) == ["big", "big/wide", "big/wide/0", "kept"]
    assert usage_and_entries(session, alice) == before
    assert rows_of(session) == {"user": 1, "space": 1, "node": 5, "version": 2}
    check_rows(session)


@pytest.mark.long
def test_a_purge_killed_anywhere_leaves_nothing_half_visible(
    purge_big: Callable[[], object],
    bench: Workbench,
    session: Session,
    alice: Account,
    trash: Trash,
    tree: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After each of the transactions of it, as far as there are so many."""
    before = (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries])
    for last in range(1, 200):
        commits = iter(range(1, 200))
        commit = Session.commit

        def dying(own: Session, last: int = last, commits: object = commits, commit: object = commit) -> None:
            commit(own)  # type: ignore[operator]
            if next(commits) == last:  # type: ignore[call-overload]
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Session, "commit", dying)
            try:
                purge_big() if last == 1 else sweep(bench, session).sweep()
            except Killed:
                pass
            else:
                break
        after = (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries])
        if after != before:
            assert after == (["kept"], [])
        check_rows(session)
        bench.clock.advance(minutes=2)
    sweep(bench, session).sweep()

    check_rows(session)
    if paths_of(session, bench, alice) == ["kept"] and trash.count() == 0:
        assert usage_and_entries(session, alice) == (tree, 1)
        assert rows_of(session)["node"] == 2
    else:
        # It was not decided yet.
        assert (paths_of(session, bench, alice), [each.id for each in trash.list_page(100).entries]) == before


def test_a_small_entry_is_removed_in_the_transaction_of_its_purge(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    ways: list[Callable[[], object]] = [
        lambda: files.purge("a"),
        lambda: trash.purge(by_path(trash)["a"]),
        trash.empty,
    ]
    for way in ways:
        bench.upload(session, alice, "a/b", b"content")
        if way is not ways[0]:
            files.trash("a")
        way()
        assert rows_of(session) == {"user": 1, "space": 1, "node": 1}
        assert not removal.pop_hidden_mark(session)


def test_a_failed_precondition_or_missing_path_keeps_a_large_entry(
    files: Files, session: Session, bench: Workbench, alice: Account, tree: int
) -> None:
    before = paths_of(session, bench, alice)

    with pytest.raises(NotFound):
        files.purge("big/nothing")
    with pytest.raises(PreconditionFailed):
        files.purge("big", lambda _hash: False)

    assert paths_of(session, bench, alice) == before
    check_rows(session)


def test_a_folder_with_many_entries_moved_out_is_removed_in_small_transactions(
    bench: Workbench, session: Session, alice: Account, files: Files
) -> None:
    for number in range(40):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bench.bulk(session, alice).move(FolderSelection("wide", frozenset(), 40), "to/", OnConflict.FAIL)

    with rows_changed(bench.engine) as changed:
        files.purge("wide")
        Removal(session).run()

    assert max(changed) <= MOST_ROWS
    assert session.scalar(select(func.count()).where(BatchItem.parent_id.is_not(None))) == 0
    assert len(paths_of(session, bench, alice)) == 41
    check_rows(session)


@pytest.mark.parametrize("way", ["purge", "empty", "selection", "account"])
def test_an_often_moved_entry_is_removed_in_small_transactions(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash, way: str
) -> None:
    """Each time leaves an item of each, which goes with what it is about."""
    for number in range(3):
        bench.upload(session, alice, f"to and fro/{number}", b"content")
    files.make_folder("other")
    bulk = bench.bulk(session, alice)
    for _ in range(10):
        bulk.move(FolderSelection("to and fro", frozenset(), 3), "other/", OnConflict.FAIL)
        bulk.move(FolderSelection("other", frozenset(), 3), "to and fro/", OnConflict.FAIL)

    with rows_changed(bench.engine) as changed:
        if way == "purge":
            files.purge("to and fro")
        elif way == "account":
            bench.accounts(session).delete("alice")
        else:
            bulk.trash(FolderSelection("to and fro", frozenset(), 3))
            trash.empty() if way == "empty" else bulk.purge(TrashSelection(frozenset(), 3))
        Removal(session).run()

    # Each node may have as many items again as it is the folder of.
    assert max(changed) <= MOST_ROWS + 8
    assert not session.scalar(select(Node.id).where(Node.name == "1"))
    check_rows(session)
