"""Text previews: any encoding, any length, and damaged text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from cabinet.errors import NotFound
from tests.browser.conftest import NewContext
from tests.browser.test_preview import look_at, stage, title
from tests.support.chromium import Visitor, first_page
from tests.support.controls import control
from tests.support.encoded_texts import ENCODED_TEXTS
from tests.support.servers import Server
from tests.support.wording import detail_of, pattern_of, text_of

pytestmark = pytest.mark.browser

# The detected encoding of bytes, and the decoded text.
READ = """async ([name, contents]) => {
    const { guess, decode } = await import(new URL(`../${name}`, document.querySelector("script[type=module]").src));
    return contents.map(([content, isCut]) => {
        const bytes = Uint8Array.from(atob(content), (char) => char.codePointAt(0));
        const encoding = guess(bytes, isCut);
        return [encoding, encoding === null ? null : decode(bytes, encoding, isCut)];
    });
}"""

LINES = "".join(f"{number:06} a line of the log\n" for number in range(1, 80_001))


def read(page: Page, *contents: bytes, is_cut: bool = False) -> list[tuple[str | None, str | None]]:
    packed = [[base64.b64encode(content).decode(), is_cut] for content in contents]
    found: list[Any] = page.evaluate(READ, ["preview/encodings.js", packed])
    return [(encoding, text) for encoding, text in found]


@pytest.fixture
def reader(context: BrowserContext) -> Page:
    """Return a page with scripts and without a user."""
    page = first_page(context)
    page.goto("/login")
    return page


def words(page: Page) -> Locator:
    return stage(page).locator("pre")


def encoding_of(page: Page) -> Locator:
    return control(page, "encoding")


def expect_text(page: Page, text: str) -> None:
    expect(words(page)).to_have_text(text, use_inner_text=False)


def test_a_short_text_is_decoded_in_its_encoding(reader: Page) -> None:
    wanted = [(name, text) for text, _, name in ENCODED_TEXTS]

    found = read(reader, *(text.encode(codec) for text, codec, _ in ENCODED_TEXTS))

    assert [(a, b) for a, b in zip(found, wanted, strict=True) if a != b] == []


def test_the_encoding_is_shown_and_can_be_selected(visitor: Visitor) -> None:
    text = "Это письмо пришло вчера вечером.\n"
    visitor.person.store("a.txt", text.encode("koi8-r"))
    visitor.person.store("b.txt", b"MZ\x00\x01\x02\x03\x04\x05\x06 plain words")
    page = visitor.open()
    look_at(page, "a.txt")
    expect_text(page, text)
    expect(encoding_of(page).locator("option:checked")).to_have_text(
        text_of("preview-guessed", name="KOI8-R")
    )

    encoding_of(page).select_option("Windows-1251")
    expect_text(page, text.encode("koi8-r").decode("cp1251"))
    encoding_of(page).select_option(text_of("preview-guessed", name="KOI8-R"))
    expect_text(page, text)
    # Arrow keys change the selected option, and not the file.
    encoding_of(page).focus()
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("a.txt")
    control(page, "next file").click()

    expect(stage(page)).to_contain_text(text_of("preview-none"))
    encoding_of(page).select_option("UTF-8")
    expect(words(page)).to_contain_text("plain words")


def test_a_text_that_has_grown_since_it_was_shown_is_shown_whole(visitor: Visitor) -> None:
    for text in ("twelve bytes", "twelve bytes and a few more"):
        visitor.person.store("a.txt", text.encode())
        look_at(visitor.open(), "a.txt")
        expect_text(visitor.page, text)


def test_encoding_and_parts_are_translated_to_russian(
    server: Server, new_context: NewContext, username: str
) -> None:
    text = "Запись в журнале сервера.\n" * 30_000
    visitor = Visitor(server, new_context(locale="ru-RU"), username)
    visitor.person.store("a.log", text.encode("cp866"))
    visitor.person.store("b.txt", b"MZ\x00\x01\x02\x03\x04\x05\x06 plain words")
    page = visitor.open()
    encoding = encoding_of(page)
    guessed = text_of("preview-guessed", "ru", name="CP866 (DOS)")
    look_at(page, "a.log")
    expect(encoding.locator("option:checked")).to_have_text(guessed)
    status = stage(page).get_by_role("status")
    expect(status).to_have_text(pattern_of("preview-part", "ru", index=1, count=3))
    control(stage(page), "last part").click()
    expect(status).to_contain_text(pattern_of("preview-part", "ru", index=3, count=3))
    expect(words(page)).to_contain_text("Запись в журнале сервера.")

    encoding.select_option("KOI8-R")
    expect(words(page)).to_contain_text("Запись".encode("cp866").decode("koi8-r"))
    encoding.select_option(guessed)
    expect(words(page)).to_contain_text("Запись в журнале сервера.")
    control(page, "next file").click()

    expect(stage(page)).to_contain_text(text_of("preview-none", "ru"))
    encoding.select_option("UTF-8")
    expect(words(page)).to_contain_text("plain words")


def test_a_long_log_is_readable_from_beginning_to_end(visitor: Visitor) -> None:
    content = LINES.encode()
    visitor.person.store("big.log", content)
    page = visitor.open()
    with page.expect_response("**/files/big.log") as answer:
        look_at(page, "big.log")
    assert answer.value.headers["content-range"] == f"bytes 0-254095/{len(content)}"
    status = stage(page).get_by_role("status")
    expect(status).to_have_text(pattern_of("preview-part", index=1, count=8))
    for name in ("first part", "previous part"):
        expect(control(stage(page), name)).to_be_disabled()
    texts = []

    for index in range(1, 9):
        expect(status).to_contain_text(pattern_of("preview-part", index=index, count=8))
        texts.append(words(page).evaluate("pre => pre.textContent"))
        if index < 8:
            control(stage(page), "next part").click()

    assert "".join(texts) == LINES
    assert all(text.endswith("\n") for text in texts)
    expect(stage(page)).to_be_focused()
    control(stage(page), "first part").click()
    expect(words(page)).to_contain_text("000001 a line")
    control(stage(page), "last part").click()
    expect(words(page)).to_contain_text("080000 a line")
    page.wait_for_function(
        "() => { const { scrollTop, clientHeight, scrollHeight } = document.getElementById('preview-stage');"
        " return scrollTop + clientHeight > scrollHeight - 2; }"
    )


@pytest.mark.parametrize(
    "codec",
    [
        "utf-16-le",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("utf-8", "utf-16-be", "cp1251", "shift_jis", "gbk")
        ),
    ],
)
def test_no_character_is_lost_between_parts(visitor: Visitor, codec: str) -> None:
    line = {"shift_jis": "東京の天気はとても良いです。\n", "gbk": "今天的天气很好，我们去公园吧。\n"}.get(
        codec, "Запись в журнале сервера\r\n"
    )
    text = "".join(f"{number} {line}" for number in range(18_000))[:-2]
    visitor.person.store("a.log", text.encode(codec))
    page = visitor.open()
    look_at(page, "a.log")
    buttons = control(stage(page), "next part")
    texts = []

    for index in range(1, 20):
        expect(stage(page).get_by_role("status")).to_contain_text(pattern_of("preview-part", index=index))
        texts.append(words(page).evaluate("pre => pre.textContent"))
        if buttons.is_disabled():
            break
        buttons.click()

    assert len(texts) > 1
    assert "".join(texts) == text


@pytest.mark.long
def test_an_endless_line_is_split_between_characters(visitor: Visitor) -> None:
    text = "ж" * 400_000
    visitor.person.store("a.json", text.encode())
    page = visitor.open()
    look_at(page, "a.json")

    lengths = []
    for index in (1, 2, 3):
        expect(stage(page).get_by_role("status")).to_contain_text(
            pattern_of("preview-part", index=index, count=3)
        )
        shown = words(page).evaluate("pre => pre.textContent")
        assert set(shown) == {"ж"}
        lengths.append(len(shown))
        if index < 3:
            control(stage(page), "next part").click()

    assert sum(lengths) == len(text)


@pytest.mark.long
def test_the_end_of_a_grown_log_is_the_current_end(visitor: Visitor) -> None:
    visitor.person.store("a.log", LINES[:600_000].encode())
    page = visitor.open()
    look_at(page, "a.log")
    expect(stage(page).get_by_role("status")).to_contain_text(pattern_of("preview-part", index=1, count=2))
    visitor.person.store("a.log", (LINES[:1_500_000] + "the very end\n").encode())

    control(stage(page), "last part").click()

    expect(stage(page).get_by_role("status")).to_contain_text(pattern_of("preview-part", index=6, count=6))
    expect(words(page)).to_contain_text("the very end")


def test_a_part_that_fails_to_load_is_explained_and_the_text_stays(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 404")
    visitor.person.store("a.log", LINES[:900_000].encode())
    page = visitor.open()
    look_at(page, "a.log")
    expect(words(page)).to_contain_text("000001 a line")
    visitor.person.delete("a.log")

    control(stage(page), "last part").click()

    expect(page.get_by_role("alert")).to_contain_text(detail_of(NotFound))
    expect(words(page)).to_contain_text("000001 a line")


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.long), "ru"])
def test_part_and_encoding_controls_fit_on_a_phone(
    server: Server, new_context: NewContext, username: str, language: str
) -> None:
    phone = new_context(
        viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True, locale=language
    )
    visitor = Visitor(server, phone, username)
    visitor.person.store("a.log", LINES[:900_000].encode())
    page = visitor.open()
    page.locator(".name", has_text="a.log").tap()
    expect(words(page)).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert stage(page).evaluate("stage => stage.scrollWidth <= stage.clientWidth")
    for button in stage(page).locator("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        assert box["height"] >= 44
    box = page.locator(".preview-encoding select").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
