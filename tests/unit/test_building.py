"""A large copy: built in small transactions where nobody sees it, and there with the last of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    CopyTooLarge,
    EntryExists,
    IntoItself,
    InvalidField,
    InvalidName,
    NotAFolder,
    NotFound,
    QuotaExceeded,
    TooManyEntries,
    Unavailable,
)
from cabinet.models import Batch, BatchItem, BatchKind, Node, Space, Version
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.batches import BatchRun
from cabinet.services.changes.bulk import Bulk
from cabinet.services.changes.moving import Moving
from cabinet.services.changes.recovery import Recovery
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.maintenance.verify import Inspection
from cabinet.services.tree.entries import Conflict
from tests.support.audit import check_rows
from tests.support.row_counts import rows_changed
from tests.support.services import Workbench, content_of, paths_of
from tests.support.small_steps import Killed, call_after, make_steps_small

# Of three files: a row each, one of a version, and one of each of their folders; counters and notes; and what is
# put in its place counts in the folders above it.
MOST_ROWS = 3 * 3 + 8 + 3

INSIDE = [
    "0", "1", "2", "3", "deep", "deep/er", "deep/er/still", "deep/er/still/a long name at the very bottom",
    "several", "several/0", "several/1", "several/2", "several/3", "empty",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few entries be many."""
    make_steps_small(monkeypatch, 3, "changes.building", "changes.recovery")


@pytest.fixture
def moving(bench: Workbench, session: Session, alice: Account) -> Moving:
    return bench.moving(session, alice)


@pytest.fixture
def bulk(bench: Workbench, session: Session, alice: Account) -> Bulk:
    return bench.bulk(session, alice)


@pytest.fixture
def trash(bench: Workbench, session: Session, alice: Account) -> Trash:
    return bench.trash(session, alice)


@pytest.fixture
def before(bench: Workbench, session: Session, alice: Account) -> list[str]:
    """Make a large folder, another one and a file; return the paths of all."""
    files = [f"big/{name}" for name in INSIDE if not any(each.startswith(f"{name}/") for each in INSIDE)]
    for path in (*files, *(f"other/{number}" for number in range(5)), "file"):
        if path.endswith("empty"):
            bench.files(session, alice).make_folder(path)
        else:
            bench.upload(session, alice, path, path.encode())
    bench.upload(session, alice, "big/0", b"its second version")
    return paths_of(session, bench, alice)


def used(session: Session, account: Account) -> tuple[int, int]:
    session.rollback()
    user = session.get_one(Space, account.space_id, populate_existing=True)
    return user.usage, user.entries


def counted(session: Session) -> list[int]:
    """Return how many nodes, versions, batches and items there are."""
    session.rollback()
    tables = (Node, Version, Batch, BatchItem)
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


@contextmanager
def at_commit(
    monkeypatch: pytest.MonkeyPatch, bench: Workbench, act: Callable[[int, Session], object]
) -> Iterator[None]:
    """Call `act` with a number, from one, and a session of its own, behind each commit of a step."""
    step = BatchRun.step
    numbers = iter(range(1, 1000))

    @contextmanager
    def acting(run: BatchRun, *, is_last: bool = False) -> Iterator[object]:
        with step(run, is_last=is_last) as log:
            yield log
        with bench.session() as own:
            act(next(numbers), own)

    with monkeypatch.context() as patch:
        patch.setattr(BatchRun, "step", acting)
        yield


def copy_one(moving: Moving, bulk: Bulk) -> list[str]:
    moving.copy(["big"], "copy", Conflict.FAIL)
    return ["copy", *(f"copy/{name}" for name in INSIDE)]


def copy_into(moving: Moving, bulk: Bulk) -> list[str]:
    moving.copy(["big"], "new/er/", Conflict.FAIL)
    return ["new", "new/er", "new/er/big", *(f"new/er/big/{name}" for name in INSIDE)]


def copy_several(moving: Moving, bulk: Bulk) -> list[str]:
    copied = moving.copy(["file", "big/several", "big"], "to/", Conflict.FAIL)
    assert [each.path for each in copied] == ["to/file", "to/several", "to/big"]
    several = [f"to/several{rest}" for rest in ("", "/0", "/1", "/2", "/3")]
    return ["to", "to/file", *several, "to/big", *(f"to/big/{name}" for name in INSIDE)]


