"""A root with its mounts: listed, searched and archived as if each mount were a folder."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import pytest
from sqlalchemy.orm import Session

from cabinet.models import Node
from cabinet.services.access.roles import ShareRole
from cabinet.services.accounts.account import Account
from cabinet.services.archives.zip_names import Naming
from cabinet.services.tree import search as searching
from cabinet.services.tree.search import Search
from tests.support.mounts import mount
from tests.support.services import Workbench

pytestmark = pytest.mark.database

ALL = [
    "Beta", "Beta/sub", "Beta/sub/2.txt", "Beta/1.txt",
    "c", "c/own.txt",
    "Delta", "Delta/new.txt",
    "e", "e/last.txt",
    "own.txt",
]  # fmt: skip


@pytest.fixture
def bob(session: Session, bench: Workbench, alice: Account, bob: Account) -> Account:
    """Return a user with mounts of two other users between own folders; ids grow in this order."""
    carol = bench.register(session, "carol")
    for account, path in (
        (bob, "c/own.txt"),
        (alice, "outer/secret.txt"),
        (alice, "outer/shared/sub/2.txt"),
        (alice, "outer/shared/1.txt"),
        (bob, "e/last.txt"),
        (carol, "x/new.txt"),
        (bob, "own.txt"),
    ):
        bench.upload(session, account, path, path.encode())
    mount(session, "alice", "outer/shared", "bob", "Beta", ShareRole.VIEWER)
    mount(session, "carol", "x", "bob", "Delta")
    return bench.accounts(session).get(bob.id)


def walk(session: Session, bench: Workbench, account: Account, limit: int) -> list[str]:
    """Return the paths of all that there is, from pages of so many."""
    files, after, found = bench.files(session, account), None, list[str]()
    while True:
        page = files.list_below("", limit, after)
        found += [entry.path for entry in page.entries]
        assert len(page.entries) == limit or page.next is None
        if page.next is None:
            return found
        after = page.next


def search(session: Session, bench: Workbench, account: Account, words: str, limit: int = 100) -> list[str]:
    """Return the paths of all that is found, from pages of so many."""
    service, after, found = bench.search(session, account), None, list[str]()
    while True:
        page = service.page(words, "", limit, after)
        found += [entry.path for entry in page.entries]
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("limit", range(1, len(ALL) + 1))
def test_recursive_pages_include_mounts(session: Session, bench: Workbench, bob: Account, limit: int) -> None:
    assert walk(session, bench, bob, limit) == ALL


def test_a_recursive_listing_reports_rights_everywhere(
    session: Session, bench: Workbench, bob: Account
) -> None:
    entries = bench.files(session, bob).list_below("", 100, None).entries
    roles = {entry.path: entry.role for entry in entries}

    assert {roles[path] for path in ALL if path.startswith("Beta")} == {ShareRole.VIEWER}
    assert {roles[path] for path in ALL if path.startswith("Delta")} == {ShareRole.EDITOR}
    assert {roles[path] for path in ("c", "c/own.txt", "own.txt")} == {None}
    assert [entry.path for entry in entries if entry.mounted] == ["Beta", "Delta"]


@pytest.mark.parametrize("seen", range(1, 5))
def test_a_listing_continues_after_an_invalid_mount(
    session: Session, bench: Workbench, alice: Account, bob: Account, seen: int
) -> None:
    first = bench.files(session, bob).list_below("", seen, None)

    bench.trash(session, alice).add(["outer"])

    rest = bench.files(session, bob).list_below("", 100, first.next)
    assert [entry.path for entry in rest.entries] == ALL[4:]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_search_of_all_spaces_lists_the_newest_first(
    session: Session, bench: Workbench, bob: Account, limit: int
) -> None:
    found = search(session, bench, bob, "t", limit)

    nodes = {path.rpartition("/")[2]: 0 for path in ALL}
    for node in session.query(Node).all():
        if node.name in nodes:
            nodes[node.name] = max(nodes[node.name], node.id)
    files = [path for path in ALL if path.endswith(".txt")]
    newest_first = ["own.txt", "Delta/new.txt", "e/last.txt", "Beta/1.txt", "Beta/sub/2.txt", "c/own.txt"]
    assert sorted(newest_first) == sorted(files)
    assert [path for path in found if path.endswith(".txt")] == newest_first
    assert found[:2] == ["Delta", "Beta"], "mounts are found by their own names, and are the newest"


def test_a_search_reveals_nothing_outside_of_a_target(
    session: Session, bench: Workbench, bob: Account
) -> None:
    assert search(session, bench, bob, "secret") == []
    assert search(session, bench, bob, "shared") == []
    assert search(session, bench, bob, "outer") == []


@pytest.mark.parametrize("walked", [0, 1, 2, 3])
def test_a_search_by_index_matches_a_search_by_walking(
    session: Session, bench: Workbench, bob: Account, monkeypatch: pytest.MonkeyPatch, walked: int
) -> None:
    expected = search(session, bench, bob, "t")
    monkeypatch.setattr(searching, "_WALKED", walked)

    for limit in (1, 100):
        assert search(session, bench, bob, "t", limit) == expected
    assert search(session, bench, bob, "secret") == []


def test_targets_of_two_mounts_are_found_once(
    session: Session, bench: Workbench, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(session, "alice", "outer/shared/sub", "bob", "Zeta")

    assert search(session, bench, bob, "2.txt") == ["Beta/sub/2.txt"]
    monkeypatch.setattr(searching, "_WALKED", 0)
    assert search(session, bench, bob, "2.txt", 1) == ["Beta/sub/2.txt"]


def test_a_timed_out_search_continues_at_its_cursor(
    session: Session, bench: Workbench, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = search(session, bench, bob, "t")
    monkeypatch.setattr(searching, "_BATCH", 1)
    seconds = iter(range(10_000))
    service = Search(session, bench.cursors, bob.scope, lambda: float(next(seconds)))
    found, after = list[str](), None

    for _ in range(100):
        page = service.page("t", "", 100, after)
        found += [entry.path for entry in page.entries]
        if (after := page.next) is None:
            break

    assert found == expected


@pytest.mark.parametrize("naming", Naming)
def test_an_archive_of_the_root_uses_the_names_of_its_user(
    session: Session, bench: Workbench, bob: Account, naming: Naming
) -> None:
    archive = bench.zipping(session, bob).zip([""], naming)
    content = b"".join(archive.chunks)

    assert archive.length == len(content)
    read = zipfile.ZipFile(io.BytesIO(content))
    assert _without_slashes(read.namelist()) == ALL
    assert read.read("Beta/sub/2.txt") == b"outer/shared/sub/2.txt"


def _without_slashes(names: Sequence[str]) -> list[str]:
    return [name.rstrip("/") for name in names]
