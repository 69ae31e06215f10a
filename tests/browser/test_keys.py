"""Keyboard shortcuts: in any layout, never while typing, and configurable."""

from __future__ import annotations

import pytest
from playwright.sync_api import Download, Page, expect

from tests.browser.conftest import NewContext
from tests.support import media
from tests.support.chromium import LETTERS_ON, Visitor, held
from tests.support.controls import checkbox, control
from tests.support.servers import Server
from tests.support.wording import text_of

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


def test_letter_shortcuts_use_the_physical_key_in_any_layout(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    dialog = control(page, "dialog of new folder")

    page.evaluate(LETTERS_ON)
    press_in_russian(page, "т", "KeyN")
    expect(dialog).to_be_visible()
    page.keyboard.type("n")
    expect(control(dialog, "folder name")).to_have_value("n")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    press_in_russian(page, ".", "Slash")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("n?")
    expect(page.get_by_role("searchbox")).to_have_value("n?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_browser_shortcuts_are_left_alone(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_visible()

    for key in ("f", "n", "u", "d", "s", "c"):
        code = f"Key{key.upper()}"
        assert page.evaluate(ON_THE_WAY, {"key": key, "code": code, "ctrlKey": True}), key
    assert not page.evaluate(ON_THE_WAY, {"key": "a", "code": "KeyA", "ctrlKey": True})


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize("locale", [pytest.param("en-US", marks=pytest.mark.long), "ru-RU"])
def test_letter_shortcuts_are_off_until_enabled_on_the_account_page(
    server: Server, new_context: NewContext, username: str, locale: str
) -> None:
    visitor = Visitor(server, new_context(locale=locale), username)
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
    assert page.locator("#row-menu kbd").all_inner_texts() == ["Enter", "F2", "Ctrl+Alt+S", "Del"]
    page.goto("/account")
    switch = control(page, "letters")
    expect(switch).not_to_be_checked()
    expect(control(page, "signs")).to_be_checked()
    switch.press("Space")
    visitor.open()
    page.keyboard.press("n")

    expect(page.locator("#make-folder[open], dialog[open]")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    visitor.row("notes.txt").click(button="right")
    expect(page.locator("#row-menu kbd").nth(1)).to_have_text("S")


def test_the_shortcuts_dialog_shows_shortcuts_and_which_are_off(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    sheet = control(page, "sheet of keys")
    line = sheet.locator("dl > div")

    page.keyboard.press("?")
    expect(line.filter(has_text=text_of("act-rename")).locator("kbd")).to_have_text(["F2"])
    expect(line.filter(has_text=text_of("cmd-all")).locator("kbd")).to_have_text(["Ctrl", "A"])
    expect(line.filter(has_text=text_of("cmd-typing")).locator("kbd")).to_have_text([text_of("key-typing")])
    expect(sheet.locator(".is-off[data-kind=letters]")).not_to_have_count(0)
    expect(sheet.locator(".is-off:not([data-kind=letters])")).to_have_count(0)
    control(sheet, "letters").check()
    expect(sheet.locator(".is-off")).to_contain_text([text_of("cmd-typing")])
    control(sheet, "signs").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    expect(checkbox(page, "notes.txt")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)

    control(page, "keys").click()
    control(sheet, "signs").check()
    control(sheet, "close").click()
    expect(control(page, "keys")).to_be_focused()
    page.keyboard.press("n")

    expect(control(page, "dialog of new folder")).to_be_visible()


def test_shortcut_settings_belong_to_one_user(server: Server, new_context: NewContext, username: str) -> None:
    context = new_context()
    page = Visitor(server, context, username).open("/account")
    control(page, "letters").check()

    Visitor(server, context, f"{username}2")
    page.goto("/account")

    expect(control(page, "letters")).not_to_be_checked()


def test_a_switch_is_disabled_until_it_shows_its_state(visitor: Visitor) -> None:
    page = visitor.page
    switch = control(page, "signs")

    with held(page, "**/extras.js"):
        page.goto("/account")
        expect(switch).to_be_disabled()
    expect(switch).to_be_checked()
    switch.uncheck()
    page.reload()

    expect(switch).to_be_enabled()
    expect(switch).not_to_be_checked()


def test_preview_shortcuts_are_listed_and_can_be_switched_off(visitor: Visitor) -> None:
    visitor.person.store("paper.pdf", media.pdf(["One"]))
    page = visitor.open()
    page.keyboard.press("?")
    expect(page.locator("#keys-looking")).to_contain_text(text_of("cmd-fit"))
    control(page, "signs").uncheck()
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
