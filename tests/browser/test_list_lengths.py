"""The rows are always the first part of the list, with "Show more" if there is more, after every change.

Rows, total and "Show more" are compared with the server's listing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.support.chromium import Visitor, file, held
from tests.support.controls import control
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

BOX, ELSEWHERE = "box", "elsewhere"
# Seconds between two comparisons, each of which has the server list everything.
PAUSE = 0.1
# Entries that one request of a program may name.
BATCH = 1000
SIZES_AT_A_PAGES_END = [199, 200, 201, 399, 401, 1000]


def numbered(numbers: range, mark: str = "") -> list[str]:
    return [f"{number:04}{mark}.txt" for number in numbers]


class Box:
    """A folder that a page shows, and what the server has in it."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.person = visitor.person
        self.page = visitor.page
        self._query: dict[str, str] = {}

    def fill(self, names: list[str]) -> None:
        """Put small files into the folder, past the page, none of which is of the size of another."""
        for start in range(0, len(names), BATCH):
            parts = [("file", (name, b"x" * (int(name[:4]) % 97))) for name in names[start : start + BATCH]]
            stored = self.person.send("POST", f"/upload?folder={BOX}", fields=parts)
            assert stored.status == 201, stored.data

    def open(self, **query: str) -> None:
        self._query = query
        self.visitor.open(f"/index?{urlencode({'path': BOX, **query})}")

    def listed(self) -> list[str]:
        """Return what the server lists, in the order of the page."""
        asked = {name: value for name, value in self._query.items() if name in {"sort", "order"}}
        return list(pages_of(self.visitor, "/files", {"path": BOX, **asked}, lambda entry: entry["name"]))

    def more(self) -> bool:
        return self.page.locator("#more").count() > 0

    def count(self) -> int:
        numbers = re.findall(r"[\d,]+", self.page.locator("#totals").text_content() or "")
        return int(numbers[0].replace(",", "")) if numbers else 0

    def disagreement(self) -> str:
        """Say where the page and the server disagree; nothing when they do not."""
        rows, listed = self.visitor.names(), self.listed()
        return disagreement(rows, listed, more=self.more(), count=self.count())

    def settle(self) -> None:
        """Wait for the page to agree with the server."""
        try:
            wait_until(lambda: not self.disagreement(), pause=PAUSE, page=self.page)
        except TimeoutError:
            raise AssertionError(self.disagreement()) from None

    def after(self, change: Callable[[], object]) -> None:
        """Make a change on the page, and wait for the server to have it and for the page to agree."""
        before = self.listed()
        change()
        wait_until(lambda: self.listed() != before, pause=PAUSE, what="the change", page=self.page)
        self.settle()

    def show_all(self) -> None:
        while self.more():
            before = self.page.locator("#rows .list-row").count()
            self.page.locator("#more").click()
            self.page.wait_for_function(
                "before => document.querySelectorAll('#rows .list-row').length > before", arg=before
            )
            self.settle()
        assert self.visitor.names() == self.listed()

    def choose(self, rows: slice) -> None:
        """Choose some of the rows that are loaded, and give the last of them the focus."""
        self.page.evaluate(
            """([start, stop]) => {
              const rows = [...document.querySelectorAll("#rows .list-row")];
              const chosen = new Set(rows.slice(start ?? 0, stop ?? undefined));
              for (const row of rows) {
                const box = row.querySelector(".check input");
                if (box.checked !== chosen.has(row)) {
                  box.click();
                }
              }
              [...chosen].at(-1).querySelector(".name").focus();
            }""",
            [rows.start, rows.stop],
        )

    def press(self, action: str) -> None:
        self.page.locator("#selection-actions").locator(f"[data-action={action}]").click()

    def upload(self, names: list[str]) -> None:
        self.page.locator("#files-input").set_input_files([file(name, name.encode()) for name in names])

    def make_folder(self, name: str) -> None:
        control(self.page, "new folder").click()
        self.page.locator("#make-folder-name").fill(name)
        self.page.keyboard.press("Enter")

    def delete(self, rows: slice) -> None:
        self.choose(rows)
        self.page.keyboard.press("Delete")

    def copy_here(self, rows: slice) -> None:
        self.choose(rows)
        self.press("copy")
        self.page.get_by_role("button", name=text_of("copy-here")).click()

    def move_away(self, rows: slice) -> None:
        self.choose(rows)
        self.press("move")
        self.page.get_by_role("treeitem", name=ELSEWHERE, exact=True).click()
        self.page.get_by_role("button", name=text_of("move-here")).click()

    def undo(self) -> None:
        self.page.keyboard.press("Control+z")