def copy_everything(moving: Moving, bulk: Bulk) -> list[str]:
    bulk.copy(FolderSelection("", frozenset(), 3), "to/", Conflict.FAIL)
    others = [f"to/other{rest}" for rest in ("", "/0", "/1", "/2", "/3", "/4")]
    return ["to", "to/file", *others, "to/big", *(f"to/big/{name}" for name in INSIDE)]


Copy = Callable[[Moving, Bulk], list[str]]
WAYS = [copy_one, copy_into, copy_several, copy_everything]


@pytest.mark.parametrize("copy", WAYS)
def test_a_large_copy_is_made_in_small_transactions_and_is_the_same(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    copy: Copy,
) -> None:
    usage, entries = used(session, alice)

    with rows_changed(bench.engine) as changed:
        new = copy(moving, bulk)

    assert len(changed) > 5
    assert max(changed) <= MOST_ROWS
    assert sorted(paths_of(session, bench, alice)) == sorted(before + new)
    for path in new:
        if path.endswith("big/0") or path == "copy/0":
            assert content_of(session, bench, alice, path) == b"its second version"
            assert len(bench.versions(session, alice).list(path)) == 1
        elif path.endswith("bottom"):
            original = f"big/{path[path.index('deep/er') :]}"
            assert content_of(session, bench, alice, path) == original.encode()
    assert used(session, alice)[1] == entries + len(new)
    assert used(session, alice)[0] > usage
    found = bench.search(session, alice).page("very bottom", "", 10).entries
    assert len(found) == 2
    check_rows(session)


