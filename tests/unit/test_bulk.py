"""What is done to everything in a folder or in the trash at once: all of it, or nothing, and undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select
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
    Unavailable,
)
from cabinet.models import Batch, BatchItem, BatchKind, Node, Space
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes import batches
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.changes.trash import Trash, Trashed
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.removal import Removal
from tests.support.audit import check_rows
from tests.support.services import Workbench, at_once, content_of, paths_of
from tests.support.small_steps import Killed, call_after, make_steps_small

CONTENT = b"the content"
TRASHED, MOVED, COPIED, RESTORED = (
    {kind} for kind in (BatchKind.TRASH, BatchKind.MOVE, BatchKind.COPY, BatchKind.RESTORE)
)


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries take several transactions."""
    make_steps_small(monkeypatch, 2)


@pytest.fixture
def bulk(bench: Workbench, session: Session, alice: Account) -> Bulk:
    return bench.bulk(session, alice)


@pytest.fixture
def trash(bench: Workbench, session: Session, alice: Account) -> Trash:
    return bench.trash(session, alice)


@pytest.fixture
def seven(bench: Workbench, session: Session, alice: Account) -> list[str]:
    """Return the paths of seven files in a folder, and of all else that there is."""
    for number in range(7):
        bench.upload(session, alice, f"a/{number}", CONTENT + b"%d" % number)
    return paths_of(session, bench, alice)


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


def all_of(folder: str, count: int, *excluding: str) -> FolderSelection:
    return FolderSelection(folder, frozenset(excluding), count)


def all_trashed(count: int, *excluding: str) -> TrashSelection:
    return TrashSelection(frozenset(excluding), count)


def trashed_ids(trash: Trash) -> dict[str, str]:
    return {found.entry.path: found.id for found in trash.list_page(1000).entries}


def used(session: Session, account: Account) -> int:
    session.rollback()
    return session.get_one(Space, account.space_id, populate_existing=True).usage


def rows_left(session: Session) -> tuple[int, int]:
    """Return how many batches and items of them there are."""
    session.rollback()
    counted = [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Batch, BatchItem)]
    return counted[0], counted[1]


