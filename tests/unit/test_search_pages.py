"""The pages of a search: ordered, limited in work, and continued by cursors."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, Unavailable
from cabinet.models import Node
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.kernel.search_index import BLOCK_BITS
from cabinet.services.tree.entries import OnConflict
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.paging import Order
from cabinet.services.tree.search import Search
from tests.support.searching import found, store
from tests.support.services import Workbench


@pytest.mark.parametrize("query", ["note", "no"])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_an_outline_of_results_reflects_current_pages(
    session: Session, bench: Workbench, alice: Account, query: str, limit: int
) -> None:
    store(session, bench, alice, *(f"d/note {number}" for number in range(5)), "elsewhere/note")
    search = bench.search(session, alice)
    page = search.page(query, "d", limit)
    store(session, bench, alice, "d/note 0 and more", "d/note 9")
    bench.files(session, alice).trash(page.entries[0].path)

    first = search.first_part(query, "d", Extent(page.next, 1, 100))

    paths = [entry.path for entry in first.entries]
    rest = search.page(query, "d", 100, first.next) if first.next else None
    now = found(session, bench, alice, query, "d")
    assert paths + ([entry.path for entry in rest.entries] if rest else []) == now
    assert set(paths) >= {entry.path for entry in page.entries[1:]}
    assert bool(rest and rest.entries) is (len(paths) < len(now))


def test_an_outline_without_remaining_results_continues(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, *(f"note {number}" for number in range(6)))
    search = bench.search(session, alice)
    page = search.page("note", "", 2)
    for entry in page.entries:
        bench.files(session, alice).trash(entry.path)

    first = search.first_part("note", "", Extent(page.next, 2, 100))

    assert [entry.path for entry in first.entries] == ["note 3", "note 2"]
    rest = search.page("note", "", 100, first.next)
    assert [entry.path for entry in rest.entries] == ["note 1", "note 0"]


def test_every_block_of_ids_is_scanned_and_cursors_are_between_them(
    session: Session, bench: Workbench, alice: Account
) -> None:
    """The ids of one user are far apart, with those of others and unused ones between them."""
    distance = 1 << BLOCK_BITS
    bob = bench.register(session, "bob")
    store(session, bench, bob, "file of another")
    for number in range(6):
        bench.files(session, alice).make_folder(f"file {number}")
    with writing(session):
        for number in (5, 4, 3):
            session.execute(
                update(Node).where(Node.name == f"file {number}").values(id=Node.id + (number - 1) * distance)
            )
    expected = [f"file {number}" for number in (5, 4, 3, 2, 1, 0)]

    for limit in (1, 2, 100):
        assert found(session, bench, alice, "file", limit=limit) == expected
    assert found(session, bench, alice, "le fi") == expected
    assert found(session, bench, alice, "2") == ["file 2"]
    assert found(session, bench, alice, "жж") == []
    pages: list[list[str]] = []
    after: str | None = None
    hours = itertools.count(step=3600.0)
    search = Search(session, bench.cursors, alice.scope, hours.__next__)
    while not pages or after is not None:
        page = search.page("e 1", "", 100, after)
        after = page.next
        pages.append([entry.name for entry in page.entries])
    assert pages == [[], [], [], ["file 1"], []]


def test_results_are_newest_first_in_pages_of_any_size(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, *(f"d{number % 3}/file {number}" for number in range(20)))
    expected = [f"d{number % 3}/file {number}" for number in reversed(range(20))]

    for limit in (1, 7, 20, 100):
        assert found(session, bench, alice, "file", limit=limit) == expected


def test_a_page_scans_a_limited_number_and_returns_what_it_found(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.search._MAX_EXAMINED", 5)
    store(session, bench, alice, "a/file", *(f"b/file {number}" for number in range(12)))

    page = bench.search(session, alice).page("file", "a", 100)

    assert (page.entries, page.next is not None) == ([], True)
    assert found(session, bench, alice, "file", "a") == ["a/file"]


@pytest.mark.parametrize("query", ["file", "fi"])
def test_a_page_returns_what_it_found_when_its_time_is_over(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Of every page all the time is over at once; each still looks at a batch."""
    monkeypatch.setattr("cabinet.services.tree.search._BATCH", 4)
    store(session, bench, alice, *(f"file {number}" for number in range(10)))
    pages: list[list[str]] = []
    after: str | None = None
    hours = itertools.count(step=3600.0)
    search = Search(session, bench.cursors, alice.scope, hours.__next__)

    while not pages or after is not None:
        page = search.page(query, "", 100, after)
        after = page.next
        pages.append([entry.name for entry in page.entries])

    assert [len(page) for page in pages] == [4, 4, 2, 0]
    assert sorted(name for page in pages for name in page) == [f"file {number}" for number in range(10)]


@contextmanager
def slow_from(bench: Workbench, number: int) -> Iterator[None]:
    """Let every look-up from this one on, counted from 0, take an hour."""
    numbers = itertools.count()

    def slow_down(*call: object) -> tuple[object, object]:
        statement, values = str(call[2]), call[3]
        if "WITH hit" in statement and next(numbers) >= number:
            statement = statement.replace(
                "FROM node WHERE space_id", "FROM pg_sleep(3600), node WHERE space_id"
            )
            assert "pg_sleep" in statement
        return statement, values

    event.listen(bench.engine, "before_cursor_execute", slow_down, retval=True)
    try:
        yield
    finally:
        event.remove(bench.engine, "before_cursor_execute", slow_down)


