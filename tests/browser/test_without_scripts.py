"""The same things with scripts switched off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Complaints, file

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
    page.locator("#files-input").set_input_files([file(name, b"12345") for name in names])
    page.get_by_role("button", name="Upload", exact=True).click()


def delete(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_label(f"Choose “{name}”").check()
    page.locator("#selection").get_by_role("button", name="Delete", exact=True).click()


def act_on(page: Page, name: str) -> None:
    page.get_by_role("link", name=f"Actions for “{name}”").click()


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

    delete(page, "a.txt")

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
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()
    expect(page.get_by_text("Upload a folder")).to_be_hidden()


def told(page: Page, text: str) -> None:
    expect(page.locator(".notice").filter(has_text=text)).to_be_visible()


def listed(page: Page, *names: str) -> None:
    expect(page.locator("#rows .name")).to_have_text(list(names))


def test_everything_can_be_arranged(page: Page, complaints: list[Complaints]) -> None:
    complaints[0].expect("status of 409")
    upload(page, "a.txt", "b.txt", "c.txt")
    expect(page.get_by_role("button", name="Move or copy", exact=True)).to_be_hidden()

    page.locator("#new-folder summary").click()
    page.locator("#folder-name").fill("docs")
    page.get_by_role("button", name="Make the folder").click()
    told(page, "The folder “docs” is made.")

    act_on(page, "a.txt")
    page.get_by_label("New name").fill("b.txt")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_text("There is already something at “b.txt”.")).to_be_visible()
    expect(page.get_by_label("New name")).to_have_value("b.txt")
    page.get_by_label("New name").fill("first.txt")
    page.get_by_role("button", name="Rename").click()
    told(page, "“a.txt” is called “first.txt” now.")
    listed(page, "docs", "b.txt", "c.txt", "first.txt")

    page.get_by_label("Choose “b.txt”").check()
    page.get_by_label("Choose “c.txt”").check()
    page.get_by_role("button", name="Move or copy", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 items")
    page.get_by_label("Folder to move or copy to").fill("docs")
    page.get_by_role("button", name="Copy").click()
    told(page, "Copies of 2 items are in “docs”.")
    act_on(page, "c.txt")
    page.get_by_label("Folder to move or copy to").fill("docs")
    page.get_by_label("If the name is in use there").select_option("rename")
    page.get_by_role("button", name="Move").click()
    told(page, "“c (2).txt” is in “docs” now.")

    page.get_by_role("link", name="docs", exact=True).click()
    listed(page, "b.txt", "c (2).txt", "c.txt")
    page.get_by_label("Choose “c.txt”").check()
    page.get_by_label("Choose “b.txt”").check()
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Download as zip").click()
    assert downloaded.value.path().read_bytes().startswith(b"PK")
    page.locator("#selection").get_by_role("button", name="Delete", exact=True).click()
    told(page, "2 items are in the trash.")
    listed(page, "c (2).txt")


def test_the_trash_gives_back_and_forgets(page: Page, complaints: list[Complaints]) -> None:
    complaints[0].expect("status of 409")
    upload(page, "a.txt", "b.txt")
    delete(page, "a.txt", "b.txt")
    upload(page, "a.txt")
    page.get_by_role("link", name="Trash").click()

    page.get_by_label("Choose “a.txt”").check()
    page.get_by_role("button", name="Restore").click()
    told(page, "There is already something at “a.txt”.")
    page.get_by_role("button", name="Keep both").click()
    told(page, "“a (2).txt” is back.")
    page.get_by_label("Choose “b.txt”").check()
    page.get_by_role("button", name="Delete for ever").click()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("Choose “b.txt”").check()
    page.get_by_role("button", name="Delete for ever").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 1 item for ever?")
    page.get_by_role("button", name="Delete for ever").click()
    told(page, "That is gone for ever.")

    page.get_by_role("link", name="Your files").click()
    listed(page, "a (2).txt", "a.txt")
    delete(page, "a.txt")
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("link", name="Empty the trash").click()
    page.get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_tiles_are_chosen_for_good_by_a_link(page: Page) -> None:
    upload(page, "a.txt")
    expect(page.locator(".list.is-grid")).to_have_count(0)

    page.get_by_role("link", name="As tiles").click()
    expect(page.locator(".list.is-grid")).to_be_visible()
    page.goto("/index")
    expect(page.locator(".list.is-grid")).to_be_visible()
    page.get_by_role("link", name="As a list").click()

    expect(page.locator(".list")).to_be_visible()
    expect(page.locator(".list.is-grid")).to_have_count(0)


def test_versions_come_back_and_a_search_leads_to_them(page: Page) -> None:
    upload(page, "notes.txt")
    page.locator("#files-input").set_input_files([file("notes.txt", b"something else")])
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_label("Search by name").fill("NOT")
    page.get_by_role("button", name="Search").click()
    act_on(page, "notes.txt")
    page.get_by_role("link", name="Versions").click()

    page.get_by_role("button", name="Restore version 1").click()
    told(page, "The file has the content of version 1 again.")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download version 3").click()
    assert downloaded.value.path().read_bytes() == b"12345"
    page.get_by_role("button", name="Delete version 2 for ever").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for ever").click()
    told(page, "Version 2 is gone for ever.")
    expect(page.locator(".thing-name")).to_contain_text(["Version 3", "Version 1"])
