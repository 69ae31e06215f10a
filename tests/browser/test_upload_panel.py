"""The panel of uploads: where it lies, what it asks, and what it says of those that failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import UPLOADS, Complaints, Visitor, awaken, file, held_uploads
from tests.support.servers import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

PART_BYTES = 1_048_576
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 740}
ASKED = {
    "en-US": ("Cancel 2 uploads?", "Keep uploading", "Cancel uploads", re.compile("sent will be lost")),
    "ru-RU": ("Отменить 2 загрузки?", "Продолжить загрузку", "Отменить загрузку", re.compile("пропадёт")),
}
ALIKE: dict[str, str | re.Pattern[str]] = {
    "en-US": "2 files: The name “…” cannot be used: a name has at most 255 characters, of which an emoji "
    "counts as two or more. Rename it, then upload it again.",
    "ru-RU": re.compile(r"^\s*2 файла: .*«…».*Переименуйте файл и загрузите снова\.\s*$"),
}


def panel(page: Page) -> Locator:
    return page.locator("#uploads")


@pytest.fixture(params=["en-US", "ru-RU"])
def speaker(
    request: pytest.FixtureRequest, server: Server, new_context: NewContext, username: str
) -> tuple[Visitor, str]:
    """Return a new user in each language, and that."""
    return Visitor(server, new_context(viewport=WIDE, locale=request.param), username), request.param


@contextmanager
def halted(page: Page) -> Iterator[None]:
    """Let one part of each large file arrive, and hold the next for as long as the context lasts."""
    page.evaluate(f'localStorage.setItem(\'body-limit:/\', `{{"bytes":{PART_BYTES},"at":${{Date.now()}}}}`)')
    page.reload()
    awaken(page)
    waiting: list[Route] = []
    begun: set[str] = set()

    def hold(route: Route) -> None:
        if route.request.method != "PATCH" or route.request.url not in begun:
            begun.add(route.request.url)
            route.continue_()
        else:
            waiting.append(route)

    page.route("**/uploads/*", hold)
    yield
    page.unroute("**/uploads/*")
    for route in waiting:
        if not route.request.failure:
            route.continue_()


def half_sent(page: Page) -> None:
    """Wait until a part of each of two files has arrived."""
    page.wait_for_function(
        "() => [...document.querySelectorAll('.upload progress')].filter((bar) => bar.value > 0.1).length === 2"
    )


def test_cancel_all_asks_once_where_bytes_would_be_lost(speaker: tuple[Visitor, str]) -> None:
    visitor, language = speaker
    page = visitor.open()
    title, refusal, consent, words = ASKED[language]
    with halted(page):
        visitor.choose(file("a.bin", bytes(4_300_000)), file("b.bin", bytes(4_300_000)))
        half_sent(page)
        button = page.locator("#uploads-cancel")
        question = page.get_by_role("dialog", name=title)

        button.click()
        expect(question).to_contain_text(words)
        expect(question.get_by_role("button", name=refusal)).to_be_focused()
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        expect(button).to_be_focused()
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
        button.press("Enter")
        question.get_by_role("button", name=refusal).click()
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
        button.click()
        question.get_by_role("button", name=consent).click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)
    page.reload()
    expect(page.locator("#rows")).to_have_count(0)


def test_nothing_is_asked_where_no_byte_would_be_lost(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("a.txt"), file("b.txt"))
        page.get_by_role("button", name="Cancel all").click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_head_has_nothing_that_cancels_and_collapses_by_mouse_and_keys(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("a.txt"), file("b.txt"))
        expect(page.locator(".upload")).to_have_count(2)
        head = page.locator(".uploads-head").get_by_role("button")
        assert [each.get_attribute("aria-label") for each in head.all()] == ["Pause all", "Collapse"]

        page.get_by_role("button", name="Collapse").click()
        expect(page.locator("#uploads-body")).to_be_hidden()
        expect(page.get_by_role("heading", name="Uploading 2 files")).to_be_visible()
        expand = page.get_by_role("button", name="Expand")
        expect(expand).to_have_attribute("aria-expanded", "false")
        expand.press("Enter")
        expect(page.locator(".upload").first).to_be_visible()
        page.get_by_role("button", name="Collapse").press("Space")
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)

    expect(visitor.row("b.txt")).to_be_visible()


def test_what_failed_shows_a_collapsed_panel_whole_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 400")
    page = visitor.open()
    waiting: list[Route] = []
    page.route(UPLOADS, lambda route: waiting.append(route))  # noqa: PLW0108 - it is inspected
    visitor.choose(file("a.txt"))
    page.get_by_role("button", name="Collapse").click()
    expect(page.locator("#uploads-body")).to_be_hidden()
    wait_until(lambda: len(waiting) == 1, what="the upload")

    waiting.pop().fulfill(status=400, body="{}")

    expect(page.locator(".upload[data-state=failed]")).to_contain_text("refused without a reason (error 400)")
    expect(page.get_by_role("button", name="Try again", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "size"), [("en-US", WIDE), ("ru-RU", WIDE), ("en-US", {"width": 900, "height": 700})]
)
def test_the_panel_covers_nothing_of_the_list_and_nothing_of_the_rail(
    server: Server, new_context: NewContext, username: str, locale: str, size: ViewportSize
) -> None:
    visitor = Visitor(server, new_context(viewport=size, locale=locale), username)
    for number in range(30):
        visitor.person.store(f"{number:02}.txt", b"1")
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(*(file(f"{number}.bin", b"x") for number in range(20)))
        expect(page.locator(".upload")).to_have_count(20)

        over = page.evaluate(
            """() => {
                const panel = document.getElementById("uploads").getBoundingClientRect();
                const shown = [...document.querySelectorAll("#list, .rail-links, .rail label, .rail button, #usage > *")];
                return shown.filter((each) => {
                    const box = each.getBoundingClientRect();
                    return box.left < panel.right && box.right > panel.left && box.top < panel.bottom && box.bottom > panel.top;
                }).map((each) => each.className || each.id);
            }"""
        )

        assert over == []


def test_on_a_phone_it_begins_as_a_line_and_is_opened_by_touch(
    server: Server, new_context: NewContext, username: str
) -> None:
    visitor = Visitor(server, new_context(viewport=PHONE, has_touch=True, is_mobile=True), username)
    page = visitor.open()
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("a.txt"), file("b.txt")])
        expect(page.get_by_role("heading", name="Uploading 2 files")).to_be_visible()
        expect(page.locator("#uploads-body")).to_be_hidden()
        box = panel(page).bounding_box()
        assert box
        assert box["height"] < 120

        page.get_by_role("button", name="Expand").tap()

        expect(page.locator(".upload").first).to_be_visible()
        page.get_by_role("button", name="Cancel all").tap()
        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)


def test_failures_that_are_the_same_are_said_once_with_their_cure(
    speaker: tuple[Visitor, str], complaints: list[Complaints]
) -> None:
    complaints[0].expect("status of 422")
    visitor, language = speaker
    page = visitor.open()
    page.locator("#files-input").set_input_files([file("a" * 260), file("b" * 260), file("fine.txt")])

    failures = page.locator(".uploads-failure")
    expect(failures).to_have_text([ALIKE[language]])
    failed = page.locator(".upload[data-state=failed] .upload-state")
    expect(failed).to_have_count(2)
    assert len(set(failed.all_inner_texts())) == 1
    expect(visitor.row("fine.txt")).to_be_visible()
    page.locator("#uploads-retry").click()
    expect(failed).to_have_count(2)

    expect(failures).to_have_count(1)


def test_one_failure_says_its_cause_and_cure_beside_the_file(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = visitor.open()

    visitor.choose(file("a" * 260))

    failed = page.locator(".upload[data-state=failed] .upload-state")
    expect(failed).to_contain_text("counts as two or more. Rename it, then upload it again.")
    expect(page.locator(".uploads-failure")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text("1 file was not uploaded. The name")


def test_paused_shows_what_the_server_keeps(visitor: Visitor) -> None:
    page = visitor.open()
    devtools = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 2_000_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    visitor.choose(file("film.mov", bytes(20_000_000)))
    page.wait_for_function("() => document.querySelector('.upload progress')?.value > 0.2")

    page.get_by_role("button", name="Pause all").click()

    state = page.locator(".upload-state")
    expect(state).to_have_text(re.compile(r"Paused · [\d.]+ MB / 20 MB"))
    kept = float(state.inner_text().split()[2])
    devtools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        page.get_by_role("button", name="Resume all").click()
    offset = int(sent.value.headers["upload-offset"])
    assert offset / 1e6 == pytest.approx(kept, abs=0.5)
    assert offset > 1_000_000
    expect(visitor.row("film.mov")).to_be_visible()
