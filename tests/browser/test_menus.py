"""The context menu of a row: by button, mouse, keyboard and long press."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, ViewportSize, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor
from tests.support.controls import checkbox, control, menu_button
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

LEFT_TO_THE_BROWSER = """(row) => row.dispatchEvent(
  new MouseEvent("contextmenu", { shiftKey: true, bubbles: true, cancelable: true }),
)"""


def menu(page: Page) -> Locator:
    return page.get_by_role("menu")


def row(page: Page, name: str) -> Locator:
    return page.locator(f'#rows [data-name="{name}"]')


def item(page: Page, key: str) -> Locator:
    return menu(page).get_by_role("menuitem", name=text_of(key), exact=True)


def filled(visitor: Visitor) -> Page:
    for name in ("a.txt", "b.txt", "c.txt"):
        visitor.person.store(name, b"1")
    return visitor.open()


def test_the_menu_button_opens_a_menu_with_keyboard_navigation(visitor: Visitor) -> None:
    page = filled(visitor)
    button = menu_button(page, "b.txt")

    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu", name=text_of("actions-for", name="b.txt"))).to_be_visible()
    expect(item(page, "act-preview")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(item(page, "act-trash")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(item(page, "act-download")).to_be_focused()
    page.keyboard.press("End")
    expect(item(page, "act-trash")).to_be_focused()
    page.keyboard.press("Home")
    expect(item(page, "act-preview")).to_be_focused()
    page.keyboard.type(text_of("act-link")[:6].lower())
    expect(item(page, "act-link")).to_be_focused()
    page.keyboard.press("Escape")

    expect(menu(page)).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    expect(menu(page)).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(menu(page)).to_have_count(0)


def test_right_click_opens_the_menu_in_the_window_and_with_shift_the_browser_menu(visitor: Visitor) -> None:
    page = filled(visitor)
    page.set_viewport_size({"width": 1000, "height": 560})

    for x in (300, 970):
        place = row(page, "c.txt").bounding_box()
        assert place
        page.mouse.click(x, place["y"] + 20, button="right")
        expect(item(page, "act-preview")).to_be_focused()
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


def test_the_menu_acts_on_the_selection_if_its_row_is_selected(visitor: Visitor) -> None:
    page = filled(visitor)
    checkbox(page, "a.txt").check()
    checkbox(page, "b.txt").check()

    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menu", name=text_of("chosen", count=2))).to_be_visible()
    expect(item(page, "act-rename")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="c.txt", exact=True).focus()
    page.keyboard.press("ContextMenu")
    expect(page.get_by_role("menu", name=text_of("actions-for", name="c.txt"))).to_be_visible()
    item(page, "act-trash").click()

    expect(row(page, "c.txt")).to_have_count(0)
    expect(checkbox(page, "a.txt")).to_be_checked()
    row(page, "b.txt").click(button="right")
    item(page, "act-trash").click()
    expect(page.locator("#rows [data-name]")).to_have_count(0)


class Finger:
    """A finger on a page of a phone, whose scripts go by a clock that stands still."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._page = page
        self._session = context.new_cdp_session(page)

    def press(self, x: float, y: float) -> None:
        """Put the finger down and leave it there for so long that a menu comes."""
        self._session.send(
            "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
        )
        self._page.clock.run_for(600)

    def lift(self) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def press_on(self, place: Locator) -> None:
        box = place.bounding_box()
        assert box
        self.press(box["x"] + 10, box["y"] + 10)


@pytest.fixture
def phone(server: Server, new_context: NewContext, own_context: None, username: str) -> tuple[Page, Finger]:
    """Return a page on a phone with a screen full of folders, and the finger on it."""
    size: ViewportSize = {"width": 375, "height": 740}
    context = new_context(viewport=size, has_touch=True, is_mobile=True)
    visitor = Visitor(server, context, username)
    for number in range(9):
        visitor.person.store(f"folder{number}/inside.txt", b"1")
    context.clock.install()
    page = visitor.open()
    context.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    return page, Finger(context, page)


def held_on(phone: tuple[Page, Finger], name: str) -> Page:
    """Press long on the name of a folder, with all of the sheet there before the finger goes."""
    page, finger = phone
    finger.press_on(page.get_by_role("link", name=name, exact=True))
    expect(menu(page)).to_be_visible()
    return page


