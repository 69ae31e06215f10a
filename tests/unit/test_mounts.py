"""Mounts: which scope a path leads into, what hides a mount, and what its own row takes part in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import (
    EntryExists,
    Forbidden,
    InvalidName,
    IsAFolder,
    NotAFolder,
    NotFound,
    TooManyMounts,
)
from cabinet.models import Kind, Node, Space
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree import mounts as mounts_module
from cabinet.services.tree.entries import Conflict, Mounted
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import sort_key, split_path
from cabinet.services.tree.paging import Order, Sort
from cabinet.services.tree.sum_checks import find_wrong_folders
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage_checks import find_wrong_entries
from cabinet.services.uploads.publishing import Target
from tests.support.audit import check_rows
from tests.support.mounts import mount
from tests.support.services import Guest, Workbench, at_once, content_of, paths_of


@pytest.fixture
def bob(session: Session, bench: Workbench) -> Account:
    return bench.register(session, "bob")


@pytest.fixture
def mounted(session: Session, bench: Workbench, alice: Account, bob: Account) -> int:
    """Let bob have alice's folder `work/shared` as `Alice`, beside a file of his own; return the mount's row."""
    bench.upload(session, alice, "work/shared/sub/deep.txt", b"22")
    bench.upload(session, alice, "work/secret.txt", b"4444")
    bench.upload(session, bob, "own.txt", b"1")
    return mount(session, "alice", "work/shared", "bob", "Alice")


def place(session: Session, account: Account, path: str) -> Place:
    return Mounts(session, account.scope).place(path)


def test_a_first_name_that_is_a_mount_leads_into_the_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    found = place(session, bob, "Alice/sub/deep.txt")

    assert found.path == "sub/deep.txt"
    assert found.scope.space_id == alice.space_id
    assert found.scope.rights == ShareRole.EDITOR.rights
    assert content_of(session, bench, Guest(found.scope), found.path) == b"22"
    assert found.outside("sub") == "Alice/sub"


@pytest.mark.parametrize(
    "path", ["", "own.txt", "own/Alice/sub", "alice/sub", "Alicea", "\0", "/Alice", "a\ud800"]
)
def test_every_other_path_leads_into_the_own_space(
    session: Session, bob: Account, mounted: int, path: str
) -> None:
    assert place(session, bob, path) == Place(bob.scope, path)


def test_a_mount_is_found_by_its_name_however_that_is_composed(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.files(session, alice).make_folder("work")
    mount(session, "alice", "work", "bob", "caf\u00e9")

    assert place(session, bob, "cafe\u0301/x").path == "x"


def test_a_scope_that_is_no_whole_space_has_no_mounts(session: Session, bob: Account, mounted: int) -> None:
    root_id = session.scalars(
        select(Node.id).where(Node.space_id == bob.space_id, Node.parent_id.is_(None))
    ).one()
    scope = Scope(Actor(bob.id), bob.space_id, root_id, ALL)

    assert Mounts(session, scope).place("Alice/sub") == Place(scope, "Alice/sub")
    assert Mounts(session, scope).all() == []


def test_a_token_that_may_read_does_no_more_behind_a_mount(
    session: Session, bob: Account, mounted: int
) -> None:
    scope = Scope(Actor(bob.id, Rights.LIST | Rights.READ), bob.space_id, None, ALL)

    assert Mounts(session, scope).place("Alice").scope.rights == Rights.LIST | Rights.READ


@pytest.mark.parametrize("trashed", ["work/shared", "work"])
def test_a_target_in_the_trash_hides_its_mount_until_it_is_back(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int, trashed: str
) -> None:
    (entry,) = bench.trash(session, alice).add([trashed])

    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")
    with pytest.raises(NotFound):
        bench.files(session, bob).get("Alice")
    assert Mounts(session, bob.scope).all() == []

    bench.trash(session, alice).restore(entry.id)

    assert place(session, bob, "Alice").path == ""
    assert [each.name for each in Mounts(session, bob.scope).all()] == ["Alice"]


def test_purging_the_target_ends_its_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.files(session, alice).purge("work")

    assert session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) == 0
    bench.files(session, bob).make_folder("Alice")
    check_rows(session)


def test_a_target_that_is_moved_in_its_space_keeps_its_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.moving(session, alice).move(["work/shared"], "elsewhere", Conflict.FAIL)

    found = place(session, bob, "Alice/sub/deep.txt")
    assert content_of(session, bench, Guest(found.scope), found.path) == b"22"


def test_the_root_of_a_personal_space_is_no_target(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    mount(session, "alice", "", "bob", "Alice")

    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")


def test_a_space_that_has_ended_hides_the_mounts_of_its_folders(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.accounts(session).delete("alice")

    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")


def test_no_counter_of_the_root_counts_a_mount(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    insides = bench.files(session, bob).get("").insides

    assert insides is not None
    assert (insides.entries, insides.files, insides.size) == (1, 1, 1)
    assert session.get_one(Space, bob.space_id).entries == 1
    assert list(find_wrong_folders(session)) == []
    assert find_wrong_entries(session) == []
    check_rows(session)


@pytest.mark.parametrize("trashed", [False, True], ids=["shown", "hidden"])
def test_nothing_takes_the_name_of_a_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int, trashed: bool
) -> None:
    if trashed:
        bench.trash(session, alice).add(["work"])
    attempts: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: bench.files(session, bob).make_folder("Alice"), EntryExists),
        (lambda: bench.files(session, bob).make_folder("Alice/x"), NotAFolder),
        (lambda: bench.upload(session, bob, "Alice", b"x"), IsAFolder),
        (lambda: bench.upload(session, bob, "Alice/x", b"x"), NotAFolder),
        (lambda: bench.moving(session, bob).rename("own.txt", "Alice", Conflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).move(["own.txt"], "Alice", Conflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).copy(["own.txt"], "Alice", Conflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).move(["own.txt"], "Alice/", Conflict.REPLACE), NotAFolder),
    ]
    for attempt, error in attempts:
        with pytest.raises(error):
            attempt()

    assert session.get_one(Node, mounted).trashed_at is None
    numbered = bench.upload(session, bob, "Alice", b"x", Conflict.RENAME).entry
    assert numbered.path == "Alice (2)"
    check_rows(session)


BEHIND = ["Alice", "Alice/sub", "Alice/sub/deep.txt"]


def test_all_of_the_root_is_read_with_what_lies_behind_its_mounts_and_deleted_without(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    archive = bench.zipping(session, bob).zip([""])
    assert zipfile.ZipFile(io.BytesIO(b"".join(archive.chunks))).namelist() == [
        "Alice/", "Alice/sub/", "Alice/sub/deep.txt", "own.txt"
    ]  # fmt: skip
    assert paths_of(session, bench, bob) == [*BEHIND, "own.txt"]
    assert [found.path for found in bench.search(session, bob).page("alice", "", 10).entries] == ["Alice"]

    bench.bulk(session, bob).trash(FolderSelection("", frozenset(), 1))

    assert session.get_one(Node, mounted).trashed_at is None
    assert paths_of(session, bench, bob) == BEHIND


def test_a_mount_is_renamed_and_its_target_is_not(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    mounts = Mounts(session, bob.scope)

    renamed = mounts.rename("Alice", "Her work", Conflict.FAIL, bench.clock())

    assert renamed.outside("") == "Her work"
    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")
    assert bench.files(session, alice).get("work/shared").name == "shared"
    check_rows(session)


def test_a_mount_takes_no_name_that_is_not_free(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    mounts = Mounts(session, bob.scope)

    with pytest.raises(EntryExists):
        mounts.rename("Alice", "own.txt", Conflict.FAIL, bench.clock())
    with pytest.raises(InvalidName):
        mounts.rename("Alice", "a/b", Conflict.FAIL, bench.clock())
    with pytest.raises(NotFound):
        mounts.rename("own.txt", "free", Conflict.FAIL, bench.clock())

    assert mounts.rename("Alice", "own.txt", Conflict.RENAME, bench.clock()).outside("") == "own (2).txt"
    check_rows(session)


def has_mounts(session: Session, account: Account) -> bool:
    session.expire_all()
    return session.get_one(Space, account.space_id).has_mounts


def add(
    session: Session,
    bench: Workbench,
    bob: Account,
    target_id: int,
    name: str,
    on_conflict: Conflict = Conflict.FAIL,
) -> Place:
    return Mounts(session, bob.scope).add(target_id, name, ShareRole.EDITOR, on_conflict, bench.clock())


def _add_as(bench: Workbench, bob: Account, target_id: int, name: str, session: Session) -> None:
    add(session, bench, bob, target_id, name)


def node_id(session: Session, bench: Workbench, account: Account, path: str) -> int:
    return Tree(session, account.scope).get(split_path(path)).id


def test_a_mount_is_added_and_the_space_is_marked_as_long_as_it_has_one(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.upload(session, alice, "work/a.txt", b"1")
    bench.upload(session, bob, "own.txt", b"1")
    target_id = node_id(session, bench, alice, "work")
    assert not has_mounts(session, bob)

    first = add(session, bench, bob, target_id, "Hers")
    second = add(session, bench, bob, target_id, "own.txt", Conflict.RENAME)

    assert (first.outside(""), second.outside("")) == ("Hers", "own (2).txt")
    assert content_of(session, bench, Guest(first.scope), "a.txt") == b"1"
    assert has_mounts(session, bob)
    assert not has_mounts(session, alice)
    with pytest.raises(EntryExists):
        add(session, bench, bob, target_id, "own.txt")
    check_rows(session)
    mounts = Mounts(session, bob.scope)
    mounts.leave("Hers")
    assert has_mounts(session, bob)
    mounts.leave("own (2).txt")
    assert not has_mounts(session, bob)


def test_a_scope_without_mounts_asks_for_none(session: Session, bob: Account, mounted: int) -> None:
    scope = replace(bob.scope, may_have_mounts=False)

    assert Mounts(session, scope).place("Alice/sub") == Place(bob.scope, "Alice/sub")
    assert Mounts(session, scope).all() == []


def test_only_a_live_folder_of_another_space_becomes_a_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    for path in ("work/a.txt", "gone/sub/b.txt"):
        bench.upload(session, alice, path, b"1")
    bench.files(session, bob).make_folder("own")
    refused = [
        node_id(session, bench, alice, ""),
        node_id(session, bench, alice, "work/a.txt"),
        node_id(session, bench, alice, "gone/sub"),
        node_id(session, bench, bob, "own"),
        2**40,
    ]
    bench.files(session, alice).trash("gone")

    for target_id in refused:
        with pytest.raises(NotFound):
            add(session, bench, bob, target_id, "Hers")

    assert not has_mounts(session, bob)


def test_a_root_has_no_more_mounts_than_a_listing_shows(
    session: Session, bench: Workbench, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts_module, "MAX_MOUNTS", 3)
    for name in ("a", "b", "hidden"):
        bench.files(session, alice).make_folder(name)
    targets = {name: node_id(session, bench, alice, name) for name in ("a", "b", "hidden")}
    add(session, bench, bob, targets["a"], "1")
    # One that leads nowhere now is there again when its target is.
    add(session, bench, bob, targets["hidden"], "2")
    bench.files(session, alice).trash("hidden")
    session.rollback()

    raised = at_once(bench, [partial(_add_as, bench, bob, targets["b"], name) for name in "xyz"])

    assert sorted(str(error) for error in raised) == sorted(map(str, [None, TooManyMounts, TooManyMounts]))
    assert session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) == 3


@pytest.mark.parametrize("change", ["left", "lowered"])
def test_what_was_begun_behind_a_mount_is_not_written_once_the_mount_gives_less(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int, change: str
) -> None:
    behind = Guest(place(session, bob, "Alice").scope)
    service = bench.uploads(session, behind)
    target = Target("new.txt")
    with service.begin() as upload:
        upload.append([b"slow"])
        upload.seal()
        if change == "left":
            Mounts(session, bob.scope).leave("Alice")
        else:
            with writing(session):
                session.get_one(Node, mounted).role = ShareRole.VIEWER
        with pytest.raises(NotFound if change == "left" else Forbidden):
            service.commit([(upload, target)])

    attempts: list[Callable[[], object]] = [
        lambda: bench.files(session, behind).make_folder("x"),
        lambda: bench.files(session, behind).trash("sub"),
        lambda: bench.moving(session, behind).move(["sub"], "x/", Conflict.FAIL),
        lambda: bench.bulk(session, behind).trash(FolderSelection("", frozenset(), 1)),
    ]
    for attempt in attempts:
        with pytest.raises((NotFound, Forbidden)):
            attempt()
    assert paths_of(session, bench, alice) == [
        "work", "work/shared", "work/shared/sub", "work/shared/sub/deep.txt", "work/secret.txt"
    ]  # fmt: skip
    check_rows(session)


def test_a_mount_that_is_left_leaves_its_target_where_it_is(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    mounts = Mounts(session, bob.scope)

    mounts.leave("Alice")

    assert mounts.all() == []
    assert "work/shared/sub/deep.txt" in paths_of(session, bench, alice)
    with pytest.raises(NotFound):
        mounts.leave("own.txt")
    check_rows(session)


def test_what_a_mount_takes_in_counts_in_the_space_that_holds_it(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    before = {space.id: space.usage for space in session.scalars(select(Space))}
    found = place(session, bob, "Alice/new.txt")

    bench.upload(session, Guest(found.scope), found.path, b"55555")

    after = {space.id: space.usage for space in session.scalars(select(Space))}
    assert after == before | {alice.space_id: before[alice.space_id] + 5}
    check_rows(session)


def test_a_viewer_changes_nothing_behind_a_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.upload(session, alice, "work/a.txt", b"1")
    mount(session, "alice", "work", "bob", "Alice", ShareRole.VIEWER)
    found = place(session, bob, "Alice/a.txt")

    with pytest.raises(Forbidden):
        bench.files(session, Guest(found.scope)).trash(found.path)


FOLDERS = ["a", "Bravo", "c", "m10", "z"]
MOUNTS = ["Alpha", "b", "m2", "zz"]


@pytest.fixture
def crowded(session: Session, bench: Workbench, alice: Account, bob: Account) -> list[str]:
    """Let bob have folders, mounts and files, each with another size and age; return the names by name."""
    for number, name in enumerate(FOLDERS):
        bench.upload(session, bob, f"{name}/f", b"x" * (number * 7 % 5 + 1))
        bench.clock.advance(minutes=7)
    for number, name in enumerate(MOUNTS):
        bench.upload(session, alice, f"work/{number}/f", b"x" * (number * 3 % 5 + 2))
        mount(session, "alice", f"work/{number}", "bob", name)
        bench.clock.advance(minutes=5)
    for name in ("file 1", "file 2"):
        bench.upload(session, bob, name, b"x")
    return ["a", "Alpha", "b", "Bravo", "c", "m2", "m10", "z", "zz", "file 1", "file 2"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", list(Sort))
def test_pages_of_any_length_show_mounts_among_the_folders_in_every_order(
    session: Session, bench: Workbench, bob: Account, crowded: list[str], sort: Sort, descending: bool
) -> None:
    files = bench.files(session, bob)
    entries = {entry.name: entry for entry in files.list_page("", Order(), 100).entries}
    assert list(entries) == crowded

    def key(name: str) -> tuple[object, ...]:
        entry = entries[name]
        size = entry.insides.size if entry.insides else entry.size
        first = {Sort.NAME: (), Sort.SIZE: (size,), Sort.MODIFIED: (entry.modified_at,)}[sort]
        return (*first, sort_key(name))

    folders, rest = crowded[:-2], crowded[-2:]
    expected = sorted(folders, key=key, reverse=descending) + sorted(rest, key=key, reverse=descending)
    for limit in range(1, 12):
        names, after = [], None
        while True:
            page = files.list_page("", Order(sort, descending, after), limit)
            names += [entry.name for entry in page.entries]
            after = page.next
            if after is None:
                break
            assert len(page.entries) == limit
            outline = files.outline("", Order(sort, descending), Extent(after, limit, 100))
            shown = [brief.name for brief in outline.briefs]
            assert shown[: len(names)] == names == expected[: len(names)]
        assert names == expected


def test_a_mount_in_a_listing_shows_what_its_target_holds_now(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    files = bench.files(session, bob)
    before = files.list_page("", Order(), 10)
    entry = before.entries[0]
    assert (entry.kind, entry.name, entry.path) == ("folder", "Alice", "Alice")
    assert entry.mounted == Mounted("alice", ShareRole.EDITOR)
    assert entry.insides is not None
    assert (entry.insides.files, entry.insides.size, entry.insides.entries) == (1, 2, 1)

    bench.upload(session, alice, "work/shared/more.txt", b"333")

    after = files.list_page("", Order(), 10)
    now = after.entries[0].insides
    assert now is not None
    assert (now.files, now.size, now.entries) == (2, 5, 2)
    assert before.insides == after.insides
    assert before.beside != after.beside == files.beside("")
    assert files.beside("own") == ()


def test_entries_of_an_outline_are_drawn_with_its_mounts(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    files = bench.files(session, bob)
    outline = files.outline("", Order(), Extent(None, 10, 10))

    drawn = files.outlined(outline, range(len(outline.briefs)))

    assert [drawn[number].path for number in sorted(drawn)] == ["Alice", "own.txt"]
    assert drawn[0].mounted is not None


def test_a_listing_below_the_root_asks_for_no_mount(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    bench.files(session, bob).make_folder("d/e")

    assert [entry.name for entry in bench.files(session, bob).list_page("d", Order(), 10).entries] == ["e"]
