"""Mounts in a listing: in every order, on pages of any length."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.tree.entries import Mounted
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.names import sort_key
from cabinet.services.tree.paging import Order, Sort
from tests.support.mounts import mount
from tests.support.services import Workbench

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


@pytest.mark.database
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", list(Sort))
def test_pages_of_any_size_contain_mounts_in_every_order(
    session: Session, bench: Workbench, bob: Account, crowded: list[str], sort: Sort, descending: bool
) -> None:
    files = bench.files(session, bob)
    entries = {entry.name: entry for entry in files.list_page("", Order(), 100).entries}
    assert list(entries) == crowded

    def key(name: str) -> tuple[object, ...]:
        entry = entries[name]
        size = entry.totals.size if entry.totals else entry.size
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
            shown = [brief.name for brief in outline.summaries]
            assert shown[: len(names)] == names == expected[: len(names)]
        assert names == expected


def test_a_mount_in_a_listing_shows_the_current_state_of_its_target(
    session: Session, bench: Workbench, alice: Account, bob: Account, mounted: int
) -> None:
    files = bench.files(session, bob)
    before = files.list_page("", Order(), 10)
    entry = before.entries[0]
    assert (entry.kind, entry.name, entry.path) == ("folder", "Alice", "Alice")
    assert entry.mounted == Mounted("alice", ShareRole.EDITOR)
    assert entry.totals is not None
    assert (entry.totals.files, entry.totals.size, entry.totals.entries) == (1, 2, 1)

    bench.upload(session, alice, "work/shared/more.txt", b"333")

    after = files.list_page("", Order(), 10)
    now = after.entries[0].totals
    assert now is not None
    assert (now.files, now.size, now.entries) == (2, 5, 2)
    assert before.totals == after.totals
    assert before.beside != after.beside == files.beside("")
    files.make_folder("own")
    assert files.beside("own") == ()


def test_entries_of_an_outline_include_mounts(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    files = bench.files(session, bob)
    outline = files.outline("", Order(), Extent(None, 10, 10))

    drawn = files.outline_entries(outline, range(len(outline.summaries)))

    assert [drawn[number].path for number in sorted(drawn)] == ["Alice", "own.txt"]
    assert drawn[0].mounted is not None


def test_a_listing_below_the_root_queries_no_mounts(
    session: Session, bench: Workbench, bob: Account, mounted: int
) -> None:
    bench.files(session, bob).make_folder("d/e")

    assert [entry.name for entry in bench.files(session, bob).list_page("d", Order(), 10).entries] == ["e"]