def disagreement(rows: list[str], listed: list[str], *, more: bool, count: int | None) -> str:
    for number, (row, name) in enumerate(zip_longest(rows, listed[: len(rows)])):
        if row != name:
            return f"row {number} of {len(rows)} is {row}, and {name} is listed there"
    if more != (len(rows) < len(listed)):
        return f"{len(rows)} rows of {len(listed)} {'with' if more else 'without'} Show more"
    if count is not None and count != len(listed):
        return f"{count} items, but {len(listed)} are listed"
    return ""


def pages_of(
    visitor: Visitor, path: str, query: dict[str, str], name_of: Callable[[dict[str, Any]], str]
) -> Iterator[str]:
    """Yield the name of everything that the server lists."""
    after = ""
    while after is not None:
        asked = {**query, "limit": "1000", **({"after": after} if after else {})}
        page = visitor.person.send("GET", f"{path}?{urlencode(asked)}")
        assert page.status == 200, page.data
        yield from (name_of(entry) for entry in page.json()["entries"])
        after = page.json()["next"]


@pytest.fixture
def box(visitor: Visitor) -> Box:
    visitor.person.store(f"{ELSEWHERE}/a.txt", b"1")
    return Box(visitor)


def change_in_every_way(box: Box, mark: str = "b") -> None:
    """Change a list, undo it, and see each time that page and server agree; `mark` is in the new names."""
    box.after(lambda: box.upload([*numbered(range(0, 60, 12), mark), f"9999{mark}.txt"]))
    box.after(lambda: box.make_folder(f"folder {mark}"))
    for rows in (slice(-20, None), slice(3, 10)):
        for act in (box.delete, box.copy_here, box.move_away):
            box.after(partial(act, rows))
            box.after(box.undo)
    box.show_all()


def test_rows_show_more_and_total_agree_after_every_change(box: Box) -> None:
    box.fill(numbered(range(190)))
    box.open()
    box.settle()

    change_in_every_way(box)

    assert box.disagreement() == ""


@pytest.mark.long
@pytest.mark.parametrize("view", ["list", "grid"])
@pytest.mark.parametrize(
    "order", [{}, {"sort": "size", "order": "desc"}, {"sort": "modified", "order": "asc"}]
)
@pytest.mark.parametrize("size", SIZES_AT_A_PAGES_END)
def test_rows_show_more_and_total_agree_at_page_boundaries(
    box: Box, size: int, order: dict[str, str], view: str
) -> None:
    box.fill(numbered(range(size)))
    box.open(view=view, **order)
    box.settle()

    change_in_every_way(box)
    # Once more, with all of it loaded.
    change_in_every_way(box, "c")

    assert box.disagreement() == ""


@pytest.mark.parametrize("size", [pytest.param(199, marks=pytest.mark.long), 401])
def test_changes_by_others_appear_with_the_next_change(box: Box, size: int) -> None:
    box.fill(numbered(range(size)))
    box.open()
    box.settle()

    box.fill(numbered(range(20), "b") + numbered(range(5000, 5020)))
    box.person.delete(f"{BOX}/0007.txt")
    box.person.store(f"{BOX}/0008.txt", b"other")
    box.after(lambda: box.make_folder("a folder"))
    expect(box.visitor.row("0008.txt")).to_contain_text(text_of("size.0", count=5, value=5))

    box.fill(numbered(range(6000, 6700)))
    box.after(lambda: box.delete(slice(0, 1)))
    assert box.more(), "so many come a page at a time"
    box.show_all()


def test_changes_by_others_appear_with_the_next_page(box: Box) -> None:
    box.fill(numbered(range(250)))
    box.open()
    box.settle()

    box.fill(numbered(range(20), "b"))
    box.page.locator("#more").click()
    box.settle()

    assert len(box.visitor.names()) == 270


def test_a_change_during_loading_of_the_next_page_is_shown(box: Box) -> None:
    box.fill(numbered(range(250)))
    box.open()
    page = box.page
    with page.expect_response("**after=*"), held(page, "**after=*"):
        with page.expect_request("**after=*"):
            page.locator("#more").click()
        box.make_folder("a folder")
        box.upload(["0100b.txt", "0230b.txt"])
        expect(page.get_by_role("heading", name=text_of("done", count=2))).to_be_visible()
        wait_until(lambda: len(box.listed()) == 253, what="the uploads", page=box.page)
    box.settle()

    assert len(box.visitor.names()) == 253


@pytest.mark.long
def test_a_folder_filled_from_the_page_shows_all_new_entries(box: Box) -> None:
    box.fill(["0000.txt"])
    box.open()
    box.delete(slice(0, 1))
    expect(control(box.page, "nothing here")).to_be_visible()

    names = numbered(range(1, 701))
    box.upload(names)
    wait_until(lambda: box.listed() == names, what="the uploads", page=box.page)
    box.settle()

    assert box.visitor.names() == names


