"""Everything in a folder or in the trash, loaded or not: selected by one button, acted on by one request."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.conftest import COUNT
from tests.support.chromium import Visitor

pytestmark = pytest.mark.browser

NAMES = [f"{number:03}.txt" for number in range(COUNT)]
SHELF = "/index?path=shelf"


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="With the chosen ones")


def select_everything(page: Page) -> None:
    page.keyboard.press("Control+a")
    expect(bar(page)).to_contain_text("200 chosen")
    bar(page).get_by_role("button", name=f"Select all {COUNT}").click()
    expect(bar(page)).to_contain_text(f"{COUNT} chosen")


def without(page: Page, name: str) -> None:
    page.get_by_label(f"Choose “{name}”").uncheck()


def status(page: Page, text: str) -> Locator:
    return page.get_by_role("status").get_by_text(text)


def press(page: Page, name: str) -> None:
    bar(page).get_by_role("button", name=name).click()


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


def test_everything_but_one_is_deleted_by_one_request_and_brought_back_by_another(
    shelf: Visitor, posted: list[tuple[str, Any]]
) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    expect(page.get_by_label("Choose all")).to_be_checked()
    without(page, "003.txt")
    expect(bar(page)).to_contain_text(f"{COUNT - 1} chosen")
    expect(page.get_by_label("Choose all")).to_have_js_property("indeterminate", True)

    page.get_by_role("link", name="Show more").click()
    expect(page.locator("#rows :checked")).to_have_count(399)
    without(page, "399.txt")
    page.get_by_label("Choose “399.txt”").check()
    expect(bar(page)).to_contain_text(f"{COUNT - 1} chosen")
    press(page, "Delete")

    expect(status(page, f"{COUNT - 1} items are in the trash.")).to_be_visible()
    expect(page.locator("#rows .list-row")).to_have_count(1)
    expect(page.locator("#totals")).to_contain_text("1 item")
    expect(bar(page)).to_be_hidden()
    assert shelf.names() == ["003.txt"]
    ((address, body),) = posted
    assert (address, body) == ("/trash", {"folder": "shelf", "except": ["003.txt"], "count": COUNT - 1})
    page.keyboard.press("Control+z")
    expect(page.locator("#totals")).to_contain_text(f"{COUNT} items")
    assert [address for address, _body in posted] == ["/trash", "/trash/restore"]
    assert shelf_of(shelf) == NAMES


def test_everything_is_moved_into_the_folder_that_is_picked_and_back(
    shelf: Visitor, posted: list[tuple[str, Any]], expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    shelf.person.store("docs/005.txt", b"in the way")
    page = shelf.open(SHELF)
    select_everything(page)

    press(page, "Move")
    dialog = page.get_by_role("dialog", name=f"Move {COUNT} items")
    dialog.get_by_role("treeitem", name="docs", exact=True).click()
    dialog.get_by_role("button", name="Move here").click()
    question = page.get_by_role("dialog", name="Some of these names are already in use")
    question.get_by_role("button", name="Replace").click()

    expect(status(page, f"{COUNT} items are in “docs” now.")).to_be_visible()
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    assert shelf_of(shelf, "docs") == [*NAMES, "a.txt"]
    page.keyboard.press("Control+z")
    expect(page.locator("#totals")).to_contain_text(f"{COUNT} items")
    assert shelf_of(shelf) == NAMES
    assert shelf.person.get("docs/005.txt") == b"in the way"
    assert [address for address, _body in posted if address != "/lookup"] == [
        "/moves",
        "/moves",
        "/moves/undo",
    ]


def test_everything_is_dragged_onto_a_crumb_and_comes_in_one_archive(shelf: Visitor) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    without(page, "007.txt")

    with page.expect_download() as downloaded:
        press(page, "Download")
    archive = ZipFile(BytesIO(downloaded.value.path().read_bytes()))
    assert archive.namelist() == [name for name in NAMES if name != "007.txt"]
    crumb = page.get_by_role("navigation", name="Where you are").get_by_text("Your files")
    page.locator('#rows [data-name="002.txt"]').drag_to(crumb)

    expect(page.locator("#totals")).to_contain_text("1 item")
    assert shelf_of(shelf) == ["007.txt"]


def test_what_arrived_since_is_told_and_can_be_selected_too(
    shelf: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    page = shelf.open(SHELF)
    for action in ("Delete", "Download"):
        select_everything(page) if action == "Delete" else None
        without(page, "000.txt")
        shelf.person.store(f"shelf/{action}", b"new")
        press(page, action)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Nothing was done.")
        assert "000.txt" in shelf_of(shelf)
        alert.get_by_role("button", name="Select again").click()
        more = COUNT if action == "Delete" else COUNT + 1
        expect(bar(page)).to_contain_text(f"{more} chosen")
        expect(page.get_by_label("Choose “000.txt”")).not_to_be_checked()
        page.get_by_label("Choose “000.txt”").check()

    press(page, "Delete")

    expect(page.get_by_text("This folder is empty")).to_be_visible()


def test_everything_in_the_trash_is_restored_deleted_again_and_purged_but_for_one(shelf: Visitor) -> None:
    body = {"folder": "shelf", "count": COUNT}
    assert shelf.person.send("POST", "/trash", json=body).status == 200
    page = shelf.open("/trash")
    select_everything(page)

    press(page, "Restore")
    expect(status(page, f"{COUNT} items are back.")).to_be_visible()
    assert shelf_of(shelf) == NAMES
    page.keyboard.press("Control+z")
    expect(page.locator("#rows .list-row")).to_have_count(200)
    assert shelf_of(shelf) == []
    select_everything(page)
    kept = page.locator("#rows .list-row").first
    name = kept.get_attribute("data-name")
    kept.get_by_role("checkbox").uncheck()
    press(page, "Delete for ever")
    dialog = page.get_by_role("dialog", name=f"Delete {COUNT - 1} items for ever?")
    dialog.get_by_role("button", name="Delete for ever").click()

    expect(page.locator("#rows .list-row")).to_have_count(1)
    assert shelf.names() == [name]


def test_where_nobody_knows_how_much_there_is_all_is_what_is_loaded(shelf: Visitor) -> None:
    page = shelf.open("/search?q=txt")

    page.keyboard.press("Control+a")

    expect(bar(page)).to_contain_text("Only what is loaded so far")
    expect(bar(page).get_by_role("button", name="Select all")).to_have_count(0)


def test_another_folder_or_a_new_file_ends_what_was_selected_as_everything(shelf: Visitor) -> None:
    page = shelf.open(SHELF)
    select_everything(page)
    page.get_by_role("navigation", name="Where you are").get_by_text("Your files").click()
    expect(page.get_by_role("link", name="docs", exact=True)).to_be_visible()
    expect(bar(page)).to_be_hidden()
    page.get_by_role("link", name="shelf", exact=True).click()
    expect(page.get_by_role("link", name="000.txt", exact=True)).to_be_visible()
    select_everything(page)

    shelf.choose({"name": "000a.txt", "mimeType": "text/plain", "buffer": b"new"})

    expect(page.locator("#totals")).to_contain_text(f"{COUNT + 1} items")
    expect(bar(page)).to_contain_text("200 chosen")
    expect(page.get_by_label("Choose “000a.txt”")).not_to_be_checked()
