"""The preview: every type of file, by keyboard, mouse and touch; nothing in a file runs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.browser.test_files import record_dialogs
from tests.support import media
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, held
from tests.support.controls import control
from tests.support.images import picture
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

ATTACK = "window.attacked = true; alert(1); fetch('https://evil.test/')"
HOSTILE = {
    "a page.html": f'<h1>Hello</h1><img src=x onerror="{ATTACK}"><script>{ATTACK}</script>',
    "c notes.txt": f"</pre><script>{ATTACK}</script><img src=x onerror=alert(1)>",
    "d data.xml": f'<?xml version="1.0"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>{ATTACK}</h:script></x>',
}
HOSTILE_DRAWING = f"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" viewBox="0 0 9 6"
 onload="{ATTACK}"><script>{ATTACK}</script><image x:href="https://evil.test/a.png"/><a x:href="https://evil.test/">
<rect width="9" height="6" fill="red"/></a><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml"
 src="https://evil.test/"/></foreignObject></svg>"""


def stage(page: Page) -> Locator:
    return page.locator("#preview-stage")


def title(page: Page) -> Locator:
    return page.get_by_role("dialog").get_by_role("heading", level=2).first


def look_at(page: Page, name: str) -> None:
    """Open the preview of a file by the keyboard."""
    page.get_by_role("link", name=name, exact=True).focus()
    page.keyboard.press("Enter")
    expect(title(page)).to_have_text(name)


