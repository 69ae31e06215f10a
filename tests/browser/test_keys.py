"""The keys: in any layout, out of the way of whoever types, and switched off where letters disturb."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support import media
from tests.support.chromium import Visitor

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


def test_the_sheet_shows_the_keys_and_letters_can_be_switched_off(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")

    page.keyboard.press("?")
    rename = sheet.locator("dl > div").filter(has_text="Rename")
    expect(rename.locator("kbd")).to_have_text(["F2"])
    every = sheet.locator("dl > div").filter(has_text="Choose all")
    expect(every.locator("kbd")).to_have_text(["Ctrl", "A"])
    sheet.get_by_role("switch", name="Keys of a single letter or sign").uncheck()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.reload()
    page.keyboard.press("n")
    page.keyboard.press("?")
    page.keyboard.press("Control+a")
    expect(page.get_by_label("Choose “notes.txt”")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("button", name="Keyboard shortcuts").click()
    sheet.get_by_role("switch", name="Keys of a single letter or sign").check()
    sheet.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_focused()
    page.keyboard.press("n")

    expect(page.get_by_role("dialog", name="New folder")).to_be_visible()


def test_the_keys_of_the_preview_stand_on_the_sheet_and_go_with_the_letters(visitor: Visitor) -> None:
    visitor.person.store("paper.pdf", media.pdf(["One"]))
    page = visitor.open()
    page.keyboard.press("?")
    expect(page.locator("#keys-looking")).to_contain_text("As large as fits")
    page.get_by_label("Keys of a single letter or sign").uncheck()
    expect(page.locator("#keys-looking .is-letter")).to_have_count(3)
    expect(page.locator("#keys-looking > :not(.is-letter)")).to_have_count(1)
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
