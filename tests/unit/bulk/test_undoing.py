"""Undoing a bulk change: by its user, for a day, and only where nothing is in the way."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, NotAFolder, NotFound
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.entries import Conflict
from tests.support.audit import check_rows
from tests.support.services import Workbench, paths_of
from tests.unit.bulk.conftest import COPIED, MOVED, RESTORED, TRASHED, all_of, rows_left, trashed_ids


def test_a_batch_is_its_users_alone_of_its_kind_and_for_a_day(
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
def test_something_in_the_way_keeps_all_of_it_from_being_undone(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str], place: str
) -> None:
    done = bulk.move(all_of("a", 7), "b/", Conflict.FAIL)
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


def test_something_that_is_gone_keeps_the_others_from_being_undone(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.trash(all_of("a", 7))
    trash.purge(trashed_ids(trash)["a/2"])

    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, TRASHED)

    assert paths_of(session, bench, alice) == ["a"]
    assert len(trashed_ids(trash)) == 6
    check_rows(session)


def test_what_was_moved_on_since_comes_back_too(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.move(all_of("a", 7), "b/", Conflict.FAIL)
    bench.moving(session, alice).move(["b/3"], "elsewhere", Conflict.FAIL)
    bench.moving(session, alice).move(["a"], "renamed", Conflict.FAIL)

    bulk.undo(done.batch_id, MOVED)

    assert paths_of(session, bench, alice) == ["b", "renamed", *(f"renamed/{number}" for number in range(7))]
    check_rows(session)
