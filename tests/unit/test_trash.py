"""The trash: its content, restoring, and its usage."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, InvalidField, InvalidName, NotAFolder, NotFound
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import TrashSelection
from cabinet.services.changes.trash import Trash
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.names import PATH_BYTES
from tests.support.audit import check_rows
from tests.support.services import TRASH_KEEP, Workbench, content_of, paths_of, usage_of

CONTENT = b"the content"


def test_a_trashed_folder_is_one_entry_with_path_and_remaining_time(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/f", CONTENT)
    bench.upload(session, alice, "a/b/g", CONTENT)

    bench.files(session, alice).trash("a/b")

    (found,) = trash.list_page(10).entries
    assert (found.entry.path, found.entry.kind) == ("a/b", "folder")
    assert (found.trashed_at, found.expires_at) == (bench.clock(), bench.clock() + TRASH_KEEP)
    assert usage_of(session, alice) == 2 * len(CONTENT)
    check_rows(session)


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_an_outline_reflects_current_pages(
    trash: Trash, session: Session, bench: Workbench, alice: Account, limit: int
) -> None:
    files = bench.files(session, alice)

    def throw(*names: str) -> None:
        for name in names:
            files.make_folder(name)
            files.trash(name)
            bench.clock.advance(seconds=1)

    def named(ids: list[str]) -> list[str]:
        found = trash.look_up(ids)
        return [found[each].entry.path for each in ids]

    throw("1", "2", "3", "4")
    page = trash.list_page(limit)
    throw("5")
    trash.purge(page.entries[0].id)

    ids, after = trash.outline(Extent(page.next, 1, 100))
    following = [each.entry.path for each in trash.list_page(10, after).entries] if after else []

    assert named(ids) + following == ["5", "3", "2", "1"]
    assert named(ids) == ["5", "3", "2", "1"][:limit]
    assert (after is None) is (limit == 4)
    assert trash.look_up([page.entries[0].id]) == {}


def test_pages_are_newest_first(trash: Trash, session: Session, bench: Workbench, alice: Account) -> None:
    files = bench.files(session, alice)
    for number in range(5):
        files.make_folder(str(number))
        files.trash(str(number))
        if number % 2:
            bench.clock.advance(microseconds=1)

    shown, after = [], None
    while True:
        page = trash.list_page(2, after)
        shown += [found.entry.path for found in page.entries]
        if page.next is None:
            break
        after = page.next

    assert sorted(shown) == list("01234")
    assert [shown[0], set(shown[1:3]), set(shown[3:])] == ["4", {"2", "3"}, {"0", "1"}]
    with pytest.raises(InvalidField):
        trash.list_page(2, "rubbish")


@pytest.mark.parametrize("all_at_once", [False, True])
def test_an_entry_is_restored_into_its_folder_wherever_that_is_now(
    trash: Trash, session: Session, bench: Workbench, alice: Account, all_at_once: bool
) -> None:
    bench.upload(session, alice, "a/b/f", CONTENT)
    [deleted] = trash.add(["a/b/f"])
    bench.moving(session, alice).move(["a/b"], "moved/renamed", OnConflict.FAIL)
    bench.files(session, alice).make_folder("a/b")

    if all_at_once:
        bench.bulk(session, alice).restore(TrashSelection(frozenset(), 1), OnConflict.FAIL)
    else:
        assert trash.restore(deleted.id).path == "moved/renamed/f"

    assert "moved/renamed/f" in paths_of(session, bench, alice)
    check_rows(session)


@pytest.mark.parametrize("end", ["trashed", "purged"])
def test_an_entry_without_its_folder_is_restored_to_its_old_path(
    trash: Trash, session: Session, bench: Workbench, alice: Account, end: str
) -> None:
    bench.upload(session, alice, "a/b/f", CONTENT)
    [deleted] = trash.add(["a/b/f"])
    if end == "trashed":
        trash.add(["a"])
    else:
        bench.files(session, alice).purge("a")

    assert trash.restore(deleted.id).path == "a/b/f"

    check_rows(session)


def test_a_restored_folder_has_its_content(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/b/f", CONTENT)
    files = bench.files(session, alice)
    files.trash("a/b")
    bench.clock.advance(seconds=1)
    files.trash("a")

    newest, oldest = trash.list_page(10).entries
    entry = trash.restore(oldest.id)

    assert (newest.entry.path, entry.path) == ("a", "a/b")
    assert paths_of(session, bench, alice) == ["a", "a/b", "a/b/f"]
    assert content_of(session, bench, alice, "a/b/f") == CONTENT
    with pytest.raises(EntryExists):
        trash.restore(newest.id)
    check_rows(session)


def test_an_entry_deleted_earlier_survives_its_folder(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/f", CONTENT)
    bench.upload(session, alice, "a/g", b"gone")
    files = bench.files(session, alice)
    files.trash("a/f")
    files.purge("a")

    (found,) = trash.list_page(10).entries
    trash.restore(found.id)

    assert paths_of(session, bench, alice) == ["a", "a/f"]
    assert usage_of(session, alice) == len(CONTENT)
    check_rows(session)


@pytest.mark.parametrize(
    ("on_conflict", "arrives", "there"),
    [(OnConflict.RENAME, "f (2)", ["f", "f (2)"]), (OnConflict.REPLACE, "f", ["f"])],
)
def test_a_conflict_follows_on_conflict(
    trash: Trash, session: Session, bench: Workbench, alice: Account,
    on_conflict: OnConflict, arrives: str, there: list[str],
) -> None:  # fmt: skip
    bench.upload(session, alice, "f", CONTENT)
    bench.files(session, alice).trash("f")
    bench.upload(session, alice, "f", b"new")
    (found,) = trash.list_page(10).entries

    with pytest.raises(EntryExists):
        trash.restore(found.id)
    entry = trash.restore(found.id, on_conflict)

    assert entry.path == arrives
    assert paths_of(session, bench, alice) == there
    assert content_of(session, bench, alice, arrives) == CONTENT
    assert len(trash.list_page(10).entries) == (on_conflict is OnConflict.REPLACE)
    check_rows(session)


def test_nothing_is_restored_below_a_file(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/f", CONTENT)
    bench.files(session, alice).trash("a/f")
    bench.clock.advance(seconds=1)
    bench.files(session, alice).trash("a")
    bench.upload(session, alice, "a", CONTENT)

    with pytest.raises(NotAFolder):
        trash.restore(trash.list_page(10).entries[1].id)

    assert paths_of(session, bench, alice) == ["a"]


def test_a_numbered_name_may_become_too_long(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    path = "/".join(["d" * 200] * 10) + "/" + "e" * 38
    assert len(path) == PATH_BYTES
    bench.files(session, alice).make_folder(path)
    bench.files(session, alice).trash("d" * 200)
    bench.files(session, alice).make_folder("d" * 200)
    (found,) = trash.list_page(10).entries

    with pytest.raises(InvalidName):
        trash.restore(found.id, OnConflict.RENAME)


def test_a_purged_entry_is_gone_and_frees_its_history(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    for content in (CONTENT, b"second"):
        bench.upload(session, alice, "a/f", content)
    bench.upload(session, alice, "g", CONTENT)
    files = bench.files(session, alice)
    files.trash("a")
    files.trash("g")

    trash.purge(trash.list_page(10).entries[1].id)

    assert [found.entry.path for found in trash.list_page(10).entries] in (["g"], ["a"])
    trash.empty()
    assert trash.list_page(10).entries == []
    assert usage_of(session, alice) == 0
    check_rows(session)


def test_a_purged_entry_cannot_be_restored(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "a/f", CONTENT)

    bench.files(session, alice).purge("a")

    assert trash.list_page(10).entries == []
    assert paths_of(session, bench, alice) == []
    assert usage_of(session, alice) == 0
    check_rows(session)


def test_the_trash_of_other_users_is_not_found(
    trash: Trash, session: Session, bench: Workbench, alice: Account
) -> None:
    bench.upload(session, alice, "f", CONTENT)
    bench.files(session, alice).trash("f")
    (found,) = trash.list_page(10).entries
    bob = bench.trash(session, bench.register(session, "bob"))

    bob.empty()

    assert bob.list_page(10).entries == []
    for use in (bob.restore, bob.purge):
        with pytest.raises(NotFound):
            use(found.id)
    assert trash.restore(found.id).path == "f"
