"""What surrounds every page: language, colours, times, width and weight."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, Response, Route, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Complaints, Visitor, file
from tests.support.servers import Server

pytestmark = pytest.mark.browser

# A browser without windows has its pointer in the corner of every page; here nobody has one.
NO_POINTER = "addEventListener('pointerover', (event) => event.stopImmediatePropagation(), { capture: true })"

# What a first visit may cost, compressed.
FIRST_VIEW_BYTES = 100_000

SIZES = [
    0,
    1,
    2,
    5,
    11,
    21,
    22,
    999,
    1000,
    1049,
    1050,
    9949,
    9950,
    999_499,
    999_500,
    1_234_567,
    10**12,
    10**21,
]


# Who has the focus, and whether it can be seen there; of a field for files it is the label that shows.
IN_SIGHT = """() => {
    const { activeElement: element } = document;
    const shown = element.type === "file" ? element.labels[0] : element;
    const { left, top, width, height } = shown.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    const isBody = element === document.body;
    return [isBody ? "BODY" : element.outerHTML.slice(0, 120), isBody || shown.contains(found)];
}"""


def test_the_language_follows_the_browser(new_context: NewContext) -> None:
    page = new_context(locale="ru-RU").new_page()
    page.goto("/")

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.get_by_role("link", name="Создать аккаунт")).to_be_visible()


def test_the_switch_changes_the_language_for_good_and_keeps_the_place(visitor: Visitor) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open("/index?path=docs&sort=size&order=desc")

    page.get_by_role("button", name="Русский").click()

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.url.endswith("/index?path=docs&sort=size&order=desc")
    visitor.context.clear_cookies(name="language")
    page.goto("/account")
    expect(page.get_by_role("heading", name="Токены для программ")).to_be_visible()


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_colours_go_round_and_the_choice_is_in_the_next_page_from_its_first_byte(
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto("/")
    light = background(page)
    button = page.locator("#theme")
    button.click()
    expect(button).to_have_accessible_name("Colours: light")
    button.click()
    expect(button).to_have_accessible_name("Colours: dark")
    dark = background(page)

    markup = context.request.get("/login").text()
    page.goto("/login")

    assert 'data-theme="dark"' in markup
    assert (background(page), light != dark) == (dark, True)
    page.locator("#theme").click()
    expect(page.locator("#theme")).to_have_accessible_name("Colours: as the device")
    assert background(page) == light


def test_colours_follow_the_device_until_somebody_chooses(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    light = background(page)

    page.emulate_media(color_scheme="dark")

    assert background(page) != light


def test_times_are_shown_in_the_zone_of_the_viewer(visitor: Visitor) -> None:
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


def test_scripts_and_the_server_say_sizes_alike(new_context: NewContext, server: Server) -> None:
    from cabinet import create_app
    from cabinet.web.formats import filesize

    for language in ("en", "ru"):
        page = new_context(locale=language).new_page()
        page.goto("/")
        module = page.evaluate("document.querySelector('script[type=module]').src").replace(
            "page.js", "format.js"
        )
        shown = page.evaluate(
            "async ([module, sizes]) => { const { size } = await import(module); return sizes.map(size); }",
            [module, SIZES],
        )
        app = create_app({"INSTANCE": server.folder / "instance"})
        with app.test_request_context(headers={"Accept-Language": language}):
            assert shown == [filesize(size) for size in SIZES]


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_nothing_sticks_out_at_320_pixels(
    new_context: NewContext, complaints: list[Complaints], server: Server, username: str, locale: str
) -> None:
    narrow = {"locale": locale, "viewport": {"width": 320, "height": 640}}
    visitor = Visitor(server, new_context(**narrow), username)
    complaints[0].expect("status of 404 .*/nowhere")
    visitor.person.store("deep/er/" + "unbrokenname" * 12 + ".txt", bytes(12_345))
    visitor.person.store("a file with a name of many words that wraps somewhere.txt", b"1")

    def width(page: Page, path: str) -> int:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found: int = page.evaluate("document.documentElement.scrollWidth")
        return found

    target = "deep/er/" + "unbrokenname" * 12 + ".txt"
    visitor.person.store(target, b"2")
    visitor.person.store("unbroken" * 20, b"3")
    visitor.person.delete("unbroken" * 20)
    widths = {
        path: width(visitor.page, path)
        for path in (
            "/index", "/index?path=deep/er", "/index?view=grid", "/trash", "/search?q=name", "/account",
            f"/versions/{target}", f"/index/arrange?path={target}", "/nowhere",
        )
    }  # fmt: skip
    stranger = new_context(**narrow).new_page()
    widths |= {path: width(stranger, path) for path in ("/", "/register", "/login")}

    assert set(widths.values()) == {320}, widths


# Where what stands in the rail is, by its words.
RAIL = """() => [...document.querySelectorAll(".rail :is(.btn, .rail-link)")]
    .filter((each) => each.checkVisibility())
    .map((each) => [each.textContent.trim(), ...Object.values(each.getBoundingClientRect().toJSON()).map(Math.round)])"""


@pytest.mark.parametrize("width", [1280, 768, 320])
@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_the_rail_is_the_same_in_the_same_place_on_every_page(
    new_context: NewContext, server: Server, username: str, locale: str, width: int
) -> None:
    visitor = Visitor(server, new_context(locale=locale, viewport={"width": width, "height": 800}), username)
    visitor.person.store("docs/a.txt", b"1")
    pages = ("/index", "/index?path=docs", "/trash", "/search?q=a", "/account", "/versions/docs/a.txt")

    def rail(path: str) -> list[list[str | int]]:
        visitor.open(path)
        found: list[list[str | int]] = visitor.page.evaluate(RAIL)
        return found

    rails = [rail(path) for path in pages]

    assert len(rails[0]) == 5
    assert [each for each in rails if each != rails[0]] == []
    assert visitor.page.evaluate(OVERLAPS) == []


def test_what_can_be_put_in_can_be_put_in_from_everywhere(visitor: Visitor) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open("/trash")
    visitor.choose(file("new.txt"))
    expect(visitor.upload_line("new.txt")).to_contain_text("Uploaded")
    assert visitor.person.get("new.txt") == b"content"

    page.get_by_role("button", name="New folder").click()
    page.locator("#make-folder-name").fill("Holidays")
    page.keyboard.press("Enter")
    expect(visitor.row("Holidays").get_by_role("link", name="Holidays", exact=True)).to_be_focused()

    visitor.open("/search?q=a.txt&path=docs")
    visitor.choose(file("beside.txt"))
    expect(visitor.upload_line("beside.txt")).to_contain_text("Uploaded")
    assert visitor.person.get("docs/beside.txt") == b"content"

    visitor.open("/account").get_by_role("link", name="New folder").click()
    expect(page.locator("#make-folder-name")).to_be_focused()
    assert page.url.endswith("/index")
    visitor.open("/account").get_by_role("link", name="Upload", exact=True).click()
    expect(page.locator("#files-input")).to_be_focused()
    page.wait_for_function("() => location.hash === ''")


def letters_of_twice_the_size(page: Page, is_setting: bool) -> None:
    """Set it as a browser is set, which the widths follow that our rules ask for, or as a page sets it."""
    if is_setting:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    else:
        enlarge = "document.documentElement.style.setProperty('font-size', '200%')"
        page.add_init_script(f"addEventListener('DOMContentLoaded', () => {enlarge})")


# What sticks out of the window to the right, but for what is shortened with dots.
OUTSIDE = """() => [...document.querySelectorAll("body *:not(.toasts *, .col-modified *)")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter((each) => getComputedStyle(each).clipPath === "none")
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map((each) => `${each.localName}.${each.className}`)"""


@pytest.mark.parametrize("is_setting", [True, False], ids=["set in the browser", "set on the page"])
@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_letters_of_twice_the_size_leave_the_list_usable(
    new_context: NewContext, server: Server, username: str, locale: str, width: int, is_setting: bool
) -> None:
    large = new_context(locale=locale, viewport={"width": width, "height": 800})
    visitor = Visitor(server, large, username)
    for name in ("a.txt", "A long name of a report on the first quarter of the year.docx", "gone.txt"):
        visitor.person.store(name, bytes(12_345))
    visitor.person.delete("gone.txt")
    page = visitor.page
    letters_of_twice_the_size(page, is_setting)

    for path in ("/index", "/index?view=grid", "/trash", "/search?q=a", "/account"):
        visitor.open(path)
        assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 32
        assert page.evaluate("document.documentElement.scrollWidth") == width, path
        assert page.evaluate(OUTSIDE) == [], path

    visitor.open()
    shown = page.locator("#rows .name").last.bounding_box()
    assert shown
    assert shown["width"] >= 100
    page.locator("#choose-all").check()
    expect(page.locator("#selection-bar")).to_be_visible()
    assert page.evaluate(OUTSIDE) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


# Of the number of those that are selected, what is cut off.
CUT = """() => [...document.querySelectorAll("#selection-count, #selection-count *")]
    .filter((each) => each.checkVisibility() && getComputedStyle(each).clipPath === "none")
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    .map((each) => each.textContent)"""


# Pairs of what can be pressed, of which the one lies over the other, by what they say.
OVERLAPS = """() => {
    const places = [...document.querySelectorAll(".rail a, .rail button, .rail label, .selection :is(p, button)")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
        .filter((each) => getComputedStyle(each).position !== "fixed")
        .map((each) => [each.textContent.trim(), each.getBoundingClientRect()]);
    const isOver = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return places.flatMap(([one, a], index) =>
        places.slice(index + 1).filter(([, b]) => isOver(a, b)).map(([other]) => [one, other]));
}"""


@pytest.mark.parametrize("locale", ["en-US", "ru-RU"])
def test_nothing_to_press_lies_over_another_at_320_pixels_and_the_chosen_are_counted(
    new_context: NewContext, server: Server, username: str, locale: str
) -> None:
    narrow = new_context(locale=locale, viewport={"width": 320, "height": 640})
    visitor = Visitor(server, narrow, username)
    for number in range(12):
        visitor.person.store(f"{number}.txt", b"1")
    page = visitor.open()
    assert page.evaluate(OVERLAPS) == []

    page.locator("#choose-all").check()

    expect(page.locator("#selection-count")).to_contain_text("12")
    assert page.evaluate(CUT) == []
    assert page.evaluate(OVERLAPS) == []
    # Nothing of the bar lies over the list, however many lines it has.
    bar, first = (
        page.locator("#selection").bounding_box(),
        page.locator("#rows .list-row").first.bounding_box(),
    )
    assert bar
    assert first
    assert bar["y"] + bar["height"] <= first["y"]


@pytest.mark.parametrize(("locale", "fonts"), [("en-US", {"latin"}), ("ru-RU", {"latin", "cyrillic"})])
def test_a_first_view_is_light(
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
    assert not [url for url in weights if "workbench" in url or "texts" in url]


def test_everything_but_the_page_may_be_kept_for_a_year(context: BrowserContext) -> None:
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - it is inspected
    page.goto("/login", wait_until="networkidle")

    policies = {answer.headers["cache-control"] for answer in answers if "/static/" in answer.url}

    assert policies == {"public, max-age=31536000, immutable"}
    assert {answer.headers["x-content-type-options"] for answer in answers} == {"nosniff"}


def test_nothing_moves_for_those_who_prefer_that(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    page.emulate_media(reduced_motion="reduce")

    page.get_by_role("link", name="a.txt", exact=True).press("Shift+Delete")

    duration = page.get_by_role("dialog").evaluate("dialog => getComputedStyle(dialog).animationDuration")
    assert duration == "0s"


def test_a_box_that_is_pressed_before_the_scripts_are_there_is_checked(visitor: Visitor) -> None:
    visitor.person.store("a.txt", b"1")
    held: list[Route] = []
    page = visitor.page
    page.route("**/workbench.js", lambda route: held.append(route))  # noqa: PLW0108 - it is inspected
    page.goto("/index")
    box = page.locator("#rows input")

    with page.expect_request("**/workbench.js"):
        box.press("Space")
    expect(box).not_to_be_checked()
    held[0].continue_()

    expect(box).to_be_checked()
    expect(page.locator("#selection")).to_be_visible()


def test_at_four_times_the_size_whatever_has_the_focus_is_in_sight(
    new_context: NewContext, server: Server, username: str
) -> None:
    # What is left of 1280 by 1024 pixels.
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


@pytest.mark.parametrize("path", ["/login", "/register", "/"])
def test_a_stranger_switches_the_language_and_stays_where_they_are(
    context: BrowserContext, path: str
) -> None:
    page = context.new_page()
    page.goto(path)

    page.get_by_role("button", name="Русский").click()

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.evaluate("location.pathname") == path
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
