"""The keys: in any layout, out of the way of whoever types, and switched off where letters disturb."""

from __future__ import annotations

import pytest
from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import NewContext
from tests.support import media
from tests.support.chromium import LETTERS_ON, Visitor, held
from tests.support.servers import Server

pytestmark = pytest.mark.browser

ON_THE_WAY = """({ key, code, ctrlKey }) => {
  const event = new KeyboardEvent("keydown", { key, code, ctrlKey, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
  return !event.defaultPrevented;
}"""


def press_in_russian(page: Page, key: str, code: str) -> None:
    """Press the key which says `code` on a Latin keyboard while Russian is typed."""
    session = page.context.new_cdp_session(page)
    told = {"key": key, "code": code, "text": key}
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", **told})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **told})


def test_letters_are_those_on_the_keys_whatever_is_typed(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    dialog = page.get_by_role("dialog", name="New folder")

    page.evaluate(LETTERS_ON)
    press_in_russian(page, "т", "KeyN")
    expect(dialog).to_be_visible()
    page.keyboard.type("n")
    expect(dialog.get_by_label("Name of the folder")).to_have_value("n")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    press_in_russian(page, ".", "Slash")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("n?")
    expect(page.get_by_role("searchbox")).to_have_value("n?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_keys_of_the_browser_stay_its_own(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_visible()

    for key in ("f", "n", "u", "d", "s", "c"):
        code = f"Key{key.upper()}"
        assert page.evaluate(ON_THE_WAY, {"key": key, "code": code, "ctrlKey": True}), key
    assert not page.evaluate(ON_THE_WAY, {"key": "a", "code": "KeyA", "ctrlKey": True})


SETTINGS = {
    "en-US": ("Single-letter keys", "Keys of a single sign"),
    "ru-RU": ("Клавиши из одной буквы", "Клавиши-знаки"),
}


@pytest.mark.parametrize("locale", SETTINGS)
def test_letters_do_nothing_until_the_account_page_switches_them_on(
    server: Server, new_context: NewContext, username: str, locale: str
) -> None:
    visitor = Visitor(server, new_context(locale=locale), username)
    letters, signs = SETTINGS[locale]
    for name in ("my plans.txt", "notes.txt", "summer.txt"):
        visitor.person.store(name, b"1")
    visitor.page.clock.install()
    page = visitor.open()
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108 - it is inspected

    for typed, name in (("su", "summer.txt"), ("my", "my plans.txt"), ("no", "notes.txt")):
        page.keyboard.type(typed)
        expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
        page.clock.fast_forward(2_000)
        page.keyboard.press("Home")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert downloads == []
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem").first).to_be_visible()
    assert page.locator("#row-menu kbd").all_inner_texts() == ["Enter", "F2", "Del"]
    page.goto("/account")
    switch = page.get_by_role("switch", name=letters)
    expect(switch).not_to_be_checked()
    expect(page.get_by_role("switch", name=signs)).to_be_checked()
    switch.press("Space")
    visitor.open()
    page.keyboard.press("n")

    expect(page.locator("#make-folder[open], dialog[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    visitor.row("notes.txt").click(button="right")
    expect(page.locator("#row-menu kbd").nth(1)).to_have_text("S")


def test_the_sheet_shows_the_keys_and_what_is_off(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    line = sheet.locator("dl > div")

    page.keyboard.press("?")
    expect(line.filter(has_text="Rename").locator("kbd")).to_have_text(["F2"])
    expect(line.filter(has_text="Choose all").locator("kbd")).to_have_text(["Ctrl", "A"])
    expect(line.filter(has_text="Go to a name").locator("kbd")).to_have_text(["Type its name"])
    expect(sheet.locator(".is-off[data-kind=letters]")).not_to_have_count(0)
    expect(sheet.locator(".is-off:not([data-kind=letters])")).to_have_count(0)
    sheet.get_by_role("switch", name="Single-letter keys").check()
    expect(sheet.locator(".is-off")).to_contain_text(["Go to a name"])
    sheet.get_by_role("switch", name="Keys of a single sign").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    expect(page.get_by_label("Choose “notes.txt”")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("switch", name="Keys of a single sign").check()
    sheet.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_focused()
    page.keyboard.press("n")

    expect(page.get_by_role("dialog", name="New folder")).to_be_visible()


def test_what_is_switched_is_of_one_user_alone(
    server: Server, new_context: NewContext, username: str
) -> None:
    context = new_context()
    page = Visitor(server, context, username).open("/account")
    page.get_by_role("switch", name="Single-letter keys").check()

    Visitor(server, context, f"{username}2")
    page.goto("/account")

    expect(page.get_by_role("switch", name="Single-letter keys")).not_to_be_checked()


def test_a_switch_cannot_be_pressed_before_it_shows_how_it_is(visitor: Visitor) -> None:
    page = visitor.page
    switch = page.get_by_role("switch", name="Keys of a single sign")

    with held(page, "**/key-settings.js"):
        page.goto("/account")
        expect(switch).to_be_disabled()
    expect(switch).to_be_checked()
    switch.uncheck()
    page.reload()

    expect(switch).to_be_enabled()
    expect(switch).not_to_be_checked()


def test_the_keys_of_the_preview_stand_on_the_sheet_and_go_with_the_signs(visitor: Visitor) -> None:
    visitor.person.store("paper.pdf", media.pdf(["One"]))
    page = visitor.open()
    page.keyboard.press("?")
    expect(page.locator("#keys-looking")).to_contain_text("As large as fits")
    page.get_by_role("switch", name="Keys of a single sign").uncheck()
    expect(page.locator("#keys-looking .is-off")).to_have_count(3)
    expect(page.locator("#keys-looking > :not(.is-off)")).to_have_count(1)
    page.keyboard.press("Escape")
    visitor.row("paper.pdf").locator(".name").click()
    width = "document.querySelector('.pdf-page').offsetWidth"
    expect(page.locator(".pdf-page canvas")).to_be_visible()
    fitting = page.evaluate(width)

    page.keyboard.press("+")
    assert page.evaluate(width) == fitting
    page.evaluate("localStorage.clear()")
    page.keyboard.press("+")

    assert page.evaluate(width) > fitting
    page.keyboard.press("0")
    assert page.evaluate(width) == fitting
