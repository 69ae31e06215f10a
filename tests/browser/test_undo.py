"""Toasts, and the undo that they offer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from cabinet.errors import NotFound
from tests.support.chromium import Visitor
from tests.support.controls import control
from tests.support.wording import detail_of, text_of

LOADED = datetime(2026, 11, 24, tzinfo=UTC)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(own_context: None, visitor: Visitor) -> Page:
    """Return the page of a user with five files, on which time stands still."""
    for number in range(5):
        visitor.person.store(f"{number}.txt", b"1")
    page = visitor.open()
    page.clock.install(time=LOADED)
    page.clock.pause_at(LOADED + timedelta(seconds=1))
    return page


def delete(page: Page, *names: str) -> None:
    for name in names:
        page.locator(f'#rows [data-name="{name}"] .name').focus()
        page.keyboard.press("Delete")
        expect(page.locator(f'#rows [data-name="{name}"]')).to_have_count(0)


def test_a_hovered_toast_stays_and_undo_outlives_its_toast(visitor: Visitor, page: Page) -> None:
    delete(page, "0.txt")
    note = page.locator(".note")
    expect(note).to_have_text(text_of("deleted", name="0.txt") + text_of("undo"))
    page.clock.run_for(7_900)
    expect(note).to_be_visible()
    note.hover()
    page.clock.run_for(20_000)
    expect(note).to_be_visible()
    note.get_by_role("button", name=text_of("undo")).focus()
    page.mouse.move(600, 5)
    page.clock.run_for(20_000)
    expect(note).to_be_visible()
    page.locator("#main").focus()
    page.clock.run_for(8_100)
    expect(note).to_have_count(0)

    page.keyboard.press("Control+z")

    expect(visitor.row("0.txt")).to_be_visible()
    expect(note).to_have_text(text_of("undone.delete"))
    page.keyboard.press("Control+z")
    expect(page.get_by_text(text_of("nothing-to-undo"))).to_be_visible()


def test_at_most_three_toasts_are_shown_and_each_undoes_its_own_action(visitor: Visitor, page: Page) -> None:
    delete(page, "0.txt", "1.txt", "2.txt", "3.txt")
    notes = page.locator(".note p")
    expect(notes).to_have_text([text_of("deleted", name=f"{number}.txt") for number in (1, 2, 3)])

    page.locator(".note", has_text="“2.txt”").get_by_role("button", name=text_of("undo")).click()

    expect(visitor.row("2.txt")).to_be_visible()
    assert visitor.names() == ["2.txt", "4.txt"]
    # Ctrl+Z undoes the last change that is not undone, even if its toast has disappeared.
    for number in (3, 1, 0):
        page.keyboard.press("Control+z")
        expect(visitor.row(f"{number}.txt")).to_be_visible()
    assert len(visitor.names()) == 5


def test_all_error_toasts_stay(page: Page, visitor: Visitor, expect_complaint: Callable[[str], None]) -> None:
    expect_complaint("status of 409")
    names = [f"{number}.txt" for number in range(5)]
    delete(page, *names)
    for name in names:
        visitor.person.store(name, b"another")

    for _ in names:
        with page.expect_response("**/trash/restore"):
            page.keyboard.press("Control+z")

    alert = page.get_by_role("alert")
    for name in names:
        expect(alert.get_by_text(text_of("taken-again", path=name))).to_be_visible()


def test_a_conflict_of_an_undo_is_explained_and_the_message_stays(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 40[49]")
    delete(page, "0.txt", "1.txt")
    visitor.person.store("1.txt", b"another")
    page.keyboard.press("Control+z")
    alert = page.get_by_role("alert")
    expect(alert).to_have_text(text_of("not-undone", why=text_of("taken-again", path="1.txt")))
    # How much of it happened the page cannot know, so that it shows what there is.
    expect(visitor.row("1.txt")).to_be_visible()
    page.clock.run_for(60_000)
    expect(alert).to_be_visible()

    visitor.person.send("DELETE", "/trash")
    page.keyboard.press("Control+z")

    expect(alert.get_by_text(detail_of(NotFound))).to_be_visible()
    control(alert, "close").first.click()
    control(alert, "close").first.click()
    expect(alert).to_be_empty()
