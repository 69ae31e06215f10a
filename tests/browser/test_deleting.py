"""Deleting to the trash and permanently, and restoring."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cabinet.errors import NotFound
from tests.browser.conftest import NewContext
from tests.support.chromium import Complaints, Visitor, file, held_uploads, press_letter
from tests.support.controls import answer, checkbox, control
from tests.support.servers import Server
from tests.support.wording import detail_of, figures, text_of

pytestmark = pytest.mark.browser


def focus_on(page: Page, name: str) -> None:
    page.locator(f'#rows [data-name="{name}"] .name').focus()


def test_deleting_a_row_moves_the_focus_and_updates_the_total(visitor: Visitor) -> None:
    for name in ("first.txt", "second.txt", "third.txt"):
        visitor.person.store(name, b"1234567890")
    page = visitor.open()
    page.evaluate("window.neverReloaded = true")
    focus_on(page, "second.txt")

    page.keyboard.press("Delete")

    expect(page.get_by_role("status").filter(has_text=text_of("deleted", name="second.txt"))).to_be_visible()
    expect(page.get_by_role("link", name="third.txt", exact=True)).to_be_focused()
    expect(page.locator("#totals")).to_have_text(figures(2, 20))
    assert visitor.names() == ["first.txt", "third.txt"]
    page.keyboard.press("Delete")
    expect(page.get_by_role("link", name="first.txt", exact=True)).to_be_focused()
    page.keyboard.press("Delete")
    expect(control(page, "nothing here")).to_be_visible()
    # The focus is on the page itself, without a visible ring.
    expect(page.locator("#main")).to_be_focused()
    expect(page.locator("#main")).to_have_css("outline-style", "none")
    assert visitor.person.hashes() == {}

    for back in (["first.txt"], ["first.txt", "third.txt"]):
        page.keyboard.press("Control+z")
        expect(visitor.row(back[-1])).to_be_visible()
        assert visitor.names() == back
    assert page.evaluate("window.neverReloaded")


def test_a_held_delete_key_deletes_once(visitor: Visitor) -> None:
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


def test_selected_rows_are_deleted_by_touch_and_restored_by_undo(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    for path in ("a.txt", "box/b.txt", "c.txt"):
        visitor.person.store(path, b"1")
    page = visitor.open()
    checkbox(page, "a.txt").tap()
    checkbox(page, "box").tap()

    page.locator("#selection").get_by_role("button", name=text_of("act-trash"), exact=True).tap()

    expect(page.get_by_text(text_of("deleted-many", count=2))).to_be_visible()
    assert visitor.names() == ["c.txt"]
    page.get_by_role("button", name=text_of("undo")).tap()
    expect(visitor.row("a.txt")).to_be_visible()
    assert visitor.names() == ["box", "a.txt", "c.txt"]
    assert visitor.person.get("box/b.txt") == b"1"


def test_permanent_deletion_asks_for_confirmation(visitor: Visitor) -> None:
    for name in ("kept.txt", "gone.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    focus_on(page, "gone.txt")

    page.keyboard.press("Shift+Delete")
    question = page.get_by_role("dialog", name=text_of("purge-one", name="gone.txt"))
    expect(answer(question, "")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(page.get_by_role("link", name="gone.txt", exact=True)).to_be_focused()
    assert set(visitor.person.hashes()) == {"kept.txt", "gone.txt"}

    page.keyboard.press("Shift+Delete")
    question.get_by_role("button", name=text_of("purge")).click()
    expect(page.get_by_text(text_of("purged"))).to_be_visible()
    assert visitor.names() == ["kept.txt"]
    control(page, "trash").click()
    expect(control(page, "nothing here")).to_be_visible()


def test_the_trash_restores_asks_about_conflicts_and_deletes(
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
    expect(page.get_by_text(text_of("restored", path="b.txt"))).to_be_visible()
    assert visitor.names() == ["d.txt", "c.txt", "a.txt"]
    page.get_by_role("button", name=text_of("undo")).click()
    expect(visitor.page.locator('#rows [data-name="b.txt"]')).to_be_visible()
    assert set(visitor.person.hashes()) == {"a.txt"}

    checkbox(page, "a.txt").check()
    checkbox(page, "b.txt").check()
    press_letter(page, "r")
    question = page.get_by_role("dialog", name=text_of("exists", count=1))
    expect(question.get_by_role("listitem")).to_have_text(["a.txt"])
    expect(answer(question, "skip")).to_be_hidden()
    answer(question, "rename").click()
    expect(page.get_by_text(text_of("restored-many", count=2))).to_be_visible()
    assert visitor.names() == ["d.txt", "c.txt"]
    assert visitor.person.get("a (2).txt") == b"old"

    focus_on(page, "d.txt")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name=text_of("purge")).click()
    expect(page.get_by_text(text_of("purged"))).to_be_visible()
    control(page, "empty trash").click()
    page.get_by_role("dialog", name=text_of("empty-title")).get_by_role(
        "button", name=text_of("empty")
    ).click()
    expect(control(page, "nothing here")).to_be_visible()


def test_a_failed_delete_is_explained_in_the_language_of_the_page(
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

    expect(page.get_by_role("alert")).to_have_text(detail_of(NotFound, "ru"))
    # It stays, where good news would go; and the list says the truth again.
    expect(visitor.row("gone.txt")).to_have_count(0)
    assert visitor.names() == ["kept.txt"]


def test_a_lost_connection_is_reported_and_the_list_is_corrected_later(
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
    expect(page.get_by_role("alert")).to_contain_text(text_of("offline"))
    assert visitor.names() == ["b.txt"]
    visitor.person.store("c.txt", b"1")
    visitor.context.set_offline(False)

    expect(visitor.row("c.txt")).to_be_visible()
    assert visitor.names() == ["b.txt", "c.txt"]


def test_undoing_a_restore_restores_what_it_replaced(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 409")
    visitor.person.store("a.txt", b"old")
    visitor.person.delete("a.txt")
    visitor.person.store("a.txt", b"new")
    page = visitor.open("/trash")
    focus_on(page, "a.txt")
    press_letter(page, "r")
    answer(page.get_by_role("dialog", name=text_of("exists", count=1)), "replace").click()
    expect(page.get_by_text(text_of("restored", path="a.txt"))).to_be_visible()
    assert visitor.person.get("a.txt") == b"old"

    page.get_by_role("button", name=text_of("undo")).click()

    expect(page.get_by_text(text_of("undone.restore"))).to_be_visible()
    assert visitor.person.get("a.txt") == b"new"
    assert visitor.names() == ["a.txt"]


def test_an_undo_updates_the_open_trash(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("late.txt"))
        expect(visitor.upload_line("late.txt")).to_be_visible()
        focus_on(page, "a.txt")
        page.keyboard.press("Delete")
        expect(page.get_by_text(text_of("deleted", name="a.txt"))).to_be_visible()
        control(page, "trash").click()
        expect(control(page, "trash")).to_have_attribute("aria-current", "page")
        assert visitor.names() == ["a.txt"]

        page.keyboard.press("Control+z")

        expect(control(page, "nothing here")).to_be_visible()
    assert visitor.person.get("a.txt") == b"1"
