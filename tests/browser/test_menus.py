"""The menu of a row: by its button, by mouse, by keys, by a long press."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor
from tests.support.servers import Server

pytestmark = pytest.mark.browser

LEFT_TO_THE_BROWSER = """(row) => row.dispatchEvent(
  new MouseEvent("contextmenu", { shiftKey: true, bubbles: true, cancelable: true }),
)"""


def menu(page: Page) -> Locator:
    return page.get_by_role("menu")


def row(page: Page, name: str) -> Locator:
    return page.locator(f'#rows [data-name="{name}"]')


def item(page: Page, name: str) -> Locator:
    return menu(page).get_by_role("menuitem", name=name, exact=True)


def filled(visitor: Visitor) -> Page:
    for name in ("a.txt", "b.txt", "c.txt"):
        visitor.person.store(name, b"1")
    return visitor.open()


def test_the_button_opens_a_menu_that_keys_go_through(visitor: Visitor) -> None:
    page = filled(visitor)
    button = page.get_by_role("link", name="Actions for “b.txt”")

    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu", name="Actions for “b.txt”")).to_be_visible()
    expect(item(page, "Preview")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(item(page, "Delete")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(item(page, "Download")).to_be_focused()
    page.keyboard.press("End")
    expect(item(page, "Delete")).to_be_focused()
    page.keyboard.press("Home")
    expect(item(page, "Preview")).to_be_focused()
    page.keyboard.type("copy l")
    expect(item(page, "Copy link")).to_be_focused()
    page.keyboard.press("Escape")

    expect(menu(page)).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    expect(menu(page)).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(menu(page)).to_have_count(0)


def test_the_right_button_brings_it_inside_the_window_and_with_shift_the_browsers(visitor: Visitor) -> None:
    page = filled(visitor)
    page.set_viewport_size({"width": 1000, "height": 560})

    for x in (300, 970):
        place = row(page, "c.txt").bounding_box()
        assert place
        page.mouse.click(x, place["y"] + 20, button="right")
        expect(item(page, "Preview")).to_be_focused()
        shown = menu(page).bounding_box()
        assert shown
        assert shown["x"] >= 0
        assert shown["y"] >= 0
        assert shown["x"] + shown["width"] <= 1000
        assert shown["y"] + shown["height"] <= 560
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="c.txt", exact=True)).to_be_focused()

    assert row(page, "c.txt").evaluate(LEFT_TO_THE_BROWSER)
    expect(menu(page)).to_have_count(0)


def test_it_acts_on_the_chosen_ones_where_its_row_is_one_of_them(visitor: Visitor) -> None:
    page = filled(visitor)
    page.get_by_label("Choose “a.txt”").check()
    page.get_by_label("Choose “b.txt”").check()

    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menu", name="2 chosen")).to_be_visible()
    expect(item(page, "Rename")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="c.txt", exact=True).focus()
    page.keyboard.press("ContextMenu")
    expect(page.get_by_role("menu", name="Actions for “c.txt”")).to_be_visible()
    item(page, "Delete").click()

    expect(row(page, "c.txt")).to_have_count(0)
    expect(page.get_by_label("Choose “a.txt”")).to_be_checked()
    row(page, "b.txt").click(button="right")
    item(page, "Delete").click()
    expect(page.locator("#rows [data-name]")).to_have_count(0)


@pytest.fixture
def pressed(server: Server, new_context: NewContext, username: str) -> Page:
    """Return a page on a phone, after a long press on the name of a folder."""
    context = new_context(viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, context, username)
    visitor.person.store("folder/inside.txt", b"1")
    page = visitor.open()
    place = page.get_by_role("link", name="folder", exact=True).bounding_box()
    assert place
    finger = context.new_cdp_session(page)
    point = {"x": place["x"] + 10, "y": place["y"] + 10}
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    expect(page.get_by_role("menu", name="Actions for “folder”")).to_be_visible()
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    return page


def test_a_long_press_brings_it_as_a_sheet_and_opens_nothing(pressed: Page) -> None:
    sheet = menu(pressed).bounding_box()
    assert sheet
    assert sheet["y"] + sheet["height"] == pytest.approx(740, abs=1)
    expect(pressed.get_by_role("heading", level=1)).to_have_text("Your files")
    item(pressed, "Rename").tap()

    expect(pressed.get_by_label("New name of “folder”")).to_be_focused()


def test_what_a_long_press_offers_is_done_by_the_next_tap(pressed: Page) -> None:
    item(pressed, "Open").tap()

    expect(pressed.get_by_role("heading", level=1)).to_have_text("folder")


def test_the_space_bar_presses_the_button_of_a_row(visitor: Visitor) -> None:
    page = filled(visitor)
    page.get_by_role("link", name="Actions for “b.txt”").focus()

    page.keyboard.press("Space")

    expect(page.get_by_role("menu", name="Actions for “b.txt”")).to_be_visible()
