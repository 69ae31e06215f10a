"""The bell, the page of what happened, and the same in the details."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, press_letter
from tests.support.controls import control
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def open_link(visitor: Visitor, **wanted: object) -> None:
    """Make a link to a folder and open it as a guest."""
    made = visitor.person.send("POST", "/shares", json={"paths": ["folder"], **wanted}).json()
    opened = visitor.server.request("GET", f"/s/{made['url'].rpartition('/')[2]}")
    assert opened.status == 200


def test_the_bell_leads_to_news_which_are_read_then(visitor: Visitor) -> None:
    visitor.person.store("folder/a.txt", b"1")
    page = visitor.open()
    bell, dot = page.locator("a.bell"), page.locator(".bell-dot")
    expect(dot).to_have_count(0)
    open_link(visitor, notify=True, name="For Carol")

    visitor.open()
    expect(dot).to_be_visible()
    bell.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/activity")
    news = page.get_by_role("region").filter(has=page.locator("#notices"))
    expect(news.get_by_role("listitem")).to_have_count(1)
    expect(news).to_contain_text("For Carol")
    expect(news.locator(".badge-here")).to_be_visible()
    happened = page.get_by_role("region").filter(has=page.locator("#events"))
    expect(happened.get_by_role("listitem")).to_have_count(2)
    happened.get_by_role("link", name="folder").first.click()
    page.wait_for_url("**/index?path=folder")
    expect(dot).to_have_count(0)


def test_the_details_load_what_happened_to_an_entry_when_asked(visitor: Visitor) -> None:
    for name in ("a.txt", "b.txt"):
        visitor.person.store(f"folder/{name}", b"1")
    open_link(visitor)
    visitor.person.store("folder/a.txt", b"changed")
    page = visitor.open("/index?path=folder")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))

    page.get_by_role("link", name="a.txt", exact=True).focus()
    press_letter(page, "d")
    panel = control(page, "details")
    part = panel.locator("details.details-activity")
    expect(panel.locator("[data-fact=hash] code")).not_to_be_empty()
    assert not [each for each in requests if "/activity?" in each]
    part.locator("summary").click()
    expect(part.get_by_role("listitem")).to_have_count(1)
    expect(part.locator(".event-what")).to_have_text(text_of("verb.changed"))
    expect(part.locator(".event-who")).to_have_text(text_of("event-you"))
    visitor.row("b.txt").locator(".col-size").click()
    expect(part.locator(".event-none")).to_be_visible()
    expect(part.get_by_role("listitem")).to_have_count(0)
    part.get_by_role("link").click()
    page.wait_for_url("**/activity?path=folder%2Fb.txt")


def test_the_page_works_without_scripts(visitor: Visitor, new_context: NewContext) -> None:
    visitor.person.store("folder/a.txt", b"1")
    open_link(visitor, notify=True)
    cookies = visitor.context.cookies()
    context = new_context(java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page() if not context.pages else context.pages[0]
    page.goto("/index")
    page.locator("a.bell").click()
    expect(page.locator("#notices")).to_be_visible()
    expect(page.locator("#events ~ ul > li")).to_have_count(2)
