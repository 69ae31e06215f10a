"""A list of several pages: what changes in it changes where it stands, whichever page that is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COUNT
from tests.support.chromium import Visitor, file

pytestmark = pytest.mark.browser


def rename(page: Page, old: str, new: str) -> None:
    page.get_by_role("link", name=old, exact=True).focus()
    page.keyboard.press("F2")
    page.get_by_label(f"New name of “{old}”").fill(new)
    page.keyboard.press("Enter")


@pytest.fixture
def whole(shelf: Visitor) -> Page:
    """Return the page of the shelf with all that is on it."""
    page = shelf.open("/index?path=shelf")
    for last in ("399.txt", f"{COUNT - 1}.txt"):
        page.get_by_role("link", name="Show more").click()
        expect(page.get_by_role("link", name=last, exact=True)).to_be_attached()
    return page


def test_a_new_name_and_the_way_back_from_it_are_found_on_any_page(shelf: Visitor, whole: Page) -> None:
    rename(whole, "390.txt", "391b.txt")
    expect(whole.get_by_role("link", name="391b.txt", exact=True)).to_be_focused()
    names = shelf.names()
    assert names[names.index("391b.txt") - 1] == "391.txt"

    whole.keyboard.press("Control+z")

    expect(whole.get_by_role("link", name="390.txt", exact=True)).to_be_visible()
    assert shelf.names() == [f"{number:03}.txt" for number in range(COUNT)]


def test_what_comes_back_from_the_trash_takes_its_place_on_any_page(shelf: Visitor, whole: Page) -> None:
    whole.get_by_role("link", name="300.txt", exact=True).focus()
    whole.keyboard.press("Delete")
    expect(whole.get_by_role("link", name="300.txt", exact=True)).to_have_count(0)

    whole.keyboard.press("Control+z")

    expect(whole.get_by_role("link", name="300.txt", exact=True)).to_be_visible()
    assert shelf.names() == [f"{number:03}.txt" for number in range(COUNT)]


def test_what_now_stands_behind_the_last_row_waits_for_its_page(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.get_by_label("Choose “010.txt”").check()
    rename(page, "010.txt", "200b.txt")
    # The list gets no shorter, and goes on where it was.
    expect(page.get_by_role("link", name="200.txt", exact=True)).to_be_attached()
    assert shelf.names()[-2:] == ["199.txt", "200.txt"]
    page.get_by_label("Choose “011.txt”").check()
    expect(page.locator("#selection-count")).to_contain_text("1 chosen")

    page.get_by_role("link", name="Show more").click()

    expect(page.get_by_role("link", name="200b.txt", exact=True)).to_be_visible()
    names = shelf.names()
    assert names[names.index("200b.txt") - 1] == "200.txt"


def test_what_stands_below_the_list_does_not_move_when_the_last_rows_are_drawn(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    rename(page, "010.txt", "200b.txt")
    expect(page.get_by_role("link", name="200.txt", exact=True)).to_be_attached()
    place = "document.getElementById('more').getBoundingClientRect().bottom + scrollY"
    before = page.evaluate(place)

    page.get_by_role("link", name="200.txt", exact=True).scroll_into_view_if_needed()
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")

    expect(page.get_by_role("link", name="Show more")).to_be_in_viewport()
    assert page.evaluate(place) == before


def test_a_list_that_is_drawn_anew_is_as_long_as_before_and_stays_where_it_was(
    shelf: Visitor, whole: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 404")
    whole.get_by_role("link", name="300.txt", exact=True).focus()
    shelf.person.delete("shelf/300.txt")

    whole.keyboard.press("Delete")

    expect(whole.get_by_role("alert")).to_contain_text("There is nothing here by that name.")
    expect(whole.get_by_role("link", name="300.txt", exact=True)).to_have_count(0)
    expect(whole.locator("#rows .list-row")).to_have_count(COUNT - 1)
    expect(whole.get_by_role("link", name="301.txt", exact=True)).to_be_in_viewport()


def test_what_belongs_behind_the_loaded_rows_by_now_leaves_its_old_place(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf&sort=modified&order=asc")
    first = shelf.names()[0]
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    page.locator("#files-input").set_input_files([file(first, b"new")])

    page.get_by_role("dialog", name="1 file is there already").get_by_role("button", name="Replace").click()

    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    expect(page.get_by_role("link", name=first, exact=True)).to_have_count(0)
    assert len(shelf.names()) == 200
    # Nobody was there, so that nobody is led away from where they are.
    assert page.evaluate("document.activeElement.nodeName") == "BODY"
    expect(page.get_by_role("link", name=shelf.names()[0], exact=True)).not_to_be_in_viewport()


def test_moving_by_the_bar_keeps_the_place(shelf: Visitor, whole: Page) -> None:
    whole.get_by_label("Choose “300.txt”").check()
    whole.locator("#selection-actions").get_by_role("button", name="Move").click()
    whole.get_by_role("treeitem", name="docs", exact=True).click()

    whole.get_by_role("button", name="Move here").click()

    expect(whole.get_by_text("“300.txt” is in “docs” now.")).to_be_visible()
    expect(whole.get_by_role("link", name="301.txt", exact=True)).to_be_focused()
    expect(whole.get_by_role("link", name="301.txt", exact=True)).to_be_in_viewport()
