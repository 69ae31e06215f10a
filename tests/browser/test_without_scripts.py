"""The same features with scripts disabled."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Complaints, file, first_page
from tests.support.controls import answer, checkbox, column, control, menu_button
from tests.support.wording import RUSSIAN, figures, text_of

pytestmark = pytest.mark.browser


@pytest.fixture
def page(new_context: NewContext, username: str) -> Page:
    """Return the files page of a newly registered user, without scripts."""
    page = first_page(new_context(java_script_enabled=False))
    page.goto("/register")
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)
    control(page, "create account").click()
    page.wait_for_url("**/index")
    return page


def upload(page: Page, *names: str) -> None:
    page.locator("#files-input").set_input_files([file(name, b"12345") for name in names])
    control(page, "upload").click()


def delete(page: Page, *names: str) -> None:
    for name in names:
        checkbox(page, name).check()
    control(page, "delete selected").click()


def act_on(page: Page, name: str) -> None:
    menu_button(page, name).click()


def test_one_file_is_uploaded_listed_and_downloaded(page: Page) -> None:
    upload(page, "one.txt")

    told(page, "one.txt")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="one.txt", exact=True).click()
    assert downloaded.value.path().read_bytes() == b"12345"


def test_many_files_are_uploaded_at_once(page: Page) -> None:
    upload(page, "a.txt", "b.txt", "c.txt")

    expect(page.locator("#rows .name")).to_have_text(["a.txt", "b.txt", "c.txt"])
    expect(page.locator("#totals")).to_have_text(figures(3, 15))


def test_a_file_is_deleted(page: Page) -> None:
    upload(page, "a.txt", "b.txt")

    delete(page, "a.txt")

    told(page, "a.txt")
    expect(page.locator("#rows .name")).to_have_text(["b.txt"])


def test_sorting_language_and_sign_out_work(page: Page) -> None:
    upload(page, "a.txt", "b.txt")
    column(page, "name").get_by_role("link").click()
    expect(page.locator("#rows .name")).to_have_text(["b.txt", "a.txt"])

    page.get_by_role("button", name="Русский").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(text_of("your-files", "ru"))
    expect(page.locator("#rows .name")).to_have_text(["b.txt", "a.txt"])
    control(page, "sign out").click()
    expect(control(page, "to create account")).to_have_text(RUSSIAN)


def test_features_that_need_scripts_are_not_offered(page: Page) -> None:
    expect(page.locator("#theme")).to_be_hidden()
    expect(page.locator(".empty .needs-script")).to_be_hidden()
    expect(control(page, "upload")).to_be_visible()
    expect(page.locator(".upload-folder")).to_be_hidden()


def told(page: Page, *names: str) -> None:
    """Wait for the message about what was done, which has these names of what came of it."""
    message = page.get_by_role("main").get_by_role("status").and_(page.locator(".notice"))
    for name in names:
        expect(message).to_contain_text(name)
    expect(message).to_be_visible()


def listed(page: Page, *names: str) -> None:
    expect(page.locator("#rows .name")).to_have_text(list(names))


def test_entries_can_be_moved_copied_and_renamed(page: Page, complaints: list[Complaints]) -> None:
    complaints[0].expect("status of 409")
    upload(page, "a.txt", "b.txt", "c.txt")
    expect(control(page, "arrange selected")).to_be_hidden()

    page.locator("#new-folder summary").click()
    page.locator("#folder-name").fill("docs")
    control(page, "create folder").click()
    told(page, "docs")

    act_on(page, "a.txt")
    control(page, "rename to").fill("b.txt")
    control(page, "rename").click()
    expect(page.locator("#rename-name-error")).to_contain_text("b.txt")
    expect(control(page, "rename to")).to_have_value("b.txt")
    control(page, "rename to").fill("first.txt")
    control(page, "rename").click()
    told(page, "first.txt")
    listed(page, "docs", "b.txt", "c.txt", "first.txt")

    checkbox(page, "b.txt").check()
    checkbox(page, "c.txt").check()
    control(page, "arrange selected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(figures(2))
    control(page, "arrange to").fill("docs")
    control(page, "copy").click()
    told(page, "docs")
    act_on(page, "c.txt")
    control(page, "arrange to").fill("docs")
    control(page, "arrange conflict").select_option("rename")
    control(page, "move").click()
    told(page, "c (2).txt")

    page.get_by_role("link", name="docs", exact=True).click()
    listed(page, "b.txt", "c (2).txt", "c.txt")
    checkbox(page, "c.txt").check()
    checkbox(page, "b.txt").check()
    with page.expect_download() as downloaded:
        control(page, "zip selected").click()
    assert downloaded.value.path().read_bytes().startswith(b"PK")
    control(page, "delete selected").click()
    told(page, "2")
    listed(page, "c (2).txt")


def test_the_trash_restores_and_deletes(page: Page, complaints: list[Complaints]) -> None:
    complaints[0].expect("status of 409")
    upload(page, "a.txt", "b.txt")
    delete(page, "a.txt", "b.txt")
    upload(page, "a.txt")
    control(page, "trash").click()

    checkbox(page, "a.txt").check()
    control(page, "restore selected").click()
    expect(page.get_by_role("alert").and_(page.locator(".notice"))).to_contain_text("a.txt")
    answer(page, "rename").click()
    told(page, "a (2).txt")
    checkbox(page, "b.txt").check()
    control(page, "purge selected").click()
    control(page, "back from purge").click()
    checkbox(page, "b.txt").check()
    control(page, "purge selected").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(figures(1))
    control(page, "purge").click()
    told(page)

    control(page, "files").click()
    listed(page, "a (2).txt", "a.txt")
    delete(page, "a.txt")
    control(page, "trash").click()
    control(page, "empty trash").click()
    control(page, "purge").click()
    expect(control(page, "nothing here")).to_be_visible()


def test_a_link_selects_the_tile_view_permanently(page: Page) -> None:
    upload(page, "a.txt")
    expect(page.locator(".list.is-grid")).to_have_count(0)

    control(page, "as tiles").click()
    expect(page.locator(".list.is-grid")).to_be_visible()
    page.goto("/index")
    expect(page.locator(".list.is-grid")).to_be_visible()
    control(page, "as list").click()

    expect(page.locator(".list")).to_be_visible()
    expect(page.locator(".list.is-grid")).to_have_count(0)


def test_versions_are_restored_and_search_finds_files(page: Page) -> None:
    upload(page, "notes.txt")
    page.locator("#files-input").set_input_files([file("notes.txt", b"something else")])
    control(page, "upload").click()
    control(page, "search").fill("NOT")
    control(page, "start search").click()
    act_on(page, "notes.txt")
    control(page, "versions").click()

    page.get_by_role("button", name=text_of("version-restore", number="1")).click()
    told(page, "1")
    with page.expect_download() as downloaded:
        page.get_by_role("link", name=text_of("version-download", number="3")).click()
    assert downloaded.value.path().read_bytes() == b"12345"
    page.get_by_role("button", name=text_of("version-discard", number="2")).click()
    page.get_by_role("dialog").locator("[type=submit]").click()
    told(page, "2")
    expect(page.locator(".thing-name")).to_contain_text(
        [text_of("version", number="3"), text_of("version", number="1")]
    )
