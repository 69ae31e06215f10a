"""Emptying the trash: its entries are hidden at once and removed later."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import NotFound
from cabinet.models import BatchKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.files import Files
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree import removal
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.removal import Removal
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, at_once, paths_of, usage_and_entries
from tests.support.small_steps import Killed
from tests.unit.removal.conftest import by_path, rows_of, trash_singly


def test_emptying_the_trash_marks_the_space_and_not_every_row(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    trash_singly(bench, session, alice, 20)

    with rows_changed(bench.engine) as changed:
        trash.empty()

    # The lock and the mark; and then the usage, and up to where it is right.
    assert changed == [2, 2]
    assert removal.pop_hidden_mark(session)
    assert trash.count() == 0
    assert usage_and_entries(session, alice) == (0, 1)


def test_entries_trashed_while_emptying_stay_whatever_the_clock_says(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    trash_singly(bench, session, alice)
    trash.empty()
    bench.clock.advance(days=-3)
    bench.upload(session, alice, "a/b", b"content")
    files.trash("a/b")
    bench.upload(session, alice, "later", b"content")
    done = bench.bulk(session, alice).trash(FolderSelection("", frozenset({"a", "wide"}), 1))

    Removal(session).run()

    assert by_path(trash).keys() == {"a/b", "later"}
    assert bench.bulk(session, alice).undo(done.batch_id, {BatchKind.TRASH}) == 1
    trash.restore(by_path(trash)["a/b"])
    assert paths_of(session, bench, alice) == ["a", "a/b", "wide", "later"]
    check_rows(session)


def test_entries_restored_before_emptying_can_be_trashed_again(
    bench: Workbench, session: Session, alice: Account, files: Files, trash: Trash
) -> None:
    bench.upload(session, alice, "old", b"content")
    files.trash("old")
    done = bench.bulk(session, alice).restore(TrashSelection(frozenset(), 1), OnConflict.FAIL)
    bench.clock.advance(hours=1)
    trash_singly(bench, session, alice)
    trash.empty()

    bench.bulk(session, alice).undo(done.batch_id, {BatchKind.RESTORE})
    Removal(session).run()

    assert by_path(trash).keys() == {"old"}
    check_rows(session)


def test_nothing_in_an_emptied_trash_can_be_used(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    for number in range(9):
        bench.upload(session, alice, f"wide/{number}", b"content")
    bulk = bench.bulk(session, alice)
    done = bulk.trash(FolderSelection("wide", frozenset(), 9))
    ids = list(by_path(trash).values())
    trash.empty()

    assert trash.look_up(ids) == {}
    for act in (
        lambda: trash.restore(ids[0]),
        lambda: trash.restore_all(ids),
        lambda: trash.purge(ids[0]),
        lambda: trash.purge_all(ids),
        lambda: bulk.undo(done.batch_id, {BatchKind.TRASH}),
        lambda: bulk.purge_batch(done.batch_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert bulk.restore(TrashSelection(frozenset(), 0), OnConflict.FAIL).count == 0
    assert paths_of(session, bench, alice) == ["wide"]
    check_rows(session)


def test_a_trash_is_emptied_again_during_its_removal(
    bench: Workbench, session: Session, alice: Account, trash: Trash
) -> None:
    for _ in range(3):
        trash_singly(bench, session, alice)
        trash.empty()
        assert usage_and_entries(session, alice) == (0, 1)
        check_rows(session)

    assert Removal(session).run() == 27

    assert rows_of(session)["node"] == 2
    check_rows(session)


def test_emptying_killed_before_the_usage_update_is_completed_by_the_next_process(
    bench: Workbench, session: Session, alice: Account, trash: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then everything is hidden, and the usage is unchanged; new content counts as well."""
    trash_singly(bench, session, alice)

    def die(_own: Removal, _space_id: int) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Removal, "release_hidden", die)
        with pytest.raises(Killed):
            trash.empty()

    session.rollback()
    assert (trash.count(), paths_of(session, bench, alice)) == (0, ["wide"])
    assert usage_and_entries(session, alice) == (9 * len(b"content"), 10)
    assert Inspection(session, bench.store).verify_usage() == []
    check_rows(session)
    bench.upload(session, alice, "new", b"new")
    trash_singly(bench, session, alice, 2)
    assert trash.count() == 2
    check_rows(session)

    at_once(bench, [lambda own: Removal(own).run() for _ in range(3)])

    assert usage_and_entries(session, alice) == (len(b"new") + 2 * len(b"content"), 4)
    assert trash.count() == 2
    assert rows_of(session)["node"] == 5
    check_rows(session)
