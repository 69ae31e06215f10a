"""Debian's Chromium, driven by Playwright, and the errors of its pages.

It uses `chromium-headless-shell`, the engine without tabs and toolbars; `chromium --headless` draws them for every
window and takes twice the time.

Rule: a page that logs an error to its console, violates the Content-Security-Policy or throws fails its test,
unless the test expects exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from tests.support import waiting
from tests.support.auth import PASSWORD
from tests.support.people import Person
from tests.support.programs import require_program
from tests.support.servers import Server

FAR_HOST = "far.test"

# No sandbox: tests run as root in containers. The others keep it from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # To the browser this is another machine, whose plain HTTP is not a secure context.
    f"--host-resolver-rules=MAP {FAR_HOST} 127.0.0.1",
]

# For pages that live for seconds: optimizing their scripts, and a process for drawing, cost more than they save.
# What measures pages has none of it.
SHORT_LIVED = ("--in-process-gpu", "--js-flags=--max-lazy --no-opt --no-sparkplug --single-threaded")

# Milliseconds that a page may take: as long as anything else, because two cores are shared with all that runs.
PATIENCE = waiting.PATIENCE * 1000


SHELL = "chromium-headless-shell"
WHOLE = "chromium"


@contextmanager
def launched(program: str = SHELL, *more: str) -> Iterator[Browser]:
    """Run Chromium with `more` arguments during the context: the headless shell, or all of it (`WHOLE`)."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=require_program(program), args=[*ARGUMENTS, *more]
        )
        try:
            yield browser
        finally:
            browser.close()


class Complaints:
    """What the pages of a context complained about."""

    def __init__(self, context: BrowserContext) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._found.append(f"exception: {error.error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._found.append(f"{message.type}: {message.text} ({message.location['url']})")

    def expect(self, pattern: str) -> None:
        """Say that a complaint which contains `pattern` belongs to the test."""
        self._expected.append(pattern)

    def start_over(self) -> None:
        """Forget the complaints so far and which were expected, because the context gets another purpose."""
        self._found.clear()
        self._expected.clear()

    def unexpected(self) -> list[str]:
        """Return every complaint that no test asked for."""
        return [text for text in self._found if not any(re.search(each, text) for each in self._expected)]


class Visitor:
    """A user on `server` with a browser window that is signed in."""

    def __init__(self, server: Server, context: BrowserContext, username: str) -> None:
        self.server = server
        self.context = context
        self.username = username
        self.person = Person(server, username)
        sign_in(context, username)
        self.page: Page = first_page(context)

    def open(self, path: str = "/index") -> Page:
        """Open a page of the server; if it has a list, also load its scripts."""
        self.page.goto(path)
        load_scripts(self.page)
        return self.page

    def open_far(self) -> Page:
        """Go to the files page as if the server were on another machine, by plain http."""
        for cookie in self.context.cookies():
            self.context.add_cookies(
                [{"name": cookie["name"], "value": cookie["value"], "domain": FAR_HOST, "path": "/"}]
            )
        return self.open(f"http://{FAR_HOST}:{self.server.port}/index")

    def names(self) -> list[str]:
        """Return the names that the page lists, from the top."""
        rows = self.page.locator("#rows [data-path]")
        names: list[str] = rows.evaluate_all("rows => rows.map((row) => row.dataset.name)")
        return names

    def expect_names(self, *names: str) -> None:
        """Wait until the page lists these names, from the top.

        A renamed row shows its new name before it goes to its new place.
        """
        wanted = list(names)
        waiting.wait_until(lambda: self.names() == wanted, what=f"the order {wanted}", page=self.page)

    def row(self, name: str) -> Locator:
        """Return the row of an entry."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def choose(self, *files: Any) -> None:
        """Choose files in the browser's own dialog, which the button opens."""
        with self.page.expect_file_chooser() as opened:
            self.page.locator("label[for=files-input]").click()
        opened.value.set_files(list(files))

    def upload_line(self, name: str) -> Locator:
        """Return the line of a file in the panel of uploads."""
        return self.page.locator(".upload").filter(has=self.page.get_by_text(name, exact=True))


def sign_in(context: BrowserContext, username: str) -> None:
    """Sign a registered user in, without a page."""
    answer = context.request.post("/login", form={"username": username, "password": PASSWORD})
    assert answer.ok, answer.text()


def first_page(context: BrowserContext) -> Page:
    """Return the page that a context has already, or open one."""
    return context.pages[0] if context.pages else context.new_page()


def drop_from_desk(page: Page, path: Path) -> None:
    """Drop a file or folder of this machine on the page that is open."""
    devtools = page.context.new_cdp_session(page)
    dragged = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": dragged})


def load_scripts(page: Page) -> None:
    """Simulate interaction on a page with a list, and wait for the scripts that it loads."""
    if page.locator("#list").count():
        page.locator("body").dispatch_event("pointerover")
        page.locator("body.is-ready").wait_for(state="attached")


# As js/ui/key-settings.js keeps it.
LETTERS_ON = (
    "localStorage.setItem(`keys ${document.body.dataset.root}${document.body.dataset.user}`, 'letters signs')"
)


def press_letter(page: Page, letter: str) -> None:
    """Press a single-letter shortcut after switching them on."""
    page.evaluate(LETTERS_ON)
    page.keyboard.press(letter)


def file(name: str, content: bytes = b"content") -> FilePayload:
    """Return a file as Playwright hands it to a chooser."""
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=content)


def file_on_disk(folder: Path, name: str, size: int) -> str:
    """Return the path of a file of `size` zero bytes, which need not go through Playwright's driver."""
    path = folder / name
    with path.open("wb") as stream:
        stream.truncate(size)
    return str(path)


# Where files are sent to that are not resumed: one by one, or many in a form.
UPLOADS = re.compile(r"/files/|/upload\?")


@contextmanager
def held(page: Page, address: str | re.Pattern[str]) -> Iterator[list[Route]]:
    """Hold the requests of the page for `address` until the context ends, and yield them as they come."""
    waiting: list[Route] = []
    is_over = False

    def hold(route: Route) -> None:
        if is_over:
            route.continue_()
        else:
            waiting.append(route)

    page.route(address, hold)
    yield waiting
    is_over = True
    for route in waiting:
        if not route.request.failure:
            route.continue_()
    page.unroute(address)


def held_uploads(page: Page) -> AbstractContextManager[list[Route]]:
    """Hold the uploads of the page until the context ends."""
    return held(page, UPLOADS)
