"""axe finds nothing on any page, in either language, by day and by night, wide and narrow."""

from __future__ import annotations

from importlib import resources
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Complaints, Visitor, file, held_uploads
from tests.support.servers import Server

pytestmark = pytest.mark.browser

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

PUBLIC = ["/", "/register", "/login"]
# The trash and the page of a folder are looked at when something is open on them.
PRIVATE = [
    "/index", "/account", "/nowhere", "/index/arrange?path=folder/inside.txt", "/versions/folder/inside.txt",
    "/search?q=inside&path=folder",
]  # fmt: skip
ELSEWHERE = "http://elsewhere.test/"


def violations(page: Page) -> list[Any]:
    """Return what axe objects to, once nothing moves any more."""
    page.evaluate("document.fonts.ready")
    # One whose element goes away meanwhile is not finished but aborted; it moves no more either.
    page.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    page.evaluate(AXE)
    found: list[Any] = page.evaluate(
        """async () => {
            // Without its preload, which looks for imported stylesheets in the wrong place.
            const { violations } = await axe.run({ preload: false });
            return violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
        }"""
    )
    return found


def look(page: Page, path: str) -> list[Any]:
    """Return what axe objects to on the page at `path`."""
    page.goto(path)
    return violations(page)


def come_to_sign_out_from_elsewhere(page: Page, server: Server) -> None:
    """Follow a link on another site to /logout, which asks before it does anything."""
    link = f'<!doctype html><a href="{server.url}/logout">out</a>'
    page.route(ELSEWHERE, lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto(ELSEWHERE)
    page.get_by_role("link").click()
    expect(page.locator("main form button")).to_be_visible()


def look_at_uploads(page: Page) -> dict[str, list[Any]]:
    """Return what axe objects to in each state that the panel of uploads can be in."""
    found = {}
    page.locator("#files-input").set_input_files([file("folder"), file("a.txt"), file("b.txt")])
    expect(page.locator("#conflicts")).to_be_visible()
    found["conflicts"] = violations(page)
    page.locator("#conflicts [value=rename]").click()
    for state in ("sending", "paused", "cancelled"):
        expect(page.locator(f".upload[data-state={state}]")).to_have_count(3)
        found[f"uploads {state}"] = violations(page)
        if state != "cancelled":
            page.locator("#uploads-pause" if state == "sending" else "#uploads-cancel").click()
    return found


def look_at_forms(page: Page) -> dict[str, list[Any]]:
    """Return what axe objects to where something was refused, is asked about, or is chosen."""
    found = {}
    page.goto("/trash")
    page.locator(".thing-actions [name=on_conflict]").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.locator("[popovertarget]").first.click()
    found["for ever?"] = violations(page)
    page.goto("/index?path=folder")
    page.locator(".fold summary").click()
    page.locator("#folder-name").fill("inside.txt")
    page.keyboard.press("Enter")
    expect(page.locator("#folder-name-error")).to_be_visible()
    page.locator(".check input").press("Space")  # what is open may lie over it
    found["new folder, chosen"] = violations(page)
    return found


def look_at_dialogs(page: Page) -> dict[str, list[Any]]:
    """Return what axe objects to where something is deleted for ever, moved, in the way, and undone."""
    found = {}
    name = page.locator('#rows [data-name="gone.txt"] .name')
    name.press("Shift+Delete")
    expect(page.locator("#confirm")).to_be_visible()
    found["for ever?"] = violations(page)
    page.keyboard.press("Escape")
    name.press("m")
    page.locator('#picker [data-folder="folder"] > .tree-line').click()
    page.locator("#picker-add").click()
    found["picker"] = violations(page)
    page.locator("#picker-accept").click()
    expect(page.locator("#in-the-way")).to_be_visible()
    found["in the way"] = violations(page)
    page.locator("#in-the-way [value=rename]").click()
    expect(page.locator(".note-action")).to_be_visible()
    found["moved"] = violations(page)
    page.locator(".note-action").click()
    expect(name).to_be_visible()
    return found


# Each two of these meet; all three of them do in the long run.
PAIRS = {("en-US", "light", 375), ("en-US", "dark", 1280), ("ru-RU", "light", 1280), ("ru-RU", "dark", 375)}
ALL = [
    pytest.param(*chosen, marks=() if chosen in PAIRS else pytest.mark.long)
    for chosen in product(("en-US", "ru-RU"), ("light", "dark"), (375, 1280))
]


@pytest.mark.parametrize(("locale", "colours", "width"), ALL)
def test_axe_finds_nothing(
    new_context: NewContext,
    complaints: list[Complaints],
    server: Server,
    username: str,
    locale: str,
    colours: str,
    width: int,
) -> None:
    options = {"locale": locale, "color_scheme": colours, "viewport": {"width": width, "height": 800}}
    stranger = new_context(**options).new_page()
    found = {path: look(stranger, path) for path in PUBLIC}

    visitor = Visitor(server, new_context(**options), username)
    complaints[-1].expect("status of 404")
    page = visitor.page
    found["empty"] = look(page, "/index")
    visitor.person.store("gone.txt", b"1")
    visitor.person.delete("gone.txt")
    visitor.person.store("gone.txt", b"1")
    visitor.person.store("folder/inside.txt", b"1")
    visitor.person.store("folder/inside.txt", b"2")
    visitor.person.store("folder/gone.txt", b"1")
    visitor.person.store("report with a name that is longer than most names are.pdf", bytes(3000))
    found |= {path: look(page, path) for path in PRIVATE}

    complaints[-1].expect("status of 409")
    found |= look_at_forms(page)
    come_to_sign_out_from_elsewhere(page, server)
    found["sign out?"] = violations(page)

    page.goto("/index")
    found |= look_at_dialogs(page)
    with held_uploads(page):
        found |= look_at_uploads(page)
    complaints[-1].expect("status of 401")
    visitor.context.clear_cookies()
    page.locator("#files-input").set_input_files([file("c.txt")])
    expect(page.locator("#signin")).to_be_visible()
    found["sign in again"] = violations(page)

    assert {where: what for where, what in found.items() if what} == {}
