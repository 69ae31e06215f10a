"""Orders, pages and the way back: the list stays where one was in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COUNT
from tests.support.chromium import PATIENCE, Visitor, file, held_uploads

pytestmark = pytest.mark.browser


def scrolled(page: Page) -> float:
    top: float = page.evaluate("scrollY")
    return top


# Pixels from the upper edge of the window to the row with the focus.
PLACE = "() => document.activeElement.closest('#rows [data-path]')?.getBoundingClientRect().top ?? null"


def go_to(page: Page, name: str) -> float:
    """Focus a row somewhere in the window; return where it is, once the page knows that by heart."""
    link = page.get_by_role("link", name=name, exact=True)
    link.evaluate("link => { link.scrollIntoView({ block: 'center', behavior: 'instant' }); link.focus(); }")
    known = "name => history.state?.focus?.endsWith(name) && history.state.top === scrollY"
    page.wait_for_function(known, arg=name)
    place: float = page.evaluate(PLACE)
    return place


def expect_place(page: Page, name: str, place: float) -> None:
    """See the row `name` with the focus where it was; its neighbours may have been taller than was guessed."""
    expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    near = f"place => Math.abs(({PLACE})() - place) < 2"
    page.wait_for_function(near, arg=place, timeout=PATIENCE)


def test_sorting_keeps_the_page_the_focus_and_the_place(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.evaluate("window.neverReloaded = true")
    by_size = page.get_by_role("columnheader", name="Size").get_by_role("link")
    by_size.focus()
    page.mouse.wheel(0, 20)
    page.wait_for_function("() => scrollY === 20")

    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "ascending")
    expect(by_size).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")

    assert scrolled(page) == 20
    assert shelf.names()[0] == "447.txt"
    assert page.evaluate("window.neverReloaded")
    expect(page).to_have_url(re.compile(r"/index\?path=shelf&sort=size&order=desc$"))
    page.reload()
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")


# A browser that keeps whole pages says so on both ways; in between it is at the top.
KEPT_WHOLE = """() => {
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  scrollTo({ top: 0, behavior: "instant" });
  dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
}"""


def test_a_page_that_was_kept_whole_comes_back_where_it_was(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_role("link", name="200.txt", exact=True)).to_be_focused()
    place = go_to(page, "390.txt")

    page.evaluate(KEPT_WHOLE)

    expect_place(page, "390.txt", place)


def test_coming_back_finds_all_rows_the_place_and_the_focus(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_role("link", name="200.txt", exact=True)).to_be_focused()
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_role("link", name="400.txt", exact=True)).to_be_focused()
    place = go_to(page, "390.txt")

    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", level=1, name="Trash")).to_be_visible()
    page.go_back()

    expect_place(page, "390.txt", place)
    assert len(shelf.names()) == COUNT
    page.reload()
    expect_place(page, "390.txt", place)
    assert len(shelf.names()) == COUNT
    page.get_by_role("searchbox").fill("docs")
    expect(page.locator("#rows .name")).to_have_count(0)
    page.keyboard.press("Escape")
    expect_place(page, "390.txt", place)
    assert len(shelf.names()) == COUNT


@pytest.fixture
def busy(shelf: Visitor) -> Iterator[Page]:
    """Return a page with an upload on its way, which would end if the page did."""
    page = shelf.open()
    page.evaluate("window.neverReloaded = true")
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("late.txt")])
        expect(shelf.upload_line("late.txt")).to_be_visible()
        yield page
        assert page.evaluate("window.neverReloaded")


def test_all_places_are_reached_in_place_while_something_is_uploaded(shelf: Visitor, busy: Page) -> None:
    busy.get_by_role("link", name="shelf", exact=True).click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    place = go_to(busy, "150.txt")
    busy.get_by_role("link", name="Trash").click()
    expect(busy.get_by_role("heading", name="The trash is empty")).to_be_visible()
    expect(busy.get_by_role("link", name="Trash")).to_have_attribute("aria-current", "page")
    expect(busy.locator("#files-input")).to_have_count(1)
    assert scrolled(busy) == 0

    busy.go_back()
    expect_place(busy, "150.txt", place)
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    expect(shelf.upload_line("late.txt")).to_be_visible()
    busy.get_by_role("searchbox").fill("a.txt")
    expect(busy.get_by_role("heading", name="Nothing found")).to_be_visible()
    busy.get_by_role("link", name="Search everywhere").click()
    busy.locator("#rows .where a").click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    expect(busy.get_by_role("link", name="a.txt", exact=True)).to_be_focused()
    expect(busy.get_by_role("searchbox")).to_have_value("")


def test_a_way_back_that_cannot_be_gone_leaves_page_and_address_together(
    shelf: Visitor, busy: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    busy.get_by_role("link", name="shelf", exact=True).click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    shelf.context.set_offline(True)

    busy.go_back()
    expect(busy.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(busy).to_have_url(re.compile(r"/index\?path=shelf$"))
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    shelf.context.set_offline(False)
    busy.go_back()

    expect(busy.get_by_role("heading", level=1)).to_have_text("Your files")
    assert shelf.names() == ["docs", "shelf"]


def test_leaving_a_search_that_was_widened_costs_no_upload(shelf: Visitor, busy: Page) -> None:
    busy.get_by_role("link", name="docs", exact=True).click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    busy.get_by_role("searchbox").fill("a.txt")
    expect(busy.locator("#rows .name")).to_have_text(["a.txt"])
    busy.get_by_role("link", name="Everywhere").click()
    expect(busy.get_by_role("link", name="Everywhere")).to_have_attribute("aria-current", "true")

    busy.get_by_role("searchbox").press("Escape")

    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    expect(shelf.upload_line("late.txt")).to_be_visible()


def test_a_dialog_over_the_list_closes_when_one_goes_elsewhere(shelf: Visitor, busy: Page) -> None:
    busy.get_by_role("link", name="docs", exact=True).click()
    busy.get_by_role("link", name="a.txt", exact=True).focus()
    busy.keyboard.press("Enter")
    expect(busy.locator("#preview")).to_be_visible()

    # One step closes the preview, two lead to the folder before.
    busy.evaluate("history.go(-2)")

    expect(busy.get_by_role("heading", level=1)).to_have_text("Your files")
    expect(busy.locator("#preview")).to_be_hidden()
