"""Changes in a scope that begins at a folder stay in the folder and count in its space."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, FolderFull, Forbidden, IsAFolder, NotFound, VersionsFull
from cabinet.models import BatchKind, Node, Space, Upload
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree.copying import copy_tree
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.paging import Order
from cabinet.services.tree.tree import Tree
from tests.support.audit import check_rows
from tests.support.resumable import part, plan
from tests.support.services import VERSIONS_KEPT, Guest, Workbench, content_of, paths_of
from tests.unit.scopes.conftest import OUTSIDE, SHARED, limited


def test_uploads_and_folders_are_created_in_the_scope(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    stored = bench.upload(session, guest, "new/f.txt", b"new")
    made = bench.files(session, guest).make_folder("empty/folder")

    assert (stored.entry.path, made.path) == ("new/f.txt", "empty/folder")
    assert content_of(session, bench, alice, "work/shared/new/f.txt") == b"new"
    assert bench.files(session, alice).get("work/shared/empty/folder").is_folder
    with pytest.raises(EntryExists, match=r"“sub/deep\.txt”"):
        bench.upload(session, guest, "sub/deep.txt", b"x", OnConflict.FAIL)
    with pytest.raises(IsAFolder, match="“sub”"):
        bench.upload(session, guest, "sub", b"x")
    check_rows(session)


def test_moves_and_copies_stay_in_the_scope(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    moving = bench.moving(session, guest)

    assert [entry.path for entry in moving.move(["sub/deep.txt"], "", OnConflict.FAIL)] == ["deep.txt"]
    assert [entry.path for entry in moving.copy(["inside.txt"], "sub/", OnConflict.FAIL)] == [
        "sub/inside.txt"
    ]
    assert moving.rename("sub", "renamed", OnConflict.FAIL).path == "renamed"
    for use in (
        lambda: moving.move([""], "x", OnConflict.FAIL),
        lambda: moving.rename("", "x", OnConflict.FAIL),
        lambda: bench.files(session, guest).trash(""),
        lambda: bench.trash(session, guest).add([""]),
    ):
        with pytest.raises(IsAFolder):
            use()

    assert set(paths_of(session, bench, alice)) == {
        "other", "other/inside.txt", "secret.txt", "work", "work/shared", "work/shared/deep.txt",
        "work/shared/inside.txt", "work/shared/renamed", "work/shared/renamed/inside.txt",
        "work/shared/renamed/more.txt",
    }  # fmt: skip
    check_rows(session)


def test_deleted_entries_are_in_the_trash_of_the_space(
    session: Session, bench: Workbench, alice: Account, bob: Account, guest: Guest
) -> None:
    [shown] = bench.trash(session, guest).add(["sub/deep.txt"])

    [kept] = bench.trash(session, alice).list_page(10).entries
    assert (shown.entry.path, kept.entry.path) == ("sub/deep.txt", "work/shared/sub/deep.txt")
    assert session.scalars(select(Node.trashed_by).where(Node.trash_id == kept.id)).one() == bob.id
    assert bench.trash(session, guest).restore(kept.id).path == "sub/deep.txt"
    assert content_of(session, bench, alice, "work/shared/sub/deep.txt") == b"22"
    check_rows(session)


def test_a_folder_scope_lists_no_trash_and_restores_only_own_deletions(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    trash = bench.trash(session, guest)
    bench.files(session, alice).trash("work/shared/inside.txt")
    [deleted] = bench.trash(session, alice).list_page(1).entries

    for use in (lambda: trash.list_page(10), trash.count, trash.empty, lambda: trash.purge(deleted.id)):
        with pytest.raises(Forbidden):
            use()
    with pytest.raises(NotFound):
        trash.restore(deleted.id)


def test_an_entry_is_restored_only_into_the_scope_of_its_deleter(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    trash = bench.trash(session, guest)
    [shown] = trash.add(["sub/deep.txt"])
    bench.moving(session, alice).move(["work/shared/sub"], "", OnConflict.FAIL)

    with pytest.raises(NotFound):
        trash.restore(shown.id)

    assert bench.trash(session, alice).restore(shown.id).path == "sub/deep.txt"


@pytest.mark.parametrize("end", ["trashed", "above it trashed", "purged"])
def test_a_scope_with_a_deleted_folder_finds_nothing(
    session: Session, bench: Workbench, alice: Account, guest: Guest, end: str
) -> None:
    files = bench.files(session, alice)
    {
        "trashed": lambda: files.trash("work/shared"),
        "above it trashed": lambda: files.trash("work"),
        "purged": lambda: files.purge("work/shared"),
    }[end]()

    with pytest.raises(NotFound):
        bench.files(session, guest).list_page("", Order(), 10)
    with pytest.raises(NotFound):
        bench.upload(session, guest, "f", b"x")
    with pytest.raises(NotFound):
        bench.zipping(session, guest).zip([""])


def test_a_full_space_does_not_reveal_its_size(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    with writing(session):
        session.get_one(Space, alice.space_id).quota = 1000

    for use in (
        lambda: bench.upload(session, guest, "f", b"x" * 2000),
        lambda: bench.resumable(session, guest).begin(plan(2000)),
        lambda: bench.uploads(session, guest).check_room_for_all(5000),
    ):
        with pytest.raises(FolderFull) as caught:
            use()
        assert "1000" not in str(caught.value)
        assert caught.value.data == {}


def test_an_upload_is_found_only_in_its_scope_by_its_user(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    begun = bench.resumable(session, guest).begin(plan(4, "new.txt"))
    other = Guest(Scope(Actor(alice.id), alice.space_id, guest.scope.root_id, ALL))

    for acting in (alice, other):
        service = bench.resumable(session, acting)
        assert service.list_unfinished() == []
        for use in (
            partial(service.get, begun.id),
            partial(service.append, begun.id, part(b"1234")),
            partial(service.cancel, begun.id),
        ):
            with pytest.raises(NotFound):
                use()
    assert [state.id for state in bench.resumable(session, guest).list_unfinished()] == [begun.id]
    assert bench.resumable(session, guest).append(begun.id, part(b"1234")).is_finished
    assert content_of(session, bench, alice, "work/shared/new.txt") == b"1234"
    check_rows(session)


def test_an_upload_is_not_finished_after_losing_the_right(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    begun = bench.resumable(session, guest).begin(plan(4, "new.txt"))
    bench.resumable(session, guest).append(begun.id, part(b"12"))

    with pytest.raises(Forbidden):
        bench.resumable(session, limited(guest, Rights.LIST)).append(begun.id, part(b"34", 2))

    assert "work/shared/new.txt" not in paths_of(session, bench, alice)


def test_an_upload_into_a_purged_folder_goes_nowhere(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    begun = bench.resumable(session, guest).begin(plan(4, "new.txt"))
    bench.files(session, alice).purge("work/shared")

    with pytest.raises(NotFound):
        bench.resumable(session, guest).append(begun.id, part(b"1234"))

    session.rollback()
    assert session.get_one(Upload, begun.id).root_id is None
    assert "new.txt" not in paths_of(session, bench, alice)


def test_a_bulk_change_is_undone_only_in_its_scope(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    done = bench.bulk(session, guest).trash(FolderSelection("sub", frozenset(), 2))

    with pytest.raises(NotFound):
        bench.bulk(session, alice).undo(done.batch_id, {BatchKind.TRASH})
    assert bench.bulk(session, guest).undo(done.batch_id, {BatchKind.TRASH}) == 2

    assert set(SHARED) < set(paths_of(session, bench, guest))
    check_rows(session)


def test_entries_moved_out_of_the_scope_are_not_undone(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    done = bench.bulk(session, guest).move(FolderSelection("sub", frozenset(), 2), "", OnConflict.FAIL)
    bench.moving(session, alice).move(["work/shared/deep.txt"], "other/", OnConflict.FAIL)

    with pytest.raises(NotFound):
        bench.bulk(session, guest).undo(done.batch_id, {BatchKind.MOVE})

    assert "other/deep.txt" in paths_of(session, bench, alice)
    check_rows(session)


def test_a_copy_into_another_space_belongs_to_and_counts_in_it(
    session: Session, bench: Workbench, alice: Account, bob: Account, root: int
) -> None:
    tree = Tree(session, bob.scope)
    with writing(session):
        copy_tree(session, tree, session.get_one(Node, root), tree.root(lock=True), "mine", bench.clock())

    assert set(paths_of(session, bench, bob)) == {"mine", "mine/sub", *(f"mine/{path}" for path in SHARED)}
    assert session.get_one(Space, bob.space_id).usage == sum(map(len, SHARED.values()))
    assert session.get_one(Space, alice.space_id).usage == sum(map(len, (SHARED | OUTSIDE).values()))
    check_rows(session)


def test_a_taken_name_is_numbered_if_replacing_is_not_allowed(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    acting = limited(guest, Rights.WRITE)

    stored = bench.upload(session, acting, "inside.txt", b"another", OnConflict.RENAME)

    assert stored.entry.name == "inside (2).txt"
    assert content_of(session, bench, alice, "work/shared/inside.txt") == b"1"


def test_a_guest_adds_versions_but_deletes_none_of_the_owner(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    """Not even by storing new content repeatedly; a member can, like every owner."""
    anonymous = Guest(Scope(Actor(None), guest.scope.space_id, guest.scope.root_id, ALL))
    for number in range(2, VERSIONS_KEPT + 1):
        bench.upload(session, anonymous, "inside.txt", bytes(number))
    last = bytes(VERSIONS_KEPT)

    with pytest.raises(VersionsFull):
        bench.upload(session, anonymous, "inside.txt", b"one more")
    resumable = bench.resumable(session, anonymous)
    begun = resumable.begin(plan(8, "inside.txt"))
    with pytest.raises(VersionsFull):
        resumable.append(begun.id, part(b"one more"))
    # The same content again is no version.
    bench.upload(session, anonymous, "inside.txt", last)

    path = "work/shared/inside.txt"
    assert [each.number for each in bench.versions(session, alice).list(path)] == [5, 4, 3, 2, 1]
    assert content_of(session, bench, alice, path) == last
    bench.upload(session, guest, "inside.txt", b"one more")
    assert [each.number for each in bench.versions(session, alice).list(path)] == [6, 5, 4, 3, 2]
    check_rows(session)
