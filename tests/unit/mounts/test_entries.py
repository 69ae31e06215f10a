"""A mount as an entry of a root: its name and counters, adding, renaming and leaving it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import EntryExists, InvalidName, IsAFolder, NotAFolder, NotFound, TooManyMounts
from cabinet.models import Kind, Node, Space
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.tree import mounts as mounts_module
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.sum_checks import find_wrong_folders
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage_checks import find_wrong_entries
from tests.support.audit import check_rows
from tests.support.services import Guest, Workbench, at_once, content_of, paths_of
from tests.unit.mounts.conftest import place


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
