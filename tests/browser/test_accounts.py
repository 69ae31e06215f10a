"""Becoming somebody, being somebody, and ending it, by mouse and keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD, basic, bearer
from tests.support.chromium import FAR_HOST, Complaints, Visitor, held
from tests.support.servers import Server

pytestmark = pytest.mark.browser


def fill_in(page: Page, username: str, password: str) -> None:
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(password)


def test_registering_leads_to_the_empty_files_page(context: BrowserContext, username: str) -> None:
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    fill_in(page, username, PASSWORD)
    page.get_by_role("button", name="Create the account").click()

    page.wait_for_url("**/index")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(page.get_by_role("link", name=f"Account of {username}")).to_be_visible()


def test_a_refused_password_is_explained_on_its_field_which_has_the_focus(
    context: BrowserContext, username: str, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = context.new_page()
    page.goto("/register")
    fill_in(page, username, "password")
    page.get_by_role("button", name="Create the account").click()

    field = page.get_by_label("Password", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        "At least 8 characters. A few unrelated words make a good one. "
        "Choose another password: it is one of the most common passwords."
    )
    expect(page.get_by_label("User name")).to_have_value(username)


def test_a_wrong_password_says_so_and_the_right_one_signs_in(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    context.clear_cookies()
    page = visitor.open("/login")
    fill_in(page, visitor.username, "not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(
        page.get_by_role("alert").filter(has_text="The user name or the password is wrong.")
    ).to_be_visible()

    fill_in(page, visitor.username, PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url("**/index")


def test_a_form_is_sent_again_by_itself_while_the_server_is_busy(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    context.clear_cookies()
    page = visitor.open("/login?next=/account")
    sent: list[str | None] = []

    def be_busy_twice(route: Route) -> None:
        sent.append(route.request.post_data)
        if len(sent) < 3:
            route.fulfill(status=503, headers={"Retry-After": "0"}, body="busy")
        else:
            route.continue_()

    page.route(re.compile(r"/login\?next="), be_busy_twice, times=3)
    fill_in(page, visitor.username, PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(re.compile(r"\d/account$"))
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_a_form_that_is_sent_before_its_script_is_there_waits_for_it(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    context.clear_cookies()
    page = visitor.page
    sent: list[str] = []

    def be_busy_once(route: Route) -> None:
        sent.append(route.request.resource_type)
        if len(sent) == 1:
            route.fulfill(status=503, headers={"Retry-After": "0"}, body="busy")
        else:
            route.continue_()

    with held(page, "**/patient-form.js"):
        page.goto("/login?next=/account")
        page.route(re.compile(r"/login\?next="), be_busy_once, times=2)
        fill_in(page, visitor.username, PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("form[data-patient]")).to_have_attribute("inert", "")

    page.wait_for_url(re.compile(r"\d/account$"))
    assert sent == ["fetch", "fetch"]


def test_a_form_whose_script_does_not_come_is_sent_without_it(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_FAILED")
    context.clear_cookies()
    visitor.page.route("**/patient-form.js", lambda route: route.abort())
    page = visitor.open("/login?next=/account")
    fill_in(page, visitor.username, PASSWORD)

    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(re.compile(r"\d/account$"))


def test_signing_out_closes_the_files_page(visitor: Visitor) -> None:
    page = visitor.open()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()

    page.goto("/index")

    expect(page).to_have_url(re.compile("/login"))
    expect(page.get_by_label("Password", exact=True)).to_be_visible()


def test_the_eye_shows_a_password_and_hides_it_again(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/login")
    field = page.locator("#password")
    page.get_by_role("button", name="Show password").click()
    expect(field).to_have_attribute("type", "text")

    page.get_by_role("button", name="Hide password").click()

    expect(field).to_have_attribute("type", "password")


def test_whoever_types_before_the_eye_is_there_goes_on_typing(context: BrowserContext) -> None:
    page = context.new_page()
    held: list[Route] = []
    page.route("**/passwords.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    field = page.locator("#password")
    with page.expect_request("**/passwords.js"):
        page.goto("/login", wait_until="commit")
    field.press_sequentially("nine quiet")

    held.pop().continue_()
    expect(page.get_by_role("button", name="Show password")).to_be_visible()
    page.keyboard.type(" herons")

    expect(field).to_be_focused()
    expect(field).to_have_value("nine quiet herons")


def test_a_new_password_takes_the_place_of_the_old(visitor: Visitor) -> None:
    page = visitor.open("/account")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("nine quiet herons wade")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("status").filter(has_text="Your password is changed.")).to_be_visible()

    def status(password: str) -> int:
        headers = basic(visitor.username, password)
        return visitor.server.request("GET", "/me", headers=headers).status

    assert (status(PASSWORD), status("nine quiet herons wade")) == (401, 200)


@pytest.mark.parametrize(
    ("locale", "labels", "said"),
    [
        ("en-US", ("Current password", "New password"), "The current password is wrong."),
        ("ru-RU", ("Текущий пароль", "Новый пароль"), "Текущий пароль неверен."),
    ],
)
def test_a_wrong_current_password_is_called_that(
    server: Server,
    new_context: NewContext,
    complaints: list[Complaints],
    username: str,
    locale: str,
    labels: tuple[str, str],
    said: str,
) -> None:
    page = Visitor(server, new_context(locale=locale), username).open("/account")
    complaints[0].expect("status of 401")
    current = page.get_by_label(labels[0], exact=True)
    current.fill("not the one of this account")
    page.get_by_label(labels[1], exact=True).fill("nine quiet herons wade")
    page.keyboard.press("Enter")

    expect(page.locator("#password-current-error")).to_have_text(said)
    expect(current).to_have_attribute("aria-describedby", "password-current-error")
    expect(current).to_be_focused()
    switch = page.locator("[data-keys=letters]")
    switch.check()
    page.reload()
    expect(switch).to_be_checked()


def test_a_token_is_shown_once_works_and_can_be_revoked(visitor: Visitor) -> None:
    page = visitor.open("/account")
    page.get_by_label("What is it for?").fill("nightly <b>backup</b>")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("#new-token").inner_text()

    def status() -> int:
        return visitor.server.request("GET", "/me", headers=bearer(secret)).status

    assert status() == 200
    page.goto("/account")
    expect(page.get_by_text(secret)).to_have_count(0)

    page.get_by_role("button", name="Revoke the token “nightly <b>backup</b>”").click()

    expect(page.get_by_role("status").filter(has_text="The token is revoked.")).to_be_visible()
    assert status() == 401


def test_a_token_is_selected_where_browsers_hide_the_clipboard(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy")
    page = visitor.open_far()
    page.goto(f"http://{FAR_HOST}:{visitor.server.port}/account")
    page.get_by_label("What is it for?").fill("backup")
    page.get_by_role("button", name="Make a token").click()
    secret = page.locator("#new-token").inner_text()

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status").filter(has_text="Ctrl+C")).to_be_visible()
    assert page.evaluate("String(getSelection())") == secret


def test_a_token_is_copied_before_the_rest_of_the_page_is_there(
    visitor: Visitor, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/account")
    page.get_by_label("What is it for?").fill("backup")

    with held(page, "**/passwords.js"):
        page.get_by_role("button", name="Make a token").click()
        page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#new-token").inner_text()


def test_another_browser_can_be_signed_out(visitor: Visitor) -> None:
    visitor.server.request(
        "POST",
        "/login",
        fields={"username": visitor.username, "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"},
    )
    page = visitor.open("/account")

    page.get_by_role("button", name="Sign out Firefox · Linux").click()

    expect(page.get_by_role("status").filter(has_text="That browser is signed out.")).to_be_visible()
    expect(page.get_by_text("Firefox · Linux")).to_have_count(0)
    expect(page.get_by_text("this browser")).to_be_visible()


def test_deleting_the_account_ends_it(visitor: Visitor) -> None:
    page = visitor.open("/account")
    page.get_by_label("Your password, to confirm").fill(PASSWORD)

    page.get_by_role("button", name="Delete my account").click()

    expect(page.get_by_role("link", name="Create an account")).to_be_visible()
    assert visitor.server.request("GET", "/me", headers=basic(visitor.username)).status == 401
