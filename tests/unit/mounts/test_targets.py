"""Mounts: which scope a path leads into, and what hides a mount or ends it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinet.errors import Forbidden, NotFound
from cabinet.models import Kind, Node, Space
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, Rights
from cabinet.services.access.roles import ShareRole
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.mounts import Mounts, Place
from cabinet.services.uploads.publishing import Target
from tests.support.audit import check_rows
from tests.support.mounts import leave, mount
from tests.support.services import Guest, Workbench, content_of, paths_of
from tests.unit.mounts.conftest import place


def test_a_path_starting_with_a_mount_leads_into_its_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    found = place(session, bob, "Alice/sub/deep.txt")

    assert found.path == "sub/deep.txt"
    assert found.scope.space_id == alice.space_id
    assert found.scope.rights == ShareRole.EDITOR.rights
    assert content_of(session, bench, Guest(found.scope), found.path) == b"22"
    assert found.to_actor_path("sub") == "Alice/sub"


@pytest.mark.parametrize(
    "path", ["", "own.txt", "own/Alice/sub", "alice/sub", "Alicea", "\0", "/Alice", "a\ud800"]
)
def test_other_paths_lead_into_the_own_space(session: Session, bob: Account, mounted: int, path: str) -> None:
    assert place(session, bob, path) == Place(bob.scope, path)


def test_a_mount_is_found_in_any_unicode_form(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.files(session, alice).make_folder("work")
    mount(session, "alice", "work", "bob", "caf\u00e9")

    assert place(session, bob, "cafe\u0301/x").path == "x"


def test_a_folder_scope_has_no_mounts(session: Session, bob: Account, mounted: int) -> None:
    root_id = session.scalars(
        select(Node.id).where(Node.space_id == bob.space_id, Node.parent_id.is_(None))
    ).one()
    scope = Scope(Actor(bob.id), bob.space_id, root_id, ALL)

    assert Mounts(session, scope).place("Alice/sub") == Place(scope, "Alice/sub")
    assert Mounts(session, scope).all() == []


def test_a_read_only_token_is_read_only_in_a_mount(session: Session, bob: Account, mounted: int) -> None:
    scope = Scope(Actor(bob.id, Rights.LIST | Rights.READ), bob.space_id, None, ALL)

    assert Mounts(session, scope).place("Alice").scope.rights == Rights.LIST | Rights.READ


@pytest.mark.parametrize("trashed", ["work/shared", "work"])
def test_a_trashed_target_hides_its_mount_until_restored(
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


def test_purging_the_target_removes_its_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.files(session, alice).purge("work")

    assert session.scalar(select(func.count()).where(Node.kind == Kind.MOUNT)) == 0
    bench.files(session, bob).make_folder("Alice")
    check_rows(session)


def test_a_target_moved_within_its_space_keeps_its_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.moving(session, alice).move(["work/shared"], "elsewhere", OnConflict.FAIL)

    found = place(session, bob, "Alice/sub/deep.txt")
    assert content_of(session, bench, Guest(found.scope), found.path) == b"22"


def test_the_root_of_a_personal_space_cannot_be_mounted(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    mount(session, "alice", "", "bob", "Alice")

    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")


def test_a_deleted_space_hides_mounts_of_its_folders(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    bench.accounts(session).delete("alice")

    assert place(session, bob, "Alice") == Place(bob.scope, "Alice")


@pytest.mark.parametrize("change", ["left", "lowered"])
def test_an_upload_started_in_a_mount_is_not_written_after_losing_the_right(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int, change: str
) -> None:
    behind = Guest(place(session, bob, "Alice").scope)
    service = bench.uploads(session, behind)
    target = Target("new.txt")
    with service.begin() as upload:
        upload.append([b"slow"])
        upload.seal()
        if change == "left":
            leave(session, bench, bob, "Alice")
        else:
            with writing(session):
                session.get_one(Node, mounted).role = ShareRole.VIEWER
        with pytest.raises(NotFound if change == "left" else Forbidden):
            service.commit([(upload, target)])

    attempts: list[Callable[[], object]] = [
        lambda: bench.files(session, behind).make_folder("x"),
        lambda: bench.files(session, behind).trash("sub"),
        lambda: bench.moving(session, behind).move(["sub"], "x/", OnConflict.FAIL),
        lambda: bench.bulk(session, behind).trash(FolderSelection("", frozenset(), 1)),
    ]
    for attempt in attempts:
        with pytest.raises((NotFound, Forbidden)):
            attempt()
    assert paths_of(session, bench, alice) == [
        "work", "work/shared", "work/shared/sub", "work/shared/sub/deep.txt", "work/secret.txt"
    ]  # fmt: skip
    check_rows(session)


def test_content_added_in_a_mount_counts_in_the_space_of_its_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    before = {space.id: space.usage for space in session.scalars(select(Space))}
    found = place(session, bob, "Alice/new.txt")

    bench.upload(session, Guest(found.scope), found.path, b"55555")

    after = {space.id: space.usage for space in session.scalars(select(Space))}
    assert after == before | {alice.space_id: before[alice.space_id] + 5}
    check_rows(session)


def test_a_viewer_changes_nothing_in_a_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account
) -> None:
    bench.upload(session, alice, "work/a.txt", b"1")
    mount(session, "alice", "work", "bob", "Alice", ShareRole.VIEWER)
    found = place(session, bob, "Alice/a.txt")

    with pytest.raises(Forbidden):
        bench.files(session, Guest(found.scope)).trash(found.path)
