"""Type-ahead by name, and page-wise navigation by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.chromium import Visitor
from tests.support.controls import checkbox, control

pytestmark = pytest.mark.browser

NAMES = [
    "Élan.txt",
    "alpha.txt",
    "any.txt",
    "art 1.txt",
    "Ёлка.txt",
    "报告.txt",
    "#1.txt",
    "7.txt",
    "and so on.txt",
]
BETWEEN = """() => {
  const box = document.activeElement.closest("[data-name]").getBoundingClientRect();
  const head = document.querySelector(".list-head").getBoundingClientRect();
  return box.top >= head.bottom - 1 && box.bottom <= innerHeight + 1;
}"""


def focused(page: Page) -> Locator:
    return page.locator("#rows [data-name]").filter(has=page.locator(":focus"))


@pytest.fixture
def names(visitor: Visitor) -> Visitor:
    for name in NAMES:
        visitor.person.store(name, b"1")
    return visitor


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("elan", "Élan.txt"),
        pytest.param("ART", "art 1.txt", marks=pytest.mark.long),
        pytest.param("art 1", "art 1.txt", marks=pytest.mark.long),
        ("елка", "Ёлка.txt"),
        ("报", "报告.txt"),
        pytest.param("#", "#1.txt", marks=pytest.mark.long),
        pytest.param("7", "7.txt", marks=pytest.mark.long),
        pytest.param("an", "and so on.txt", marks=pytest.mark.long),
        pytest.param("any", "any.txt", marks=pytest.mark.long),
    ],
)
def test_typing_a_prefix_focuses_the_name(names: Visitor, typed: str, name: str) -> None:
    page = names.open()

    # Not `keyboard.type`: letters that its keyboard lacks come without a key.
    session = page.context.new_cdp_session(page)
    for letter in typed:
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": letter, "text": letter})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": letter})

    expect(focused(page)).to_have_attribute("data-name", name)
    expect(page.locator("#rows :checked")).to_have_count(0)


def test_repeating_a_letter_cycles_through_names(names: Visitor) -> None:
    page = names.open()
    seen = []
    for _ in range(5):
        page.keyboard.type("a")
        seen.append(focused(page).get_attribute("data-name"))

    assert seen == ["alpha.txt", "and so on.txt", "any.txt", "art 1.txt", "alpha.txt"]


@pytest.mark.usefixtures("own_context")
def test_an_unknown_prefix_moves_nothing_and_a_pause_starts_a_new_search(names: Visitor) -> None:
    names.page.clock.install()
    page = names.open()
    page.keyboard.type("any")
    page.keyboard.type("zzz")
    expect(focused(page)).to_have_attribute("data-name", "any.txt")

    page.clock.fast_forward(1_100)
    page.keyboard.press("Space")
    expect(checkbox(page, "any.txt")).to_be_checked()
    page.keyboard.type("7")

    expect(focused(page)).to_have_attribute("data-name", "7.txt")


def test_typing_in_fields_and_dialogs_is_not_type_ahead(names: Visitor) -> None:
    page = names.open()
    page.get_by_role("link", name="alpha.txt", exact=True).focus()
    page.keyboard.press("F2")
    expect(page.locator(".rename input")).to_be_focused()
    page.keyboard.type("any")
    expect(page.locator(".rename input")).to_have_value("any.txt")
    page.keyboard.press("Escape")
    control(page, "keys").click()
    expect(control(page, "sheet of keys")).to_be_visible()
    page.keyboard.type("art")
    page.keyboard.press("Escape")

    expect(control(page, "keys")).to_be_focused()


def test_a_name_that_is_not_loaded_yet_is_focused_after_loading(shelf: Visitor) -> None:
    page = shelf.open("/index?path=shelf")
    page.keyboard.type("44")

    expect(focused(page)).to_have_attribute("data-name", "440.txt")


@pytest.mark.parametrize("view", [pytest.param("list", marks=pytest.mark.long), "grid"])
def test_page_up_page_down_home_and_end_move_the_focus(shelf: Visitor, view: str) -> None:
    page = shelf.open(f"/index?path=shelf&view={view}")
    place = "[...document.querySelectorAll('#rows [data-path]')].indexOf(document.activeElement.closest('[data-path]'))"
    page.keyboard.press("Home")
    places = [page.evaluate(place)]
    for key in ("PageDown", "PageDown", "PageUp", "PageUp", "PageUp", "End", "PageDown"):
        page.keyboard.press(key)
        places.append(page.evaluate(place))
        assert page.evaluate(BETWEEN), key

    first, down, further, back, home, stays, end, last = places
    assert (first, home, stays) == (0, 0, 0)
    assert 5 <= down < further < 199
    # A row may show by a pixel more or less.
    assert abs(back - down) <= 1
    assert (end, last) == (199, 199)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+PageDown")
    expect(page.locator("#rows .check :checked")).to_have_count(down + 1)
