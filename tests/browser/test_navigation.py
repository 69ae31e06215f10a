"""Sorting, pages and history: the list keeps its scroll position."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COUNT
from tests.support.chromium import PATIENCE, Visitor, file, held_uploads
from tests.support.controls import column, control, link
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def scrolled(page: Page) -> float:
    top: float = page.evaluate("scrollY")
    return top


# Pixels from the upper edge of the window to the row with the focus.
PLACE = "() => document.activeElement.closest('#rows [data-path]')?.getBoundingClientRect().top ?? null"


def go_to(page: Page, name: str) -> float:
    """Focus a row somewhere in the window; return where it is, once the page knows that by heart."""
    link(page, name).evaluate(
        "link => { link.scrollIntoView({ block: 'center', behavior: 'instant' }); link.focus(); }"
    )
    known = "name => history.state?.focus?.endsWith(name) && history.state.top === scrollY"
    page.wait_for_function(known, arg=name)
    place: float = page.evaluate(PLACE)
    return place


def expect_place(page: Page, name: str, place: float) -> None:
    """See the row `name` with the focus where it was; its neighbours may have been taller than was guessed."""
    expect(link(page, name)).to_be_focused()
    near = f"place => Math.abs(({PLACE})() - place) < 2"
    page.wait_for_function(near, arg=place, timeout=PATIENCE)


def test_sorting_keeps_page_focus_and_scroll_position(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.evaluate("window.neverReloaded = true")
    by_size = column(page, "size").get_by_role("link")
    by_size.focus()
    page.mouse.wheel(0, 20)
    page.wait_for_function("() => scrollY === 20")

    page.keyboard.press("Enter")
    expect(column(page, "size")).to_have_attribute("aria-sort", "ascending")
    expect(by_size).to_be_focused()
    page.keyboard.press("Enter")
    expect(column(page, "size")).to_have_attribute("aria-sort", "descending")

    assert scrolled(page) == 20
    assert shelf.names()[0] == "447.txt"
    assert page.evaluate("window.neverReloaded")
    expect(page).to_have_url(re.compile(r"/index\?path=shelf&sort=size&order=desc$"))
    page.reload()
    expect(column(page, "size")).to_have_attribute("aria-sort", "descending")


# A browser that keeps whole pages says so on both ways; in between it is at the top.
KEPT_WHOLE = """() => {
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  scrollTo({ top: 0, behavior: "instant" });
  dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
}"""


def test_a_page_from_the_back_forward_cache_keeps_its_scroll_position(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    control(page, "more").click()
    expect(link(page, "200.txt")).to_be_focused()
    place = go_to(page, "390.txt")

    page.evaluate(KEPT_WHOLE)

    expect_place(page, "390.txt", place)


def test_going_back_restores_rows_scroll_position_and_focus(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    control(page, "more").click()
    expect(link(page, "200.txt")).to_be_focused()
    control(page, "more").click()
    expect(link(page, "400.txt")).to_be_focused()
    place = go_to(page, "390.txt")

    control(page, "trash").click()
    expect(control(page, "trash")).to_have_attribute("aria-current", "page")
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
def busy(visitor: Visitor) -> Iterator[Page]:
    """Return a page with two folders and a running upload, which would end with the page."""
    for path in ("docs/a.txt", "shelf/000.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("late.txt")])
        expect(visitor.upload_line("late.txt")).to_be_visible()
        yield page
        assert page.evaluate("window.neverReloaded")


def test_navigation_during_uploads_does_not_reload_the_page(shelf: Visitor, busy: Page) -> None:
    link(busy, "shelf").click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    place = go_to(busy, "150.txt")
    control(busy, "trash").click()
    expect(control(busy, "nothing here")).to_be_visible()
    expect(control(busy, "trash")).to_have_attribute("aria-current", "page")
    expect(busy.locator("#files-input")).to_have_count(1)
    assert scrolled(busy) == 0

    busy.go_back()
    expect_place(busy, "150.txt", place)
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    expect(shelf.upload_line("late.txt")).to_be_visible()
    busy.get_by_role("searchbox").fill("a.txt")
    expect(control(busy, "nothing here")).to_be_visible()
    control(busy, "search everywhere").click()
    busy.locator("#rows .where a").click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    expect(link(busy, "a.txt")).to_be_focused()
    expect(busy.get_by_role("searchbox")).to_have_value("")


def test_a_failed_navigation_keeps_page_and_address_in_sync(
    visitor: Visitor, busy: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    link(busy, "shelf").click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    visitor.context.set_offline(True)

    busy.go_back()
    expect(busy.get_by_role("alert")).to_contain_text(text_of("offline"))
    expect(busy).to_have_url(re.compile(r"/index\?path=shelf$"))
    expect(busy.get_by_role("heading", level=1)).to_have_text("shelf")
    visitor.context.set_offline(False)
    busy.go_back()

    expect(busy.get_by_role("heading", level=1)).to_have_text(text_of("your-files"))
    assert visitor.names() == ["docs", "shelf"]


def test_leaving_a_widened_search_keeps_uploads_running(visitor: Visitor, busy: Page) -> None:
    link(busy, "docs").click()
    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    busy.get_by_role("searchbox").fill("a.txt")
    expect(busy.locator("#rows .name")).to_have_text(["a.txt"])
    control(busy, "everywhere").click()
    expect(control(busy, "everywhere")).to_have_attribute("aria-current", "true")

    busy.get_by_role("searchbox").press("Escape")

    expect(busy.get_by_role("heading", level=1)).to_have_text("docs")
    expect(visitor.upload_line("late.txt")).to_be_visible()


def test_a_dialog_closes_on_navigation(visitor: Visitor, busy: Page) -> None:
    link(busy, "docs").click()
    link(busy, "a.txt").focus()
    busy.keyboard.press("Enter")
    expect(busy.locator("#preview")).to_be_visible()

    # One step closes the preview, two lead to the folder before.
    busy.evaluate("history.go(-2)")

    expect(busy.get_by_role("heading", level=1)).to_have_text(text_of("your-files"))
    expect(busy.locator("#preview")).to_be_hidden()
