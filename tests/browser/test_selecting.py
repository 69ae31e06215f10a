"""Selecting rows by mouse, keyboard and touch, and the selection bar."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor
from tests.support.controls import checkbox, column, control
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

NAMES = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]


def row(page: Page, name: str) -> Locator:
    return page.locator(f'#rows [data-name="{name}"]')


def blank(page: Page, name: str) -> Locator:
    """Return a part of the row which is neither a link nor a button."""
    return row(page, name).locator(".col-modified")


def box(page: Page, name: str) -> Locator:
    return checkbox(page, name)


def chosen(page: Page) -> list[str]:
    names: list[str] = page.locator("#rows :checked").evaluate_all("boxes => boxes.map((box) => box.value)")
    return names


def bar(page: Page) -> Locator:
    return control(page, "selection")


def filled(visitor: Visitor) -> Page:
    for name in NAMES:
        visitor.person.store(name, b"1234567890")
    return visitor.open()


def chosen_of(count: int, size: int) -> str:
    """Return what the bar says of so many entries with so many bytes."""
    return f"{text_of('chosen', count=count)} · {text_of('size.0', count=size, value=size)}"


def test_mouse_clicks_select_toggle_and_extend_a_range(visitor: Visitor) -> None:
    page = filled(visitor)
    expect(column(page, "name")).to_be_visible()

    blank(page, "b.txt").click()
    expect(bar(page)).to_contain_text(chosen_of(1, 10))
    expect(column(page, "name")).to_be_hidden()
    blank(page, "c.txt").click()
    assert chosen(page) == ["c.txt"]
    blank(page, "a.txt").click(modifiers=["Control"])
    assert chosen(page) == ["a.txt", "c.txt"]
    blank(page, "d.txt").click(modifiers=["Shift"])
    assert chosen(page) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    blank(page, "b.txt").click(modifiers=["Shift"])
    assert chosen(page) == ["a.txt", "b.txt", "c.txt"]

    box(page, "c.txt").uncheck()
    box(page, "e.txt").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text(chosen_of(5, 50))
    expect(control(page, "select all")).to_be_checked()
    box(page, "a.txt").uncheck()
    expect(control(page, "select all")).to_have_js_property("indeterminate", True)
    control(page, "select all").check()
    assert chosen(page) == NAMES

    control(bar(page), "clear selection").click()
    expect(bar(page)).to_be_hidden()
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_focused()
    assert chosen(page) == []
    box(page, "b.txt").check()
    box(page, "c.txt").check()
    bar(page).get_by_role("button", name=text_of("act-trash")).click()
    expect(page.get_by_role("link", name="d.txt", exact=True)).to_be_focused()
    expect(bar(page)).to_be_hidden()


def test_keys_extend_the_selection_and_it_is_announced(visitor: Visitor) -> None:
    page = filled(visitor)

    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert chosen(page) == ["b.txt"]
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    assert chosen(page) == ["b.txt", "c.txt", "d.txt", "e.txt"]
    page.keyboard.press("Shift+ArrowUp")
    assert chosen(page) == ["b.txt", "c.txt", "d.txt"]
    expect(page.get_by_role("link", name="d.txt", exact=True)).to_be_focused()
    expect(page.get_by_role("status").get_by_text(chosen_of(3, 30))).to_have_count(1)
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    assert chosen(page) == ["a.txt", "b.txt", "c.txt", "d.txt"]

    page.keyboard.press("Control+a")
    assert chosen(page) == NAMES
    page.keyboard.press("Escape")
    assert chosen(page) == []
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_focused()
    expect(page.get_by_role("status").get_by_text(text_of("none-chosen"))).to_have_count(1)


def test_touch_selects_by_checkbox_and_then_by_row(
    server: Server, new_context: NewContext, username: str
) -> None:
    visitor = Visitor(
        server,
        new_context(viewport={"width": 375, "height": 740}, has_touch=True, is_mobile=True),
        username,
    )
    visitor.person.store("folder/inside.txt", b"1")
    visitor.person.store("outside.txt", b"1")
    page = visitor.open()

    box(page, "outside.txt").tap()
    assert chosen(page) == ["outside.txt"]
    blank(page, "folder").tap()
    assert chosen(page) == ["folder", "outside.txt"]
    expect(bar(page).locator(".selection-number")).to_have_text("2")
    control(bar(page), "clear selection").tap()
    assert chosen(page) == []
    page.get_by_role("link", name="folder", exact=True).tap()

    expect(page.get_by_role("heading", level=1)).to_have_text("folder")
    assert visitor.names() == ["inside.txt"]


def test_select_all_selects_loaded_rows_and_keeps_them_when_more_load(visitor: Visitor) -> None:
    parts = [("file", (f"{number:03}.txt", b"x")) for number in range(230)]
    stored = visitor.server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data
    page = visitor.open()

    control(page, "select all").check()
    expect(bar(page)).to_contain_text(chosen_of(200, 200))
    expect(bar(page)).to_contain_text(text_of("only-loaded"))
    control(page, "more").click()
    expect(page.get_by_role("link", name="229.txt", exact=True)).to_be_attached()
    expect(bar(page)).not_to_contain_text(text_of("only-loaded"))
    expect(control(page, "select all")).to_have_js_property("indeterminate", True)
    page.keyboard.press("Control+a")

    expect(page.locator("#rows .is-chosen :checked")).to_have_count(230)
    expect(bar(page)).to_contain_text(text_of("chosen", count=230))


def test_a_double_click_opens_and_the_bar_downloads_an_archive(visitor: Visitor) -> None:
    visitor.person.store("folder/inside.txt", b"in it")
    visitor.person.store("outside.txt", b"beside it")
    page = visitor.open()

    box(page, "folder").check()
    box(page, "outside.txt").check()
    with page.expect_download() as downloaded:
        bar(page).get_by_role("button", name=text_of("act-download")).click()
    archive = ZipFile(BytesIO(downloaded.value.path().read_bytes()))
    assert sorted(archive.namelist()) == ["folder/", "folder/inside.txt", "outside.txt"]
    blank(page, "folder").dblclick()

    expect(page.get_by_role("heading", level=1)).to_have_text("folder")


def test_many_files_are_downloaded_as_one_archive_and_a_missing_one_is_reported(visitor: Visitor) -> None:
    names = [f"page {number:03} of the minutes.txt" for number in range(120)]
    parts = [("file", (name, name.encode())) for name in names]
    stored = visitor.server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data
    page = visitor.open()
    control(page, "select all").check()
    download = bar(page).get_by_role("button", name=text_of("act-download"))

    with page.expect_download() as downloaded:
        download.click()
    archive = ZipFile(BytesIO(downloaded.value.path().read_bytes()))
    assert sorted(archive.namelist()) == names
    visitor.person.delete(names[60])
    download.click()

    expect(page.get_by_role("alert")).to_contain_text(text_of("gone", path=names[60]))
    expect(page.locator("#rows .list-row")).to_have_count(119)
    assert page.evaluate("location.pathname") == "/index"
