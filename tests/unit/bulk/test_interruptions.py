"""Bulk changes that fail, are killed, or run beside other changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, NotFound, SelectionChanged, Unavailable
from cabinet.models import Batch, BatchKind, Node
from cabinet.services.accounts.account import Account
from cabinet.services.changes import batches
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.removal import Removal
from tests.support.audit import check_rows
from tests.support.services import Workbench, at_once, content_of, paths_of, usage_of
from tests.support.small_steps import Killed, call_after
from tests.unit.bulk.conftest import CONTENT, MOVED, all_of, all_trashed, rows_left, trashed_ids


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """Return what makes a step of the next batch, counted from one, raise at its end."""

    def fail_at(number: int, error: BaseException) -> None:
        steps = iter(range(1, 1000))
        write = batches.StepLog.write

        def failing(log: batches.StepLog, session: Session) -> None:
            write(log, session)
            if next(steps) == number:
                raise error

        monkeypatch.setattr(batches.StepLog, "write", failing)

    return fail_at


@pytest.fixture(params=["trash", "move", "copy", "restore", "purge", "undo"])
def act(
    request: pytest.FixtureRequest,
    bulk: Bulk,
    trash: Trash,
    bench: Workbench,
    session: Session,
    alice: Account,
    seven: list[str],
) -> Callable[[], object]:
    """Return something that is done in four steps, with everything that it needs in place."""
    for path in ("b/0", "b/5"):
        bench.upload(session, alice, path, b"in the way")
    if request.param in {"restore", "purge"}:
        bulk.trash(all_of("a", 7))
        bench.upload(session, alice, "a/5", b"in the way")
    if request.param == "undo":
        done = bulk.move(all_of("a", 7), "b", OnConflict.REPLACE)
        return lambda: bulk.undo(done.batch_id, MOVED)
    acts: dict[str, Callable[[], object]] = {
        "trash": lambda: bulk.trash(all_of("a", 7)),
        "move": lambda: bulk.move(all_of("a", 7), "b", OnConflict.REPLACE),
        "copy": lambda: bulk.copy(all_of("a", 7), "b", OnConflict.REPLACE),
        "restore": lambda: bulk.restore(all_trashed(7), OnConflict.REPLACE),
        "purge": lambda: bulk.purge(all_trashed(7)),
    }
    return acts[request.param]


def everything(session: Session, bench: Workbench, alice: Account) -> tuple[object, ...]:
    """Return everything that a user sees of their content."""
    trashed = bench.trash(session, alice).list_page(1000).entries
    entries = bench.files(session, alice).list_below("", 1000, None).entries
    return entries, sorted(trashed, key=lambda found: found.id), usage_of(session, alice)


@pytest.mark.parametrize("step", [1, 4])
def test_a_failure_rolls_back_previous_steps(
    act: Callable[[], object],
    fail_at: Callable[[int, BaseException], None],
    session: Session,
    bench: Workbench,
    alice: Account,
    step: int,
) -> None:
    before, batches_before = everything(session, bench, alice), rows_left(session)
    fail_at(step, EntryExists(path="x"))

    with pytest.raises(EntryExists):
        act()

    assert everything(session, bench, alice) == before
    assert rows_left(session) == batches_before
    check_rows(session)
    act()
    assert everything(session, bench, alice) != before
    check_rows(session)


@pytest.mark.parametrize("who", ["the sweep", "the next batch"])
def test_a_change_half_done_by_a_killed_process_is_rolled_back(
    act: Callable[[], object],
    fail_at: Callable[[int, BaseException], None],
    session: Session,
    bench: Workbench,
    alice: Account,
    bulk: Bulk,
    who: str,
) -> None:
    before, batches_before = everything(session, bench, alice), rows_left(session)
    fail_at(3, Killed())
    with pytest.raises(Killed):
        act()
    check_rows(session)
    # Its process may be alive, so it is left alone.
    Recovery(session, bench.clock).recover()
    assert rows_left(session) != batches_before
    bench.clock.advance(seconds=batches.LEASE.total_seconds())

    if who == "the sweep":
        Recovery(session, bench.clock).recover()
    else:
        with pytest.raises(NotFound):
            bulk.trash(all_of("nothing", 1))

    assert everything(session, bench, alice) == before
    assert rows_left(session) == batches_before
    check_rows(session)


@pytest.fixture
def meanwhile(
    monkeypatch: pytest.MonkeyPatch, bench: Workbench
) -> Callable[[Callable[[Session], object]], list[int]]:
    """Return a function that runs an action after the second step of the next batch.

    The list that it returns has an entry for each time that others may write.
    """

    def meanwhile(act: Callable[[Session], object]) -> list[int]:
        pauses: list[int] = []

        def pause() -> None:
            pauses.append(len(pauses) + 1)
            if len(pauses) == 2:
                with bench.session() as session:
                    act(session)

        for module in ("batches", "recovery"):
            call_after(monkeypatch, f"changes.{module}.publishing", pause)
        return pauses

    return meanwhile


def test_others_write_between_the_steps_and_new_entries_are_kept(
    act: Callable[[], object],
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
) -> None:
    bob = bench.register(session, "bob")

    def write(other: Session) -> None:
        bench.upload(other, bob, "f", CONTENT)
        bench.upload(other, alice, "a/new", b"new")

    pauses = meanwhile(write)
    act()

    assert len(pauses) >= 4
    assert content_of(session, bench, alice, "a/new") == b"new"
    assert paths_of(session, bench, bob) == ["f"]
    check_rows(session)


def test_an_entry_removed_midway_is_reported_and_the_rest_rolled_back(
    bulk: Bulk,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
) -> None:
    def move(other: Session) -> None:
        bench.moving(other, alice).move(["a/6"], "elsewhere", OnConflict.FAIL)

    meanwhile(move)
    with pytest.raises(SelectionChanged) as caught:
        bulk.trash(all_of("a", 7))

    assert caught.value.count == 6
    assert paths_of(session, bench, alice) == [path for path in seven if path != "a/6"] + ["elsewhere"]
    check_rows(session)


@pytest.mark.parametrize("folder", ["a", "b"])
def test_a_folder_deleted_midway_ends_the_change_without_loss(
    bulk: Bulk,
    trash: Trash,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
    folder: str,
) -> None:
    bench.files(session, alice).make_folder("b")
    meanwhile(lambda other: bench.files(other, alice).trash(folder))

    with pytest.raises(NotFound):
        bulk.move(all_of("a", 7), "b", OnConflict.FAIL)

    trash.restore(trashed_ids(trash)[folder])
    assert paths_of(session, bench, alice) == [*seven, "b"]
    check_rows(session)


def test_content_added_to_a_copy_survives_its_rollback(
    bulk: Bulk,
    trash: Trash,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
) -> None:
    for number in range(5):
        bench.files(session, alice).make_folder(f"a/{number}")
    bench.files(session, alice).make_folder("b")

    def interfere(other: Session) -> None:
        bench.clock.advance(seconds=1)
        bench.upload(other, alice, "b/0/mine", CONTENT)
        bench.files(other, alice).make_folder("b/4")

    meanwhile(interfere)
    with pytest.raises(EntryExists):
        bulk.copy(all_of("a", 5), "b", OnConflict.FAIL)

    assert [path for path in paths_of(session, bench, alice) if path.startswith("b/")] == ["b/4"]
    (found,) = trash.list_page(10).entries
    assert trash.restore(found.id).path == "b/0"
    assert content_of(session, bench, alice, "b/0/mine") == CONTENT
    check_rows(session)


def test_a_process_presumed_dead_does_not_continue(
    bulk: Bulk,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
) -> None:
    def sweep(other: Session) -> None:
        bench.clock.advance(seconds=batches.LEASE.total_seconds())
        Recovery(other, bench.clock).recover()

    meanwhile(sweep)
    with pytest.raises(Unavailable):
        bulk.trash(all_of("a", 7))

    assert paths_of(session, bench, alice) == seven
    assert rows_left(session) == (0, 0)
    check_rows(session)


def test_a_purge_is_effective_at_once_and_rows_are_removed_in_batches(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bulk.trash(all_of("a", 7))

    bulk.purge(all_trashed(7))

    assert trash.list_page(10).entries == []
    assert trash.count() == 0
    assert usage_of(session, alice) == 0
    check_rows(session)
    # Another process may clean up the leftovers meanwhile.
    bench.clock.advance(seconds=batches.LEASE.total_seconds())
    Recovery(session, bench.clock).recover()
    assert trash.count() == 0
    assert Removal(session).run() == 7
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Node)) == 2
    assert usage_of(session, alice) == 0
    check_rows(session)


def test_a_bulk_deletion_can_be_purged_at_once(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "f", CONTENT)
    bench.files(session, alice).trash("f")
    done = bulk.trash(all_of("a", 7))
    with pytest.raises(NotFound):
        bench.bulk(session, bench.register(session, "bob")).purge_batch(done.batch_id)

    assert bulk.purge_batch(done.batch_id).count == 7

    assert list(trashed_ids(trash)) == ["f"]
    with pytest.raises(NotFound):
        bulk.purge_batch(done.batch_id)
    check_rows(session)


def test_concurrent_bulk_changes_of_one_user_lose_nothing(
    session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    selection = all_of("a", 7)
    acts: list[Callable[[Bulk], object]] = [
        lambda bulk: bulk.trash(selection),
        lambda bulk: bulk.move(selection, "b/", OnConflict.FAIL),
        lambda bulk: bulk.move(selection, "c/", OnConflict.FAIL),
        lambda bulk: bulk.copy(selection, "d/", OnConflict.FAIL),
    ]

    def run(act: Callable[[Bulk], object]) -> Callable[[Session], object]:
        return lambda own: act(bench.bulk(own, alice))

    outcomes = at_once(bench, [run(act) for act in acts])

    assert set(outcomes) <= {None, SelectionChanged, NotFound, Unavailable}
    assert outcomes[:3].count(None) <= 1
    check_rows(session)
    bulk = bench.bulk(session, alice)
    for batch in session.scalars(select(Batch).where(Batch.kind != BatchKind.COPY)).all():
        bulk.undo(batch.id, set(BatchKind))
    assert [path for path in paths_of(session, bench, alice) if path.startswith("a/")] == seven[1:]
    check_rows(session)
