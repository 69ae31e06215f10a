"""A scope that begins at a folder: nothing outside of it is named or reached, and its rights are asked for."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import (
    CabinetError,
    EntryExists,
    FolderFull,
    Forbidden,
    InvalidField,
    InvalidName,
    IsAFolder,
    NotFound,
    VersionsFull,
)
from cabinet.models import BatchKind, Node, Space, Upload
from cabinet.services.access.actor import Actor
from cabinet.services.access.rights import ALL, CHANGE, Rights
from cabinet.services.access.scope import Scope
from cabinet.services.accounts.accounts import Account
from cabinet.services.changes.selections import FolderSelection, TrashSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree.copying import copy_tree
from cabinet.services.tree.entries import Conflict
from cabinet.services.tree.paging import Order
from cabinet.services.tree.search import Search
from cabinet.services.tree.tree import Tree
from cabinet.services.uploads.uploads import Promised
from tests.support.audit import check_rows
from tests.support.resumable import part, plan
from tests.support.services import VERSIONS_KEPT, Guest, Workbench, content_of, paths_of

SHARED = {"inside.txt": b"1", "sub/deep.txt": b"22", "sub/more.txt": b"333"}
OUTSIDE = {"secret.txt": b"4444", "other/inside.txt": b"55555"}


@pytest.fixture
def bob(session: Session, bench: Workbench) -> Account:
    return bench.register(session, "bob")


@pytest.fixture
def root(session: Session, bench: Workbench, alice: Account) -> int:
    """Return the row of a folder of alice's, with something in it and something beside it."""
    for path, content in OUTSIDE.items():
        bench.upload(session, alice, path, content)
    for path, content in SHARED.items():
        bench.upload(session, alice, f"work/shared/{path}", content)
    return session.scalars(select(Node.id).where(Node.name == "shared")).one()


@pytest.fixture
def guest(alice: Account, bob: Account, root: int) -> Guest:
    """Return bob, as he has that folder alone."""
    return Guest(Scope(Actor(bob.id), alice.space_id, root, ALL))


def limited(guest: Guest, granted: Rights) -> Guest:
    scope = guest.scope
    return Guest(Scope(scope.actor, scope.space_id, scope.root_id, granted))


def test_a_listing_begins_at_the_folder(session: Session, bench: Workbench, guest: Guest) -> None:
    files = bench.files(session, guest)

    page = files.list_page("", Order(), 10)

    assert (page.path, [entry.path for entry in page.entries]) == ("", ["sub", "inside.txt"])
    assert paths_of(session, bench, guest) == ["sub", "sub/deep.txt", "sub/more.txt", "inside.txt"]
    assert [entry.path for entry in files.list_page("sub", Order(), 10).entries] == [
        "sub/deep.txt",
        "sub/more.txt",
    ]
    assert content_of(session, bench, guest, "sub/deep.txt") == b"22"


@pytest.mark.parametrize("path", ["secret.txt", "other", "other/inside.txt", "work", "work/shared", "shared"])
def test_what_lies_outside_is_not_there(session: Session, bench: Workbench, guest: Guest, path: str) -> None:
    files, moving = bench.files(session, guest), bench.moving(session, guest)

    assert files.look_up([path, "inside.txt"])[0] is None
    for use in (
        lambda: files.get(path),
        lambda: files.list_page(path, Order(), 10),
        lambda: files.list_below(path, 10, None),
        lambda: files.trash(path),
        lambda: moving.move([path], "sub/", Conflict.FAIL),
        lambda: moving.copy([path], "sub/", Conflict.FAIL),
        lambda: moving.rename(path, "x", Conflict.FAIL),
        lambda: bench.zipping(session, guest).zip([path]),
        lambda: bench.trash(session, guest).add([path]),
        lambda: bench.versions(session, guest).list(path),
        lambda: bench.search(session, guest).page("inside", path, 10),
        lambda: bench.bulk(session, guest).trash(FolderSelection(path, frozenset(), 1)),
    ):
        with pytest.raises(NotFound):
            use()


