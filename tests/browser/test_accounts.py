"""Accounts in the browser: registering, signing in and out, settings, deletion."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from cabinet.errors import WeakPassword, WrongCredentials, WrongPassword
from cabinet.services.accounts.password_strength import COMMON
from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD, basic, bearer
from tests.support.chromium import FAR_HOST, Complaints, Visitor, first_page, held
from tests.support.controls import control
from tests.support.servers import Server
from tests.support.wording import detail_of, text_of

pytestmark = pytest.mark.browser


def fill_in(page: Page, username: str, password: str) -> None:
    control(page, "username").fill(username)
    control(page, "password").fill(password)


def done(page: Page) -> Locator:
    """Return the message that what a form asked for is done."""
    return page.get_by_role("main").get_by_role("status").and_(page.locator(".notice"))


def test_registering_opens_the_empty_files_page(context: BrowserContext, username: str) -> None:
    page = first_page(context)
    page.goto("/")
    control(page, "to create account").click()
    fill_in(page, username, PASSWORD)
    control(page, "create account").click()

    page.wait_for_url("**/index")
    expect(control(page, "nothing here")).to_be_visible()
    expect(control(page, "account of")).to_contain_text(username)


def test_a_refused_password_is_explained_at_its_focused_field(
    context: BrowserContext, username: str, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = first_page(context)
    page.goto("/register")
    fill_in(page, username, "password")
    control(page, "create account").click()

    field = control(page, "password")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(
        re.compile(rf".+ {re.escape(detail_of(WeakPassword, reason=COMMON))}$")
    )
    expect(control(page, "username")).to_have_value(username)


def test_a_wrong_password_is_rejected_and_the_right_one_signs_in(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    context.clear_cookies()
    page = visitor.open("/login")
    fill_in(page, visitor.username, "not the password")
    control(page, "sign in").click()
    expect(page.get_by_role("alert").filter(has_text=detail_of(WrongCredentials))).to_be_visible()

    fill_in(page, visitor.username, PASSWORD)
    control(page, "sign in").click()

    page.wait_for_url("**/index")


def test_a_form_is_retried_while_the_server_is_busy(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    context.clear_cookies()
    page = visitor.open("/login?next=/account")
    sent: list[str | None] = []

    def answer_busy_twice(route: Route) -> None:
        sent.append(route.request.post_data)
        if len(sent) < 3:
            route.fulfill(status=503, headers={"Retry-After": "0"}, body="busy")
        else:
            route.continue_()

    page.route(re.compile(r"/login\?next="), answer_busy_twice, times=3)
    fill_in(page, visitor.username, PASSWORD)
    control(page, "sign in").click()

    page.wait_for_url(re.compile(r"\d/account$"))
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_a_form_sent_before_its_script_has_loaded_waits_for_it(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    context.clear_cookies()
    page = visitor.page
    sent: list[str] = []

    def answer_busy_once(route: Route) -> None:
        sent.append(route.request.resource_type)
        if len(sent) == 1:
            route.fulfill(status=503, headers={"Retry-After": "0"}, body="busy")
        else:
            route.continue_()

    with held(page, "**/extras.js"):
        page.goto("/login?next=/account")
        page.route(re.compile(r"/login\?next="), answer_busy_once, times=2)
        fill_in(page, visitor.username, PASSWORD)
        control(page, "sign in").click()
        expect(page.locator("form[data-retry]")).to_have_attribute("inert", "")

    page.wait_for_url(re.compile(r"\d/account$"))
    assert sent == ["fetch", "fetch"]


def test_a_form_whose_script_fails_to_load_is_sent_without_it(
    visitor: Visitor, context: BrowserContext, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_FAILED")
    context.clear_cookies()
    visitor.page.route("**/extras.js", lambda route: route.abort())
    page = visitor.open("/login?next=/account")
    fill_in(page, visitor.username, PASSWORD)

    control(page, "sign in").click()

    page.wait_for_url(re.compile(r"\d/account$"))


def test_signing_out_closes_the_files_page(visitor: Visitor) -> None:
    page = visitor.open()
    control(page, "sign out").click()
    expect(control(page, "to sign in")).to_be_visible()

    page.goto("/index")

    expect(page).to_have_url(re.compile("/login"))
    expect(control(page, "password")).to_be_visible()


def test_the_reveal_button_shows_and_hides_a_password(context: BrowserContext) -> None:
    page = first_page(context)
    page.goto("/login")
    field = page.locator("#password")
    page.get_by_role("button", name=text_of("show-password")).click()
    expect(field).to_have_attribute("type", "text")

    page.get_by_role("button", name=text_of("hide-password")).click()

    expect(field).to_have_attribute("type", "password")


def test_typing_continues_when_the_reveal_button_appears(context: BrowserContext) -> None:
    page = first_page(context)
    held: list[Route] = []
    page.route("**/extras.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    field = page.locator("#password")
    with page.expect_request("**/extras.js"):
        page.goto("/login", wait_until="commit")
    field.press_sequentially("nine quiet")

    held.pop().continue_()
    expect(page.get_by_role("button", name=text_of("show-password"))).to_be_visible()
    page.keyboard.type(" herons")

    expect(field).to_be_focused()
    expect(field).to_have_value("nine quiet herons")


def test_a_new_password_replaces_the_old_one(visitor: Visitor) -> None:
    page = visitor.open("/account")
    control(page, "current password").fill(PASSWORD)
    control(page, "new password").fill("nine quiet herons wade")
    control(page, "change password").click()
    expect(done(page)).to_be_visible()

    def status(password: str) -> int:
        headers = basic(visitor.username, password)
        return visitor.server.request("GET", "/me", headers=headers).status

    assert (status(PASSWORD), status("nine quiet herons wade")) == (401, 200)


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_a_wrong_current_password_is_reported(
    server: Server,
    new_context: NewContext,
    complaints: list[Complaints],
    username: str,
    locale: str,
) -> None:
    page = Visitor(server, new_context(locale=locale), username).open("/account")
    complaints[0].expect("status of 401")
    current = control(page, "current password")
    current.fill("not the one of this account")
    control(page, "new password").fill("nine quiet herons wade")
    page.keyboard.press("Enter")

    expect(page.locator("#password-current-error")).to_have_text(detail_of(WrongPassword, locale))
    expect(current).to_have_attribute("aria-describedby", "password-current-error")
    expect(current).to_be_focused()
    switch = page.locator("[data-keys=letters]")
    switch.check()
    page.reload()
    expect(switch).to_be_checked()


def test_a_token_is_shown_once_works_and_can_be_revoked(visitor: Visitor) -> None:
    page = visitor.open("/account")
    control(page, "token name").fill("nightly <b>backup</b>")
    control(page, "create token").click()
    secret = page.locator("#new-token").inner_text()

    def status() -> int:
        return visitor.server.request("GET", "/me", headers=bearer(secret)).status

    assert status() == 200
    page.goto("/account")
    expect(page.get_by_text(secret)).to_have_count(0)

    revoke = control(page.get_by_role("listitem").filter(has_text="nightly"), "revoke token")
    expect(revoke).to_have_accessible_name(re.compile("“nightly <b>backup</b>”"))
    revoke.click()

    expect(done(page)).to_be_visible()
    assert status() == 401


def test_a_token_is_selected_without_clipboard_access(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy")
    page = visitor.open_far()
    page.goto(f"http://{FAR_HOST}:{visitor.server.port}/account")
    control(page, "token name").fill("backup")
    control(page, "create token").click()
    secret = page.locator("#new-token").inner_text()

    control(page, "copy token").click()

    expect(page.get_by_role("status").filter(has_text="Ctrl+C")).to_be_visible()
    assert page.evaluate("String(getSelection())") == secret


def test_a_token_can_be_copied_before_the_page_has_loaded(visitor: Visitor, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open("/account")
    control(page, "token name").fill("backup")

    with held(page, "**/extras.js"):
        # The page's own script asks for it, and listens by then.
        with page.expect_request("**/extras.js"):
            control(page, "create token").click()
        control(page, "copy token").click()

    expect(page.get_by_role("status").filter(has_text=text_of("copied"))).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#new-token").inner_text()


def test_another_browser_can_be_signed_out(visitor: Visitor) -> None:
    visitor.server.request(
        "POST",
        "/login",
        fields={"username": visitor.username, "password": PASSWORD},
        headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"},
    )
    page = visitor.open("/account")

    expect(control(page, "end session")).to_have_accessible_name(re.compile("Firefox · Linux"))
    control(page, "end session").click()

    expect(done(page)).to_be_visible()
    expect(page.get_by_text("Firefox · Linux")).to_have_count(0)
    expect(page.locator("section[aria-labelledby=sessions] .badge-here")).to_be_visible()


def test_deleting_the_account_ends_it(visitor: Visitor) -> None:
    page = visitor.open("/account")
    control(page, "confirming password").fill(PASSWORD)

    control(page, "delete account").click()

    expect(control(page, "to create account")).to_be_visible()
    assert visitor.server.request("GET", "/me", headers=basic(visitor.username)).status == 401
