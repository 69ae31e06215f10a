"""The upload panel: position, questions, and failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from cabinet.errors import InvalidName
from cabinet.services.tree.names import TOO_LONG
from tests.browser.conftest import NewContext
from tests.support.chromium import (
    UPLOADS,
    Complaints,
    Visitor,
    file,
    file_on_disk,
    held_uploads,
    load_scripts,
)
from tests.support.controls import control
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.wording import detail_of, in_language, pattern_of, text_of

pytestmark = pytest.mark.browser

PART_BYTES = 1_048_576
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 375, "height": 740}


def panel(page: Page) -> Locator:
    return page.locator("#uploads")


@pytest.fixture(params=["ru-RU", pytest.param("en-US", marks=pytest.mark.long)])
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
    load_scripts(page)
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


def test_cancel_all_asks_once_if_sent_bytes_would_be_lost(
    speaker: tuple[Visitor, str], tmp_path: Path
) -> None:
    visitor, language = speaker
    page = visitor.open()
    with halted(page):
        visitor.choose(*(file_on_disk(tmp_path, name, 4_300_000) for name in ("a.bin", "b.bin")))
        half_sent(page)
        button = page.locator("#uploads-cancel")
        question = page.get_by_role("dialog", name=text_of("cancel-all", language, count=2))

        button.click()
        expect(question).to_contain_text(pattern_of("cancel-all-text", language))
        expect(question.get_by_role("button", name=text_of("keep-uploading", language))).to_be_focused()
        page.keyboard.press("Escape")
        expect(question).to_be_hidden()
        expect(button).to_be_focused()
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
        button.press("Enter")
        question.get_by_role("button", name=text_of("keep-uploading", language)).click()
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)
        button.click()
        question.get_by_role("button", name=text_of("cancel-uploads", language)).click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)
    page.reload()
    expect(page.locator("#rows")).to_have_count(0)


def test_cancelling_asks_nothing_if_no_bytes_were_sent(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("a.txt"), file("b.txt"))
        control(page, "cancel all").click()

        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_panel_header_collapses_by_mouse_and_keyboard_and_has_no_cancel(visitor: Visitor) -> None:
    page = visitor.open()
    with held_uploads(page):
        visitor.choose(file("a.txt"), file("b.txt"))
        expect(page.locator(".upload")).to_have_count(2)
        head = page.locator(".uploads-head").get_by_role("button")
        expect(head).to_have_count(2)
        assert [each.get_attribute("id") for each in head.all()] == ["uploads-pause", "uploads-collapse"]

        page.get_by_role("button", name=text_of("collapse")).click()
        expect(page.locator("#uploads-body")).to_be_hidden()
        expect(page.get_by_role("heading", name=text_of("uploading", count=2))).to_be_visible()
        expand = page.get_by_role("button", name=text_of("expand"))
        expect(expand).to_have_attribute("aria-expanded", "false")
        expand.press("Enter")
        expect(page.locator(".upload").first).to_be_visible()
        page.get_by_role("button", name=text_of("collapse")).press("Space")
        expect(page.locator(".upload[data-state=sending]")).to_have_count(2)

    expect(visitor.row("b.txt")).to_be_visible()


def test_a_failure_expands_a_collapsed_panel(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 400")
    page = visitor.open()
    waiting: list[Route] = []
    page.route(UPLOADS, lambda route: waiting.append(route))  # noqa: PLW0108 - it is inspected
    visitor.choose(file("a.txt"))
    page.get_by_role("button", name=text_of("collapse")).click()
    expect(page.locator("#uploads-body")).to_be_hidden()
    wait_until(lambda: len(waiting) == 1, what="the upload", page=page)

    waiting.pop().fulfill(status=400, body="{}")

    expect(page.locator(".upload[data-state=failed]")).to_contain_text(text_of("refused", status=400))
    expect(control(page, "retry uploads")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "size"), [("en-US", WIDE), ("ru-RU", WIDE), ("en-US", {"width": 900, "height": 700})]
)
def test_the_panel_covers_neither_list_nor_sidebar(
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


def test_on_a_phone_the_panel_starts_collapsed_and_expands_by_touch(
    server: Server, new_context: NewContext, username: str
) -> None:
    visitor = Visitor(server, new_context(viewport=PHONE, has_touch=True, is_mobile=True), username)
    page = visitor.open()
    with held_uploads(page):
        page.locator("#files-input").set_input_files([file("a.txt"), file("b.txt")])
        expect(page.get_by_role("heading", name=text_of("uploading", count=2))).to_be_visible()
        expect(page.locator("#uploads-body")).to_be_hidden()
        box = panel(page).bounding_box()
        assert box
        assert box["height"] < 120

        page.get_by_role("button", name=text_of("expand")).tap()

        expect(page.locator(".upload").first).to_be_visible()
        control(page, "cancel all").tap()
        expect(page.locator(".upload[data-state=cancelled]")).to_have_count(2)


def test_identical_failures_are_shown_once_with_advice(
    speaker: tuple[Visitor, str], complaints: list[Complaints]
) -> None:
    complaints[0].expect("status of 422")
    visitor, language = speaker
    page = visitor.open()
    page.locator("#files-input").set_input_files([file("a" * 260), file("b" * 260), file("fine.txt")])

    failures = page.locator(".uploads-failure")
    reason = in_language(TOO_LONG, language)
    why = f"{detail_of(InvalidName, language, name='…', reason=reason)} {text_of('cure.invalid-name', language)}"
    expect(failures).to_have_text([text_of("failed-alike", language, count=2, why=why)])
    failed = page.locator(".upload[data-state=failed] .upload-state")
    expect(failed).to_have_count(2)
    assert len(set(failed.all_inner_texts())) == 1
    expect(visitor.row("fine.txt")).to_be_visible()
    page.locator("#uploads-retry").click()
    expect(failed).to_have_count(2)

    expect(failures).to_have_count(1)


def test_a_single_failure_is_explained_beside_its_file(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = visitor.open()

    visitor.choose(file("a" * 260))

    failed = page.locator(".upload[data-state=failed] .upload-state")
    expect(failed).to_contain_text(f"{TOO_LONG} {text_of('cure.invalid-name')}")
    expect(page.locator(".uploads-failure")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text(text_of("unfinished", count=1))


def test_a_paused_upload_shows_the_bytes_on_the_server(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.open()
    devtools = visitor.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4_000_000}
    devtools.send("Network.emulateNetworkConditions", slow)
    visitor.choose(file_on_disk(tmp_path, "film.mov", 10_000_000))
    page.wait_for_function("() => document.querySelector('.upload progress')?.value > 0.2")

    control(page, "pause all").click()

    state = page.locator(".upload-state")
    megabytes = f"{pattern_of('size.2').pattern} / {text_of('size.2', value=10)}"
    expect(state).to_have_text(re.compile(megabytes))
    kept = float(re.findall(r"[\d.]+", state.inner_text())[0])
    devtools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        control(page, "resume all").click()
    offset = int(sent.value.headers["upload-offset"])
    assert offset / 1e6 == pytest.approx(kept, abs=0.5)
    assert offset > 1_000_000
    expect(visitor.row("film.mov")).to_be_visible()
