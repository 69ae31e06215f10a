"""Contexts that tests use in turn: what one test does, the next one does not see."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support.chromium import first_page, sign_in
from tests.support.contexts import VIEWPORT, Contexts
from tests.support.people import Person
from tests.support.servers import Server

pytestmark = pytest.mark.browser

STATE = """async () => ({
    cookies: document.cookie,
    stored: Object.keys(localStorage),
    databases: (await indexedDB.databases()).length,
    history: history.length,
    width: innerWidth,
    theme: matchMedia("(prefers-color-scheme: dark)").matches,
    motion: matchMedia("(prefers-reduced-motion: reduce)").matches,
    online: navigator.onLine,
    clipboard: (await navigator.permissions.query({ name: "clipboard-read" })).state,
    marked: "marked" in window,
})"""


def arrive(page: Page) -> None:
    page.goto("/login")


def meddle(page: Page) -> list[str]:
    """Change everything that a test may change; return a list that fills with requests."""
    asked: list[str] = []
    page.add_init_script("window.marked = true")
    page.context.add_init_script("window.marked = true")
    page.context.grant_permissions(["clipboard-read"])
    page.evaluate(
        "document.cookie = 'a=b'; localStorage.setItem('a', 'b'); history.pushState(null, '', '#a')"
    )
    page.evaluate("new Promise((done) => { indexedDB.open('a').onsuccess = done; })")
    page.set_viewport_size({"width": 400, "height": 400})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/login", lambda route: route.abort())
    page.context.new_page()
    page.context.set_offline(True)
    page.keyboard.down("Shift")
    page.mouse.move(200, 200)
    page.mouse.down()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    return asked


def test_the_next_test_gets_the_page_as_good_as_new(
    contexts: Contexts, server: Server, username: str
) -> None:
    first = contexts.lend()
    page = first_page(first.context)
    arrive(page)
    fresh = page.evaluate(STATE)
    Person(server, username)
    sign_in(first.context, username)
    asked = meddle(page)
    page.evaluate("console.error('an expected one')")
    first.complaints.expect("expected")
    first.take_back(is_good=True)
    asked.clear()

    second = contexts.lend()

    assert second.context is first.context
    arrive(page)
    assert page.evaluate(STATE) == {**fresh, "history": 2}
    assert (page.viewport_size, len(second.context.pages), asked) == (VIEWPORT, 1, [])
    assert second.context.request.get("/me").status == 401
    page.evaluate("addEventListener('keydown', (event) => { window.held = event.shiftKey; })")
    page.keyboard.press("a")
    assert page.evaluate("window.held") is False
    page.evaluate("console.error('an unexpected one')")
    assert len(second.complaints.unexpected()) == 1
    second.take_back(is_good=False)
    third = contexts.lend()
    assert third.context is not second.context
    third.take_back(is_good=True)


def test_a_clock_is_refused_where_other_tests_would_get_it(contexts: Contexts) -> None:
    lent = contexts.lend()

    for name in ("install", "pause_at", "set_fixed_time", "set_system_time"):
        with pytest.raises(AssertionError, match="own_context"):
            getattr(first_page(lent.context).clock, name)(0)

    lent.take_back(is_good=True)


def test_a_page_that_cannot_come_back_is_used_no_more(contexts: Contexts) -> None:
    lent = contexts.lend()
    first_page(lent.context).close()

    lent.take_back(is_good=True)

    following = contexts.lend()
    assert following.context is not lent.context
    following.take_back(is_good=True)
