"""A proxy that limits request bodies, by a refusal or a closed connection: files are sent in smaller requests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import UPLOADS, Complaints, Visitor, file
from tests.support.contents import content_of
from tests.support.controls import answer
from tests.support.listening import HOST
from tests.support.reverse_proxies import make_certificate, nginx
from tests.support.servers import Server
from tests.support.wording import pattern_of, text_of

pytestmark = pytest.mark.browser

MIB = 1 << 20
LARGE = content_of(5 * MIB, seed=1)
MEDIUM = content_of(3 * MIB, seed=2)
SMALL = content_of(150_000, seed=3)
KEY = "localStorage.getItem('body-limit:/')"

# As nginx does by default; and without a response, anything with a length of seven digits.
REFUSES = "client_max_body_size 1m;"
HANGS_UP = 'client_max_body_size 0; if ($http_content_length ~ "^[0-9]{7}") { return 444; }'

Behind = Callable[[str], Visitor]


@pytest.fixture
def behind(
    server: Server, tmp_path: Path, new_context: NewContext, complaints: list[Complaints], username: str
) -> Iterator[Behind]:
    """Return a function that opens the page of a new user behind an nginx with the given body limit."""
    with ExitStack() as proxies:

        def open_behind(bodies: str) -> Visitor:
            folder = tmp_path / "nginx"
            folder.mkdir()
            proxy = proxies.enter_context(nginx(folder, server.port, make_certificate(folder), "", bodies))
            base = f"https://{HOST}:{proxy.port}"
            visitor = Visitor(server, new_context(base_url=base, ignore_https_errors=True), username)
            complaints[-1].expect("status of 413|ERR_CONNECTION|ERR_EMPTY_RESPONSE")
            visitor.open()
            return visitor

        yield open_behind


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return files on the disk: a large one, one of a few parts, and small ones."""
    contents = {"large.bin": LARGE, "medium.bin": MEDIUM} | {f"{number}.bin": SMALL for number in range(9)}
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def refusals_of(page: Page) -> list[int]:
    """Return the list of answers that say that a body is too large."""
    refused: list[int] = []
    page.on("response", lambda answer: refused.append(answer.status) if answer.status == 413 else None)
    return refused


def test_files_above_a_proxy_limit_are_sent_in_parts_and_the_limit_is_reported_once(
    behind: Behind, files: list[Path]
) -> None:
    visitor = behind(REFUSES)
    page = visitor.page
    refused = refusals_of(page)

    visitor.choose(*files)

    expect(page.locator(".upload[data-state=done]")).to_have_count(11)
    expect(page.get_by_text(pattern_of("front-limit"))).to_have_count(1)
    assert refused
    assert visitor.person.get("large.bin") == LARGE
    assert visitor.person.get("medium.bin") == MEDIUM
    assert visitor.person.get("8.bin") == SMALL
    assert MIB // 4 <= json.loads(page.evaluate(KEY))["bytes"] <= MIB

    visitor.open()
    known = refusals_of(page)
    visitor.choose(files[1])
    answer(page, "rename").click()
    expect(page.locator(".upload[data-state=done]")).to_have_count(1)
    expect(page.get_by_text(pattern_of("front-limit"))).to_have_count(0)
    assert known == []


def test_a_proxy_that_closes_the_connection_on_large_bodies_is_detected(
    behind: Behind, files: list[Path]
) -> None:
    visitor = behind(HANGS_UP)
    page = visitor.page

    visitor.choose(*files[1:])

    expect(page.locator(".upload[data-state=done]")).to_have_count(10)
    assert visitor.person.get("medium.bin") == MEDIUM
    assert len(visitor.person.hashes()) == 10


def test_a_size_limit_of_cabinet_is_not_taken_for_a_proxy_limit(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    page = visitor.open()
    told = {"type": "/problems/too-large", "detail": "More than is accepted here."}
    page.route(UPLOADS, lambda route: route.fulfill(status=413, json=told))

    visitor.choose(file("medium.bin", SMALL * 2))

    expect(visitor.upload_line("medium.bin")).to_contain_text("More than is accepted here.")
    assert page.evaluate(KEY) is None


def test_a_proxy_that_refuses_small_bodies_is_reported(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    page = visitor.open()
    page.route(UPLOADS, lambda route: route.fulfill(status=413, body="<h1>413 Too Large</h1>"))

    visitor.choose(file("little.txt"))

    expect(visitor.upload_line("little.txt")).to_contain_text(text_of("front-refused"))
    assert page.evaluate(KEY) is None