class Trash:
    """The trash as a page shows it."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def listed(self) -> list[str]:
        return list(pages_of(self.box.visitor, "/trash", {}, lambda entry: entry["name"]))

    def settle(self) -> None:
        def problem() -> str:
            return disagreement(self.box.visitor.names(), self.listed(), more=self.box.more(), count=None)

        try:
            wait_until(lambda: not problem(), pause=PAUSE, page=self.box.page)
        except TimeoutError:
            raise AssertionError(problem()) from None

    def after(self, change: Callable[[], object]) -> None:
        before = self.listed()
        change()
        wait_until(lambda: self.listed() != before, pause=PAUSE, what="the change", page=self.box.page)
        self.settle()


@pytest.mark.parametrize("size", [201, pytest.param(401, marks=pytest.mark.long)])
def test_the_trash_shows_all_entries_or_offers_more(box: Box, size: int) -> None:
    box.fill(numbered(range(size)))
    paths = [f"{BOX}/{name}" for name in numbered(range(size))]
    assert box.person.send("POST", "/trash", json={"paths": paths}).status == 200
    box.visitor.open("/trash")
    trash = Trash(box)
    trash.settle()

    def restore(rows: slice) -> None:
        box.choose(rows)
        box.press("restore")

    for rows in (slice(-5, None), slice(0, 3)):
        trash.after(partial(restore, rows))
        # Another user deletes something too.
        box.person.store(f"{ELSEWHERE}/{rows.start}.txt", b"1")
        box.person.delete(f"{ELSEWHERE}/{rows.start}.txt")
        trash.after(box.undo)
    trash.after(partial(restore, slice(0, 200)))


def test_search_results_are_counted_as_far_as_loaded(box: Box) -> None:
    box.fill(numbered(range(120)))
    page = box.page
    box.visitor.open("/search?q=txt")

    def found(key: str, rows: int) -> None:
        expect(page.locator("#found")).to_have_text(text_of(key, count=rows))
        expect(page.locator("#rows .list-row")).to_have_count(rows)

    found("found-so-far", 100)
    box.delete(slice(-5, None))
    expect(page.get_by_role("status").filter(has_text=text_of("deleted-many", count=5))).to_have_count(1)
    found("found-so-far", 100)
    box.undo()
    found("found-so-far", 105)
    page.locator("#more").click()
    found("found", 121)
    box.person.store(f"{BOX}/by others.txt", b"1")
    box.delete(slice(0, 2))
    found("found", 120)
    assert len(page.locator("#more").all()) == 0


ACTS = ["upload", "folder", "delete", "copy", "move", "undo", "more", "others add", "others delete"]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_rows_show_more_and_total_agree_after_any_operations(box: Box, seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([190, *SIZES_AT_A_PAGES_END])
    box.fill(numbered(range(0, 3 * size, 3)))
    order = chance.choice([{}, {"sort": "size"}, {"sort": "modified", "order": "desc"}, {"order": "desc"}])
    box.open(view=chance.choice(["list", "grid"]), **order)
    box.settle()

    fresh = iter(chance.sample(range(9999), 3000))
    can_undo = 0
    for _ in range(25):
        act = chance.choice(ACTS)
        start = chance.randrange(max(1, len(box.visitor.names()) - 30))
        rows = chance.choice(
            [slice(start, start + chance.randint(1, 30)), slice(-chance.randint(1, 30), None)]
        )
        if act == "more" and box.more():
            box.page.locator("#more").click()
            box.settle()
        elif act == "upload":
            box.after(
                lambda: box.upload(sorted(f"{next(fresh):04}c.txt" for _ in range(chance.randint(1, 25))))
            )
        elif act == "folder":
            box.after(partial(box.make_folder, f"{next(fresh):04}"))
        elif act == "others add":
            box.fill([f"{next(fresh):04}d.txt" for _ in range(chance.choice([1, 30, 250]))])
        elif act == "others delete":
            gone = chance.sample(box.listed(), 3)
            paths = [f"{BOX}/{name}" for name in gone]
            assert box.person.send("POST", "/trash", json={"paths": paths}).status == 200
            box.after(partial(box.make_folder, f"{next(fresh):04}"))
            can_undo = 0
        elif act == "undo" and can_undo:
            can_undo -= 1
            box.after(box.undo)
        elif act == "move":
            # And back, because items of the same name must not meet elsewhere.
            box.after(partial(box.move_away, rows))
            box.after(box.undo)
        elif act in {"delete", "copy"}:
            box.after(partial(box.delete if act == "delete" else box.copy_here, rows))
            can_undo += 1
    box.after(partial(box.make_folder, "the last"))
    box.show_all()