@pytest.mark.parametrize("copy", [copy_one, copy_into, copy_several])
def test_nothing_of_a_copy_is_seen_before_all_of_it_is(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    seen: list[list[str]] = []

    def look(_number: int, own: Session) -> None:
        seen.append(paths_of(own, bench, alice))
        assert len(bench.search(own, alice).page("very bottom", "", 10).entries) in {1, 2}
        assert bench.trash(own, alice).count() == 0
        assert Inspection(own, bench.store).verify_usage() == []
        check_rows(own)

    with at_commit(monkeypatch, bench, look):
        copy(moving, bulk)

    assert len(seen) > 5
    assert all(paths == before for paths in seen[:-1])
    assert len(seen[-1]) > len(before)


@pytest.mark.long
@pytest.mark.parametrize("copy", WAYS)
def test_a_copy_whose_process_dies_anywhere_leaves_nothing(
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
    usage, rows = used(session, alice), counted(session)
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
            # It was the last step: the copy is there, and nobody was told so.
            break
        bench.clock.advance(minutes=2)
        with rows_changed(bench.engine) as changed:
            Recovery(session, bench.clock).recover()
        assert max(changed) <= MOST_ROWS
        assert paths_of(session, bench, alice) == before
        assert trash.count() == 0
        assert (used(session, alice), counted(session)) == (usage, rows)
        check_rows(session)
    assert last > 5
    check_rows(session)


def test_a_taking_back_that_dies_is_finished_by_the_next(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage, rows = used(session, alice), counted(session)

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
    assert used(session, alice) == usage
    check_rows(session)


@pytest.mark.parametrize(
    ("sources", "to", "error"),
    [
        (["big"], "file", EntryExists),
        (["big"], "file/", NotAFolder),
        (["big"], "file/x", NotAFolder),
        (["big"], "big/deep", IntoItself),
        (["big"], "/".join(["x" * 200] * 10) + "/", InvalidName),
        (["big", "other"], "several", InvalidField),
        (["big", "nothing"], "to/", NotFound),
        (["big", "big"], "to/", InvalidField),
    ],
)
def test_what_keeps_a_copy_from_its_place_is_told_before_anything_is_written(
    bench: Workbench,
    session: Session,
    moving: Moving,
    before: list[str],
    sources: list[str],
    to: str,
    error: type[CabinetError],
) -> None:
    rows = counted(session)

    with rows_changed(bench.engine) as changed, pytest.raises(error):
        moving.copy(sources, to, Conflict.FAIL)

    assert changed == []
    assert counted(session) == rows


def test_what_has_no_room_or_is_too_much_is_told_before_anything_is_written(
    bench: Workbench, session: Session, alice: Account, moving: Moving, bulk: Bulk, before: list[str]
) -> None:
    usage, entries = used(session, alice)
    everything = FolderSelection("", frozenset(), 3)
    copies: list[Callable[[], object]] = [
        lambda: moving.copy(["big"], "copy", Conflict.FAIL),
        lambda: bulk.copy(everything, "to/", Conflict.FAIL),
    ]
    for copy in copies:
        with rows_changed(bench.engine) as changed:
            bind_caps(session, Caps(copied=14))
            with pytest.raises(CopyTooLarge):
                copy()
            bind_caps(session, Caps(entries=entries + 14))
            with pytest.raises(TooManyEntries):
                copy()
        assert changed == []
        bind_caps(session, Caps())
        bench.accounts(session).set_quota("alice", usage + 20)
        with rows_changed(bench.engine) as changed, pytest.raises(QuotaExceeded):
            copy()
        assert changed == []
        bench.accounts(session).set_quota("alice", None)
    assert paths_of(session, bench, alice) == before


@pytest.mark.parametrize("copy", WAYS)
def test_a_copy_whose_room_is_taken_meanwhile_leaves_nothing(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
    copy: Copy,
) -> None:
    usage, rows = used(session, alice), counted(session)
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
    assert used(session, alice) == usage


def test_a_copy_takes_the_place_of_what_is_there_or_another_name(
    bench: Workbench, session: Session, alice: Account, moving: Moving, trash: Trash, before: list[str]
) -> None:
    moving.copy(["big"], "copy", Conflict.FAIL)
    moving.copy(["big"], "copy", Conflict.FAIL)  # a folder that is there is where it goes
    with pytest.raises(EntryExists):
        moving.copy(["big"], "copy", Conflict.FAIL)
    (renamed,) = moving.copy(["big"], "copy", Conflict.RENAME)
    (replaced,) = moving.copy(["big"], "copy", Conflict.REPLACE)

    assert (renamed.path, replaced.path) == ("copy/big (2)", "copy/big")
    assert [each.entry.path for each in trash.list_page(10).entries] == ["copy/big"]
    assert len(paths_of(session, bench, alice)) == len(before) + 3 * (len(INSIDE) + 1)
    check_rows(session)


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
    bench.moving(own, alice).move(["big/deep/er"], "elsewhere", Conflict.FAIL)
    bench.moving(own, alice).move(["big/several/3"], "big/several/moved", Conflict.FAIL)


def _replace(own: Session, bench: Workbench, alice: Account) -> None:
    bench.upload(own, alice, "big/several/3", b"much more than there was before")
    bench.upload(own, alice, "big/several/0", b"")


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("change", [_add, _trash, _purge, _move, _replace])
def test_what_changes_while_it_is_copied_leaves_every_counter_right(
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
        moving.copy(["big"], "copy", Conflict.FAIL)

    assert {"copy/0", "copy/several/0", "copy/empty"} <= set(paths_of(session, bench, alice))
    check_rows(session)


def test_something_else_at_the_path_meanwhile_keeps_it_from_being_copied(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    before: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def replace(number: int, own: Session) -> None:
        if number == 2:
            bench.moving(own, alice).move(["big"], "away", Conflict.FAIL)
            bench.files(own, alice).make_folder("big")

    with pytest.raises(Unavailable), at_commit(monkeypatch, bench, replace):
        moving.copy(["big"], "copy", Conflict.FAIL)
    assert "copy" not in paths_of(session, bench, alice)
    check_rows(session)

    bench.files(session, alice).purge("big")
    with pytest.raises(NotFound):
        moving.copy(["big"], "copy", Conflict.FAIL)


def test_an_undone_copy_of_everything_is_in_the_trash_with_what_was_large(
    bench: Workbench,
    session: Session,
    alice: Account,
    moving: Moving,
    bulk: Bulk,
    trash: Trash,
    before: list[str],
) -> None:
    done = bulk.copy(FolderSelection("", frozenset(), 3), "to/", Conflict.FAIL)

    assert bulk.undo(done.batch_id, {BatchKind.COPY}) == 3

    assert set(paths_of(session, bench, alice)) == {*before, "to"}
    assert {each.entry.path for each in trash.list_page(10).entries} == {"to/big", "to/other", "to/file"}
    check_rows(session)


def test_a_large_copy_that_somebody_has_put_something_into_goes_to_the_trash_when_it_is_taken_back(
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
        bulk.copy(FolderSelection("", frozenset(), 3), "to/", Conflict.FAIL)

    (kept,) = trash.list_page(10).entries
    assert kept.entry.path == "to/big"
    trash.restore(kept.id)
    assert content_of(session, bench, alice, "to/big/several/mine") == b"mine"
    assert len([path for path in paths_of(session, bench, alice) if path.startswith("to/big/")]) == 15
    check_rows(session)
