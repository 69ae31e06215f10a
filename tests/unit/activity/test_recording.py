"""Which deeds are recorded, with the deed or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from cabinet.errors import CabinetError, EntryExists, StorageFull
from cabinet.models import BatchKind
from cabinet.services.access.roles import ShareRole
from cabinet.services.changes.crossing import Source
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.shares.values import ShareInfo
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.link_rights import DROP
from tests.support.services import Guest, Workbench
from tests.unit.activity.conftest import Scene

FAIL, REPLACE = OnConflict.FAIL, OnConflict.REPLACE


def test_nothing_is_recorded_where_nothing_is_shared(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    scene.upload("work/shared/new.txt", b"new")
    bench.moving(session, scene.alice).move(["work/shared/new.txt"], "other/", FAIL)
    bench.files(session, scene.alice).trash("other/new.txt")
    assert scene.events() == []


@pytest.mark.usefixtures("link")
def test_every_change_in_a_shared_folder_is_recorded_once(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    files, moving = bench.files(session, scene.alice), bench.moving(session, scene.alice)
    scene.upload("work/shared/new.txt", b"1")
    scene.upload("work/shared/new.txt", b"2")
    files.make_folder("work/shared/made")
    files.make_folders(["work/shared/made", "work/shared/x/y"])
    moving.rename("work/shared/new.txt", "renamed.txt", FAIL)
    moving.move(["work/shared/renamed.txt"], "work/shared/sub/", FAIL)
    moving.copy(["work/shared/sub/renamed.txt"], "work/shared/copy.txt", FAIL)
    bench.versions(session, scene.alice).restore("work/shared/sub/renamed.txt", 1)
    files.trash("work/shared/copy.txt")
    (trashed,) = bench.trash(session, scene.alice).list_page(10).entries
    bench.trash(session, scene.alice).restore(trashed.id)
    files.purge("work/shared/copy.txt")

    assert scene.told() == [
        ("uploaded", "work/shared/new.txt"),
        ("changed", "work/shared/new.txt"),
        ("created", "work/shared/made"),
        ("created", "work/shared/x/y"),
        ("renamed", "work/shared/renamed.txt"),
        ("moved", "work/shared/sub/renamed.txt"),
        ("copied", "work/shared/copy.txt"),
        ("changed", "work/shared/sub/renamed.txt"),
        ("trashed", "work/shared/copy.txt"),
        ("restored", "work/shared/copy.txt"),
        ("deleted", "work/shared/copy.txt"),
    ]
    assert [each.from_path for each in scene.events() if each.from_path] == [
        "work/shared/new.txt",
        "work/shared/renamed.txt",
    ]
    assert {each.user_id for each in scene.events()} == {scene.alice.id}


@pytest.mark.usefixtures("link")
def test_what_does_not_change_or_lies_outside_of_shares_is_not_recorded(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    scene.upload("work/shared/a.txt", b"0")
    scene.upload("work/secret.txt", b"other")
    bench.moving(session, scene.alice).move(["work/shared/a.txt"], "work/shared/a.txt", FAIL)
    bench.moving(session, scene.alice).rename("work/secret.txt", "secret 2.txt", FAIL)
    assert scene.told() == []


@pytest.mark.usefixtures("link")
def test_a_move_into_or_out_of_a_shared_folder_is_recorded_with_both_places(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    bench.moving(session, scene.alice).move(["work/secret.txt"], "work/shared/", FAIL)
    bench.moving(session, scene.alice).move(["work/shared/secret.txt"], "other/", FAIL)
    # From here on it is nobody else's.
    scene.upload("other/secret.txt", b"changed")
    assert [(each.path, each.from_path) for each in scene.events()[1:]] == [
        ("work/shared/secret.txt", "work/secret.txt"),
        ("other/secret.txt", "work/shared/secret.txt"),
    ]


def test_a_file_that_is_shared_alone_is_recorded_without_what_lies_beside_it(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    scene.share("other/b.txt")
    scene.upload("other/b.txt", b"changed")
    scene.upload("other/c.txt", b"new")
    bench.trash(session, scene.alice).add(["other/c.txt", "other/b.txt"])
    assert scene.told() == [("changed", "other/b.txt"), ("trashed", "other/b.txt")]


def test_nothing_is_recorded_any_more_once_the_only_link_is_revoked(
    scene: Scene, bench: Workbench, session: Session, link: ShareInfo
) -> None:
    bench.shares(session, scene.alice).revoke(link.id)
    scene.upload("work/shared/new.txt", b"new")
    assert scene.told() == [("unshared", "work/shared")]


def test_guests_and_members_are_told_apart(
    scene: Scene, bench: Workbench, session: Session, member: Callable[[ShareRole], Guest]
) -> None:
    bob = member(ShareRole.EDITOR)
    scene.upload("by bob.txt", b"1", bob)
    request = scene.share("work/shared", rights=DROP)
    guest = Guest(scene.open(request).scope)
    scene.upload("by a guest.txt", b"2", guest)

    by_bob, by_guest = (each for each in scene.events() if each.verb == "uploaded")
    assert (by_bob.path, by_bob.user_id, by_bob.share_id) == (
        "work/shared/by bob.txt",
        bob.scope.actor.user_id,
        None,
    )
    assert (by_guest.path, by_guest.user_id, by_guest.share_id) == (
        "work/shared/by a guest.txt",
        None,
        request.id,
    )


@pytest.mark.usefixtures("link")
def test_a_deed_that_is_rolled_back_leaves_no_event(
    scene: Scene, bench: Workbench, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_what: object) -> None:
        raise StorageFull

    with monkeypatch.context() as patched:
        patched.setattr(bench.store, "publish", refuse)
        with pytest.raises(CabinetError):
            scene.upload("work/shared/new.txt", b"new")
    scene.upload("x/b.txt", b"in the way")
    with pytest.raises(EntryExists):
        bench.moving(session, scene.alice).move(["work/shared/a.txt", "other/b.txt"], "x/", FAIL)
    assert scene.told() == []


@pytest.mark.usefixtures("link")
def test_a_batch_tells_once_of_all_its_entries_and_a_failed_one_nothing(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    service = bench.bulk(session, scene.alice)
    scene.upload("work/shared/sub/b.txt", b"in the way")
    clash = FolderSelection("other", frozenset(), 1)
    with pytest.raises(EntryExists):
        service.move(clash, "work/shared/sub", FAIL)
    before = len(scene.events())

    done = service.trash(FolderSelection("work/shared/sub", frozenset(), 2))
    service.undo(done.batch_id, {BatchKind.TRASH})
    service.copy(clash, "work/shared", FAIL)
    service.move(FolderSelection("work/shared", frozenset({"sub"}), 2), "other/new/", FAIL)
    service.trash(FolderSelection("other", frozenset({"new"}), 1))
    service.restore(TrashSelection(frozenset(), 1), FAIL)

    assert [(each.verb, each.path, each.from_path, each.count) for each in scene.events()[before:]] == [
        ("trashed", "work/shared/sub", None, 2),
        ("restored", "work/shared/sub", None, 2),
        ("copied", "work/shared", None, 1),
        ("moved", "other/new", "work/shared", 2),
    ]


@pytest.mark.usefixtures("link")
def test_restoring_from_the_whole_trash_is_recorded_in_each_folder(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    for name in ("work/shared/sub/1", "work/shared/sub/2", "work/shared/3"):
        scene.upload(name, b"old")
    bench.trash(session, scene.alice).add(
        ["work/shared/sub/1", "work/shared/sub/2", "work/shared/3", "other/b.txt"]
    )
    scene.upload("work/shared/3", b"in the way")
    before = len(scene.events())

    bench.bulk(session, scene.alice).restore(TrashSelection(frozenset(), 4), REPLACE)

    assert [(each.verb, each.path, each.count) for each in scene.events()[before:]] == [
        ("restored", "work/shared/sub", 2),
        ("trashed", "work/shared", 1),
        ("restored", "work/shared", 1),
    ]


def test_a_move_between_spaces_is_recorded_in_each(
    scene: Scene, bench: Workbench, session: Session, member: Callable[[ShareRole], Guest]
) -> None:
    bob = member(ShareRole.EDITOR)
    account = bench.accounts(session).find("bob")
    bench.upload(session, account, "own.txt", b"own")
    own = bench.places(session, account, "own.txt")
    bench.crossing(session, bob).move([Source(own.scope, own.path)], "sub/", FAIL)
    theirs = Source(bob.scope, "a.txt")
    bench.crossing(session, account).move([theirs], "/", FAIL)
    assert scene.told() == [("copied", "work/shared/sub/own.txt"), ("trashed", "work/shared/a.txt")]


@pytest.mark.usefixtures("link")
def test_what_a_move_a_copy_or_a_restore_replaces_is_recorded_as_trashed(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    moving = bench.moving(session, scene.alice)
    for number, path in enumerate(("other/a.txt", "x/a.txt", "y/deep.txt")):
        scene.upload(path, f"of {number}".encode())
    moving.move(["other/a.txt"], "work/shared/", REPLACE)
    moving.copy(["x/a.txt"], "work/shared/", REPLACE)
    (trashed,) = bench.trash(session, scene.alice).add(["work/shared/a.txt"])
    scene.upload("work/shared/a.txt", b"in the way")
    bench.trash(session, scene.alice).restore(trashed.id, REPLACE)
    # Outside of the share, nothing is told.
    moving.move(["y/deep.txt"], "x/a.txt", REPLACE)

    assert scene.told() == [
        ("trashed", "work/shared/a.txt"),
        ("moved", "work/shared/a.txt"),
        ("trashed", "work/shared/a.txt"),
        ("copied", "work/shared/a.txt"),
        ("trashed", "work/shared/a.txt"),
        ("uploaded", "work/shared/a.txt"),
        ("trashed", "work/shared/a.txt"),
        ("restored", "work/shared/a.txt"),
    ]
    nodes = [each.node_id for each in scene.events()[1:]]
    # Each is the event of the file that was replaced, not of the one that came.
    assert nodes[0] != nodes[1] == nodes[2] != nodes[3] == nodes[4] == nodes[7]
    assert nodes[5] == nodes[6]


@pytest.mark.usefixtures("link")
def test_copies_of_one_name_replace_what_was_there_and_each_other(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    for number, folder in enumerate("xyz"):
        scene.upload(f"{folder}/a.txt", f"of {number}".encode())
    bench.moving(session, scene.alice).copy(["x/a.txt", "y/a.txt"], "work/shared/", REPLACE)
    assert scene.told() == [("trashed", "work/shared/a.txt"), ("copied", "work/shared/a.txt")]


@pytest.mark.usefixtures("link")
def test_what_a_batch_replaces_is_one_event_of_the_folder(
    scene: Scene, bench: Workbench, session: Session
) -> None:
    for name in ("a.txt", "b.txt", "new.txt"):
        scene.upload(f"x/{name}", name.encode())
    scene.upload("work/shared/b.txt", b"replaced")
    before = len(scene.events())
    bulk = bench.bulk(session, scene.alice)
    bulk.copy(FolderSelection("x", frozenset(), 3), "work/shared", REPLACE)
    bulk.move(FolderSelection("x", frozenset({"a.txt"}), 2), "work/shared", REPLACE)

    assert [(each.verb, each.path, each.count) for each in scene.events()[before:]] == [
        ("trashed", "work/shared", 2),
        ("copied", "work/shared", 3),
        ("trashed", "work/shared", 2),
        ("moved", "work/shared", 2),
    ]


def test_what_a_move_between_spaces_replaces_is_recorded(
    scene: Scene, bench: Workbench, session: Session, member: Callable[[ShareRole], Guest]
) -> None:
    bob = member(ShareRole.EDITOR)
    account = bench.accounts(session).find("bob")
    bench.upload(session, account, "a.txt", b"own")
    own = bench.places(session, account, "a.txt")
    bench.crossing(session, bob).move([Source(own.scope, own.path)], "", REPLACE)
    assert scene.told() == [("trashed", "work/shared/a.txt"), ("copied", "work/shared/a.txt")]
