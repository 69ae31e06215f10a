"""The frame of every page: language, theme, times, width and size."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Response, Route, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor, first_page
from tests.support.controls import control
from tests.support.servers import Server
from tests.support.wording import RUSSIAN

pytestmark = pytest.mark.browser

# A headless browser has its pointer in the corner of every page; here there is none.
NO_POINTER = "addEventListener('pointerover', (event) => event.stopImmediatePropagation(), { capture: true })"

# What a first visit may cost, compressed.
FIRST_VIEW_BYTES = 100_000

# Which element has the focus, and whether it is visible there; for a file input its label is visible.
IN_SIGHT = """() => {
    const { activeElement: element } = document;
    const shown = element.type === "file" ? element.labels[0] : element;
    const { left, top, width, height } = shown.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    const isBody = element === document.body;
    return [isBody ? "BODY" : element.outerHTML.slice(0, 120), isBody || shown.contains(found)];
}"""


def test_the_language_follows_the_browser(new_context: NewContext) -> None:
    page = first_page(new_context(locale="ru-RU"))
    page.goto("/")

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(control(page, "to create account")).to_have_text(RUSSIAN)


def test_the_language_switch_is_permanent_and_keeps_the_page(visitor: Visitor) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open("/index?path=docs&sort=size&order=desc")

    page.get_by_role("button", name="Русский").click()

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.url.endswith("/index?path=docs&sort=size&order=desc")
    visitor.context.clear_cookies(name="language")
    page.goto("/account")
    expect(control(page, "tokens")).to_have_text(RUSSIAN)


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def label_of(button: Locator, theme: str) -> str:
    """Return what the template gives the button to be called while a theme is on."""
    label = button.get_attribute(f"data-{theme}")
    assert label
    return label


def test_the_theme_button_cycles_and_the_choice_is_rendered_by_the_server(
    context: BrowserContext,
) -> None:
    page = first_page(context)
    page.goto("/")
    light = background(page)
    button = page.locator("#theme")
    button.click()
    expect(button).to_have_accessible_name(label_of(button, "light"))
    button.click()
    expect(button).to_have_accessible_name(label_of(button, "dark"))
    dark = background(page)

    markup = context.request.get("/login").text()
    page.goto("/login")

    assert 'data-theme="dark"' in markup
    assert (background(page), light != dark) == (dark, True)
    button.click()
    expect(button).to_have_accessible_name(label_of(button, "auto"))
    assert background(page) == light


def test_the_theme_follows_the_device_until_one_is_selected(context: BrowserContext) -> None:
    page = first_page(context)
    page.goto("/")
    light = background(page)

    page.emulate_media(color_scheme="dark")

    assert background(page) != light


def test_times_are_shown_in_the_local_time_zone(visitor: Visitor) -> None:
    entry = visitor.person.store("now.txt", b"1")
    page = visitor.open()
    stored_at = datetime.fromisoformat(entry["modified_at"]).astimezone(UTC)

    time = visitor.row("now.txt").locator("time")

    expect(time).to_have_attribute("datetime", stored_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    expected = page.evaluate(
        """(text) => new Date(text).toLocaleTimeString(
            "en-US", { timeStyle: "short", timeZone: "Europe/Moscow" })""",
        entry["modified_at"],
    )
    expect(time).to_contain_text(expected)


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize(("locale", "fonts"), [("en-US", {"latin"}), ("ru-RU", {"latin", "cyrillic"})])
def test_a_first_view_is_small(
    new_context: NewContext, server: Server, username: str, locale: str, fonts: set[str]
) -> None:
    visitor = Visitor(server, new_context(locale=locale), username)
    for start in (0, 100):
        parts = [("file", (f"{start + number:03} page of notes.txt", b"x")) for number in range(100)]
        server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    answers: list[Response] = []
    visitor.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - likewise
    visitor.page.add_init_script(NO_POINTER)

    visitor.page.goto("/index", wait_until="networkidle")

    expect(visitor.page.locator("#rows .list-row")).to_have_count(200)
    weights = {answer.url: len(gzip.compress(answer.body())) for answer in answers}
    # The heads of the answers count, too.
    assert sum(weights.values()) + 500 * len(weights) <= FIRST_VIEW_BYTES, weights
    assert {url.split("onest-")[1].split("-")[0] for url in weights if "woff2" in url} == fonts
    assert [url.rpartition("/")[2] for url in weights if url.endswith(".js")] == ["page.js"]


def test_everything_except_pages_is_cacheable_for_a_year(context: BrowserContext) -> None:
    page = first_page(context)
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it is inspected
    page.goto("/login", wait_until="networkidle")

    policies = {answer.headers["cache-control"] for answer in answers if "/static/" in answer.url}

    assert policies == {"public, max-age=31536000, immutable"}
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


def test_nothing_moves_with_reduced_motion(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    page.emulate_media(reduced_motion="reduce")

    page.get_by_role("link", name="a.txt", exact=True).press("Shift+Delete")

    duration = page.get_by_role("dialog").evaluate("dialog => getComputedStyle(dialog).animationDuration")
    assert duration == "0s"


def test_a_checkbox_pressed_before_the_scripts_have_loaded_is_checked(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    held: list[Route] = []
    page = visitor.page
    page.route("**/list.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    page.goto("/index")
    box = page.locator("#rows input")

    with page.expect_request("**/list.js"):
        box.press("Space")
    expect(box).not_to_be_checked()
    held[0].continue_()

    expect(box).to_be_checked()
    expect(page.locator("#selection")).to_be_visible()


def test_focused_elements_are_visible_at_400_percent_zoom(
    new_context: NewContext, server: Server, username: str
) -> None:
    # The viewport of 1280 by 1024 pixels at 400 percent.
    visitor = Visitor(server, new_context(viewport={"width": 320, "height": 256}), username)
    for name in ("a.txt", "b.txt", "c.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open()
    page.locator(".skip-link").focus()
    covered: list[str] = []
    stops: list[str] = []

    while not stops or stops[-1] != "BODY":
        page.keyboard.press("Tab")
        stop, is_in_sight = page.evaluate(IN_SIGHT)
        stops.append(stop)
        if not is_in_sight:
            covered.append(stop)

    assert len(stops) > 20
    assert not covered
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize(
    "path",
    [pytest.param("/login", marks=pytest.mark.long), pytest.param("/register", marks=pytest.mark.long), "/"],
)
def test_a_visitor_switches_the_language_and_stays_on_the_page(context: BrowserContext, path: str) -> None:
    page = first_page(context)
    page.goto(path)

    page.get_by_role("button", name="Русский").click()

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.evaluate("location.pathname") == path
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