@pytest.mark.postgresql("its limit of a statement's time")
def test_a_page_returns_what_it_found_when_the_index_is_slow(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cabinet.services.tree.search._BATCH", 4)
    monkeypatch.setattr("cabinet.services.kernel.search_index.LONGEST", 0.2)
    store(session, bench, alice, *(f"file {number}" for number in range(10)))
    search = bench.search(session, alice)

    with slow_from(bench, 1):
        page = search.page("file", "", 100)
    rest = search.page("file", "", 100, page.next)

    assert [entry.name for entry in page.entries] == [f"file {number}" for number in (9, 8, 7, 6)]
    assert [entry.name for entry in rest.entries] == [f"file {number}" for number in (5, 4, 3, 2, 1, 0)]
    assert rest.next is None


@pytest.mark.postgresql("its limit of a statement's time")
def test_a_page_whose_index_query_times_out_can_be_retried(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor at its own position would be followed forever."""
    monkeypatch.setattr("cabinet.services.tree.search._BATCH", 4)
    monkeypatch.setattr("cabinet.services.kernel.search_index.LONGEST", 0.2)
    store(session, bench, alice, *(f"file {number}" for number in range(5)))
    search = bench.search(session, alice)
    page = search.page("file", "", 4)

    for after in (None, page.next):
        with slow_from(bench, 0), pytest.raises(Unavailable):
            search.page("file", "", 4, after)

    assert [entry.name for entry in search.page("file", "", 4, page.next).entries] == ["file 0"]


@pytest.mark.postgresql("its limit of a statement's time")
def test_the_statement_timeout_is_restored_after_the_index_query(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "file")
    limit = text("SHOW statement_timeout")
    before = session.scalar(limit)

    assert len(bench.search(session, alice).page("file", "", 10).entries) == 1

    assert session.scalar(limit) == before


def test_similar_and_trashed_names_count_as_scanned(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else one request could look at all names of a million that have the same trigrams."""
    monkeypatch.setattr("cabinet.services.tree.search._MAX_EXAMINED", 4)
    monkeypatch.setattr("cabinet.services.tree.search._BATCH", 2)
    store(session, bench, alice, "abcdef", *(f"cdef abcd {number}" for number in range(9)))
    for number in range(5):
        bench.upload(session, alice, f"abcdef {number}", b"x")
        bench.files(session, alice).trash(f"abcdef {number}")
    statements: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))

    first = bench.search(session, alice).page("abcdef", "", 1)

    asked = [statement for statement in statements if "node" in statement]
    assert len(asked) < 12
    assert found(session, bench, alice, "abcdef") == ["abcdef"]
    if bench.engine.dialect.name == "sqlite":
        assert first.entries == []
    assert first.next is not None


def test_a_cursor_is_valid_for_one_query_folder_and_user(
    session: Session, bench: Workbench, alice: Account
) -> None:
    other = bench.register(session)
    for owner in (alice, other):
        store(session, bench, owner, "a/file 1", "a/file 2", "b/file 3")
    search = bench.search(session, alice)
    first = search.page("file", "a", 1).next

    foreign = [
        (search, "fil", "a", first),
        (search, "fi", "a", first),
        (search, "file", "", first),
        (search, "file", "b", first),
        (bench.search(session, other), "file", "a", first),
        (search, "file", "a", search.page("fi", "a", 1).next),
        (search, "file", "a", bench.listing(session, alice).page("a", Order(), 1).next),
        *((search, "file", "a", made_up) for made_up in ("", "rubbish", "W10", "WyJhIiwgMV0", "é")),
    ]

    assert len(search.page("FILE ", "a", 1, first).entries) == 1
    for asked, query, folder, cursor in foreign:
        with pytest.raises(InvalidField):
            asked.page(query, folder, 10, cursor)


@pytest.mark.parametrize("query", ["se", "secret"])
def test_the_length_of_a_cursor_reveals_nothing(
    session: Session, bench: Workbench, alice: Account, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """The last scanned candidate may be outside of the asker's scope."""
    store(
        session, bench, alice, "elsewhere/secret", "shared/x", f"elsewhere/secret {'плана' * 49}", "se", "set"
    )
    monkeypatch.setattr("cabinet.services.tree.search._MAX_EXAMINED", 1)
    search, lengths, after = bench.search(session, alice), set(), None

    while True:
        page = search.page(query, "shared", 10, after)
        assert page.entries == []
        if page.next is None:
            break
        lengths.add(len(page.next))
        after = page.next

    assert len(lengths) == 1


def test_a_search_continues_after_a_renamed_or_deleted_entry(
    session: Session, bench: Workbench, alice: Account
) -> None:
    store(session, bench, alice, "x1", "x2", "x3", "x4", "x5")
    search = bench.search(session, alice)
    first = search.page("x", "", 2)
    assert [entry.name for entry in first.entries] == ["x5", "x4"]

    bench.moving(session, alice).move(["x4"], "x9", OnConflict.FAIL)
    bench.files(session, alice).purge("x2")

    second = search.page("x", "", 2, first.next)
    assert [entry.name for entry in second.entries] == ["x3", "x1"]
