"""Everything in a folder or in the trash, loaded or not: one button selects it, one request changes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.conftest import COUNT
from tests.support.chromium import Visitor
from tests.support.controls import answer, checkbox, control, link
from tests.support.wording import pattern_of, text_of

pytestmark = pytest.mark.browser

NAMES = [f"{number:03}.txt" for number in range(COUNT)]
SHELF = "/index?path=shelf"


def bar(page: Page) -> Locator:
    return control(page, "selection")


def select_everything(page: Page) -> None:
    page.keyboard.press("Control+a")
    expect(bar(page)).to_contain_text(text_of("chosen", count=200))
    bar(page).get_by_role("button", name=text_of("select-all", count=COUNT)).click()
    expect(bar(page)).to_contain_text(text_of("chosen", count=COUNT))


def without(page: Page, name: str) -> None:
    checkbox(page, name).uncheck()


def status(page: Page, text: str) -> Locator:
    return page.get_by_role("status").get_by_text(text)


def expect_count(page: Page, count: int) -> None:
    expect(page.locator("#totals")).to_have_text(re.compile(rf"^\s*{count}\b"))


def press(page: Page, action: str) -> None:
    bar(page).get_by_role("button", name=text_of(f"act-{action}")).click()


@pytest.fixture
def posted(visitor: Visitor) -> list[tuple[str, Any]]:
    """Return what the page posts as JSON to have something done: where to, and what."""
    seen: list[tuple[str, Any]] = []

    def note(request: Request) -> None:
        is_json = "json" in request.headers.get("content-type", "")
        # What shows is compared with what there is after each change.
        if request.method == "POST" and is_json and "/rows" not in request.url:
            seen.append((request.url.removeprefix(visitor.server.url), request.post_data_json))

    visitor.page.on("request", note)
    return seen


def shelf_of(visitor: Visitor, folder: str = "shelf") -> list[str]:
    paths = [entry["path"] for entry in visitor.person.entries() if entry["kind"] == "file"]
    return sorted(path.removeprefix(f"{folder}/") for path in paths if path.startswith(f"{folder}/"))


def test_everything_except_one_row_is_deleted_and_restored_by_one_request_each(
    shelf: Visitor, posted: list[tuple[str, Any]]
) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    expect(control(page, "select all")).to_be_checked()
    without(page, "003.txt")
    expect(bar(page)).to_contain_text(text_of("chosen", count=COUNT - 1))
    expect(control(page, "select all")).to_have_js_property("indeterminate", True)

    control(page, "more").click()
    expect(page.locator("#rows :checked")).to_have_count(399)
    without(page, "399.txt")
    checkbox(page, "399.txt").check()
    expect(bar(page)).to_contain_text(text_of("chosen", count=COUNT - 1))
    press(page, "trash")

    expect(status(page, text_of("deleted-many", count=COUNT - 1))).to_be_visible()
    expect(page.locator("#rows .list-row")).to_have_count(1)
    expect_count(page, 1)
    expect(bar(page)).to_be_hidden()
    assert shelf.names() == ["003.txt"]
    ((address, body),) = posted
    assert (address, body) == ("/trash", {"folder": "shelf", "except": ["003.txt"], "count": COUNT - 1})
    page.keyboard.press("Control+z")
    expect_count(page, COUNT)
    assert [address for address, _body in posted] == ["/trash", "/trash/restore"]
    assert shelf_of(shelf) == NAMES


def test_everything_is_moved_to_the_picked_folder_and_back(
    shelf: Visitor, posted: list[tuple[str, Any]], expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    shelf.person.store("docs/005.txt", b"in the way")
    page = shelf.open(SHELF)
    select_everything(page)

    press(page, "move")
    dialog = page.get_by_role("dialog", name=text_of("move-many", count=COUNT))
    dialog.get_by_role("treeitem", name="docs", exact=True).click()
    dialog.get_by_role("button", name=text_of("move-here")).click()
    question = page.get_by_role("dialog", name=text_of("some-exist"))
    answer(question, "replace").click()

    expect(status(page, text_of("moved-many", count=COUNT, folder="docs"))).to_be_visible()
    expect(control(page, "nothing here")).to_be_visible()
    assert shelf_of(shelf, "docs") == [*NAMES, "a.txt"]
    page.keyboard.press("Control+z")
    expect_count(page, COUNT)
    assert shelf_of(shelf) == NAMES
    assert shelf.person.get("docs/005.txt") == b"in the way"
    assert [address for address, _body in posted if address != "/lookup"] == [
        "/moves",
        "/moves",
        "/moves/undo",
    ]


def test_everything_is_dragged_to_a_breadcrumb_and_downloaded_as_one_archive(shelf: Visitor) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    without(page, "007.txt")

    with page.expect_download() as downloaded:
        press(page, "download")
    archive = ZipFile(BytesIO(downloaded.value.path().read_bytes()))
    assert archive.namelist() == [name for name in NAMES if name != "007.txt"]
    crumb = control(page, "top crumb")
    page.locator('#rows [data-name="002.txt"]').drag_to(crumb)

    expect_count(page, 1)
    assert shelf_of(shelf) == ["007.txt"]


def test_new_entries_are_reported_and_can_be_selected_too(
    shelf: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    page = shelf.open(SHELF)
    for action in ("trash", "download"):
        select_everything(page) if action == "trash" else None
        without(page, "000.txt")
        shelf.person.store(f"shelf/{action}", b"new")
        press(page, action)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(pattern_of("selection-changed"))
        assert "000.txt" in shelf_of(shelf)
        alert.get_by_role("button", name=text_of("select-again")).click()
        more = COUNT if action == "trash" else COUNT + 1
        expect(bar(page)).to_contain_text(text_of("chosen", count=more))
        expect(checkbox(page, "000.txt")).not_to_be_checked()
        checkbox(page, "000.txt").check()

    press(page, "trash")

    expect(control(page, "nothing here")).to_be_visible()


def test_everything_in_the_trash_except_one_is_restored_deleted_and_purged(shelf: Visitor) -> None:
    body = {"folder": "shelf", "count": COUNT}
    assert shelf.person.send("POST", "/trash", json=body).status == 200
    page = shelf.open("/trash")
    select_everything(page)

    press(page, "restore")
    expect(status(page, text_of("restored-many", count=COUNT))).to_be_visible()
    assert shelf_of(shelf) == NAMES
    page.keyboard.press("Control+z")
    expect(page.locator("#rows .list-row")).to_have_count(200)
    assert shelf_of(shelf) == []
    select_everything(page)
    kept = page.locator("#rows .list-row").first
    name = kept.get_attribute("data-name")
    kept.get_by_role("checkbox").uncheck()
    press(page, "purge")
    dialog = page.get_by_role("dialog", name=text_of("purge-many", count=COUNT - 1))
    dialog.get_by_role("button", name=text_of("purge")).click()

    expect(page.locator("#rows .list-row")).to_have_count(1)
    assert shelf.names() == [name]


def test_without_a_known_total_select_all_selects_loaded_rows(shelf: Visitor) -> None:
    page = shelf.open("/search?q=txt")

    page.keyboard.press("Control+a")

    expect(bar(page)).to_contain_text(text_of("only-loaded"))
    expect(bar(page).get_by_role("button", name=pattern_of("select-all", count=2))).to_have_count(0)


def test_another_folder_or_a_new_file_ends_a_selection_of_everything(shelf: Visitor) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    control(page, "top crumb").click()
    expect(link(page, "docs")).to_be_visible()
    expect(bar(page)).to_be_hidden()
    link(page, "shelf").click()
    expect(link(page, "000.txt")).to_be_visible()
    select_everything(page)

    shelf.choose({"name": "000a.txt", "mimeType": "text/plain", "buffer": b"new"})

    expect_count(page, COUNT + 1)
    expect(bar(page)).to_contain_text(text_of("chosen", count=200))
    expect(checkbox(page, "000a.txt")).not_to_be_checked()