def test_all_but_some_of_a_folder_goes_to_the_trash_and_comes_back_as_it_was(
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
def test_what_arrived_or_went_since_is_told_and_nothing_is_done(
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
        lambda: bulk.move(selection, "new/", Conflict.FAIL),
        lambda: bulk.copy(selection, "new/", Conflict.FAIL),
    )
    for act in acts:
        with pytest.raises(SelectionChanged) as caught:
            act()
        assert caught.value.count == count
    assert paths_of(session, bench, alice) == seven
    assert rows_left(session) == (0, 0)


def test_what_was_taken_out_counts_only_if_it_is_there(bulk: Bulk, seven: list[str]) -> None:
    assert bulk.trash(all_of("a", 6, "3", "nothing", "такого нет")).count == 6


def test_a_name_is_taken_out_however_it_is_composed(
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


def test_all_of_a_folder_moves_and_what_it_replaced_comes_back_with_it(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    for name in ("1", "6"):
        bench.upload(session, alice, f"b/{name}", b"in the way")
    before = paths_of(session, bench, alice)
    with pytest.raises(EntryExists):
        bulk.move(all_of("a", 7), "b", Conflict.FAIL)
    assert paths_of(session, bench, alice) == before

    done = bulk.move(all_of("a", 7), "b", Conflict.REPLACE)

    assert paths_of(session, bench, alice) == ["a", "b", *(f"b/{number}" for number in range(7))]
    assert content_of(session, bench, alice, "b/6") == CONTENT + b"6"
    assert sorted(trashed_ids(trash)) == ["b/1", "b/6"]
    check_rows(session)
    bulk.undo(done.batch_id, MOVED)
    assert paths_of(session, bench, alice) == before
    assert content_of(session, bench, alice, "b/6") == b"in the way"
    assert trashed_ids(trash) == {}
    check_rows(session)


def test_names_that_are_in_use_get_numbers_that_nothing_else_has(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account
) -> None:
    for path in ("a/x", "a/x (2)", "a/x (3)", "b/x"):
        bench.upload(session, alice, path, path.encode())

    done = bulk.move(all_of("a", 3), "b/", Conflict.RENAME)

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


def test_a_folder_that_is_missing_is_made_and_one_that_is_none_is_refused(
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
            bulk.move(all_of("a", 7), to, Conflict.FAIL)

    bulk.move(all_of("a", 7), "new/er/", Conflict.FAIL)

    assert "new/er/6" in paths_of(session, bench, alice)
    check_rows(session)


def test_nothing_goes_into_itself(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.files(session, alice).make_folder("a/z/deep")
    before = paths_of(session, bench, alice)
    for act in (bulk.move, bulk.copy):
        with pytest.raises(IntoItself):
            act(all_of("a", 8), "a/z/deep/new/", Conflict.FAIL)
        assert paths_of(session, bench, alice) == before
    check_rows(session)

    assert bulk.move(all_of("a", 7, "z"), "a/z/deep", Conflict.FAIL).count == 7
    assert "a/z/deep/0" in paths_of(session, bench, alice)


def test_a_move_to_where_it_is_changes_nothing(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    done = bulk.move(all_of("a", 7), "a", Conflict.FAIL)

    assert paths_of(session, bench, alice) == seven
    assert bulk.undo(done.batch_id, MOVED) == 0


def test_all_of_a_folder_is_copied_with_what_is_below_and_the_copies_go_to_the_trash_again(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "a/sub/deep/f", CONTENT)
    bench.upload(session, alice, "b/3", b"in the way")
    before, usage = paths_of(session, bench, alice), used(session, alice)

    done = bulk.copy(all_of("a", 8), "b", Conflict.REPLACE)

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
    assert used(session, alice) == usage


def test_copies_beside_their_originals_get_other_names(
    bulk: Bulk, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    for choice in (Conflict.FAIL, Conflict.REPLACE):
        with pytest.raises(EntryExists):
            bulk.copy(all_of("a", 7), "a", choice)

    bulk.copy(all_of("a", 7), "a", Conflict.RENAME)

    assert set(paths_of(session, bench, alice)) == {*seven, *(f"a/{number} (2)" for number in range(7))}
    check_rows(session)


def test_a_quota_that_is_reached_in_the_middle_leaves_no_copy(session: Session, bench: Workbench) -> None:
    bob = bench.register(session, "bob", quota=100)
    for number in range(7):
        bench.upload(session, bob, f"a/{number}", bytes(10))
    before = paths_of(session, bench, bob)

    with pytest.raises(QuotaExceeded):
        bench.bulk(session, bob).copy(all_of("a", 7), "new/", Conflict.FAIL)

    assert paths_of(session, bench, bob) == before
    assert used(session, bob) == 70
    assert bench.trash(session, bob).list_page(10).entries == []
    assert rows_left(session) == (0, 0)
    check_rows(session)


def test_everything_in_the_trash_but_some_is_restored_and_deleted_again(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bench.upload(session, alice, "d/e/f", CONTENT)
    files = bench.files(session, alice)
    for path in ("d/e/f", "d/e", "d", "a/1", "a/2", "a"):
        bench.clock.advance(seconds=1)
        files.trash(path)
    before = trash.list_page(1000).entries
    ids = trashed_ids(trash)

    done = bulk.restore(all_trashed(4, ids["a/2"], ids["d/e"]), Conflict.FAIL)

    assert set(paths_of(session, bench, alice)) == {"d", "d/e", "d/e/f", *seven} - {"a/2"}
    assert set(trashed_ids(trash)) == {"a/2", "d/e"}
    check_rows(session)
    assert bulk.undo(done.batch_id, RESTORED) == 4
    # The folder that was made on the way, in the place of one that stayed in the trash, is in its folder now.
    assert [_outside(each) for each in trash.list_page(1000).entries] == [_outside(each) for each in before]
    check_rows(session)


def _outside(trashed: Trashed) -> Trashed:
    """Return something in the trash without what is in it."""
    return replace(trashed, entry=replace(trashed.entry, insides=None))


def test_what_is_restored_twice_to_one_name_makes_way_as_it_is_told(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    for content in (b"first", b"second", b"third"):
        bench.clock.advance(seconds=1)
        bench.upload(session, alice, "f", content)
        bench.files(session, alice).trash("f")
    before = trash.list_page(10).entries
    with pytest.raises(EntryExists):
        bulk.restore(all_trashed(3), Conflict.FAIL)
    assert trash.list_page(10).entries == before

    done = bulk.restore(all_trashed(3), Conflict.RENAME)
    assert paths_of(session, bench, alice) == ["f", "f (2)", "f (3)"]
    bulk.undo(done.batch_id, RESTORED)
    assert trash.list_page(10).entries == before
    done = bulk.restore(all_trashed(3), Conflict.REPLACE)
    assert paths_of(session, bench, alice) == ["f"]
    assert len(trashed_ids(trash)) == 1
    check_rows(session)
    bulk.undo(done.batch_id, RESTORED)
    assert trash.list_page(10).entries == before
    check_rows(session)


def test_everything_in_the_trash_but_some_is_removed_for_ever(
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
    assert used(session, alice) == len(CONTENT) + 1
    check_rows(session)
    with pytest.raises(NotFound):
        bulk.undo(done.batch_id, set(BatchKind))


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
        done = bulk.move(all_of("a", 7), "b", Conflict.REPLACE)
        return lambda: bulk.undo(done.batch_id, MOVED)
    acts: dict[str, Callable[[], object]] = {
        "trash": lambda: bulk.trash(all_of("a", 7)),
        "move": lambda: bulk.move(all_of("a", 7), "b", Conflict.REPLACE),
        "copy": lambda: bulk.copy(all_of("a", 7), "b", Conflict.REPLACE),
        "restore": lambda: bulk.restore(all_trashed(7), Conflict.REPLACE),
        "purge": lambda: bulk.purge(all_trashed(7)),
    }
    return acts[request.param]


def everything(session: Session, bench: Workbench, alice: Account) -> tuple[object, ...]:
    """Return all that a user sees of what they have."""
    trashed = bench.trash(session, alice).list_page(1000).entries
    entries = bench.files(session, alice).list_below("", 1000, None).entries
    return entries, sorted(trashed, key=lambda found: found.id), used(session, alice)


@pytest.mark.parametrize("step", [1, 4])
def test_a_failure_in_the_middle_takes_back_what_was_done(
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
def test_what_a_killed_process_left_half_done_is_taken_back(
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
    # It may be alive: nobody touches it.
    Recovery(session, bench.clock).recover()
    assert rows_left(session) != batches_before
    bench.clock.advance(seconds=batches.ALIVE.total_seconds())

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
    """Return what lets somebody do something after the second step of the next batch.

    What it returns has an entry for each time that others may write.
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


def test_others_write_between_the_steps_and_what_arrives_is_left_alone(
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


def test_what_leaves_in_the_middle_is_told_and_everything_else_is_back(
    bulk: Bulk,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
) -> None:
    def move(other: Session) -> None:
        bench.moving(other, alice).move(["a/6"], "elsewhere", Conflict.FAIL)

    meanwhile(move)
    with pytest.raises(SelectionChanged) as caught:
        bulk.trash(all_of("a", 7))

    assert caught.value.count == 6
    assert paths_of(session, bench, alice) == [path for path in seven if path != "a/6"] + ["elsewhere"]
    check_rows(session)


@pytest.mark.parametrize("folder", ["a", "b"])
def test_a_folder_that_is_deleted_in_the_middle_ends_it_and_nothing_is_lost(
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
        bulk.move(all_of("a", 7), "b", Conflict.FAIL)

    trash.restore(trashed_ids(trash)[folder])
    assert paths_of(session, bench, alice) == [*seven, "b"]
    check_rows(session)


def test_what_somebody_puts_into_a_copy_outlives_the_failure_of_copying(
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
        bulk.copy(all_of("a", 5), "b", Conflict.FAIL)

    assert [path for path in paths_of(session, bench, alice) if path.startswith("b/")] == ["b/4"]
    (found,) = trash.list_page(10).entries
    assert trash.restore(found.id).path == "b/0"
    assert content_of(session, bench, alice, "b/0/mine") == CONTENT
    check_rows(session)


def test_a_process_that_seemed_dead_does_not_go_on(
    bulk: Bulk,
    meanwhile: Callable[[Callable[[Session], object]], list[int]],
    session: Session,
    bench: Workbench,
    alice: Account,
    seven: list[str],
) -> None:
    def sweep(other: Session) -> None:
        bench.clock.advance(seconds=batches.ALIVE.total_seconds())
        Recovery(other, bench.clock).recover()

    meanwhile(sweep)
    with pytest.raises(Unavailable):
        bulk.trash(all_of("a", 7))

    assert paths_of(session, bench, alice) == seven
    assert rows_left(session) == (0, 0)
    check_rows(session)


def test_a_purge_shows_and_counts_nothing_once_it_is_decided_and_is_removed_in_batches(
    bulk: Bulk, trash: Trash, session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    bulk.trash(all_of("a", 7))

    bulk.purge(all_trashed(7))

    assert trash.list_page(10).entries == []
    assert trash.count() == 0
    assert used(session, alice) == 0
    check_rows(session)
    # Somebody else may look after what is left behind meanwhile.
    bench.clock.advance(seconds=batches.ALIVE.total_seconds())
    Recovery(session, bench.clock).recover()
    assert trash.count() == 0
    assert Removal(session).run() == 7
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Node)) == 2
    assert used(session, alice) == 0
    check_rows(session)


def test_what_was_deleted_at_once_can_be_removed_for_ever_at_once(
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


def test_several_batches_of_one_user_at_once_leave_everything_somewhere_whole(
    session: Session, bench: Workbench, alice: Account, seven: list[str]
) -> None:
    selection = all_of("a", 7)
    acts: list[Callable[[Bulk], object]] = [
        lambda bulk: bulk.trash(selection),
        lambda bulk: bulk.move(selection, "b/", Conflict.FAIL),
        lambda bulk: bulk.move(selection, "c/", Conflict.FAIL),
        lambda bulk: bulk.copy(selection, "d/", Conflict.FAIL),
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