def touches(page: Page, *points: tuple[int, int]) -> None:
    """Draw a finger over the page."""
    session = page.context.new_cdp_session(page)
    for index, (x, y) in enumerate(points):
        kind = "touchMove" if index else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_enter_opens_the_preview_arrows_change_the_file_and_escape_returns_to_it(visitor: Visitor) -> None:
    visitor.person.store("a folder/inside.txt", b"1")
    visitor.person.store("b picture.png", picture("PNG", 400, 300))
    visitor.person.store("c notes.md", "# Заметки\n".encode())
    visitor.person.store("d song.wav", media.wav(3))
    visitor.person.store("e film.webm", media.WEBM)
    visitor.person.store("f paper.pdf", media.pdf(["First words", "Second"]))
    visitor.person.store("g archive.zip", b"PK\x05\x06" + bytes(18))
    page = visitor.open()
    shown = stage(page)

    look_at(page, "b picture.png")
    expect(page.locator("#preview-position")).to_have_text(text_of("preview-position", index="1", count=6))
    expect(shown.get_by_role("img", name="b picture.png")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(title(page)).to_have_text("b picture.png")
    page.keyboard.press("ArrowRight")
    expect(shown.locator("pre")).to_have_text("# Заметки\n", use_inner_text=False)
    page.keyboard.press("ArrowRight")
    expect(shown.locator("audio")).to_have_js_property("duration", 3)
    page.keyboard.press("ArrowRight")
    expect(shown.locator("video")).to_have_js_property("videoWidth", 8)
    page.keyboard.press("ArrowRight")
    expect(shown.get_by_text("First words")).to_be_attached()
    control(page, "next file").click()
    expect(shown).to_contain_text(text_of("preview-none"))
    expect(control(page, "next file", include_hidden=True)).to_be_disabled()
    expect(shown).to_be_focused()
    with page.expect_download() as saved:
        control(shown, "download").click()
    assert saved.value.suggested_filename == "g archive.zip"
    page.keyboard.press("Escape")

    expect(page.locator("#preview")).to_be_hidden()
    expect(page.get_by_role("link", name="g archive.zip", exact=True)).to_be_focused()
    visitor.row("b picture.png").locator(".col-size").dblclick()
    expect(title(page)).to_have_text("b picture.png")


def test_the_preview_loads_the_next_page_of_the_list(visitor: Visitor) -> None:
    parts = [("file", (f"{number:03}.txt", b"words")) for number in range(203)]
    stored = visitor.server.request("POST", "/upload", fields=parts, headers=visitor.person.headers)
    assert stored.status == 201, stored.data
    page = visitor.open()
    look_at(page, "199.txt")
    expect(page.locator("#preview-position")).to_have_text(
        text_of("preview-position", index="200", count="200+")
    )

    page.keyboard.press("ArrowRight")

    expect(title(page)).to_have_text("200.txt")
    expect(page.locator("#preview-position")).to_have_text(
        text_of("preview-position", index="201", count=203)
    )


def test_nothing_in_a_hostile_file_runs_or_links_anywhere(visitor: Visitor) -> None:
    for name, content in HOSTILE.items():
        visitor.person.store(name, content.encode())
    visitor.person.store("e paper.pdf", media.pdf(["Words"], script=ATTACK, link="https://evil.test/"))
    visitor.person.store("f drawing.svg", HOSTILE_DRAWING.encode())
    asked: list[str] = []
    page = visitor.open()
    page.on("request", lambda request: asked.append(request.url))
    dialogs = record_dialogs(page)
    address = page.url
    look_at(page, "a page.html")

    for content in HOSTILE.values():
        expect(stage(page).locator("pre")).to_have_text(content, use_inner_text=False)
        page.keyboard.press("ArrowRight")
    expect(stage(page).get_by_text("Words")).to_be_attached()
    stage(page).locator(".pdf-page").click()
    page.keyboard.press("ArrowRight")
    drawing = stage(page).get_by_role("img", name="f drawing.svg")
    expect(drawing).to_be_visible()
    drawing.click()

    assert stage(page).locator("script, iframe, object, embed, a").count() == 0
    assert (page.evaluate("window.attacked"), dialogs, page.url.split("#")[0]) == (None, [], address)
    assert {url.split("/")[2] for url in asked} == {address.split("/")[2]}
    assert len(page.context.pages) == 1


def test_audio_seeks_by_ranges_and_stops_with_the_next_file(visitor: Visitor) -> None:
    visitor.person.store("long.wav", media.wav(600))
    page = visitor.open()
    look_at(page, "long.wav")
    player = stage(page).locator("audio")
    expect(player).to_have_js_property("duration", 600)

    with page.expect_response(
        lambda answer: answer.status == 206 and not answer.headers["content-range"].startswith("bytes 0-")
    ):
        player.evaluate("audio => { audio.currentTime = 595; }")
    expect(player).to_have_js_property("seeking", False)
    page.keyboard.press("Space")
    expect(player).to_have_js_property("paused", False)
    handle = player.element_handle()
    page.keyboard.press("Escape")

    # The browser fires the close event of a dialog a moment later.
    page.wait_for_function("audio => audio.paused && !audio.hasAttribute('src')", arg=handle)


def test_an_image_zooms_by_click_key_and_button_and_is_dragged(visitor: Visitor) -> None:
    visitor.person.store("map.png", picture("PNG", 3000, 2000))
    visitor.person.store("next.txt", b"1")
    page = visitor.open()
    look_at(page, "map.png")
    image = stage(page).get_by_role("img")
    expect(image).to_be_visible()

    def width() -> float:
        return float(image.evaluate("image => image.getBoundingClientRect().width"))

    fitted = width()
    assert fitted <= 1280
    page.keyboard.press("+")
    assert width() == pytest.approx(fitted * 1.4, abs=1)
    control(page, "smaller").click()
    assert width() == pytest.approx(fitted, abs=1)
    image.click(position={"x": 10, "y": 10})
    assert width() == pytest.approx(3000, abs=1)
    left = stage(page).evaluate("stage => stage.scrollLeft")
    page.mouse.move(900, 400)
    page.mouse.down()
    page.mouse.move(600, 400)
    page.mouse.up()
    assert stage(page).evaluate("stage => stage.scrollLeft") == pytest.approx(left + 300, abs=2)
    assert width() == pytest.approx(3000, abs=1), "a pull is no click"
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("map.png")
    page.keyboard.press("0")
    assert width() == pytest.approx(fitted, abs=1)
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("next.txt")


def test_touch_opens_swipes_and_closes_the_preview(
    server: Server, new_context: NewContext, username: str
) -> None:
    phone = new_context(viewport={"width": 375, "height": 700}, has_touch=True, is_mobile=True)
    visitor = Visitor(server, phone, username)
    visitor.person.store("a.txt", b"one")
    visitor.person.store("b.txt", b"two")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).tap()
    expect(stage(page)).to_have_text("one")

    touches(page, (300, 400), (200, 400), (60, 405))
    expect(stage(page)).to_have_text("two")
    touches(page, (60, 400), (200, 405), (300, 400))
    expect(stage(page)).to_have_text("one")
    touches(page, (200, 300), (210, 450), (220, 600))
    expect(stage(page)).to_have_text("one")
    control(page.get_by_role("dialog"), "close").tap()

    expect(page.locator("#preview")).to_be_hidden()


def test_pdf_pages_are_rendered_when_they_come_near(visitor: Visitor) -> None:
    visitor.person.store("book.pdf", media.pdf([f"Words of {number}" for number in range(1, 41)]))
    page = visitor.open()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    look_at(page, "book.pdf")
    drawn = stage(page).locator("canvas")
    expect(
        stage(page)
        .get_by_role("group", name=text_of("preview-page", number="1"), exact=True)
        .locator("canvas")
    ).to_be_visible()
    expect(page.locator(".preview-page")).to_have_text(text_of("preview-position", index="1", count=40))

    control(page, "next page").click()
    expect(page.locator(".preview-page")).to_have_text(text_of("preview-position", index="2", count=40))
    assert drawn.count() < 6
    stage(page).press("End")

    expect(stage(page).get_by_text("Words of 40")).to_be_attached()
    assert not [url for url in asked if url.endswith((".bcmap", ".pfb"))], "nothing that it does not need"
    expect(stage(page).get_by_text("Words of 1", exact=True)).not_to_be_attached()
    before = stage(page).locator(".pdf-page").first.bounding_box()
    control(page, "larger").click()
    after = stage(page).locator(".pdf-page").first.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.4, rel=0.01)


