"""Downloads after the session has ended: the user signs in again and gets the file."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, first_page, press_letter
from tests.support.controls import checkbox, control
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.wording import text_of

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
    visitor.page.get_by_role("menuitem", name=text_of("act-download")).click()


@way
def of_several(visitor: Visitor) -> None:
    checkbox(visitor.page, "a.txt").check()
    checkbox(visitor.page, "b.txt").check()
    visitor.page.locator("#selection-actions").get_by_role("button", name=text_of("act-download")).click()


@way
def of_all(visitor: Visitor) -> None:
    control(visitor.page, "zip of folder").click()


@way
def from_the_preview(visitor: Visitor) -> None:
    visitor.page.locator("#preview-download").click()


def end_session(visitor: Visitor) -> None:
    """End the session as if it had expired, without notifying the page."""
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in visitor.context.cookies())
    visitor.server.request("GET", "/logout", headers={"Cookie": cookies})


def sign_in_again(page: Page) -> None:
    question = page.get_by_role("dialog", name=text_of("sign-in-again"))
    control(question, "password").fill(PASSWORD)
    control(question, "sign in").click()


@pytest.mark.parametrize("way", WAYS)
def test_a_download_after_the_session_ended_asks_to_sign_in(
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


def test_a_dismissed_sign_in_explains_the_missing_download(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    end_session(visitor)

    by_the_menu(visitor)
    control(page, "sign in later").click()

    expect(page.get_by_role("alert")).to_contain_text(text_of("signed-out"))


@pytest.mark.parametrize("is_scripted", [pytest.param(True, marks=pytest.mark.long), False])
@pytest.mark.parametrize(
    "path", ["/download/a%20%D0%B1.txt", "/download/docs", "/zip?path=docs&path=a%20%D0%B1.txt"]
)
def test_a_download_link_redirects_to_the_sign_in_form(
    server: Server, new_context: NewContext, username: str, path: str, is_scripted: bool
) -> None:
    person = Person(server, username)
    person.store("a б.txt", b"content of a")
    person.store("docs/inside.txt", b"content of a")
    page = first_page(new_context(java_script_enabled=is_scripted))
    page.goto(path)
    expect(page).to_have_url(re.compile("/login"))
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)

    with page.expect_download() as downloaded:
        control(page, "sign in").click()

    assert b"content of a" in downloaded.value.path().read_bytes()
    expect(control(page, "download")).to_be_visible()
    with page.expect_download():
        control(page, "download").click()


def test_without_scripts_the_selection_form_redirects_to_sign_in(
    server: Server, new_context: NewContext, username: str
) -> None:
    visitor = Visitor(server, new_context(java_script_enabled=False), username)
    visitor.person.store("a.txt", b"content of a")
    visitor.person.store("b.txt", b"2")
    page = visitor.page
    page.goto("/index")
    checkbox(page, "a.txt").check()
    checkbox(page, "b.txt").check()
    end_session(visitor)

    control(page, "zip selected").click()
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)
    with page.expect_download() as downloaded:
        control(page, "sign in").click()

    assert b"content of a" in downloaded.value.path().read_bytes()


def test_saving_a_file_leaves_no_dead_form(server: Server, new_context: NewContext, username: str) -> None:
    Person(server, username).store("a.bin", b"\x00\x01content")
    page = first_page(new_context())
    page.goto("/files/a.bin")
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)

    with page.expect_download():
        control(page, "sign in").click()

    expect(control(page, "download")).to_be_visible()
