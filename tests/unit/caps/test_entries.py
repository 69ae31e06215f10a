"""Entries, uploads and copies of one user are counted and limited by caps.

Rule: a cap is tried from both sides, and by many at once; after each test all counters are true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from cabinet.config import SETTINGS
from cabinet.errors import (
    CopyTooLarge,
    NotFound,
    TooManyEntries,
)
from cabinet.models import Batch, BatchItem, BatchKind, Node, Space, UploadKind
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.caps import Caps, bind_caps
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.usage_checks import WrongEntries, find_wrong_entries
from cabinet.services.uploads.publishing import Target
from tests.support.resumable import housekeeping, part, partial, plan, service_of
from tests.support.services import Action, Workbench, at_once, content_of, paths_of, stored_bytes
from tests.unit.caps.conftest import CAPS


def entries_of(session: Session, account: Account) -> int:
    session.rollback()
    return session.scalar(select(Space.entries).where(Space.id == account.space_id)) or 0


def fill(session: Session, bench: Workbench, account: Account) -> None:
    """Use up the entries: a folder with two files, and a file in the trash."""
    for path in ("d/a", "d/b", "gone"):
        bench.upload(session, account, path, path.encode())
    bench.files(session, account).trash("gone")
    assert entries_of(session, account) == CAPS.entries


def test_the_default_caps_equal_the_default_settings() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS}

    assert Caps() == Caps(
        entries=defaults["USER_ENTRIES"],
        uploads=defaults["USER_UPLOADS"],
        joins=defaults["PART_JOINS"],
        copied=defaults["COPY_ENTRIES"],
    )


Way = Callable[[Session, Workbench, Account], object]
WAYS: dict[str, Way] = {
    "an upload": lambda session, bench, who: bench.upload(session, who, "new", b"x"),
    "an upload that keeps both": lambda session, bench, who: bench.upload(
        session, who, "d/a", b"x", OnConflict.RENAME
    ),
    "a folder": lambda session, bench, who: bench.files(session, who).make_folder("new"),
    "folders": lambda session, bench, who: bench.files(session, who).make_folders(["d", "new/er"]),
    "a copy": lambda session, bench, who: bench.moving(session, who).copy(["d"], "new", OnConflict.FAIL),
    "a move to a new folder": lambda session, bench, who: bench.moving(session, who).move(
        ["d/a"], "new/", OnConflict.FAIL
    ),
    "a resumable upload": lambda session, bench, who: service_of(session, bench, who).begin(plan(0, "new")),
    "an announced upload": lambda session, bench, who: bench.uploads(session, who).check(Target("new"), None),
    "a joined upload": lambda session, bench, who: service_of(session, bench, who).join(
        plan(None, "new", kind=UploadKind.JOINED), [partial(service_of(session, bench, who), b"x")]
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_at_the_cap_no_entries_can_be_added(
    session: Session, bench: Workbench, alice: Account, way: Way
) -> None:
    fill(session, bench, alice)
    before = paths_of(session, bench, alice), stored_bytes(bench)["blobs"]

    with pytest.raises(TooManyEntries) as caught:
        way(session, bench, alice)

    session.rollback()
    assert caught.value.allowed == CAPS.entries
    assert (paths_of(session, bench, alice), stored_bytes(bench)["blobs"]) == before


def test_at_the_cap_operations_that_add_nothing_work(
    session: Session, bench: Workbench, alice: Account
) -> None:
    fill(session, bench, alice)

    bench.upload(session, alice, "d/a", b"a new version")
    service = service_of(session, bench, alice)
    service.append(service.begin(plan(3, "d/b")).id, part(b"new"))
    bench.moving(session, alice).rename("d/a", "c", OnConflict.FAIL)
    (trashed,) = bench.trash(session, alice).list_page(10).entries
    bench.trash(session, alice).restore(trashed.id)
    assert content_of(session, bench, alice, "d/b") == b"new"
    assert paths_of(session, bench, alice) == ["d", "d/b", "d/c", "gone"]

    bench.files(session, alice).purge("gone")
    bench.upload(session, alice, "new", b"x")


@pytest.mark.parametrize("way", ["purge", "purge_all", "empty", "sweep"])
def test_purging_makes_room_below_the_cap(
    session: Session, bench: Workbench, alice: Account, way: str
) -> None:
    fill(session, bench, alice)
    trash = bench.trash(session, alice)
    if way == "purge":
        bench.files(session, alice).purge("d")
    else:
        bench.files(session, alice).trash("d")
    assert entries_of(session, alice) == (1 if way == "purge" else CAPS.entries)
    if way == "purge_all":
        trash.purge_all([each.id for each in trash.list_page(10).entries])
    elif way == "empty":
        trash.empty()
    elif way == "sweep":
        bench.clock.advance(days=8)
        housekeeping(session, bench).sweep()

    assert entries_of(session, alice) == (1 if way == "purge" else 0)


def test_above_the_cap_entries_are_kept_and_none_added(
    session: Session, bench: Workbench, alice: Account
) -> None:
    fill(session, bench, alice)
    bind_caps(session, Caps(entries=1))

    with pytest.raises(TooManyEntries):
        bench.upload(session, alice, "new", b"x")
    bench.upload(session, alice, "d/a", b"a new version")
    bench.files(session, alice).purge("d/a")
    with pytest.raises(TooManyEntries):
        bench.upload(session, alice, "new", b"x")

    assert paths_of(session, bench, alice) == ["d", "d/b"]


def test_concurrent_additions_do_not_exceed_the_cap(bench: Workbench) -> None:
    with bench.session() as session:
        bob = bench.register(session, "bob")

    def adding(number: int) -> Action:
        def add(session: Session) -> None:
            bind_caps(session, CAPS)
            if number % 2:
                bench.upload(session, bob, f"file {number}", b"x")
            else:
                bench.files(session, bob).make_folder(f"folder {number}")

        return add

    ends = Counter(at_once(bench, [adding(number) for number in range(12)]))

    assert ends == {None: CAPS.entries, TooManyEntries: 12 - CAPS.entries}
    with bench.session() as session:
        assert entries_of(session, bob) == len(paths_of(session, bench, bob)) == CAPS.entries


def test_an_upload_does_not_count_rows(session: Session, bench: Workbench, alice: Account) -> None:
    asked: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: asked.append(call[2].lower()))

    bench.upload(session, alice, "d/a", b"x")
    bench.files(session, alice).make_folder("e")

    assert asked
    assert not any("count(" in statement and "node" in statement for statement in asked)


def test_a_wrong_number_of_entries_is_found_and_recalculated(
    session: Session, bench: Workbench, alice: Account
) -> None:
    fill(session, bench, alice)
    with writing(session):
        session.execute(update(Space).values(entries=1))

    assert find_wrong_entries(session) == [WrongEntries("alice", 1, 4)]
    assert bench.accounts(session).recount("alice").entries == 4


def test_the_entries_of_one_copy_are_limited(session: Session, bench: Workbench, alice: Account) -> None:
    bind_caps(session, Caps(copied=3))
    for path in ("d/a", "d/b", "e/c"):
        bench.upload(session, alice, path, b"x")
    moving = bench.moving(session, alice)
    moving.copy(["d"], "three", OnConflict.FAIL)
    before = paths_of(session, bench, alice)
    written: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: written.append(call[2]))

    with pytest.raises(CopyTooLarge) as caught:
        moving.copy(["d", "e"], "new/folder/", OnConflict.FAIL)

    assert caught.value.allowed == 3
    # Except for the lock, which is released.
    written = [each for each in written if each.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert all(each.startswith("UPDATE space SET seq") for each in written)
    assert paths_of(session, bench, alice) == before
    # The way that the error names.
    bench.files(session, alice).make_folder("new")
    moving.copy(["d"], "new/", OnConflict.FAIL)
    moving.copy(["e"], "new/", OnConflict.FAIL)


def test_a_copy_of_all_in_a_folder_is_one_copy(session: Session, bench: Workbench, alice: Account) -> None:
    bind_caps(session, Caps(copied=3))
    for path in ("d/a/1", "d/b/2"):
        bench.upload(session, alice, path, b"x")
    before = paths_of(session, bench, alice)
    bulk = bench.bulk(session, alice)

    with pytest.raises(CopyTooLarge):
        bulk.copy(FolderSelection("d", frozenset(), 2), "new/", OnConflict.FAIL)
    bind_caps(session, Caps(copied=4, entries=9))
    with pytest.raises(TooManyEntries):
        bulk.copy(FolderSelection("d", frozenset(), 2), "new/", OnConflict.FAIL)

    assert paths_of(session, bench, alice) == before
    bind_caps(session, Caps(copied=4, entries=10))
    bulk.copy(FolderSelection("d", frozenset(), 2), "new/", OnConflict.FAIL)
    assert entries_of(session, alice) == len(paths_of(session, bench, alice)) == 10


@pytest.mark.parametrize(("entries", "batches"), [(20, 1000), (10**6, 5)], ids=["items", "batches"])
def test_only_the_last_of_repeated_bulk_changes_can_be_undone(
    session: Session,
    bench: Workbench,
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    entries: int,
    batches: int,
) -> None:
    """Each leaves an item of everything that it was about, for a day."""
    monkeypatch.setattr("cabinet.services.changes.recovery.UNDOABLE", batches)
    bind_caps(session, Caps(entries=entries))
    for path in ("d/a", "d/b", "d/c"):
        bench.upload(session, alice, path, b"x")
    bench.files(session, alice).make_folder("e")
    bulk = bench.bulk(session, alice)
    done, items = [], []
    for _ in range(12):
        for source, target in (("d", "e"), ("e", "d")):
            bench.clock.advance(seconds=1)
            moved = bulk.move(FolderSelection(source, frozenset(), 3), target, OnConflict.FAIL)
            done.append(moved.batch_id)
            items.append(session.scalar(select(func.count()).select_from(BatchItem)) or 0)

    assert max(items) == items[-1] == (21 if entries == 20 else 18)
    assert session.scalar(select(func.count()).select_from(Batch)) == items[-1] // 3
    with pytest.raises(NotFound):
        bulk.undo(done[0], {BatchKind.MOVE})
    for batch_id in reversed(done[-3:]):
        assert bulk.undo(batch_id, {BatchKind.MOVE}) == 3
    assert paths_of(session, bench, alice) == ["d", "e", "e/a", "e/b", "e/c"]


def test_the_root_is_not_counted_as_an_entry(session: Session, alice: Account) -> None:
    assert session.scalar(select(func.count()).select_from(Node)) == 1
    assert entries_of(session, alice) == 0