def test_a_long_press_opens_a_bottom_sheet_and_nothing_else(phone: tuple[Page, Finger]) -> None:
    page = held_on(phone, "folder0")
    phone[1].lift()

    menu(page).evaluate("(sheet) => Promise.all(sheet.getAnimations().map(({ finished }) => finished))")
    sheet = menu(page).bounding_box()
    assert sheet
    assert sheet["y"] + sheet["height"] == pytest.approx(740, abs=1)
    page.clock.run_for(400)
    menu(page).get_by_role("menuitem").filter(has=page.locator("use[href$='#pencil']")).tap()

    expect(page.locator(".rename input")).to_be_focused()
    assert page.url.endswith("/index")


def test_the_end_of_a_long_press_does_nothing_wherever_it_is(phone: tuple[Page, Finger]) -> None:
    page = held_on(phone, "folder0")
    _, finger = phone
    items = page.locator("#row-menu .menu-item")
    boxes = [item.bounding_box() for item in items.all()]
    page.keyboard.press("Escape")
    finger.lift()
    rows = page.locator("#rows .name")
    under = [
        (row["x"] + 20, row["y"] + 10)
        for row in (each.bounding_box() for each in rows.all())
        if row and any(box and box["y"] < row["y"] + 10 < box["y"] + box["height"] for box in boxes)
    ]
    assert under, "no row lies where the sheet comes up"

    for turn, (x, y) in enumerate(under):
        finger.press(x, y)
        expect(menu(page)).to_be_visible()
        page.clock.run_for(5_000 * (turn % 2))
        finger.lift()
        expect(menu(page)).to_be_visible()
        page.keyboard.press("Escape")

    expect(rows).to_have_count(9)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.url.endswith("/index")


def test_the_sheet_ignores_taps_right_after_a_long_press(phone: tuple[Page, Finger]) -> None:
    page = held_on(phone, "folder0")
    phone[1].lift()
    items = page.locator("#row-menu .menu-item")
    # It came 100 ms before its 600 were over.
    page.clock.run_for(200)
    items.first.tap()
    expect(menu(page)).to_be_visible()
    page.clock.run_for(400)

    items.first.tap()

    expect(page.get_by_role("heading", level=1)).to_have_text("folder0")


def test_keys_work_at_once_after_a_long_press(phone: tuple[Page, Finger]) -> None:
    page = held_on(phone, "folder3")
    phone[1].lift()

    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("folder3")


def test_a_tap_outside_closes_the_sheet_and_opens_nothing(phone: tuple[Page, Finger]) -> None:
    page = held_on(phone, "folder3")
    phone[1].lift()
    page.clock.run_for(400)

    control(page, "trash").tap()
    expect(menu(page)).to_have_count(0)
    assert page.url.endswith("/index")
    control(page, "trash").tap()

    page.wait_for_url("**/trash")


def test_the_space_bar_presses_the_menu_button_of_a_row(visitor: Visitor) -> None:
    page = filled(visitor)
    menu_button(page, "b.txt").focus()

    page.keyboard.press("Space")

    expect(page.get_by_role("menu", name=text_of("actions-for", name="b.txt"))).to_be_visible()


def test_the_second_click_of_a_double_click_presses_nothing_in_the_menu(visitor: Visitor) -> None:
    page = filled(visitor)
    # So low that the menu covers its button.
    page.set_viewport_size({"width": 1000, "height": 420})
    place = menu_button(page, "b.txt").bounding_box()
    assert place
    page.mouse.click(place["x"] + 20, place["y"] + 20)
    expect(menu(page)).to_be_visible()
    covers = "([x, y]) => document.elementFromPoint(x, y).closest('#row-menu') !== null"
    assert page.evaluate(covers, [place["x"] + 20, place["y"] + 20])

    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)

    expect(menu(page)).to_be_visible()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(row(page, "b.txt")).to_have_count(1)


WITHOUT_POPOVERS = """
for (const name of ["popover", "showPopover", "hidePopover", "togglePopover"]) {
  delete HTMLElement.prototype[name];
}
"""


def test_without_popovers_the_menu_is_a_page_and_the_trash_uses_the_bar(
    visitor: Visitor,
) -> None:
    visitor.context.add_init_script(WITHOUT_POPOVERS)
    page = filled(visitor)
    own_menu = "row => row.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))"
    assert row(page, "b.txt").evaluate(own_menu)
    row(page, "b.txt").click()
    page.keyboard.press("Escape")
    expect(menu(page)).to_have_count(0)

    menu_button(page, "b.txt").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("b.txt")
    assert "/index/arrange" in page.url
    page.go_back()
    row(page, "b.txt").locator(".name").focus()
    with page.expect_navigation(url="**/index/arrange?*"):
        page.keyboard.press("Shift+F10")
    visitor.person.delete("b.txt")
    menu_button(visitor.open("/trash"), "b.txt").click()
    expect(page.locator("#selection").get_by_role("button", name=text_of("act-restore"))).to_be_visible()
