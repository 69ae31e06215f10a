"""A list of several pages: changes appear at their position on any page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cabinet.errors import NotFound
from tests.browser.conftest import COUNT
from tests.support.chromium import Visitor, file
from tests.support.controls import answer, checkbox, control, link
from tests.support.wording import detail_of, text_of

pytestmark = pytest.mark.browser


def rename(page: Page, old: str, new: str) -> None:
    link(page, old).focus()
    page.keyboard.press("F2")
    page.get_by_label(text_of("rename-one", name=old)).fill(new)
    page.keyboard.press("Enter")


@pytest.fixture
def whole(shelf: Visitor) -> Page:
    """Return the page of the shelf with all that is on it."""
    page = shelf.open("/index?path=shelf")
    for last in ("399.txt", f"{COUNT - 1}.txt"):
        control(page, "more").click()
        expect(link(page, last)).to_be_attached()
    return page


def test_renaming_deleting_and_undo_keep_the_order_on_any_page_of_a_list(shelf: Visitor, whole: Page) -> None:
    rename(whole, "390.txt", "391b.txt")
    # A renamed row has its new name at once, and its place when the server has answered.
    expect(whole.locator("[data-name='391.txt'] + [data-name='391b.txt']")).to_have_count(1)
    expect(link(whole, "391b.txt")).to_be_focused()
    link(whole, "300.txt").focus()
    whole.keyboard.press("Delete")
    expect(link(whole, "300.txt")).to_have_count(0)

    for name in ("300.txt", "390.txt"):
        whole.keyboard.press("Control+z")
        expect(link(whole, name)).to_be_visible()

    shelf.expect_names(*(f"{number:03}.txt" for number in range(COUNT)))


def test_an_entry_that_now_belongs_to_the_next_page_is_not_shown_early(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    checkbox(page, "010.txt").check()
    rename(page, "010.txt", "200b.txt")
    # The list gets no shorter, and keeps its position.
    expect(link(page, "200.txt")).to_be_attached()
    assert shelf.names()[-2:] == ["199.txt", "200.txt"]
    checkbox(page, "011.txt").check()
    expect(page.locator("#selection-count")).to_contain_text(text_of("chosen", count=1))

    control(page, "more").click()

    expect(link(page, "200b.txt")).to_be_visible()
    names = shelf.names()
    assert names[names.index("200b.txt") - 1] == "200.txt"


def test_content_below_the_list_does_not_move_when_the_last_rows_render(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    rename(page, "010.txt", "200b.txt")
    expect(link(page, "200.txt")).to_be_attached()
    place = "document.getElementById('more').getBoundingClientRect().bottom + scrollY"
    before = page.evaluate(place)

    link(page, "200.txt").scroll_into_view_if_needed()
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")

    expect(control(page, "more")).to_be_in_viewport()
    assert page.evaluate(place) == before


def test_a_redrawn_list_keeps_its_length_and_scroll_position(
    shelf: Visitor, whole: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 404")
    link(whole, "300.txt").focus()
    shelf.person.delete("shelf/300.txt")

    whole.keyboard.press("Delete")

    expect(whole.get_by_role("alert")).to_contain_text(detail_of(NotFound))
    expect(link(whole, "300.txt")).to_have_count(0)
    expect(whole.locator("#rows .list-row")).to_have_count(COUNT - 1)
    expect(link(whole, "301.txt")).to_be_in_viewport()


def test_an_entry_that_moved_beyond_the_loaded_rows_is_removed(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf&sort=modified&order=asc")
    first = shelf.names()[0]
    page.evaluate("scrollTo({ top: 900, behavior: 'instant' })")
    page.locator("#files-input").set_input_files([file(first, b"new")])

    answer(page.get_by_role("dialog", name=text_of("taken", count=1)), "replace").click()

    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    expect(link(page, first)).to_have_count(0)
    assert len(shelf.names()) == 200
    # Without interaction, the page must not move.
    assert page.evaluate("document.activeElement.nodeName") == "BODY"
    expect(link(page, shelf.names()[0])).not_to_be_in_viewport()


def test_moving_by_the_selection_bar_keeps_the_scroll_position(shelf: Visitor, whole: Page) -> None:
    checkbox(whole, "300.txt").check()
    whole.locator("#selection-actions").get_by_role("button", name=text_of("act-move")).click()
    whole.get_by_role("treeitem", name="docs", exact=True).click()

    whole.get_by_role("button", name=text_of("move-here")).click()

    expect(whole.get_by_text(text_of("moved", name="300.txt", folder="docs"))).to_be_visible()
    expect(link(whole, "301.txt")).to_be_focused()
    expect(link(whole, "301.txt")).to_be_in_viewport()