@pytest.mark.parametrize("path", ["..", "../secret.txt", "sub/../../../secret.txt", "/secret.txt", "."])
def test_no_path_leads_out(session: Session, bench: Workbench, guest: Guest, path: str) -> None:
    with pytest.raises(InvalidName):
        bench.files(session, guest).get(path)
    with pytest.raises(InvalidName):
        bench.upload(session, guest, path, b"x")


def test_a_cursor_of_another_tree_opens_nothing(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    own = bench.files(session, alice).list_page("", Order(), 1).next
    theirs = bench.files(session, guest).list_page("", Order(), 1).next

    for acting, foreign in ((guest, own), (alice, theirs)):
        with pytest.raises(InvalidField):
            bench.files(session, acting).list_page("", Order(after=foreign), 1)
    assert bench.files(session, guest).list_page("", Order(after=theirs), 1).entries[0].path == "inside.txt"


def test_a_search_finds_what_lies_inside_by_its_path_there(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    search = bench.search(session, guest)

    assert [entry.path for entry in search.page("inside", "", 10).entries] == ["inside.txt"]
    assert {entry.path for entry in search.page("txt", "", 10).entries} == set(SHARED)
    assert search.page("secret", "", 10).entries == []
    assert search.page("shared", "", 10).entries == []


def everything_found(search: Search, query: str, limit: int) -> list[list[str]]:
    """Return the paths that are found, page by page."""
    pages: list[list[str]] = []
    after: str | None = None
    while not pages or after is not None:
        page = search.page(query, "", limit, after)
        pages.append([entry.path for entry in page.entries])
        after = page.next
    return pages


def test_a_search_in_a_folder_does_not_wait_for_what_lies_outside(
    session: Session, bench: Workbench, alice: Account, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.search._LOOKED_AT", 5)
    monkeypatch.setattr("cabinet.services.tree.search._BATCH", 2)
    for number in range(12):
        bench.upload(session, alice, f"outside/{number}.txt", b"x")
    asked: list[object] = []
    monkeypatch.setattr("cabinet.services.tree.search.find_candidates", asked.append)

    assert everything_found(bench.search(session, guest), "txt", 2) == [
        ["sub/more.txt", "sub/deep.txt"],
        ["inside.txt"],
    ]
    assert everything_found(bench.search(session, guest), "outside", 10) == [[]]
    assert asked == []


def test_a_search_in_a_large_folder_goes_on_until_there_is_something(
    session: Session, bench: Workbench, alice: Account, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_WALKED", 3), ("_LOOKED_AT", 5), ("_BATCH", 2)):
        monkeypatch.setattr(f"cabinet.services.tree.search.{name}", value)
    for number in range(12):
        bench.upload(session, alice, f"outside/{number}.txt", b"x")

    found = everything_found(bench.search(session, guest), "txt", 10)

    assert found[0] != []
    assert sorted(itertools.chain(*found)) == sorted(SHARED)
    # There the time is over at once, and each page looks at a batch.
    hours = itertools.count(step=3600.0)
    slow = Search(session, bench.cursors, guest.scope, hours.__next__)
    found = everything_found(slow, "txt", 10)
    assert found[0] == []
    assert sorted(itertools.chain(*found)) == sorted(SHARED)


def test_an_archive_names_nothing_above_the_folder(session: Session, bench: Workbench, guest: Guest) -> None:
    made = bench.zipping(session, guest).zip([""])

    with zipfile.ZipFile(io.BytesIO(b"".join(made.chunks))) as archive:
        assert {*archive.namelist()} == {"sub/", *SHARED}
    assert made.name == "cabinet.zip"


def test_uploads_and_folders_come_to_lie_in_it(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    stored = bench.upload(session, guest, "new/f.txt", b"new")
    made = bench.files(session, guest).make_folder("empty/folder")

    assert (stored.entry.path, made.path) == ("new/f.txt", "empty/folder")
    assert content_of(session, bench, alice, "work/shared/new/f.txt") == b"new"
    assert bench.files(session, alice).get("work/shared/empty/folder").is_folder
    with pytest.raises(EntryExists, match=r"“sub/deep\.txt”"):
        bench.upload(session, guest, "sub/deep.txt", b"x", Conflict.FAIL)
    with pytest.raises(IsAFolder, match="“sub”"):
        bench.upload(session, guest, "sub", b"x")
    check_rows(session)


def test_moves_and_copies_stay_in_it(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    moving = bench.moving(session, guest)

    assert [entry.path for entry in moving.move(["sub/deep.txt"], "", Conflict.FAIL)] == ["deep.txt"]
    assert [entry.path for entry in moving.copy(["inside.txt"], "sub/", Conflict.FAIL)] == ["sub/inside.txt"]
    assert moving.rename("sub", "renamed", Conflict.FAIL).path == "renamed"
    for use in (
        lambda: moving.move([""], "x", Conflict.FAIL),
        lambda: moving.rename("", "x", Conflict.FAIL),
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


def test_what_is_deleted_in_it_is_in_the_trash_of_its_space(
    session: Session, bench: Workbench, alice: Account, bob: Account, guest: Guest
) -> None:
    [shown] = bench.trash(session, guest).add(["sub/deep.txt"])

    [kept] = bench.trash(session, alice).list_page(10).entries
    assert (shown.entry.path, kept.entry.path) == ("sub/deep.txt", "work/shared/sub/deep.txt")
    assert session.scalars(select(Node.trashed_by).where(Node.trash_id == kept.id)).one() == bob.id
    assert bench.trash(session, guest).restore(kept.id).path == "sub/deep.txt"
    assert content_of(session, bench, alice, "work/shared/sub/deep.txt") == b"22"
    check_rows(session)


def test_nobody_lists_the_trash_of_a_folder_or_brings_back_what_others_deleted(
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


def test_what_somebody_deleted_comes_back_only_into_their_folder(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    trash = bench.trash(session, guest)
    [shown] = trash.add(["sub/deep.txt"])
    bench.moving(session, alice).move(["work/shared/sub"], "", Conflict.FAIL)

    with pytest.raises(NotFound):
        trash.restore(shown.id)

    assert bench.trash(session, alice).restore(shown.id).path == "sub/deep.txt"


@pytest.mark.parametrize("end", ["trashed", "above it trashed", "purged"])
def test_a_folder_that_is_gone_is_nowhere(
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


def test_a_path_counts_from_the_root_of_the_space_and_is_told_from_that_of_the_folder(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    # 62 levels of it fit, and the folder lies two below the root.
    deep = "/".join("d" * 62)
    bench.files(session, guest).make_folder(deep)

    for use in (
        lambda: bench.files(session, guest).make_folder(f"{deep}/e"),
        lambda: bench.upload(session, guest, f"{deep}/e", b"x"),
        lambda: bench.moving(session, guest).move(["sub"], f"{deep}/", Conflict.FAIL),
    ):
        with pytest.raises(InvalidName) as caught:
            use()
        assert "work" not in str(caught.value)
    check_rows(session)


def test_a_full_space_does_not_tell_how_large_it_is(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    session.get_one(Space, alice.space_id).quota = 1000
    session.commit()

    for use in (
        lambda: bench.upload(session, guest, "f", b"x" * 2000),
        lambda: bench.resumable(session, guest).begin(plan(2000)),
        lambda: bench.uploads(session, guest).check_room_for_all(5000),
    ):
        with pytest.raises(FolderFull) as caught:
            use()
        assert "1000" not in str(caught.value)
        assert caught.value.data == {}


def test_an_upload_is_known_only_where_and_by_whom_it_was_begun(
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


def test_an_upload_is_not_finished_once_the_right_is_taken_away(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    begun = bench.resumable(session, guest).begin(plan(4, "new.txt"))
    bench.resumable(session, guest).append(begun.id, part(b"12"))

    with pytest.raises(Forbidden):
        bench.resumable(session, limited(guest, Rights.LIST)).append(begun.id, part(b"34", 2))

    assert "work/shared/new.txt" not in paths_of(session, bench, alice)


def test_an_upload_does_not_go_elsewhere_when_its_folder_is_purged(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    begun = bench.resumable(session, guest).begin(plan(4, "new.txt"))
    bench.files(session, alice).purge("work/shared")

    with pytest.raises(NotFound):
        bench.resumable(session, guest).append(begun.id, part(b"1234"))

    session.rollback()
    assert session.get_one(Upload, begun.id).root_id is None
    assert "new.txt" not in paths_of(session, bench, alice)


def test_a_change_of_many_is_undone_only_where_it_was_made(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    done = bench.bulk(session, guest).trash(FolderSelection("sub", frozenset(), 2))

    with pytest.raises(NotFound):
        bench.bulk(session, alice).undo(done.batch_id, {BatchKind.TRASH})
    assert bench.bulk(session, guest).undo(done.batch_id, {BatchKind.TRASH}) == 2

    assert set(SHARED) < set(paths_of(session, bench, guest))
    check_rows(session)


def test_nothing_is_undone_that_others_have_taken_out_of_the_folder(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    done = bench.bulk(session, guest).move(FolderSelection("sub", frozenset(), 2), "", Conflict.FAIL)
    bench.moving(session, alice).move(["work/shared/deep.txt"], "other/", Conflict.FAIL)

    with pytest.raises(NotFound):
        bench.bulk(session, guest).undo(done.batch_id, {BatchKind.MOVE})

    assert "other/deep.txt" in paths_of(session, bench, alice)
    check_rows(session)


def test_a_copy_into_another_space_belongs_and_counts_there(
    session: Session, bench: Workbench, alice: Account, bob: Account, root: int
) -> None:
    tree = Tree(session, bob.scope)
    with writing(session):
        copy_tree(session, tree, session.get_one(Node, root), tree.root(lock=True), "mine", bench.clock())

    assert set(paths_of(session, bench, bob)) == {"mine", "mine/sub", *(f"mine/{path}" for path in SHARED)}
    assert session.get_one(Space, bob.space_id).usage == sum(map(len, SHARED.values()))
    assert session.get_one(Space, alice.space_id).usage == sum(map(len, (SHARED | OUTSIDE).values()))
    check_rows(session)


def test_a_space_need_not_have_the_number_of_its_user(session: Session, bench: Workbench) -> None:
    with writing(session):
        session.add(Space())
    carol = bench.register(session, "carol")
    assert carol.space_id != carol.id

    bench.upload(session, carol, "docs/report.txt", b"four")
    bench.files(session, carol).trash("docs/report.txt")

    [deleted] = bench.trash(session, carol).list_page(10).entries
    assert bench.trash(session, carol).restore(deleted.id).path == "docs/report.txt"
    assert [entry.path for entry in bench.search(session, carol).page("port", "", 10).entries] == [
        "docs/report.txt"
    ]
    assert bench.accounts(session).recount("carol").usage == 4
    check_rows(session)
    bench.accounts(session).delete("carol")
    assert session.scalars(select(Space.owner_id)).all() == [None]
    assert session.scalars(select(Node)).all() == []


def test_names_are_listed_without_what_tells_the_content(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    acting = limited(guest, Rights.LIST)
    files = bench.files(session, acting)
    seen = [
        files.get("inside.txt"),
        *files.look_up(["inside.txt"]),
        *files.list_page("", Order(), 10).entries,
        *files.list_below("", 10, None).entries,
        *bench.search(session, acting).page("inside", "", 10).entries,
    ]

    assert [(entry.content_hash, entry.media_type) for entry in seen if entry] == [(None, None)] * len(seen)
    assert bench.files(session, guest).get("inside.txt").media_type == "text/plain"


@dataclass
class Doors:
    """All that somebody may ask for, each as one call."""

    session: Session
    bench: Workbench
    acting: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bench, name)(self.session, self.acting)


_ALL_OF_SUB = FolderSelection("sub", frozenset(), 2)
_FAIL = Conflict.FAIL

# What each verb needs, as the design has it.
DOORS: dict[str, tuple[Rights, Callable[[Doors], object]]] = {
    "get": (Rights.LIST, lambda to: to.files.get("inside.txt")),
    "look up": (Rights.LIST, lambda to: to.files.look_up(["inside.txt"])),
    "list": (Rights.LIST, lambda to: to.files.list_page("", Order(), 10)),
    "list below": (Rights.LIST, lambda to: to.files.list_below("", 10, None)),
    "search": (Rights.LIST, lambda to: to.search.page("inside", "", 10)),
    "zip": (Rights.READ, lambda to: to.zipping.zip([""])),
    "zip all": (Rights.READ, lambda to: to.zipping.zip_all(_ALL_OF_SUB)),
    "make a folder": (Rights.WRITE, lambda to: to.files.make_folder("new")),
    "make folders": (Rights.WRITE, lambda to: to.files.make_folders(["new"])),
    "check an upload": (Rights.WRITE, lambda to: to.uploads.check_room_for_all(1)),
    "begin an upload": (Rights.WRITE, lambda to: to.uploads.begin(Promised(1)).__enter__()),
    "upload": (Rights.WRITE, lambda to: to.bench.upload(to.session, to.acting, "new", b"x")),
    "begin a resumable upload": (Rights.WRITE, lambda to: to.resumable.begin(plan(3, "new"))),
    "list uploads": (Rights.WRITE | Rights.LIST, lambda to: to.resumable.list_unfinished()),
    "ask for an upload": (Rights.WRITE, lambda to: to.resumable.get("0" * 32)),
    "continue an upload": (Rights.WRITE, lambda to: to.resumable.append("0" * 32, part(b"x"))),
    "cancel an upload": (Rights.WRITE, lambda to: to.resumable.cancel("0" * 32)),
    "join uploads": (Rights.WRITE, lambda to: to.resumable.join(plan(None, "new"), ["0" * 32])),
    "copy": (Rights.READ | Rights.WRITE, lambda to: to.moving.copy(["inside.txt"], "sub/", _FAIL)),
    "copy all": (Rights.READ | Rights.WRITE, lambda to: to.bulk.copy(_ALL_OF_SUB, "", _FAIL)),
    "replace": (CHANGE, lambda to: to.bench.upload(to.session, to.acting, "inside.txt", b"x")),
    "replace by a copy": (
        CHANGE | Rights.READ, lambda to: to.moving.copy(["sub/deep.txt"], "inside.txt", Conflict.REPLACE)
    ),
    "rename": (CHANGE, lambda to: to.moving.rename("inside.txt", "new", _FAIL)),
    "move": (CHANGE, lambda to: to.moving.move(["inside.txt"], "sub/", _FAIL)),
    "move all": (CHANGE | Rights.LIST, lambda to: to.bulk.move(_ALL_OF_SUB, "", _FAIL)),
    "trash": (CHANGE, lambda to: to.files.trash("inside.txt")),
    "trash some": (CHANGE, lambda to: to.trash.add(["inside.txt"])),
    "trash all": (CHANGE | Rights.LIST, lambda to: to.bulk.trash(_ALL_OF_SUB)),
    "undo": (CHANGE, lambda to: to.bulk.undo("0" * 32, {BatchKind.TRASH})),
    "restore": (CHANGE, lambda to: to.trash.restore("0" * 32)),
    "versions": (CHANGE | Rights.READ, lambda to: to.versions.list("inside.txt")),
    "an old version": (CHANGE | Rights.READ, lambda to: to.versions.get("inside.txt", 1)),
    "restore a version": (CHANGE, lambda to: to.versions.restore("inside.txt", 1)),
}  # fmt: skip

# And what nobody may who has no more than a folder of the space.
WHOLE: dict[str, tuple[Rights, Callable[[Doors], object]]] = {
    "list the trash": (Rights.LIST, lambda to: to.trash.list_page(10)),
    "look up in the trash": (Rights.LIST, lambda to: to.trash.look_up(["0" * 32])),
    "count the trash": (Rights.LIST, lambda to: to.trash.count()),
    "restore all": (CHANGE, lambda to: to.bulk.restore(TrashSelection(frozenset(), 0), _FAIL)),
    "purge": (Rights.PURGE, lambda to: to.files.purge("secret.txt")),
    "purge from the trash": (Rights.PURGE, lambda to: to.trash.purge("0" * 32)),
    "empty the trash": (Rights.PURGE, lambda to: to.trash.empty()),
    "purge all": (Rights.PURGE, lambda to: to.bulk.purge(TrashSelection(frozenset(), 0))),
    "purge a batch": (Rights.PURGE, lambda to: to.bulk.purge_batch("0" * 32)),
    "discard a version": (Rights.PURGE, lambda to: to.versions.discard("secret.txt", 7)),
}


@pytest.mark.parametrize("verb", DOORS)
def test_a_verb_is_refused_without_any_of_its_rights_and_needs_no_other(
    session: Session, bench: Workbench, guest: Guest, verb: str
) -> None:
    needed, use = DOORS[verb]

    for missing in needed:
        with pytest.raises(Forbidden):
            use(Doors(session, bench, limited(guest, ALL & ~missing)))
    _passes(lambda: use(Doors(session, bench, limited(guest, needed))))
    check_rows(session)


@pytest.mark.parametrize("verb", WHOLE)
def test_what_is_for_the_owner_is_refused_in_a_folder_and_without_the_right(
    session: Session, bench: Workbench, alice: Account, guest: Guest, verb: str
) -> None:
    needed, use = WHOLE[verb]
    whole = Guest(alice.scope)

    with pytest.raises(Forbidden):
        use(Doors(session, bench, guest))
    for missing in needed:
        with pytest.raises(Forbidden):
            use(Doors(session, bench, limited(whole, ALL & ~missing)))
    _passes(lambda: use(Doors(session, bench, limited(whole, needed))))


def _passes(use: Callable[[], object]) -> None:
    """Fail if it is refused for a right; what it asks for may not be there."""
    try:
        use()
    except Forbidden:
        pytest.fail("it was refused")
    except CabinetError:
        pass


def test_a_guest_who_is_not_signed_in_sees_no_versions(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    anonymous = Guest(Scope(Actor(None), guest.scope.space_id, guest.scope.root_id, ALL))

    for use in (
        lambda: bench.versions(session, anonymous).list("inside.txt"),
        lambda: bench.versions(session, anonymous).get("inside.txt", 1),
        lambda: bench.versions(session, anonymous).restore("inside.txt", 1),
    ):
        with pytest.raises(Forbidden):
            use()


def test_a_taken_name_is_numbered_where_nothing_may_be_replaced(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    acting = limited(guest, Rights.WRITE)

    stored = bench.upload(session, acting, "inside.txt", b"another", Conflict.RENAME)

    assert stored.entry.name == "inside (2).txt"
    assert content_of(session, bench, alice, "work/shared/inside.txt") == b"1"


def test_a_guest_makes_versions_but_takes_none_from_the_owner(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    """Not even by storing other content over and over; a member does, as everybody in a tree of their own."""
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
