"""Pages of a listing, put together, are the whole folder in its order.

Rule: the expectation is computed in Python from the input, never read from the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cabinet.errors import InvalidField, NotAFolder, NotFound
from cabinet.models import Kind
from cabinet.services.accounts.account import Account
from cabinet.services.kernel.database import writing
from cabinet.services.tree.entries import Entry
from cabinet.services.tree.extents import Extent
from cabinet.services.tree.listing import Listing
from cabinet.services.tree.names import join_path, sort_key, split_path
from cabinet.services.tree.paging import Order, Page, Sort
from cabinet.services.tree.tree import Tree
from tests.support.services import START, Workbench

# The bench of a test serves all of its examples: each has a user of its own.
one_bench = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)

every_order = [(sort, descending) for sort, descending in product(Sort, (False, True))]


def short(value: object) -> str:
    """Return an id of a case that fits a line."""
    return ascii(value)[:24]


names = st.sampled_from(
    [*"abcdefgh", "A", "file2", "file10", "ёж", "Йод", "я", "é", "e\u0301x", "10", "2", "0"]
)


@dataclass(frozen=True)
class Planted:
    """A node as a test puts it in; `minute` is when it was modified, and a folder holds `size` bytes."""

    name: str
    kind: Kind
    size: int
    minute: int


planted = st.builds(
    Planted,
    name=names,
    kind=st.sampled_from([Kind.FOLDER, Kind.FILE]),
    size=st.integers(0, 3),
    minute=st.integers(0, 3),
)

folders = st.lists(planted, max_size=12, unique_by=lambda node: node.name)

# A tree as the paths of its files.
trees = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(tuple), max_size=12)


def plant(session: Session, owner: Account, nodes: Sequence[Planted]) -> None:
    tree = Tree(session, owner.scope)
    with writing(session):
        root = tree.root(lock=True)
        for planted in nodes:
            node = tree.new(root, planted.name, planted.kind, START + timedelta(minutes=planted.minute))
            # A folder has no size, but it may hold as much.
            node.size, node.tree_size = planted.size, 0
            if planted.kind is Kind.FOLDER:
                node.size, node.tree_size = 0, planted.size
            tree.add_all(root, [node])


def in_order(
    nodes: Sequence[Planted], sort: Sort, *, descending: bool, max_summed: int = 10_000
) -> list[str]:
    values: dict[Sort, Callable[[Planted], int]] = {
        Sort.NAME: lambda node: 0,
        Sort.SIZE: lambda node: node.size,
        Sort.MODIFIED: lambda node: node.minute,
    }
    expected: list[str] = []
    for kind in Kind:
        same = [node for node in nodes if node.kind is kind]
        is_by_name = kind is Kind.FOLDER and sort is Sort.SIZE and len(same) > max_summed
        value = values[Sort.NAME if is_by_name else sort]
        same.sort(key=lambda node: (value(node), sort_key(node.name)), reverse=descending)
        expected.extend(node.name for node in same)
    return expected


def read_all(read: Callable[[str | None], Page], limit: int, after: str | None = None) -> Iterator[Entry]:
    while True:
        page = read(after)
        assert len(page.entries) <= limit
        assert page.entries or after is None, "an empty page, although the one before promised more"
        yield from page.entries
        if page.next is None:
            return
        assert len(page.entries) == limit
        after = page.next


@one_bench
@given(nodes=folders, limit=st.integers(1, 5), max_summed=st.integers(0, 6))
def test_pages_list_the_folder_in_order(
    bench: Workbench, nodes: list[Planted], limit: int, max_summed: int
) -> None:
    with bench.session() as session:
        owner = bench.register(session)
        plant(session, owner, nodes)
        listing = bench.listing(session, owner, max_summed)

        for sort, descending in every_order:
            read = partial(page_after, listing, sort, descending, limit)
            found = [entry.name for entry in read_all(read, limit)]
            expected = in_order(nodes, sort, descending=descending, max_summed=max_summed)
            assert found == expected, (sort, descending)


@pytest.mark.parametrize(("before", "after"), [(3, 2), (2, 3)])
@pytest.mark.parametrize("descending", [False, True])
def test_a_list_by_size_continues_consistently_when_the_number_of_folders_changes(
    bench: Workbench, session: Session, before: int, after: int, descending: bool
) -> None:
    owner = bench.register(session)
    nodes = [
        Planted("a", Kind.FOLDER, 2, 0), Planted("b", Kind.FOLDER, 3, 0), Planted("c", Kind.FOLDER, 1, 0),
        Planted("x", Kind.FILE, 5, 0), Planted("y", Kind.FILE, 4, 0),
    ]  # fmt: skip
    plant(session, owner, nodes)
    begun, goes_on = (bench.listing(session, owner, most) for most in (before, after))

    first = begun.page("", Order(Sort.SIZE, descending), 1)
    rest = list(read_all(partial(page_after, goes_on, Sort.SIZE, descending, 2), 2, first.next))
    outline = goes_on.outline("", Order(Sort.SIZE, descending), Extent(first.next, 1, 100))

    names = [entry.name for entry in (*first.entries, *rest)]
    assert names == in_order(nodes, Sort.SIZE, descending=descending, max_summed=before)
    assert [each.name for each in outline.summaries] == names[:1]


def page_after(listing: Listing, sort: Sort, descending: bool, limit: int, after: str | None) -> Page:
    return listing.page("", Order(sort, descending, after), limit)


@one_bench
@given(nodes=folders, others=folders, limit=st.integers(1, 5), least=st.integers(1, 5))
def test_an_outline_reflects_current_pages(
    bench: Workbench, nodes: list[Planted], others: list[Planted], limit: int, least: int
) -> None:
    later = [node for node in others if node.name not in {each.name for each in nodes}]
    with bench.session() as session:
        owner = bench.register(session)
        plant(session, owner, nodes)
        listing = bench.listing(session, owner)
        cursors = {each: listing.page("", Order(*each), limit).next for each in every_order}
        plant(session, owner, later)

        for (sort, descending), cursor in cursors.items():
            outline = listing.outline("", Order(sort, descending), Extent(cursor, least, 100))
            shown = [each.name for each in outline.summaries]
            rest = partial(page_after, listing, sort, descending, 100)
            following = list(rest(outline.next).entries) if outline.next else []

            now = in_order(nodes + later, sort, descending=descending)
            assert shown + [entry.name for entry in following] == now, (sort, descending)
            assert bool(following) is (outline.next is not None)
            last = in_order(nodes, sort, descending=descending)[:limit][-1:]
            seen = now.index(last[0]) + 1 if cursor else len(now)
            assert len(shown) == max(seen, min(least, len(now)))
            assert outline.totals.entries == len(now)


def test_requested_entries_of_an_outline_are_read_if_they_still_exist(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    for name in "abcd":
        bench.upload(session, alice, f"box/{name}", name.encode())
    outline = listing.outline("box", Order(), Extent(None, 1, 3))
    assert [each.name for each in outline.summaries] == ["a", "b", "c"]
    bench.files(session, alice).trash("box/c")
    bench.trash(session, alice).empty()

    found = listing.entries(outline, [0, 2])

    assert {number: entry.path for number, entry in found.items()} == {0: "box/a"}
    assert found[0] == bench.files(session, alice).get("box/a")


@one_bench
@given(paths=trees, limit=st.integers(1, 4))
def test_recursive_pages_list_every_folder_followed_by_its_content(
    bench: Workbench, paths: list[tuple[str, ...]], limit: int
) -> None:
    with bench.session() as session:
        owner = bench.register(session)
        kinds = plant_tree(session, owner, paths)
        listing = bench.listing(session, owner)

        found = list(read_all(lambda after: listing.page_below("", limit, after), limit))
        below = list(listing.page_below("a", 1000, None).entries) if kinds.get(("a",)) is Kind.FOLDER else []

    expected = [join_path(path) for path in walked((), kinds)]
    assert [entry.path for entry in found] == expected
    assert [entry.path for entry in below] == [path for path in expected if path.startswith("a/") and below]


def test_a_walk_reads_a_large_folder_in_batches(
    bench: Workbench, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = bench.register(session)
    kinds = plant_tree(session, owner, [("a", "x"), ("b", "x"), ("c", "x"), ("d",), ("e",)])
    monkeypatch.setattr("cabinet.services.tree.listing.MAX_LIMIT", 2)

    found = bench.listing(session, owner).page_below("", 100, None)

    assert [entry.path for entry in found.entries] == [join_path(path) for path in walked((), kinds)]


def plant_tree(
    session: Session, owner: Account, paths: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], Kind]:
    """Put a file at each path that is not taken and return the kind of every node by its path."""
    tree = Tree(session, owner.scope)
    kinds: dict[tuple[str, ...], Kind] = {}
    with writing(session):
        tree.root(lock=True)
        for path in paths:
            folder, depth = tree.walk(path)
            if depth == len(path) or folder.kind != Kind.FOLDER:
                continue
            parent = tree.load(tree.make_folders(folder, path[depth:-1], START))
            tree.add_all(parent, [tree.new(parent, path[-1], Kind.FILE, START)])
            kinds |= {path[:end]: Kind.FOLDER for end in range(1, len(path))} | {path: Kind.FILE}
    return kinds


def walked(folder: tuple[str, ...], kinds: dict[tuple[str, ...], Kind]) -> Iterator[tuple[str, ...]]:
    children = [path for path in kinds if path[:-1] == folder]
    for path in sorted(children, key=lambda path: (kinds[path], sort_key(path[-1]))):
        yield path
        yield from walked(path, kinds)


@pytest.fixture
def listing(session: Session, bench: Workbench, alice: Account) -> Listing:
    return bench.listing(session, alice)


def test_a_walk_continues_after_its_last_entry_was_deleted(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    for path in ("a/b/1", "a/b/2", "a/c/3", "d/4"):
        bench.upload(session, alice, path, b"x")
    page = listing.page_below("", 3, None)
    assert [entry.path for entry in page.entries] == ["a", "a/b", "a/b/1"]

    bench.files(session, alice).trash("a/b")

    rest = listing.page_below("", 10, page.next)
    assert [entry.path for entry in rest.entries] == ["a/c", "a/c/3", "d", "d/4"]


def test_a_walk_continues_after_its_folder_was_replaced_by_a_file(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    for path in ("a/b/1", "z"):
        bench.upload(session, alice, path, b"x")
    page = listing.page_below("", 3, None)
    bench.files(session, alice).trash("a")
    bench.upload(session, alice, "a", b"x")

    rest = listing.page_below("", 10, page.next)

    assert [entry.path for entry in rest.entries] == ["a", "z"]


def test_a_page_reports_the_totals_of_the_folder(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    for number in range(5):
        bench.upload(session, alice, f"folder/{number}", b"x" * number)
    bench.upload(session, alice, "folder/below/it", b"xyz")
    page = listing.page("folder", Order(), 2)

    totals = page.totals
    assert (page.path, len(page.entries)) == ("folder", 2)
    assert (totals.entries, totals.files, totals.size) == (6, 6, 13)


def test_only_a_folder_can_be_listed(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    bench.upload(session, alice, "file", b"")

    for path, error in (("file", NotAFolder), ("nothing", NotFound), ("file/below", NotFound)):
        with pytest.raises(error):
            listing.page(path, Order(), 1)
        with pytest.raises(error):
            listing.page_below(path, 1, None)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("cursor", ["", "garbage", "é", "W10", "\0", "\ud800", "W" * 100_000], ids=short)
def test_a_forged_cursor_is_refused(listing: Listing, sort: Sort, cursor: str) -> None:
    with pytest.raises(InvalidField) as of_page:
        listing.page("", Order(sort, after=cursor), 10)
    with pytest.raises(InvalidField) as of_walk:
        listing.page_below("", 10, cursor)

    assert of_page.value.field == of_walk.value.field == "after"


def test_a_cursor_is_valid_for_one_folder_order_and_user(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    other = bench.register(session)
    for path in ("a/1", "a/2", "b/1", "b/2"):
        bench.upload(session, alice, path, b"x")
        bench.upload(session, other, path, b"x")
    page, walk = listing.page("a", Order(), 1).next, listing.page_below("a", 1, None).next
    theirs = bench.listing(session, other)

    foreign: list[Callable[[], Page]] = [
        lambda: listing.page("b", Order(after=page), 1),
        lambda: listing.page("", Order(after=page), 1),
        lambda: listing.page("a", Order(descending=True, after=page), 1),
        lambda: listing.page("a", Order(Sort.SIZE, after=page), 1),
        lambda: listing.page("a", Order(after=walk), 1),
        lambda: listing.page_below("a", 1, page),
        lambda: listing.page_below("b", 1, walk),
        lambda: listing.page_below("", 1, walk),
        lambda: theirs.page("a", Order(after=page), 1),
        lambda: theirs.page_below("a", 1, walk),
    ]

    for read in foreign:
        with pytest.raises(InvalidField):
            read()
    assert [entry.name for entry in listing.page("a", Order(after=page), 1).entries] == ["2"]
    assert [entry.name for entry in listing.page_below("a", 1, walk).entries] == ["2"]


def test_a_cursor_contains_only_paths_below_the_folder(
    session: Session, bench: Workbench, alice: Account, listing: Listing
) -> None:
    deep = "/".join(["я" * 120] * 7)
    for name in "ab":
        bench.upload(session, alice, f"{deep}/{name}", b"x")
        bench.upload(session, alice, f"x/{name}", b"x")

    for order in (Order(sort, descending) for sort, descending in every_order):
        assert len(listing.page(deep, order, 1).next or "") == len(listing.page("x", order, 1).next or "")
    below = [listing.page_below(path, 1, None).next or "" for path in (deep, "x")]
    assert len(below[0]) == len(below[1])


def test_the_root_is_listed_by_the_empty_path(listing: Listing) -> None:
    assert split_path("") == ()
    assert listing.page("", Order(), 10).entries == []
    assert listing.page_below("", 10, None).entries == []
