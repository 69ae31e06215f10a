"""One server and one Chromium per process; one user per test, in a browser context as good as new."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.chromium import SHELL, SHORT_LIVED, Complaints, Visitor, launched
from tests.support.contexts import Contexts, Lent
from tests.support.line import Line
from tests.support.servers import Server, production_command, running
from tests.support.slow_uploads import CONTENT, NAME, Network

NewContext = Callable[..., BrowserContext]

MAX_UPLOAD_SIZE = 80_000_000
# Files on the shelf: two pages of 200 and a rest.
COUNT = 450
# More than any test stores: the used space is shown on every files page.
USER_QUOTA = 1_000_000_000

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the fixtures of a test whether it has failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


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
    with launched(SHELL, *SHORT_LIVED) as browser:
        yield browser


@pytest.fixture(scope="session")
def contexts(chromium: Browser, server: Server) -> Contexts:
    """Return the browser contexts that tests use in turn."""
    return Contexts(chromium, server.url)


@pytest.fixture
def own_context() -> None:
    """Give this test contexts that no other test uses, because it changes what cannot be undone."""


@pytest.fixture
def complaints() -> list[Complaints]:
    """Return who listens to the pages of this test, one listener a context."""
    return []


@pytest.fixture
def new_context(
    request: pytest.FixtureRequest, contexts: Contexts, complaints: list[Complaints]
) -> Iterator[NewContext]:
    """Lend browser contexts, which share nothing; unexpected complaints of their pages fail the test."""
    taken: list[Lent] = []
    is_own = "own_context" in request.fixturenames

    def lend(**options: Any) -> BrowserContext:
        taken.append(contexts.lend(is_own=is_own, **options))
        complaints.append(taken[-1].complaints)
        return taken[-1].context

    yield lend
    unexpected = [text for each in complaints for text in each.unexpected()]
    is_good = not unexpected and not request.node.stash.get(FAILED, False)
    for each in taken:
        each.take_back(is_good=is_good)
    assert not unexpected, unexpected


@pytest.fixture
def context(new_context: NewContext) -> BrowserContext:
    """Return a context in English, on a wide screen."""
    return new_context()


@pytest.fixture
def expect_complaint(context: BrowserContext, complaints: list[Complaints]) -> Callable[[str], None]:
    """Say which complaint of the pages a test provokes."""
    return complaints[0].expect


@pytest.fixture
def username() -> str:
    """Return an unused user name."""
    return f"user-{uuid4().hex[:12]}"


@pytest.fixture
def visitor(server: Server, context: BrowserContext, username: str) -> Visitor:
    """Return a new user, signed in."""
    return Visitor(server, context, username)


@pytest.fixture
def shelf(visitor: Visitor) -> Visitor:
    """Return a user with a folder of `COUNT` files, which are several pages, and another folder."""
    fill_shelf(visitor.server, visitor.person.headers)
    visitor.person.store("docs/a.txt", b"1")
    return visitor


def fill_shelf(server: Server, headers: Mapping[str, str]) -> None:
    """Store `COUNT` files in the folder "shelf" of the user who sends `headers`."""
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
    # Chromium repeats a request whose connection was reset: the previous part.
    complaints[0].expect("ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|ERR_EMPTY_RESPONSE|status of 409")
    complaints[0].expect("ERR_FAILED|status of 404")
    return visitor
