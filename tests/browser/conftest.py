"""One server and one Chromium for all browser tests of a process; a user and a window for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.chromium import PATIENCE, Complaints, Visitor, launched
from tests.support.films import CONTENT, NAME, Network
from tests.support.line import Line
from tests.support.servers import Server, production_command, running

NewContext = Callable[..., BrowserContext]

MAX_UPLOAD_SIZE = 80_000_000
# Files on the shelf: two pages of 200 and a rest.
COUNT = 450
# More than any test stores: what is used of it is shown on every page of files.
USER_QUOTA = 1_000_000_000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server that all tests of this process visit, each as users of its own."""
    folder = tmp_path_factory.mktemp("browser")
    settings = {"MAX_UPLOAD_SIZE": MAX_UPLOAD_SIZE, "USER_QUOTA": USER_QUOTA}
    with running(production_command(1), folder, settings) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return the browser, in which every test opens windows of its own."""
    with launched() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[Complaints]:
    """Return who listens to the pages of this test, one listener a context."""
    return []


@pytest.fixture
def new_context(chromium: Browser, server: Server, complaints: list[Complaints]) -> Iterator[NewContext]:
    """Open browser contexts, which share nothing; unexpected complaints of their pages fail the test."""
    with ExitStack() as contexts:

        def open_context(**options: Any) -> BrowserContext:
            chosen = {"base_url": server.url, "locale": "en-US", "timezone_id": "Europe/Moscow", **options}
            context = chromium.new_context(**chosen)
            contexts.callback(context.close)
            context.set_default_timeout(PATIENCE)
            complaints.append(Complaints(context))
            return context

        yield open_context
        unexpected = [text for each in complaints for text in each.unexpected()]
    assert not unexpected, unexpected


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """Return a context in English, on a wide screen."""
    return new_context(viewport={"width": 1280, "height": 800})


@pytest.fixture
def expect_complaint(context: BrowserContext, complaints: list[Complaints]) -> Callable[[str], None]:
    """Say which complaint of the pages a test provokes."""
    return complaints[0].expect


@pytest.fixture
def username() -> str:
    """Return a name that nobody has yet."""
    return f"user-{uuid4().hex[:12]}"


@pytest.fixture
def visitor(server: Server, context: BrowserContext, username: str) -> Visitor:
    """Return a new user, signed in."""
    return Visitor(server, context, username)


@pytest.fixture
def shelf(visitor: Visitor) -> Visitor:
    """Return somebody with a folder of `COUNT` files, which are several pages, and another folder."""
    fill_shelf(visitor.server, visitor.person.headers)
    visitor.person.store("docs/a.txt", b"1")
    return visitor


def fill_shelf(server: Server, headers: Mapping[str, str]) -> None:
    """Store `COUNT` files in the folder "shelf" of whoever sends `headers`."""
    parts = [("file", (f"{number:03}.txt", b"x" * (number % 7))) for number in range(COUNT)]
    for start in range(0, COUNT, 300):
        query = "/upload?folder=shelf"
        stored = server.request("POST", query, fields=parts[start : start + 300], headers=headers)
        assert stored.status == 201, stored.data


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Return a large file, from long ago."""
    path = tmp_path / NAME
    path.write_bytes(CONTENT)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.open()


@pytest.fixture
def network(page: Page) -> Network:
    return Network(page)


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    """Return a line to the server that can be cut."""
    made = Line(server.port)
    yield made
    made.close()


@pytest.fixture
def far_end(
    server: Server, line: Line, new_context: NewContext, complaints: list[Complaints], username: str
) -> Visitor:
    """Return a user whose browser sits at the other end of the line."""
    visitor = Visitor(server, new_context(base_url=line.url), username)
    # Chromium sends a request whose connection was reset once more, by itself: the part of before.
    complaints[0].expect("ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_EMPTY_RESPONSE|status of 409")
    complaints[0].expect("ERR_FAILED|status of 404")
    return visitor
