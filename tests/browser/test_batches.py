"""Small files are uploaded in batches: few requests, but reported, cancelled and refused individually."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cabinet.services.tree.names import BIDI
from tests.support.chromium import UPLOADS, Visitor, file, held
from tests.support.controls import answer
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

LONG_AGO = 1_000_000_000
FORMS = re.compile(r"/upload\?")
REFUSED = "refused\u202e.txt"


def requests_of(page: Page) -> list[str]:
    """Return the list of requests that the page stores something by."""
    asked: list[str] = []
    methods = {"PUT", "POST"}
    page.on(
        "request",
        lambda request: (
            asked.append(request.method)
            if request.method in methods and UPLOADS.search(request.url)
            else None
        ),
    )
    return asked


def numbered(amount: int) -> list[object]:
    return [file(f"{number:03}.txt", f"content {number}".encode()) for number in range(amount)]


def test_small_files_are_sent_in_few_requests_with_times_and_verified(
    visitor: Visitor, tmp_path: Path
) -> None:
    folder = tmp_path / "Заметки"
    (folder / "внутри").mkdir(parents=True)
    for number in range(120):
        path = folder / ("внутри" if number % 2 else "") / f'{number}: "ё".txt'
        path.write_text(f"note {number}")
        os.utime(path, (LONG_AGO + number, LONG_AGO + number))
    (folder / "empty").touch()
    page = visitor.open()
    asked = requests_of(page)

    page.locator("#folder-input").set_input_files(folder)

    expect(page.get_by_role("heading", name=text_of("done", count=121))).to_be_visible()
    expect(page.locator(".upload").first).to_contain_text(f"{text_of('uploaded')} · {text_of('verified')}")
    assert asked == ["POST"]
    entries = {entry["path"]: entry for entry in visitor.person.entries() if entry["kind"] == "file"}
    assert len(entries) == 121
    for number in (0, 7, 119):
        stored = f'Заметки/{"внутри/" if number % 2 else ""}{number}: "ё".txt'
        modified = datetime.fromisoformat(entries[stored]["modified_at"])
        assert modified == datetime.fromtimestamp(LONG_AGO + number, UTC)
        assert visitor.person.get(stored) == f"note {number}".encode()


def test_a_refused_file_does_not_stop_the_rest_of_its_batch(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    page = visitor.open()

    visitor.choose(*numbered(9), file(REFUSED))

    expect(page.get_by_role("alert")).to_contain_text(text_of("unfinished", count=1))
    expect(page.locator(".upload[data-state=done]")).to_have_count(9)
    expect(page.locator(".upload[data-state=failed]")).to_contain_text(BIDI)
    assert len(visitor.person.hashes()) == 9


def test_cancelling_or_pausing_one_file_keeps_the_rest_of_its_batch(visitor: Visitor) -> None:
    page = visitor.open()
    asked = requests_of(page)
    with held(page, UPLOADS):
        with page.expect_request(FORMS):
            visitor.choose(*numbered(6))
        for action, name in (("cancel-one", "001.txt"), ("pause-one", "003.txt")):
            with page.expect_request(FORMS):
                page.get_by_role("button", name=text_of(action, name=name)).click()
    expect(page.locator(".upload[data-state=done]")).to_have_count(4)
    assert asked == ["POST"] * 3
    assert len(visitor.person.hashes()) == 4

    page.get_by_role("button", name=text_of("resume-one", name="003.txt")).click()

    expect(page.locator(".upload[data-state=done]")).to_have_count(5)
    assert set(visitor.person.hashes()) == {"000.txt", "002.txt", "003.txt", "004.txt", "005.txt"}


def test_a_removed_file_is_reported_and_the_rest_of_its_batch_is_stored(
    visitor: Visitor, tmp_path: Path
) -> None:
    for number in range(5):
        (tmp_path / f"{number}.txt").write_text("content")
    page = visitor.open()
    with held(page, "**/lookup"):
        page.locator("#files-input").set_input_files(sorted(tmp_path.iterdir()))
        expect(page.locator(".upload")).to_have_count(5)
        (tmp_path / "2.txt").unlink()

    expect(page.locator(".upload[data-state=done]")).to_have_count(4)
    expect(visitor.upload_line("2.txt")).to_contain_text(text_of("file-changed"))
    assert len(visitor.person.hashes()) == 4


@pytest.mark.usefixtures("own_context")
def test_a_batch_without_an_answer_is_sent_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_FAILED")
    page = visitor.open()
    asked = requests_of(page)
    page.route(FORMS, lambda route: route.abort(), times=1)
    page.clock.install()
    visitor.choose(*numbered(7))
    expect(page.locator(".upload[data-state=held]")).to_have_count(7)

    page.clock.run_for(2_000)

    expect(page.locator(".upload[data-state=done]")).to_have_count(7)
    assert asked == ["POST"] * 2


def test_a_full_server_refuses_a_batch_only_once(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 507")
    page = visitor.open()
    asked = requests_of(page)
    full = {"type": "/problems/storage-full", "detail": "There is no space left on the server."}
    page.route(UPLOADS, lambda route: route.fulfill(status=507, json=full))

    visitor.choose(*numbered(8))

    expect(page.locator(".upload[data-state=failed]")).to_have_count(8)
    expect(page.locator(".uploads-failure")).to_contain_text(
        text_of("failed-alike", count=8, why="There is no space left on the server.")
    )
    assert asked == ["POST"]


def test_keep_both_works_within_a_batch(visitor: Visitor) -> None:
    for name in ("000.txt", "001.txt"):
        visitor.person.store(name, b"before")
    page = visitor.open()

    visitor.choose(*numbered(4))
    answer(page, "rename").click()

    expect(page.locator(".upload[data-state=done]")).to_have_count(4)
    expect(visitor.upload_line("000.txt")).to_contain_text(text_of("uploaded-as", name="000 (2).txt"))
    assert visitor.person.get("000.txt") == b"before"
    assert visitor.person.get("001 (2).txt") == b"content 1"
    assert len(visitor.person.hashes()) == 6


def test_a_large_file_does_not_split_a_batch_of_small_ones(visitor: Visitor) -> None:
    page = visitor.open()
    asked = requests_of(page)
    first, *others = numbered(5)

    visitor.choose(first, file("large.bin", b"x" * 1_500_000), *others)

    expect(page.locator(".upload[data-state=done]")).to_have_count(6)
    assert sorted(asked) == ["POST", "PUT"]
