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
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree import mounts as mounts_module
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.tree.names import split_path
from cabinet.services.tree.sum_checks import find_wrong_folders
from cabinet.services.tree.tree import Tree
from cabinet.services.tree.usage_checks import find_wrong_entries
from tests.support.audit import check_rows
from tests.support.mounts import leave
from tests.support.services import Guest, Workbench, at_once, content_of, paths_of
from tests.unit.mounts.conftest import place


def test_counters_of_the_root_exclude_mounts(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    totals = bench.files(session, bob).get("").totals

    assert totals is not None
    assert (totals.entries, totals.files, totals.size) == (1, 1, 1)
    assert session.get_one(Space, bob.space_id).entries == 1
    assert list(find_wrong_folders(session)) == []
    assert find_wrong_entries(session) == []
    check_rows(session)


@pytest.mark.parametrize("trashed", [False, True], ids=["shown", "hidden"])
def test_nothing_replaces_a_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int, trashed: bool
) -> None:
    if trashed:
        bench.trash(session, alice).add(["work"])
    attempts: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: bench.files(session, bob).make_folder("Alice"), EntryExists),
        (lambda: bench.files(session, bob).make_folder("Alice/x"), NotAFolder),
        (lambda: bench.upload(session, bob, "Alice", b"x"), IsAFolder),
        (lambda: bench.upload(session, bob, "Alice/x", b"x"), NotAFolder),
        (lambda: bench.moving(session, bob).rename("own.txt", "Alice", OnConflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).move(["own.txt"], "Alice", OnConflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).copy(["own.txt"], "Alice", OnConflict.REPLACE), EntryExists),
        (lambda: bench.moving(session, bob).move(["own.txt"], "Alice/", OnConflict.REPLACE), NotAFolder),
    ]
    for attempt, error in attempts:
        with pytest.raises(error):
            attempt()

    assert session.get_one(Node, mounted).trashed_at is None
    numbered = bench.upload(session, bob, "Alice", b"x", OnConflict.RENAME).entry
    assert numbered.path == "Alice (2)"
    check_rows(session)


BEHIND = ["Alice", "Alice/sub", "Alice/sub/deep.txt"]


def test_everything_in_the_root_is_read_with_mounts_and_deleted_without(
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


def test_renaming_a_mount_does_not_rename_its_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    mounts = Mounts(session, bob.scope)

    renamed = mounts.rename("Alice", "Her work", OnConflict.FAIL, bench.clock())

    assert renamed.to_actor_path("") == "Her work"
    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")
    assert bench.files(session, alice).get("work/shared").name == "shared"
    check_rows(session)


def test_a_mount_cannot_be_given_a_taken_name(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    mounts = Mounts(session, bob.scope)

    with pytest.raises(EntryExists):
        mounts.rename("Alice", "own.txt", OnConflict.FAIL, bench.clock())
    with pytest.raises(InvalidName):
        mounts.rename("Alice", "a/b", OnConflict.FAIL, bench.clock())
    with pytest.raises(NotFound):
        mounts.rename("own.txt", "free", OnConflict.FAIL, bench.clock())

    assert (
        mounts.rename("Alice", "own.txt", OnConflict.RENAME, bench.clock()).to_actor_path("") == "own (2).txt"
    )
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
    on_conflict: OnConflict = OnConflict.FAIL,
) -> Place:
    return Mounts(session, bob.scope).add(target_id, name, ShareRole.EDITOR, on_conflict, bench.clock())


def _add_as(bench: Workbench, bob: Account, target_id: int, name: str, session: Session) -> None:
    add(session, bench, bob, target_id, name)


def node_id(session: Session, bench: Workbench, account: Account, path: str) -> int:
    return Tree(session, account.scope).get(split_path(path)).id


def test_a_space_is_marked_while_it_has_mounts(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.upload(session, alice, "work/a.txt", b"1")
    bench.upload(session, bob, "own.txt", b"1")
    target_id = node_id(session, bench, alice, "work")
    assert not has_mounts(session, bob)

    first = add(session, bench, bob, target_id, "Hers")
    second = add(session, bench, bob, target_id, "own.txt", OnConflict.RENAME)

    assert (first.to_actor_path(""), second.to_actor_path("")) == ("Hers", "own (2).txt")
    assert content_of(session, bench, Guest(first.scope), "a.txt") == b"1"
    assert has_mounts(session, bob)
    assert not has_mounts(session, alice)
    with pytest.raises(EntryExists):
        add(session, bench, bob, target_id, "own.txt")
    check_rows(session)
    leave(session, bench, bob, "Hers")
    assert has_mounts(session, bob)
    leave(session, bench, bob, "own (2).txt")
    assert not has_mounts(session, bob)


def test_a_scope_without_mounts_queries_none(session: Session, bob: Account, mounted: int) -> None:
    scope = replace(bob.scope, may_have_mounts=False)

    assert Mounts(session, scope).place("Alice/sub") == Place(bob.scope, "Alice/sub")
    assert Mounts(session, scope).all() == []


def test_only_what_is_there_in_another_space_can_be_mounted(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    for path in ("work/a.txt", "gone/sub/b.txt"):
        bench.upload(session, alice, path, b"1")
    bench.files(session, bob).make_folder("own")
    refused = [
        node_id(session, bench, alice, ""),
        node_id(session, bench, alice, "gone/sub"),
        node_id(session, bench, bob, "own"),
        2**40,
    ]
    bench.files(session, alice).trash("gone")

    for target_id in refused:
        with pytest.raises(NotFound):
            add(session, bench, bob, target_id, "Hers")

    assert not has_mounts(session, bob)


def test_the_number_of_mounts_per_root_is_limited(
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


def test_leaving_a_mount_keeps_its_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    leave(session, bench, bob, "Alice")

    mounts = Mounts(session, bob.scope)
    assert mounts.all() == []
    assert "work/shared/sub/deep.txt" in paths_of(session, bench, alice)
    with pytest.raises(NotFound), writing(session):
        mounts.remove(Tree(session, bob.scope).root(), ["own.txt"])
    check_rows(session)