def test_a_pdf_without_embedded_fonts_shows_its_text(visitor: Visitor) -> None:
    fonts = {
        "a japanese.pdf": ("東京の天気", "shift_jis", media.cjk("Japan1", "Ryumin-Light", "90ms-RKSJ-H")),
        "b chinese.pdf": ("今天天气很好", "gbk", media.cjk("GB1", "STSong-Light", "GBK-EUC-H")),
        "c traditional.pdf": ("今天天氣很好", "big5", media.cjk("CNS1", "MSung-Light", "ETen-B5-H")),
        "d korean.pdf": (
            "오늘은 날씨가",
            "utf-16-be",
            media.cjk("Korea1", "HYSMyeongJo-Medium", "UniKS-UCS2-H"),
        ),
        "e vertical.pdf": ("縦書き", "utf-16-be", media.cjk("Japan1", "HeiseiMin-W3", "UniJIS-UCS2-V")),
        "f dingbats.pdf": ("3", "ascii", "/Subtype /Type1 /BaseFont /ZapfDingbats"),
    }
    for name, (text, codec, font) in fonts.items():
        visitor.person.store(name, media.pdf_of_font(text.encode(codec), font))
    page = visitor.open()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    look_at(page, "a japanese.pdf")

    for name, (text, _, _) in fonts.items():
        expect(title(page)).to_have_text(name)
        expect(stage(page).locator("canvas")).to_be_visible()
        expect(stage(page).locator(".pdf-text")).to_have_text(text)
        page.keyboard.press("ArrowRight")
    assert {"90ms-RKSJ-H.bcmap", "GBK-EUC-H.bcmap", "UniKS-UCS2-H.bcmap", "FoxitDingbats.pfb"} <= set(asked)


def test_a_file_that_cannot_be_previewed_is_explained(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 404")
    visitor.person.store("a broken.jpg", b"\xff\xd8\xff no picture")
    visitor.person.store("b broken.mp4", b"no film at all")
    visitor.person.store("c broken.pdf", b"%PDF-1.7 no document")
    visitor.person.store("d locked.pdf", media.pdf(["Words"], is_locked=True))
    visitor.person.store("e gone.txt", b"1")
    page = visitor.open()
    visitor.person.delete("e gone.txt")
    look_at(page, "a broken.jpg")

    for _ in range(3):
        expect(stage(page)).to_contain_text(text_of("preview-broken"))
        expect(control(stage(page), "download")).to_be_visible()
        page.keyboard.press("ArrowRight")

    expect(stage(page)).to_contain_text(text_of("preview-password"))
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("e gone.txt")
    expect(stage(page)).to_contain_text(text_of("preview-gone"))
    expect(control(stage(page), "download")).to_be_hidden()


def test_the_preview_continues_after_signing_in_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    visitor.person.store("picture.png", picture("PNG", 400, 300))
    page = visitor.open()
    visitor.context.clear_cookies()
    look_at(page, "picture.png")
    signing = page.get_by_role("dialog", name=text_of("sign-in-again"))

    control(signing, "password").fill(PASSWORD)
    control(signing, "sign in").click()

    expect(stage(page).get_by_role("img", name="picture.png")).to_be_visible()


# How far the sign of waiting is from the edges of the stage: left and right, top and bottom.
MARGINS = """stage => {
  const { position, marginLeft, marginRight, marginTop, marginBottom } = getComputedStyle(stage, "::after");
  return [position, ...[marginLeft, marginRight, marginTop, marginBottom].map(parseFloat)];
}"""


def test_the_spinner_is_centered(visitor: Visitor) -> None:
    contents = {"notes.txt": b"one", "song.wav": media.wav(1), "picture.png": picture()}
    for name, content in contents.items():
        visitor.person.store(name, content)
    page = visitor.open()

    for name in contents:
        with held(page, re.compile(r"/files/|/download/|/thumbnails/")):
            look_at(page, name)
            expect(stage(page)).to_have_attribute("aria-busy", "true")
            position, left, right, top, bottom = stage(page).evaluate(MARGINS)
        expect(page.locator("#preview-stage:not([aria-busy])")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#preview")).to_be_hidden()

        assert position == "absolute", name
        assert abs(left - right) <= 1
        assert abs(top - bottom) <= 1
        assert min(left, top) > 100
