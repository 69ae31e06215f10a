"""A link to a folder or a selection: the list of the file manager, at the rights of the link."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Response, expect

from tests.browser.conftest import NewContext
from tests.browser.links.conftest import Guest, Share
from tests.browser.test_frame import FIRST_VIEW_BYTES, NO_POINTER
from tests.support.chromium import first_page
from tests.support.controls import checkbox, column, control
from tests.support.images import picture
from tests.support.people import Person
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


@pytest.fixture
def trip(owner: Person, share: Share) -> str:
    """Return a link to view a folder with a bit of everything."""
    for path in ("trip/b.txt", "trip/a.txt", "trip/days/one.txt", "secret.txt"):
        owner.store(path, path.encode())
    owner.store("trip/sea.png", picture())
    return share("trip", note="For you")


def test_a_guest_browses_sorts_and_searches_by_mouse_and_keys(guest: Guest, trip: str) -> None:
    page = guest.open(trip)
    assert guest.names() == ["days", "a.txt", "b.txt", "sea.png"]
    expect(page.get_by_text("For you", exact=True)).to_be_visible()

    column(page, "name").get_by_role("link").click()
    expect(page.locator("#rows .name")).to_have_text(["days", "sea.png", "b.txt", "a.txt"])
    page.locator(".views [data-view=grid]").click()
    expect(page.locator(".list.is-grid")).to_be_visible()

    page.get_by_role("link", name="days", exact=True).click()
    page.wait_for_url(f"**{trip}?path=days")
    expect(page.locator(".list.is-grid #rows .name")).to_have_text(["one.txt"])
    page.locator(".crumbs a").first.click()
    page.wait_for_url(f"**{trip}")

    page.keyboard.press("/")
    expect(page.locator("#search-input")).to_be_focused()
    page.keyboard.type("one")
    expect(page.locator("#found")).to_be_visible()
    assert guest.names() == ["one.txt"]
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{trip}")
    expect(guest.row("a.txt")).to_be_visible()


def test_a_guest_previews_and_downloads_and_is_offered_nothing_else(guest: Guest, trip: str) -> None:
    page = guest.open(trip)
    assert guest.offered("a.txt") == [text_of("act-preview"), text_of("act-download")]

    guest.row("a.txt").locator(".name").press("Enter")
    expect(page.locator("#preview-stage pre")).to_have_text("trip/a.txt")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#preview-stage pre")).to_have_text("trip/b.txt")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#preview-stage img")).to_have_js_property("naturalWidth", 40)
    page.keyboard.press("Escape")

    checkbox(page, "a.txt").check()
    checkbox(page, "b.txt").check()
    with page.expect_download() as zipped:
        page.locator("#selection-actions [data-action=download]").click()
    content = zipped.value.path().read_bytes()
    assert b"trip/a.txt" in content
    assert b"one.txt" not in content
    page.keyboard.press("Delete")
    page.keyboard.press("F2")
    expect(page.locator("dialog:modal")).to_have_count(0)
    assert len(guest.names()) == 4


@pytest.mark.usefixtures("own_context")
def test_a_first_view_is_small(guest: Guest, owner: Person, trip: str, share: Share) -> None:
    parts = [("file", (f"{number:03} page of notes.txt", b"x")) for number in range(200)]
    assert owner.send("POST", "/upload?folder=many", fields=parts).status == 201
    page = guest.page
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright inspects it
    page.add_init_script(NO_POINTER)
    for link in (share("many"), share("trip/a.txt"), share("many", kind="request")):
        page.goto("about:blank")
        answers.clear()
        page.goto(link, wait_until="networkidle")
        weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
        assert sum(weights.values()) + 500 * len(weights) <= FIRST_VIEW_BYTES, weights


def test_a_selection_and_a_list_of_names(guest: Guest, trip: str, share: Share) -> None:
    page = guest.open(share("trip/days", "secret.txt", name="Both"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Both")
    assert guest.names() == ["days", "secret.txt"]

    page = guest.open(share("trip", rights=["list"]))
    assert guest.names() == ["days", "a.txt", "b.txt", "sea.png"]
    expect(guest.row("a.txt").locator("a.name")).to_have_count(0)
    expect(page.locator(".thumb")).to_have_count(0)
    expect(page.locator('a[href*="download"], a[href*="zip"]')).to_have_count(0)


@pytest.mark.usefixtures("own_context")
def test_a_tap_opens_and_a_long_press_opens_the_menu(new_context: NewContext, trip: str) -> None:
    phone = new_context(viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True)
    guest = Guest(first_page(phone))
    page = guest.open(trip)
    assert page.evaluate("document.documentElement.scrollWidth") == 375

    guest.row("b.txt").locator(".name").tap()
    expect(page.locator("#preview-stage pre")).to_have_text("trip/b.txt")
    page.go_back()
    expect(page.locator("#preview")).to_be_hidden()
    guest.row("days").locator(".name").tap()
    page.wait_for_url("**path=days")


def test_without_scripts_a_folder_is_browsed_searched_and_downloaded(
    new_context: NewContext, trip: str
) -> None:
    page = first_page(new_context(java_script_enabled=False))
    page.goto(trip)
    page.get_by_role("link", name="days", exact=True).click()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="one.txt", exact=True).click()
    assert downloaded.value.path().read_bytes() == b"trip/days/one.txt"
    control(page, "search").fill("one")
    control(page, "start search").click()
    expect(page.locator("#rows .name")).to_have_text(["one.txt"])
    page.goto(trip)
    expect(page.locator("#totals")).to_have_attribute("data-count", "4")
    checkbox(page, "a.txt").check()
    with page.expect_download() as zipped:
        control(page, "zip selected").click()
    assert b"trip/a.txt" in zipped.value.path().read_bytes()
