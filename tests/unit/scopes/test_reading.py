"""A scope that begins at a folder: nothing outside of it is named or reached."""

from __future__ import annotations

import io
import itertools
import zipfile

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, InvalidName, NotFound
from cabinet.models import Node, Space
from cabinet.services.access.rights import Rights
from cabinet.services.accounts.account import Account
from cabinet.services.changes.selections import FolderSelection
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.paging import Order
from cabinet.services.tree.search import Search
from tests.support.audit import check_rows
from tests.support.services import Guest, Workbench, content_of, paths_of
from tests.unit.scopes.conftest import SHARED, limited


def test_a_listing_starts_at_the_folder_of_the_scope(
    session: Session, bench: Workbench, guest: Guest
) -> None:
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
def test_entries_outside_of_the_scope_are_not_found(
    session: Session, bench: Workbench, guest: Guest, path: str
) -> None:
    files, moving = bench.files(session, guest), bench.moving(session, guest)

    assert files.look_up([path, "inside.txt"])[0] is None
    for use in (
        lambda: files.get(path),
        lambda: files.list_page(path, Order(), 10),
        lambda: files.list_below(path, 10, None),
        lambda: files.trash(path),
        lambda: moving.move([path], "sub/", OnConflict.FAIL),
        lambda: moving.copy([path], "sub/", OnConflict.FAIL),
        lambda: moving.rename(path, "x", OnConflict.FAIL),
        lambda: bench.zipping(session, guest).zip([path]),
        lambda: bench.trash(session, guest).add([path]),
        lambda: bench.versions(session, guest).list(path),
        lambda: bench.search(session, guest).page("inside", path, 10),
        lambda: bench.bulk(session, guest).trash(FolderSelection(path, frozenset(), 1)),
    ):
        with pytest.raises(NotFound):
            use()


@pytest.mark.parametrize("path", ["..", "../secret.txt", "sub/../../../secret.txt", "/secret.txt", "."])
def test_no_path_leaves_the_scope(session: Session, bench: Workbench, guest: Guest, path: str) -> None:
    with pytest.raises(InvalidName):
        bench.files(session, guest).get(path)
    with pytest.raises(InvalidName):
        bench.upload(session, guest, path, b"x")


def test_a_cursor_of_another_scope_is_refused(
    session: Session, bench: Workbench, alice: Account, guest: Guest
) -> None:
    own = bench.files(session, alice).list_page("", Order(), 1).next
    theirs = bench.files(session, guest).list_page("", Order(), 1).next

    for acting, foreign in ((guest, own), (alice, theirs)):
        with pytest.raises(InvalidField):
            bench.files(session, acting).list_page("", Order(after=foreign), 1)
    assert bench.files(session, guest).list_page("", Order(after=theirs), 1).entries[0].path == "inside.txt"


def test_search_results_have_paths_relative_to_the_scope(
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


def test_a_search_in_a_folder_is_independent_of_content_outside(
    session: Session, bench: Workbench, alice: Account, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.search._MAX_EXAMINED", 5)
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


def test_a_search_in_a_large_folder_continues_until_it_finds_something(
    session: Session, bench: Workbench, alice: Account, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_WALKED", 3), ("_MAX_EXAMINED", 5), ("_BATCH", 2)):
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


def test_an_archive_contains_no_names_above_the_folder(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    made = bench.zipping(session, guest).zip([""])

    with zipfile.ZipFile(io.BytesIO(b"".join(made.chunks))) as archive:
        assert {*archive.namelist()} == {"sub/", *SHARED}
    assert made.name == "cabinet.zip"


def test_path_limits_apply_from_the_root_of_the_space(
    session: Session, bench: Workbench, guest: Guest
) -> None:
    # It has 62 levels, and the folder is two levels below the root.
    deep = "/".join("d" * 62)
    bench.files(session, guest).make_folder(deep)

    for use in (
        lambda: bench.files(session, guest).make_folder(f"{deep}/e"),
        lambda: bench.upload(session, guest, f"{deep}/e", b"x"),
        lambda: bench.moving(session, guest).move(["sub"], f"{deep}/", OnConflict.FAIL),
    ):
        with pytest.raises(InvalidName) as caught:
            use()
        assert "work" not in str(caught.value)
    check_rows(session)


def test_a_space_id_may_differ_from_the_user_id(session: Session, bench: Workbench) -> None:
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


def test_without_the_content_right_listings_omit_content_fields(
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
