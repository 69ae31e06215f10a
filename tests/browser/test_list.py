"""The list: rows and tiles, overlays, and scripts loaded on demand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, file, held_uploads, load_scripts
from tests.support.controls import checkbox, control, menu_button
from tests.support.images import picture
from tests.support.servers import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def fill(visitor: Visitor, count: int) -> None:
    parts = [("file", (f"{number:03}.txt", b"x")) for number in range(count)]
    stored = visitor.server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data


def box(thing: Locator) -> dict[str, float]:
    found = thing.bounding_box()
    assert found is not None
    left, top, width, height = (found[name] for name in ("x", "y", "width", "height"))
    return {"left": left, "right": left + width, "width": width, "top": top, "bottom": top + height}


def test_interactions_before_the_scripts_have_loaded_are_repeated(visitor: Visitor) -> None:
    for name in ("first.txt", "second.txt"):
        visitor.person.store(name, b"1")
    page = visitor.page
    held: list[Route] = []
    page.route("**/list.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    page.goto("/index", wait_until="networkidle")
    address = page.url
    assert held == []

    menu_button(page, "second.txt").click()
    checkbox(page, "first.txt").click()
    expect(checkbox(page, "first.txt")).not_to_be_checked()
    assert page.url == address
    (request,) = held
    request.continue_()

    expect(checkbox(page, "first.txt")).to_be_checked()
    expect(page.locator("#selection")).to_be_visible()
    assert page.url == address


def test_the_first_key_press_loads_the_scripts_and_is_not_lost(visitor: Visitor) -> None:
    for name in ("first.txt", "second.txt"):
        visitor.person.store(name, b"1")
    # The first script has run by then; an idle network on a busy machine may come before that.
    visitor.page.goto("/index", wait_until="load")

    visitor.page.keyboard.press("ArrowDown")

    expect(visitor.page.get_by_role("link", name="first.txt", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("view", "width"),
    [
        ("list", 1280),
        pytest.param("list", 375, marks=pytest.mark.long),
        pytest.param("grid", 1280, marks=pytest.mark.long),
        ("grid", 375),
    ],
)
def test_the_focus_is_never_hidden_under_sticky_elements(
    new_context: NewContext, server: Server, username: str, view: str, width: int
) -> None:
    visitor = Visitor(server, new_context(viewport={"width": width, "height": 700}), username)
    fill(visitor, 60)
    page = visitor.open(f"/index?view={view}")
    names = page.locator("#rows .name")

    def expect_nothing_covered(above: Locator) -> None:
        expect(above).to_be_visible()
        names.last.focus()
        for index in (40, 20, 3, 0):
            names.nth(index).focus()
            assert box(names.nth(index))["top"] >= box(above)["bottom"]
        for index in (30, 59):
            names.nth(index).focus()
            assert box(names.nth(index))["bottom"] <= page.evaluate("innerHeight")

    expect_nothing_covered(page.locator(".list-head"))
    page.locator("#rows input").first.check()
    expect_nothing_covered(page.locator("#selection-bar"))


def test_a_row_is_a_card_on_a_phone(new_context: NewContext, server: Server, username: str) -> None:
    visitor = Visitor(server, new_context(viewport={"width": 375, "height": 700}), username)
    visitor.person.store("a name of so many words that they take more than a single line.txt", bytes(1234))
    page = visitor.open()
    row = page.locator("#rows .list-row")
    parts = {name: box(row.locator(f".{name}")) for name in ("name", "col-size", "col-modified", "row-menu")}

    assert parts["col-size"]["top"] >= parts["name"]["bottom"]
    assert parts["col-modified"]["left"] >= parts["col-size"]["right"]
    assert parts["row-menu"]["left"] >= parts["name"]["right"]
    assert parts["row-menu"]["right"] <= 375
    assert parts["name"]["bottom"] - parts["name"]["top"] >= 44
    expect(row.locator(".col-size [title]")).to_have_attribute("title", "1,234 bytes")


def test_an_empty_folder_shows_a_message_and_a_link_back(visitor: Visitor) -> None:
    assert visitor.person.send("POST", "/folders", json={"path": "box"}).status == 201
    page = visitor.open("/index?path=box")
    expect(control(page, "nothing here")).to_be_visible()

    page.locator(".empty").get_by_role("link").click()

    expect(visitor.row("box")).to_be_visible()


def test_the_tile_view_shows_the_same_rows_and_is_remembered(visitor: Visitor) -> None:
    visitor.person.store("a picture.png", picture())
    visitor.person.store("notes.txt", b"1")
    page = visitor.open()
    sign = visitor.row("a picture.png").locator(".sign")
    before = box(sign)
    expect(sign.locator("img")).to_have_attribute("alt", "")
    expect(sign).to_contain_class("has-picture")
    assert box(sign) == before

    control(page, "as tiles").click()

    expect(page.locator(".list.is-grid")).to_be_visible()
    expect(control(page, "as tiles")).to_have_attribute("aria-current", "true")
    assert "size=256" in (sign.locator("img").get_attribute("src") or "")
    assert visitor.names() == ["a picture.png", "notes.txt"]
    page.reload()
    expect(page.locator(".list.is-grid")).to_be_visible()
    load_scripts(page)
    control(page, "as list").click()
    expect(page.locator(".list.is-grid")).to_have_count(0)


def test_a_thumbnail_that_failed_before_the_scripts_loaded_is_retried(visitor: Visitor) -> None:
    visitor.person.store("a picture.png", picture())
    page = visitor.page
    held: list[Route] = []
    asked: list[str] = []

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=202) if len(asked) == 1 else route.continue_()

    page.route("**/extras.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    page.route("**/thumbnails/**", refuse_once)
    page.goto("/index", wait_until="domcontentloaded")
    page.wait_for_function("() => document.querySelector('.thumb').complete")
    wait_until(lambda: held, what="the script that looks after pictures", page=page)

    held[0].continue_()

    expect(visitor.row("a picture.png").locator(".sign")).to_contain_class("has-picture")
    # More often where the server is too busy to make it while one waits.
    assert len(asked) >= 2


def uncovered(page: Page, target: Locator, cover: Locator) -> bool:
    """Return whether `cover` leaves `target` uncovered at the end of the page."""
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    return box(target)["bottom"] <= box(cover)["top"]


def test_nothing_covers_the_last_row_permanently_on_a_phone(
    new_context: NewContext, server: Server, username: str
) -> None:
    visitor = Visitor(server, new_context(viewport={"width": 375, "height": 700}, has_touch=True), username)
    fill(visitor, 20)
    page = visitor.open()
    last = menu_button(page, "019.txt")

    assert uncovered(page, last, page.locator("label[for=files-input]"))
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("a.txt"), file("b.txt"), file("c.txt")])
        expect(page.locator(".upload")).to_have_count(3)
        assert uncovered(page, last, page.locator("#uploads"))
    expect(page.locator("#rows .list-row")).to_have_count(23)


def scroll_to_end(page: Page) -> None:
    page.evaluate("scrollTo({ top: 99999, behavior: 'instant' })")


@pytest.mark.parametrize(("width", "height"), [(1280, 600), (320, 640)])
def test_every_row_can_be_scrolled_out_from_under_a_toast(
    new_context: NewContext, server: Server, username: str, width: int, height: int
) -> None:
    visitor = Visitor(server, new_context(viewport={"width": width, "height": height}), username)
    fill(visitor, 40)
    page = visitor.open()
    for name in ("005.txt", "006.txt"):
        visitor.row(name).locator(".name").focus()
        page.keyboard.press("Delete")
        expect(visitor.row(name)).to_have_count(0)
    notes = page.locator("#toasts .note:not(.visually-hidden)")
    expect(notes).to_have_count(2)

    scroll_to_end(page)
    last = page.locator("#rows [data-path]").last
    assert box(last)["bottom"] <= box(notes.first)["top"]
    if width < 900:
        assert box(page.locator("#usage meter"))["bottom"] <= box(notes.first)["top"]

    # The browser scrolls the focused element out from below them.
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    last.locator(".name").focus()
    assert box(last)["bottom"] <= box(notes.first)["top"]


def test_closing_a_toast_does_not_move_the_page_under_the_pointer(visitor: Visitor) -> None:
    fill(visitor, 40)
    page = visitor.open()
    visitor.row("005.txt").locator(".name").focus()
    page.keyboard.press("Delete")
    note = page.locator("#toasts .note:not(.visually-hidden)")
    expect(note).to_have_count(1)
    scroll_to_end(page)
    last = page.locator("#rows [data-path]").last
    before = box(last)
    whole = page.evaluate("document.documentElement.scrollHeight")

    control(note, "close").click()
    expect(note).to_have_count(0)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert box(last) == before

    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.wait_for_function("whole => document.documentElement.scrollHeight < whole", arg=whole)
