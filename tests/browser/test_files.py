"""The list: order, pages and names."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.support.chromium import Visitor, file, press_letter
from tests.support.controls import checkbox, column, control, menu_button, row
from tests.support.wording import figures, pattern_of, text_of

pytestmark = pytest.mark.browser

HOSTILE_NAMES = [
    "<img src=x onerror=alert(1)>.txt",
    '"><script>alert(1)<',
    "{{7*7}}.txt",
    "%(name)s %s.txt",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "#fragment?query=1&x=%41",
    "  spaces  twice  ",
    "😀 Отчёт №5 日本語.pdf",
]


def record_dialogs(page: Page) -> list[str]:
    """Return a list that fills with the messages of dialogs which scripts open."""
    messages: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        messages.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    return messages


def test_the_used_space_is_updated_after_an_upload(visitor: Visitor) -> None:
    visitor.person.store("first.txt", b"1234567890")
    page = visitor.open()
    expect(page.get_by_role("meter", name=figures(10, 1))).to_have_js_property("value", 10)
    page.locator("#files-input").set_input_files([file("second.txt", b"12345")])

    expect(page.get_by_role("meter", name=figures(15, 1))).to_have_js_property("value", 15)


def test_a_folder_opens_and_breadcrumbs_lead_back(visitor: Visitor) -> None:
    visitor.person.store("projects/2026/plan.txt", b"1")
    page = visitor.open()
    page.get_by_role("link", name="projects", exact=True).click()
    page.get_by_role("link", name="2026", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026")
    assert visitor.names() == ["plan.txt"]

    page.get_by_role("navigation").get_by_role("link", name="projects").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("projects")


def test_columns_sort_and_announce_their_order(visitor: Visitor) -> None:
    for name, size in (("small.txt", 1), ("large.txt", 300), ("file10.txt", 20), ("file2.txt", 10)):
        visitor.person.store(name, b"x" * size)
    page = visitor.open()
    assert visitor.names() == ["file2.txt", "file10.txt", "large.txt", "small.txt"]

    column(page, "size").get_by_role("link").click()

    expect(column(page, "size")).to_have_attribute("aria-sort", "ascending")
    assert visitor.names() == ["small.txt", "file2.txt", "file10.txt", "large.txt"]
    column(page, "size").get_by_role("link").click()
    expect(column(page, "size")).to_have_attribute("aria-sort", "descending")
    assert visitor.names() == ["large.txt", "file10.txt", "file2.txt", "small.txt"]


def test_show_more_appends_the_next_page(visitor: Visitor) -> None:
    parts = [("file", (f"{number:03}.txt", b"x")) for number in range(230)]
    stored = visitor.server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data
    page = visitor.open()
    assert len(visitor.names()) == 200

    control(page, "more").click()

    expect(page.get_by_role("link", name="200.txt", exact=True)).to_be_focused()
    expect(control(page, "more")).to_have_count(0)
    assert visitor.names() == [f"{number:03}.txt" for number in range(230)]


def test_a_name_is_always_shown_as_text(visitor: Visitor) -> None:
    for name in HOSTILE_NAMES:
        visitor.person.store(name, name.encode())
    page = visitor.open()
    dialogs = record_dialogs(page)
    assert set(visitor.names()) == set(HOSTILE_NAMES)

    for name in HOSTILE_NAMES:
        row(page, name).locator(".name").focus()
        with page.expect_download() as downloaded:
            press_letter(page, "s")
        assert downloaded.value.path().read_bytes() == name.encode()
        for key, title, text in (
            ("Shift+Delete", "#confirm-title", text_of("purge-one", name=name)),
            ("m", "#picker-title", text_of("move-one", name=name)),
        ):
            page.keyboard.press(key)
            # The title is there before its dialog is open, and nothing can be closed earlier.
            expect(page.locator(title)).to_be_visible()
            expect(page.locator(title)).to_have_text(text, use_inner_text=False)
            page.keyboard.press("Escape")
            expect(page.locator(title)).to_be_hidden()
        page.keyboard.press("Delete")

        deleted = page.get_by_role("status").filter(has_text=pattern_of("deleted"))
        expect(deleted).to_contain_text(name.strip())
        assert page.locator("main img, main script").count() == 0

    assert dialogs == []


def test_a_long_name_is_shortened_in_the_middle(visitor: Visitor) -> None:
    name = "minutes of the meeting " * 6 + "final.pdf"
    visitor.person.store(name, b"1")
    page = visitor.open()
    page.set_viewport_size({"width": 700, "height": 600})
    link = page.get_by_role("link", name=name, exact=True)

    stem, tail = link.locator(".name-stem"), link.locator(".name-tail")

    expect(link).to_have_attribute("title", name)
    assert stem.evaluate("element => element.scrollWidth > element.clientWidth")
    assert tail.inner_text().endswith("final.pdf")
    cell, end = page.locator("#rows .col-name").bounding_box(), tail.bounding_box()
    assert cell is not None
    assert end is not None
    assert end["x"] + end["width"] <= cell["x"] + cell["width"] + 1


def test_everything_in_a_row_is_reachable_by_keyboard(visitor: Visitor) -> None:
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    checkbox(page, "notes.txt").focus()

    page.keyboard.press("Space")
    expect(page.get_by_role("button", name=text_of("act-move"), exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_focused()
    page.keyboard.press("Tab")
    menu = menu_button(page, "notes.txt")
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name=text_of("act-trash"), exact=True).press("Enter")

    expect(control(page, "nothing here")).to_be_visible()
