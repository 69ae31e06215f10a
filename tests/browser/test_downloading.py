"""Downloads of somebody whose session has ended: they sign in, and then they have it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, press_letter
from tests.support.people import Person
from tests.support.servers import Server

pytestmark = pytest.mark.browser

WAYS: dict[str, Callable[[Visitor], None]] = {}


def way(act: Callable[[Visitor], None]) -> Callable[[Visitor], None]:
    """Note a way to download something."""
    WAYS[act.__name__] = act
    return act


@way
def by_key(visitor: Visitor) -> None:
    visitor.row("a.txt").locator(".name").focus()
    press_letter(visitor.page, "s")


@way
def by_the_menu(visitor: Visitor) -> None:
    visitor.row("a.txt").click(button="right")
    visitor.page.get_by_role("menuitem", name="Download").click()


@way
def of_several(visitor: Visitor) -> None:
    visitor.page.get_by_label("Choose “a.txt”").check()
    visitor.page.get_by_label("Choose “b.txt”").check()
    visitor.page.locator("#selection-actions").get_by_role("button", name="Download").click()


@way
def of_all(visitor: Visitor) -> None:
    visitor.page.get_by_role("link", name="Download as zip").click()


@way
def from_the_preview(visitor: Visitor) -> None:
    visitor.page.locator("#preview-download").click()


def end_session(visitor: Visitor) -> None:
    """End the session as if its time were over, which the page hears nothing of."""
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in visitor.context.cookies())
    visitor.server.request("GET", "/logout", headers={"Cookie": cookies})


def sign_in_again(page: Page) -> None:
    question = page.get_by_role("dialog", name="Sign in again")
    question.get_by_label("Password", exact=True).fill(PASSWORD)
    question.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("way", WAYS)
def test_a_download_after_the_session_asks_to_sign_in_and_is_done_then(
    visitor: Visitor, expect_complaint: Callable[[str], None], way: str
) -> None:
    expect_complaint("status of 401")
    visitor.person.store("a.txt", b"content of a")
    visitor.person.store("b.txt", b"2")
    page = visitor.open()
    if way == "from_the_preview":
        visitor.row("a.txt").locator(".name").click()
        expect(page.locator("#preview-stage pre")).to_be_visible()
    end_session(visitor)

    WAYS[way](visitor)
    with page.expect_download() as downloaded:
        sign_in_again(page)

    content = downloaded.value.path().read_bytes()
    assert b"content of a" in content
    assert b"<html" not in content


def test_a_download_that_is_put_aside_says_why_there_is_none(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    end_session(visitor)

    by_the_menu(visitor)
    page.get_by_role("button", name="Not now").click()

    expect(page.get_by_role("alert")).to_contain_text("You are signed out.")


@pytest.mark.parametrize("is_scripted", [True, False])
@pytest.mark.parametrize(
    "path", ["/download/a%20%D0%B1.txt", "/download/docs", "/zip?path=docs&path=a%20%D0%B1.txt"]
)
def test_a_link_to_a_download_leads_by_the_form_to_sign_in(
    server: Server, new_context: NewContext, username: str, path: str, is_scripted: bool
) -> None:
    person = Person(server, username)
    person.store("a б.txt", b"content of a")
    person.store("docs/inside.txt", b"content of a")
    page = new_context(java_script_enabled=is_scripted).new_page()
    page.goto(path)
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)

    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Sign in").click()

    assert b"content of a" in downloaded.value.path().read_bytes()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your download starts now")
    with page.expect_download():
        page.get_by_role("link", name="Download", exact=True).click()


def test_the_form_of_chosen_ones_leads_there_too_without_scripts(
    server: Server, new_context: NewContext, username: str
) -> None:
    visitor = Visitor(server, new_context(java_script_enabled=False), username)
    visitor.person.store("a.txt", b"content of a")
    visitor.person.store("b.txt", b"2")
    page = visitor.page
    page.goto("/index")
    page.get_by_label("Choose “a.txt”").check()
    page.get_by_label("Choose “b.txt”").check()
    end_session(visitor)

    page.get_by_role("button", name="Download as zip").click()
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Sign in").click()

    assert b"content of a" in downloaded.value.path().read_bytes()


def test_a_file_that_is_saved_leaves_no_form_that_does_nothing(
    server: Server, new_context: NewContext, username: str
) -> None:
    Person(server, username).store("a.bin", b"\x00\x01content")
    page = new_context().new_page()
    page.goto("/files/a.bin")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)

    with page.expect_download():
        page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your download starts now")
