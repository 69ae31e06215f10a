"""One server and one Chromium for all browser tests of a process; a user and a window for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.chromium import PATIENCE, Complaints, Visitor, launched
from tests.support.servers import Server, production_command, running

NewContext = Callable[..., BrowserContext]

MAX_UPLOAD_SIZE = 80_000_000


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return the server that all tests of this process visit, each as users of its own."""
    folder = tmp_path_factory.mktemp("browser")
    with running(production_command(1), folder, {"MAX_UPLOAD_SIZE": MAX_UPLOAD_SIZE}) as server:
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
