"""Pages at all widths and font sizes: nothing is cut off, covered or misplaced."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import COUNT, NewContext, fill_shelf
from tests.support.chromium import Complaints, Visitor, file, first_page
from tests.support.controls import control
from tests.support.images import picture
from tests.support.media import pdf
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

# The words of the one are longer than those of the other.
LOCALES = ["ru-RU", pytest.param("en-US", marks=pytest.mark.long)]


# A page of errors with two buttons.
OF_ANOTHER_USER = "/index?user=somebody-else"


def top(control: Locator) -> float:
    place = control.bounding_box()
    assert place is not None
    return place["y"]


def bottom(control: Locator) -> float:
    place = control.bounding_box()
    assert place is not None
    return place["y"] + place["height"]


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_overflows_at_320_pixels(
    new_context: NewContext, complaints: list[Complaints], server: Server, username: str, locale: str
) -> None:
    narrow = {"locale": locale, "viewport": {"width": 320, "height": 640}}
    visitor = Visitor(server, new_context(**narrow), username)
    complaints[0].expect("status of 404 .*/nowhere|status of 403")
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
            f"/versions/{target}", f"/index/arrange?path={target}", "/nowhere", OF_ANOTHER_USER,
        )
    }  # fmt: skip
    above, below = visitor.page.locator(".card-actions").get_by_role("link").all()
    assert bottom(above) + 8 <= top(below)
    stranger = first_page(new_context(**narrow))
    widths |= {path: width(stranger, path) for path in ("/", "/register", "/login")}

    assert set(widths.values()) == {320}, widths


# The positions of the sidebar's controls, by label; on narrow screens, with the first place in view.
RAIL = """() => {
    document.querySelector(".rail-links").scrollLeft = 0;
    return [...document.querySelectorAll(".rail :is(.btn, .rail-link)")]
        .filter((each) => each.checkVisibility())
        .map((each) => [each.textContent.trim(), ...Object.values(each.getBoundingClientRect().toJSON()).map(Math.round)]);
}"""


@pytest.mark.parametrize("width", [1280, pytest.param(768, marks=pytest.mark.long), 320])
@pytest.mark.parametrize("locale", LOCALES)
def test_the_sidebar_is_the_same_on_every_page(
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

    assert len(rails[0]) == 6
    assert [each for each in rails if each != rails[0]] == []
    assert visitor.page.evaluate(OVERLAPS) == []


def test_a_narrow_name_has_the_minimum_target_width(visitor: Visitor) -> None:
    for name in ("i", "l/a.txt"):
        visitor.person.store(name, b"1")

    visitor.open()
    links = visitor.page.locator("a.name").all()

    assert len(links) == 2
    for link in links:
        box = link.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24


def test_the_add_buttons_work_on_every_page(visitor: Visitor) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open("/trash")
    visitor.choose(file("new.txt"))
    expect(visitor.upload_line("new.txt")).to_contain_text(text_of("uploaded"))
    assert visitor.person.get("new.txt") == b"content"

    control(page, "new folder").click()
    page.locator("#make-folder-name").fill("Holidays")
    page.keyboard.press("Enter")
    expect(visitor.row("Holidays").get_by_role("link", name="Holidays", exact=True)).to_be_focused()

    visitor.open("/search?q=a.txt&path=docs")
    visitor.choose(file("beside.txt"))
    expect(visitor.upload_line("beside.txt")).to_contain_text(text_of("uploaded"))
    assert visitor.person.get("docs/beside.txt") == b"content"

    control(visitor.open("/account"), "to new folder").click()
    expect(page.locator("#make-folder-name")).to_be_focused()
    assert page.url.endswith("/index")
    control(visitor.open("/account"), "to upload").click()
    expect(page.locator("#files-input")).to_be_focused()
    page.wait_for_function("() => location.hash === ''")


def double_font_size(page: Page, is_setting: bool) -> None:
    """Set it as a browser is set, which the widths follow that our rules ask for, or as a page sets it."""
    if is_setting:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    else:
        enlarge = "document.documentElement.style.setProperty('font-size', '200%')"
        page.add_init_script(f"addEventListener('DOMContentLoaded', () => {enlarge})")


# Elements that overflow the window to the right, except those with an ellipsis.
# Places that do not fit are scrolled to.
OUTSIDE = """() => [...document.querySelectorAll("body *:not(.toasts *, .col-modified *, .name-stem *, #preview h2 *, .rail-links *)")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter((each) => getComputedStyle(each).clipPath === "none")
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map((each) => `${each.localName}.${each.className}`)"""


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize(
    "is_setting",
    [
        pytest.param(True, id="set in the browser"),
        pytest.param(False, id="set on the page", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("width", [pytest.param(1280, marks=pytest.mark.long), 320])
@pytest.mark.parametrize("locale", LOCALES)
def test_the_list_is_usable_at_double_font_size(
    new_context: NewContext, server: Server, username: str, locale: str, width: int, is_setting: bool
) -> None:
    large = new_context(locale=locale, viewport={"width": width, "height": 800})
    visitor = Visitor(server, large, username)
    for name in ("a.txt", "A long name of a report on the first quarter of the year.docx", "gone.txt"):
        visitor.person.store(name, bytes(12_345))
    visitor.person.delete("gone.txt")
    page = visitor.page
    double_font_size(page, is_setting)

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


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize("locale", LOCALES)
def test_pages_and_dialogs_fit_on_a_phone_at_double_font_size(
    new_context: NewContext, complaints: list[Complaints], server: Server, username: str, locale: str
) -> None:
    narrow = {"locale": locale, "viewport": {"width": 320, "height": 700}}
    visitor = Visitor(server, new_context(**narrow), username)
    complaints[0].expect("status of 409")
    visitor.person.store("Протокол собрания.txt", b"1")
    visitor.person.store("Протокол собрания.txt", b"2")
    visitor.person.store("paper.pdf", pdf(["Hello"] * 3))
    visitor.person.store("unknown.bin", bytes(2_000))
    stranger = first_page(new_context(**narrow))

    def expect_whole(page: Page, what: str) -> None:
        assert (what, page.evaluate(OUTSIDE)) == (what, [])
        assert (what, page.evaluate("document.documentElement.scrollWidth")) == (what, 320)

    double_font_size(stranger, is_setting=True)
    for path in ("/register", "/login"):
        stranger.goto(path)
        expect_whole(stranger, path)
    page = visitor.page
    double_font_size(page, is_setting=True)
    visitor.open("/versions/Протокол собрания.txt")
    expect_whole(page, "versions")
    visitor.open()
    for name, shown in {
        "paper.pdf": "canvas",
        "unknown.bin": ".preview-instead",
        "Протокол собрания.txt": "pre",
    }.items():
        page.locator(f'[data-name="{name}"] .name').click()
        expect(page.locator(f"#preview-stage:not([aria-busy]) {shown}").first).to_be_attached()
        expect_whole(page, name)
        assert page.evaluate(COVERED) == [], name
        page.keyboard.press("Escape")
        page.wait_for_url("**/index")
    page.locator('[data-name="paper.pdf"] .name').focus()
    page.keyboard.press("F2")
    page.locator(".rename input").fill("unknown.bin")
    page.keyboard.press("Enter")
    expect(page.locator(".rename .field-error")).to_be_visible()
    expect_whole(page, "rename")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    expect_whole(page, "keys")


# Navigation buttons covered by the tools of a preview.
COVERED = """() => {
    const tools = document.getElementById("preview-tools").getBoundingClientRect();
    return [...document.querySelectorAll(".preview-turn")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
        .map((each) => [each.ariaLabel, each.getBoundingClientRect()])
        .filter(([, { left, right, top, bottom }]) =>
            left < tools.right && tools.left < right && top < tools.bottom && tools.top < bottom)
        .map(([name]) => name);
}"""


@pytest.mark.parametrize(
    "width", [320, pytest.param(360, marks=pytest.mark.long), pytest.param(390, marks=pytest.mark.long)]
)
def test_preview_tools_do_not_cover_the_navigation_buttons(
    new_context: NewContext, server: Server, username: str, width: int
) -> None:
    visitor = Visitor(server, new_context(locale="ru-RU", viewport={"width": width, "height": 640}), username)
    visitor.person.store("a.txt", "Договор аренды".encode("cp866") * 20)
    visitor.person.store("b.pdf", pdf(["Hello"] * 12))
    visitor.person.store("c.png", picture())
    page = visitor.open()

    for name, shown in {"a.txt": "pre", "b.pdf": "canvas", "c.png": "img"}.items():
        page.locator(f'[data-name="{name}"] .name').click()
        expect(page.locator(f"#preview-stage:not([aria-busy]) {shown}").first).to_be_attached()
        expect(page.locator("#preview-tools :is(button, select)").first).to_be_visible()
        assert (name, page.evaluate(COVERED)) == (name, [])
        page.keyboard.press("Escape")
        page.wait_for_url("**/index")


# The part of the selection count that is cut off.
CUT = """() => [...document.querySelectorAll("#selection-count, #selection-count *")]
    .filter((each) => each.checkVisibility() && getComputedStyle(each).clipPath === "none")
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0)
    .map((each) => each.textContent)"""


# Pairs of overlapping controls, by label; what is scrolled out of view overlaps nothing.
OVERLAPS = """() => {
    const seen = document.querySelector(".rail-links").getBoundingClientRect();
    const inView = (each) => {
        const { left, right, top, bottom } = each.getBoundingClientRect();
        const isPlace = each.closest(".rail-links");
        return { left, right: isPlace ? Math.min(right, seen.right) : right, top, bottom };
    };
    const places = [...document.querySelectorAll(".rail a, .rail button, .rail label, .selection :is(p, button)")]
        .filter((each) => each.checkVisibility({ visibilityProperty: true }))
        .filter((each) => getComputedStyle(each).position !== "fixed")
        .map((each) => [each.textContent.trim(), inView(each)]);
    const isOver = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return places.flatMap(([one, a], index) =>
        places.slice(index + 1).filter(([, b]) => isOver(a, b)).map(([other]) => [one, other]));
}"""


@pytest.mark.parametrize("locale", LOCALES)
def test_no_controls_overlap_at_320_pixels_and_the_selection_count_is_visible(
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
    # The bar covers no part of the list, however many lines it has.
    bar, first = (
        page.locator("#selection").bounding_box(),
        page.locator("#rows .list-row").first.bounding_box(),
    )
    assert bar
    assert first
    assert bar["y"] + bar["height"] <= first["y"]


# Of the totals at the foot of the list, what does not show: cut off, outside of the window, or below something.
HIDDEN_TOTALS = """() => {
    const foot = document.querySelector(".totals");
    scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
    const parts = [foot, ...foot.querySelectorAll("*")].filter((each) => each.checkVisibility());
    const isCut = (each) => each.scrollWidth > each.clientWidth && each.clientWidth > 0;
    const isOutside = ({ left, right, bottom }) => left < 0 || right > innerWidth || bottom > innerHeight;
    const isCovered = ({ left, right, top, bottom }) =>
        [left + 1, (left + right) / 2, right - 1]
            .map((x) => document.elementFromPoint(x, (top + bottom) / 2))
            .some((seen) => !foot.contains(seen));
    const isHidden = (each) => isCut(each) || [...each.getClientRects()].some((box) =>
        isOutside(box) || (each !== foot && isCovered(box)));
    return parts.filter(isHidden).map((each) => each.textContent.trim());
}"""


@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize("is_large", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("locale", LOCALES)
def test_the_totals_below_the_list_are_never_cut_off(
    new_context: NewContext, server: Server, username: str, locale: str, is_large: bool
) -> None:
    visitor = Visitor(server, new_context(locale=locale), username)
    fill_shelf(server, visitor.person.headers)
    visitor.person.store("shelf/large.bin", bytes(1_234_567))
    page = visitor.page
    if is_large:
        double_font_size(page, is_setting=True)

    for view in ("grid", "list"):
        visitor.open(f"/index?path=shelf&view={view}")
        expect(page.locator("#totals")).to_contain_text(str(COUNT + 1))
        for width in (1920, 1280, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 640})
            assert page.evaluate(HIDDEN_TOTALS) == [], (view, width)
    page.locator("#more").click()
    expect(page.locator("#rows [data-path]")).to_have_count(400)
    assert page.evaluate(HIDDEN_TOTALS) == []
