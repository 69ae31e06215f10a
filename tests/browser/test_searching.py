"""Searching while typing: in place, in order, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, first_page
from tests.support.controls import control
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def field(page: Page) -> Locator:
    return control(page, "search")


def listed(page: Page, *names: str) -> None:
    expect(page.locator("#rows .name")).to_have_text(list(names))


@pytest.fixture
def library(visitor: Visitor) -> Visitor:
    """Return a user with files to search for."""
    for path in ("docs/Отчёт.txt", "docs/deep/report.txt", "docs/notes.txt", "report 2.txt"):
        visitor.person.store(path, b"12345")
    return visitor


def test_search_results_replace_the_list_and_escape_returns(library: Visitor) -> None:
    page = library.open("/index?path=docs")
    page.evaluate("window.neverReloaded = true")
    page.get_by_role("link", name="notes.txt", exact=True).focus()
    page.keyboard.press("/")
    expect(field(page)).to_be_focused()

    page.keyboard.type("rep")
    listed(page, "report.txt")
    expect(page.locator("#rows mark")).to_have_text("rep")
    expect(page.get_by_role("status").filter(has_text=text_of("found", count=1))).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/search\?q=rep&path=docs$"))
    expect(page).to_have_title("Search for “rep” – Cabinet")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    # The query is deleted, so the folder is back, and typing continues.
    listed(page, "deep", "notes.txt", "Отчёт.txt")
    expect(field(page)).to_be_focused()
    page.keyboard.type("ОТЧЕТ")
    listed(page, "Отчёт.txt")
    expect(page.locator("#rows mark")).to_have_text("Отчёт")
    expect(field(page)).to_be_focused()

    page.keyboard.press("Escape")
    listed(page, "deep", "notes.txt", "Отчёт.txt")
    expect(page).to_have_url(re.compile(r"/index\?path=docs$"))
    expect(field(page)).to_have_value("")
    expect(page.get_by_role("link", name="notes.txt", exact=True)).to_be_focused()
    assert page.evaluate("window.neverReloaded")


@pytest.mark.usefixtures("own_context")
def test_search_waits_for_a_pause_in_typing(library: Visitor) -> None:
    page = library.open()
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/search?" in request.url else None)
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)

    for key in "rep":
        field(page).press(key)
        page.clock.run_for(150)
    assert not asked
    page.clock.run_for(60)

    listed(page, "report 2.txt", "report.txt")
    assert [url.split("?")[1] for url in asked] == ["q=rep"]


def test_a_search_can_be_widened_reloaded_and_left(library: Visitor) -> None:
    page = library.open("/index?path=docs")
    field(page).fill("report")
    listed(page, "report.txt")

    control(page, "everywhere").click()
    listed(page, "report 2.txt", "report.txt")
    page.reload()
    listed(page, "report 2.txt", "report.txt")
    expect(field(page)).to_have_value("report")
    field(page).fill("report 2")
    listed(page, "report 2.txt")
    field(page).press("Enter")
    expect(page.get_by_role("link", name="report 2.txt", exact=True)).to_be_focused()
    field(page).fill("nothing like it")
    expect(control(page, "nothing here")).to_be_visible()
    expect(page.locator(".empty h2 + p")).to_be_visible()

    field(page).press("Escape")
    expect(page).to_have_url(re.compile(r"/index\?path=docs$"))
    listed(page, "deep", "notes.txt", "Отчёт.txt")


def test_a_late_answer_is_ignored(library: Visitor) -> None:
    page = library.open()
    held: list[Route] = []
    page.route("**/search?q=rep", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    with page.expect_request("**/search?q=rep"):
        field(page).press_sequentially("rep")

    with page.expect_response("**/search?q=reports"):
        field(page).press_sequentially("orts")
    expect(control(page, "nothing here")).to_be_visible()
    with page.expect_response("**/search?q=rep"):
        held[0].continue_()
    # Only the last request can be answered after that.
    field(page).fill("notes")

    listed(page, "notes.txt")
    expect(page).to_have_url(re.compile(r"/search\?q=notes$"))


def test_a_search_result_opens_its_folder_at_its_row(visitor: Visitor) -> None:
    parts = [("file", (f"{number:03}.txt", b"x")) for number in range(330)]
    query = "/upload?folder=long/folder"
    stored = visitor.server.request("POST", query, fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data
    page = visitor.open()
    field(page).fill("327")
    listed(page, "327.txt")

    page.locator("#rows .where a").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("folder")
    link = page.get_by_role("link", name="327.txt", exact=True)
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    expect(visitor.row("327.txt")).to_have_class(re.compile("is-new"))
    expect(page).to_have_url(re.compile(r"/index\?path=long/folder$"))
    page.go_back()
    listed(page, "327.txt")
    expect(field(page)).to_have_value("327")


def test_without_scripts_the_search_form_works(new_context: NewContext, library: Visitor) -> None:
    context = new_context(java_script_enabled=False)
    context.add_cookies(library.context.cookies())  # type: ignore[arg-type]
    page = first_page(context)
    page.goto("/index?path=docs")

    field(page).fill("report")
    field(page).press("Enter")

    listed(page, "report.txt")
    control(page, "everywhere").click()
    listed(page, "report 2.txt", "report.txt")
    assert page.locator("#rows .where").all_inner_texts() == [text_of("your-files"), "docs/deep"]
