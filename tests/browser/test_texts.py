"""Texts as they are read: whatever they were written in, however long they are, and whatever is wrong in them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.browser.test_preview import look_at, stage, title
from tests.support.chromium import Visitor
from tests.support.servers import Server
from tests.support.writings import WRITINGS

pytestmark = pytest.mark.browser

# What is guessed of some bytes, and the text that they become.
READ = """async ([name, contents]) => {
    const { guess, decode } = await import(document.querySelector("script[src*='/js-']").src.replace(/[^/]*$/, name));
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
    """Return a page that has the scripts, and is nobody's."""
    page = context.new_page()
    page.goto("/login")
    return page


def words(page: Page) -> Locator:
    return stage(page).locator("pre")


def encoding_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Encoding")


def expect_text(page: Page, text: str) -> None:
    expect(words(page)).to_have_text(text, use_inner_text=False)


def test_a_short_text_is_read_in_whatever_it_was_written(reader: Page) -> None:
    wanted = [(name, text) for text, _, name in WRITINGS]

    found = read(reader, *(text.encode(codec) for text, codec, _ in WRITINGS))

    assert [(a, b) for a, b in zip(found, wanted, strict=True) if a != b] == []


def test_the_encoding_is_told_and_can_be_chosen(visitor: Visitor) -> None:
    text = "Это письмо пришло вчера вечером.\n"
    visitor.person.store("a.txt", text.encode("koi8-r"))
    visitor.person.store("b.txt", b"MZ\x00\x01\x02\x03\x04\x05\x06 plain words")
    page = visitor.open()
    look_at(page, "a.txt")
    expect_text(page, text)
    expect(encoding_of(page).locator("option:checked")).to_have_text("Auto: KOI8-R")

    encoding_of(page).select_option("Windows-1251")
    expect_text(page, text.encode("koi8-r").decode("cp1251"))
    encoding_of(page).select_option("Auto: KOI8-R")
    expect_text(page, text)
    # Arrows change what is chosen, and not the file.
    encoding_of(page).focus()
    page.keyboard.press("ArrowRight")
    expect(title(page)).to_have_text("a.txt")
    page.get_by_role("button", name="Next file").click()

    expect(stage(page)).to_contain_text("There is no preview for files of this kind.")
    encoding_of(page).select_option("UTF-8")
    expect(words(page)).to_contain_text("plain words")


def test_the_encoding_and_the_parts_are_told_in_russian(
    server: Server, new_context: NewContext, username: str
) -> None:
    text = "Запись в журнале сервера.\n" * 30_000
    visitor = Visitor(server, new_context(locale="ru-RU"), username)
    visitor.person.store("a.log", text.encode("cp866"))
    visitor.person.store("b.txt", b"MZ\x00\x01\x02\x03\x04\x05\x06 plain words")
    page = visitor.open()
    encoding = page.get_by_role("combobox", name="Кодировка")
    look_at(page, "a.log")
    expect(encoding.locator("option:checked")).to_have_text("Авто: CP866 (DOS)")
    status = stage(page).get_by_role("status")
    expect(status).to_have_text("Часть 1 из 3, всего 780 кБ")
    stage(page).get_by_role("button", name="В конец").click()
    expect(status).to_contain_text("Часть 3 из 3")
    expect(words(page)).to_contain_text("Запись в журнале сервера.")

    encoding.select_option("KOI8-R")
    expect(words(page)).to_contain_text("Запись".encode("cp866").decode("koi8-r"))
    encoding.select_option("Авто: CP866 (DOS)")
    expect(words(page)).to_contain_text("Запись в журнале сервера.")
    page.get_by_role("button", name="Следующий файл").click()

    expect(stage(page)).to_contain_text("Для таких файлов нет предпросмотра.")
    encoding.select_option("UTF-8")
    expect(words(page)).to_contain_text("plain words")


def test_a_long_log_is_read_from_its_beginning_to_its_end(visitor: Visitor) -> None:
    content = LINES.encode()
    visitor.person.store("big.log", content)
    page = visitor.open()
    with page.expect_response("**/files/big.log") as answer:
        look_at(page, "big.log")
    assert answer.value.headers["content-range"] == f"bytes 0-254095/{len(content)}"
    status = stage(page).get_by_role("status")
    expect(status).to_have_text("Part 1 of 8, 2 MB in all")
    for name in ("Beginning", "Previous"):
        expect(stage(page).get_by_role("button", name=name)).to_be_disabled()
    texts = []

    for index in range(1, 9):
        expect(status).to_contain_text(f"Part {index} of 8")
        texts.append(words(page).evaluate("pre => pre.textContent"))
        if index < 8:
            stage(page).get_by_role("button", name="Next").click()

    assert "".join(texts) == LINES
    assert all(text.endswith("\n") for text in texts)
    expect(stage(page)).to_be_focused()
    stage(page).get_by_role("button", name="Beginning").click()
    expect(words(page)).to_contain_text("000001 a line")
    stage(page).get_by_role("button", name="End").click()
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
def test_no_letter_is_lost_between_parts(visitor: Visitor, codec: str) -> None:
    line = {"shift_jis": "東京の天気はとても良いです。\n", "gbk": "今天的天气很好，我们去公园吧。\n"}.get(
        codec, "Запись в журнале сервера\r\n"
    )
    text = "".join(f"{number} {line}" for number in range(18_000))[:-2]
    visitor.person.store("a.log", text.encode(codec))
    page = visitor.open()
    look_at(page, "a.log")
    buttons = stage(page).get_by_role("button", name="Next")
    texts = []

    for index in range(1, 20):
        expect(stage(page).get_by_role("status")).to_contain_text(f"Part {index} of")
        texts.append(words(page).evaluate("pre => pre.textContent"))
        if buttons.is_disabled():
            break
        buttons.click()

    assert len(texts) > 1
    assert "".join(texts) == text


@pytest.mark.long
def test_one_endless_line_is_cut_between_letters(visitor: Visitor) -> None:
    text = "ж" * 400_000
    visitor.person.store("a.json", text.encode())
    page = visitor.open()
    look_at(page, "a.json")

    lengths = []
    for index in (1, 2, 3):
        expect(stage(page).get_by_role("status")).to_contain_text(f"Part {index} of 3")
        shown = words(page).evaluate("pre => pre.textContent")
        assert set(shown) == {"ж"}
        lengths.append(len(shown))
        if index < 3:
            stage(page).get_by_role("button", name="Next").click()

    assert sum(lengths) == len(text)


@pytest.mark.long
def test_the_end_of_a_log_that_has_grown_is_its_end_now(visitor: Visitor) -> None:
    visitor.person.store("a.log", LINES[:600_000].encode())
    page = visitor.open()
    look_at(page, "a.log")
    expect(stage(page).get_by_role("status")).to_contain_text("Part 1 of 2")
    visitor.person.store("a.log", (LINES[:1_500_000] + "the very end\n").encode())

    stage(page).get_by_role("button", name="End").click()

    expect(stage(page).get_by_role("status")).to_contain_text("Part 6 of 6")
    expect(words(page)).to_contain_text("the very end")


def test_a_part_that_cannot_be_had_says_why_and_leaves_what_is_there(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 404")
    visitor.person.store("a.log", LINES[:900_000].encode())
    page = visitor.open()
    look_at(page, "a.log")
    expect(words(page)).to_contain_text("000001 a line")
    visitor.person.delete("a.log")

    stage(page).get_by_role("button", name="End").click()

    expect(page.get_by_role("alert")).to_contain_text("There is nothing")
    expect(words(page)).to_contain_text("000001 a line")


@pytest.mark.parametrize("language", [pytest.param("en", marks=pytest.mark.long), "ru"])
def test_the_parts_and_the_encodings_fit_on_a_phone(
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
