"""The same things with scripts switched off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import file

pytestmark = pytest.mark.browser


@pytest.fixture
def page(new_context: NewContext, username: str) -> Page:
    """Return the files page of somebody who has just registered, without a line of script."""
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/register")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url("**/index")
    return page


def upload(page: Page, *names: str) -> None:
    page.locator("input[type=file]").set_input_files([file(name, b"12345") for name in names])
    page.get_by_role("button", name="Upload").click()


def test_one_file_is_uploaded_listed_and_downloaded(page: Page) -> None:
    upload(page, "one.txt")

    expect(page.get_by_role("status").filter(has_text="“one.txt” is uploaded.")).to_be_visible()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="one.txt", exact=True).click()
    assert downloaded.value.path().read_bytes() == b"12345"


def test_many_files_are_uploaded_at_once(page: Page) -> None:
    upload(page, "a.txt", "b.txt", "c.txt")

    expect(page.locator("#rows .name")).to_have_text(["a.txt", "b.txt", "c.txt"])
    expect(page.locator("#totals")).to_contain_text("3 items")


def test_a_file_is_deleted(page: Page) -> None:
    upload(page, "a.txt", "b.txt")

    page.get_by_role("button", name="Delete “a.txt”").click()

    expect(page.get_by_role("status").filter(has_text="“a.txt” is in the trash.")).to_be_visible()
    expect(page.locator("#rows .name")).to_have_text(["b.txt"])


def test_sorting_language_and_signing_out_work(page: Page) -> None:
    upload(page, "a.txt", "b.txt")
    page.get_by_role("columnheader", name="Name").get_by_role("link").click()
    expect(page.locator("#rows .name")).to_have_text(["b.txt", "a.txt"])

    page.get_by_role("button", name="Русский").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Ваши файлы")
    expect(page.locator("#rows .name")).to_have_text(["b.txt", "a.txt"])
    page.get_by_role("link", name="Выйти").click()
    expect(page.get_by_role("link", name="Создать аккаунт")).to_be_visible()


def test_nothing_that_needs_scripts_is_offered(page: Page) -> None:
    expect(page.locator("#theme")).to_be_hidden()
    expect(page.get_by_text("Drop files or folders anywhere")).to_be_hidden()
    expect(page.get_by_role("button", name="Upload")).to_be_visible()
    expect(page.get_by_text("Choose files", exact=True)).to_be_hidden()
