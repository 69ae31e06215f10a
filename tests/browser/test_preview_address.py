"""The address of a preview: Back closes it, it can be reloaded and shared."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file, first_page, held_uploads
from tests.support.controls import control, link
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def title(page: Page) -> Locator:
    return page.locator("#preview[open] #preview-name")


@pytest.fixture
def docs(visitor: Visitor) -> Visitor:
    for name in ("a #1?.txt", "b%20.txt", "в.txt"):
        visitor.person.store(f"docs/{name}", name.encode())
    visitor.open()
    visitor.page.get_by_role("link", name="docs", exact=True).click()
    visitor.page.wait_for_url("**/index?path=docs")
    visitor.open("/index?path=docs")
    return visitor


def test_back_closes_a_preview_and_stays_in_the_folder(docs: Visitor) -> None:
    page = docs.page
    docs.row("a #1?.txt").locator(".name").click()
    expect(title(page)).to_have_text("a #1?.txt")
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("b%20.txt")

    page.go_back()
    expect(page.locator("#preview")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/index\?path=docs$"))
    expect(docs.row("b%20.txt").locator(".name")).to_be_focused()
    page.go_forward()
    expect(title(page)).to_have_text("b%20.txt")
    page.go_back()
    expect(page.locator("#preview")).to_be_hidden()
    page.go_back()

    expect(page.get_by_role("heading", level=1)).to_have_text(text_of("your-files"))


@pytest.mark.parametrize("way", [pytest.param("Escape", marks=pytest.mark.long), "button"])
def test_closing_a_preview_leaves_no_history_entry(docs: Visitor, way: str) -> None:
    page = docs.page
    before = page.evaluate("history.length")
    docs.row("в.txt").locator(".name").press("Enter")
    expect(title(page)).to_have_text("в.txt")
    page.reload()
    expect(title(page)).to_have_text("в.txt")

    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        control(page.locator("#preview"), "close").click()

    expect(page).to_have_url(re.compile(r"/index\?path=docs$"))
    expect(page.locator("#preview")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text("docs")
    docs.row("в.txt").locator(".name").click()
    expect(title(page)).to_have_text("в.txt")
    assert page.evaluate("history.length") == before + 1


def test_the_address_opens_a_preview_anywhere_in_the_list(shelf: Visitor) -> None:
    page = shelf.page
    page.goto("/index?path=shelf#preview=shelf/433.txt")

    expect(title(page)).to_have_text("433.txt")
    expect(page.locator("#preview-position")).to_have_text(
        text_of("preview-position", index="434", count=450)
    )
    page.keyboard.press("ArrowLeft")
    expect(title(page)).to_have_text("432.txt")
    expect(page).to_have_url(re.compile(r"#preview=shelf/432\.txt$"))
    page.keyboard.press("Escape")

    expect(page).to_have_url(re.compile(r"/index\?path=shelf$"))
    expect(link(page, "432.txt")).to_be_focused()


def test_a_preview_of_a_search_result_has_an_address(docs: Visitor) -> None:
    page = docs.page
    page.goto("/search?q=b")
    docs.open("/search?q=b")
    docs.row("b%20.txt").locator(".name").click()
    expect(title(page)).to_have_text("b%20.txt")

    page.reload()

    expect(title(page)).to_have_text("b%20.txt")
    page.go_back()
    expect(page.locator("#preview")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/search\?q=b$"))


@pytest.mark.parametrize("path", ["docs/gone.txt", pytest.param("docs", marks=pytest.mark.long), "%E0%A4%A"])
def test_an_address_without_a_file_shows_the_list_and_a_message(docs: Visitor, path: str) -> None:
    page = docs.page
    page.goto("/account")
    page.goto(f"/index?path=docs#preview={path}")

    expect(docs.row("в.txt")).to_be_visible()
    if "%" not in path:
        expect(page.get_by_role("alert")).to_contain_text(text_of("gone", path=path))
        expect(page).to_have_url(re.compile(r"/index\?path=docs$"))
    expect(page.locator("#preview")).to_be_hidden()


def test_signing_in_first_leads_to_the_preview(docs: Visitor, new_context: NewContext, username: str) -> None:
    page = first_page(new_context())
    page.goto("/index?path=docs#preview=docs/%D0%B2.txt")
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)

    control(page, "sign in").click()

    expect(title(page)).to_have_text("в.txt")


def test_back_leads_to_the_previous_folder_during_uploads(docs: Visitor) -> None:
    page = docs.page
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("slow.txt")])
        expect(docs.upload_line("slow.txt")).to_have_attribute("data-state", "sending")
        control(page, "files").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(text_of("your-files"))
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text("docs")
        docs.row("в.txt").locator(".name").click()
        expect(title(page)).to_have_text("в.txt")

        page.go_back()

        expect(page.locator("#preview")).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_have_text("docs")
