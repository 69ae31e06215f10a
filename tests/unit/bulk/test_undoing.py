"""Undoing a bulk change: by its user, for a day, and only where nothing is in the way."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, NotAFolder, NotFound
from cabinet.services.accounts.account import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.entries import OnConflict
from tests.support.audit import check_rows
from tests.support.services import Workbench, paths_of
from tests.unit.bulk.conftest import COPIED, MOVED, RESTORED, TRASHED, all_of, rows_left, trashed_ids


def test_a_batch_can_be_undone_by_its_user_for_a_day(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.trash(all_of("a", 7))
    bob = bench.bulk(session, bench.register(session, "bob"))

    for whose, batch_id, kinds in (
        (bob, done.batch_id, TRASHED),
        (bulk, done.batch_id, MOVED | COPIED | RESTORED),
        (bulk, "0" * 32, TRASHED),
        (bulk, "", TRASHED),
    ):
        with pytest.raises(NotFound):
            whose.undo(batch_id, kinds)
    assert rows_left(session) == (1, 7)
    bench.clock.advance(hours=24)
    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, TRASHED)
    Recovery(session, bench.clock).recover()
    assert rows_left(session) == (0, 0)
    check_rows(session)


@pytest.mark.parametrize("place", ["a/4", "a"])
def test_a_conflict_prevents_an_undo_completely(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str], place: str
) -> None:
    done = bulk.move(all_of("a", 7), "b/", OnConflict.FAIL)
    if place == "a":
        bench.files(session, alice).purge("a")
    bench.upload(session, alice, place, b"another")
    before = paths_of(session, bench, alice)

    with pytest.raises((EntryExists, NotAFolder)):
        bulk.undo(done.batch_id, MOVED)

    assert paths_of(session, bench, alice) == before
    check_rows(session)
    bench.files(session, alice).purge(place)
    bulk.undo(done.batch_id, MOVED)
    assert paths_of(session, bench, alice) == ["a", *(path for path in seven if path != "a"), "b"]
    check_rows(session)


def test_a_missing_entry_prevents_an_undo_completely(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.trash(all_of("a", 7))
    trash.purge(trashed_ids(trash)["a/2"])

    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, TRASHED)

    assert paths_of(session, bench, alice) == ["a"]
    assert len(trashed_ids(trash)) == 6
    check_rows(session)


def test_entries_moved_on_since_are_moved_back_too(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.move(all_of("a", 7), "b/", OnConflict.FAIL)
    bench.moving(session, alice).move(["b/3"], "elsewhere", OnConflict.FAIL)
    bench.moving(session, alice).move(["a"], "renamed", OnConflict.FAIL)

    bulk.undo(done.batch_id, MOVED)

    assert paths_of(session, bench, alice) == ["b", "renamed", *(f"renamed/{number}" for number in range(7))]
    check_rows(session)
