"""Deleting into the trash and for ever, and what comes back from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Complaints, Visitor, file, held_uploads, press_letter
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def focus_on(page: Page, name: str) -> None:
    page.locator(f'#rows [data-name="{name}"] .name').focus()


def test_a_deleted_row_goes_the_focus_moves_on_and_the_total_follows(visitor: Visitor) -> None:
    for name in ("first.txt", "second.txt", "third.txt"):
        visitor.person.store(name, b"1234567890")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    focus_on(page, "second.txt")

    page.keyboard.press("Delete")

    expect(page.get_by_role("status").filter(has_text="“second.txt” is in the trash.")).to_be_visible()
    expect(page.get_by_role("link", name="third.txt", exact=True)).to_be_focused()
    expect(page.locator("#totals")).to_have_text("2 items · 20 bytes")
    assert visitor.names() == ["first.txt", "third.txt"]
    page.keyboard.press("Delete")
    expect(page.get_by_role("link", name="first.txt", exact=True)).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    # Whoever goes on from there sees no frame round the whole page.
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator("#main")).to_have_css("outline-style", "none")
    assert visitor.person.hashes() == {}

    for back in (["first.txt"], ["first.txt", "third.txt"]):
        page.keyboard.press("Control+z")
        expect(visitor.row(back[-1])).to_be_visible()
        assert visitor.names() == back
    assert page.evaluate("window.neverReloaded")


def test_a_key_that_is_held_deletes_once(visitor: Visitor) -> None:
    for name in ("first.txt", "second.txt", "third.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    focus_on(page, "first.txt")

    page.keyboard.down("Delete")
    expect(page.get_by_role("link", name="second.txt", exact=True)).to_be_focused()
    page.keyboard.down("Delete")
    page.keyboard.up("Delete")
    page.keyboard.press("ArrowDown")

    expect(page.get_by_role("link", name="third.txt", exact=True)).to_be_focused()
    assert visitor.names() == ["second.txt", "third.txt"]
    assert set(visitor.person.hashes()) == {"second.txt", "third.txt"}


def test_the_chosen_go_by_touch_and_come_back_together(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    for path in ("a.txt", "box/b.txt", "c.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    page.get_by_label("Choose “a.txt”").tap()
    page.get_by_label("Choose “box”").tap()

    page.locator("#selection").get_by_role("button", name="Delete", exact=True).tap()

    expect(page.get_by_text("2 items are in the trash.")).to_be_visible()
    assert visitor.names() == ["c.txt"]
    page.get_by_role("button", name="Undo").tap()
    expect(visitor.row("a.txt")).to_be_visible()
    assert visitor.names() == ["box", "a.txt", "c.txt"]
    assert visitor.person.get("box/b.txt") == b"1"


def test_what_is_for_ever_is_asked_about(visitor: Visitor) -> None:
    for name in ("kept.txt", "gone.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    focus_on(page, "gone.txt")

    page.keyboard.press("Shift+Delete")
    question = page.get_by_role("dialog", name="Delete “gone.txt” for ever?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.get_by_role("link", name="gone.txt", exact=True)).to_be_focused()
    assert set(visitor.person.hashes()) == {"kept.txt", "gone.txt"}

    page.keyboard.press("Shift+Delete")
    question.get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_text("That is gone for ever.")).to_be_visible()
    assert visitor.names() == ["kept.txt"]
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_the_trash_gives_back_asks_and_forgets(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        visitor.person.store(name, b"old")
        visitor.person.delete(name)
    visitor.person.store("a.txt", b"new")
    page = visitor.open("/trash")

    focus_on(page, "b.txt")
    press_letter(page, "r")
    expect(page.get_by_text("“b.txt” is back.")).to_be_visible()
    assert visitor.names() == ["d.txt", "c.txt", "a.txt"]
    page.get_by_role("button", name="Undo").click()
    expect(visitor.page.locator('#rows [data-name="b.txt"]')).to_be_visible()
    assert set(visitor.person.hashes()) == {"a.txt"}

    page.get_by_label("Choose “a.txt”").check()
    page.get_by_label("Choose “b.txt”").check()
    press_letter(page, "r")
    question = page.get_by_role("dialog", name="1 item is there already")
    expect(question.get_by_role("listitem")).to_have_text(["a.txt"])
    expect(question.get_by_role("button", name="Skip")).to_be_hidden()
    question.get_by_role("button", name="Keep both").click()
    expect(page.get_by_text("2 items are back.")).to_be_visible()
    assert visitor.names() == ["d.txt", "c.txt"]
    assert visitor.person.get("a (2).txt") == b"old"

    focus_on(page, "d.txt")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_text("That is gone for ever.")).to_be_visible()
    page.get_by_role("link", name="Empty the trash").click()
    page.get_by_role("dialog", name="Empty the trash?").get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_a_delete_that_fails_says_why_in_the_language_of_the_page(
    server: Server, new_context: NewContext, complaints: list[Complaints], username: str
) -> None:
    visitor = Visitor(server, new_context(locale="ru-RU"), username)
    complaints[0].expect("status of 404")
    for name in ("gone.txt", "kept.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    visitor.person.delete("gone.txt")
    focus_on(page, "gone.txt")

    page.keyboard.press("Delete")

    expect(page.get_by_role("alert")).to_have_text("Здесь нет ничего с таким именем.")
    # It stays, where good news would go; and the list says the truth again.
    expect(visitor.row("gone.txt")).to_have_count(0)
    assert visitor.names() == ["kept.txt"]


def test_a_lost_line_is_told_of_and_the_list_is_right_once_it_is_back(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    for name in ("a.txt", "b.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    focus_on(page, "a.txt")
    page.keyboard.press("Delete")
    expect(visitor.row("a.txt")).to_have_count(0)
    visitor.context.set_offline(True)
    focus_on(page, "b.txt")

    page.keyboard.press("Delete")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    assert visitor.names() == ["b.txt"]
    visitor.person.store("c.txt", b"1")
    visitor.context.set_offline(False)

    expect(visitor.row("c.txt")).to_be_visible()
    assert visitor.names() == ["b.txt", "c.txt"]


def test_undoing_a_return_brings_back_what_it_replaced(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("a.txt", b"old")
    visitor.person.delete("a.txt")
    visitor.person.store("a.txt", b"new")
    page = visitor.open("/trash")
    focus_on(page, "a.txt")
    press_letter(page, "r")
    page.get_by_role("dialog", name="1 item is there already").get_by_role("button", name="Replace").click()
    expect(page.get_by_text("“a.txt” is back.")).to_be_visible()
    assert visitor.person.get("a.txt") == b"old"

    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_text("Undone.")).to_be_visible()
    assert visitor.person.get("a.txt") == b"new"
    assert visitor.names() == ["a.txt"]


def test_an_undo_in_the_trash_takes_the_row_from_there(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("late.txt"))
        expect(visitor.upload_line("late.txt")).to_be_visible()
        focus_on(page, "a.txt")
        page.keyboard.press("Delete")
        expect(page.get_by_text("“a.txt” is in the trash.")).to_be_visible()
        page.get_by_role("link", name="Trash").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Trash")
        assert visitor.names() == ["a.txt"]

        page.keyboard.press("Control+z")

        expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert visitor.person.get("a.txt") == b"1"
