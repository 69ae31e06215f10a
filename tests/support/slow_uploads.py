"""A large file being uploaded by a page, slowly enough to interfere.

Rule: requests are observed. An upload starts with one POST, and a PATCH starts at the offset that the server
reported.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page, Request, Route, expect

from cabinet.storage.content_hash import hash_chunks
from tests.support.chromium import Visitor
from tests.support.line import Cut, Line, close_abruptly
from tests.support.people import Person
from tests.support.waiting import wait_until
from tests.support.wording import text_of

# More than a block, and than what is sent in one request that cannot be resumed.
CONTENT = os.urandom(1 << 20) * 5
HASH = hash_chunks([CONTENT])
NAME = "film.mov"

# Bytes a second: a second until the upload is under way, and nine to do something in the middle, for machines are
# busy. Chromium does not slow a request down that is running.
THROUGHPUT = 500_000
LOST_ANSWER = Cut(len(CONTENT) * 9 // 10, close_abruptly, at_answer=True)
UNDER_WAY = """() => {
    const bar = document.querySelector(".upload[data-state=sending] progress");
    return bar !== null && bar.value > 0.1;
}"""


# Milliseconds between two looks; by default a page looks with each frame, which it draws only for that.
POLLING = 50


class Network:
    """The network of a page, and the requests of tus that went over it."""

    def __init__(self, page: Page) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self._devtools: CDPSession = page.context.new_cdp_session(page)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if urlsplit(request.url).path.startswith("/uploads"):
            self.requests.append((request.method, request.headers.get("upload-offset")))

    def _emulate(self, *, offline: bool, throughput: int) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1}
        self._devtools.send(
            "Network.emulateNetworkConditions", {**conditions, "uploadThroughput": throughput}
        )

    def slow_down(self) -> None:
        self._emulate(offline=False, throughput=THROUGHPUT)

    def go_offline(self) -> None:
        """Block every new request; running ones are unaffected."""
        self._emulate(offline=True, throughput=-1)

    def restore(self) -> None:
        self._emulate(offline=False, throughput=-1)

    def count(self, method: str) -> int:
        return [each for each, _ in self.requests].count(method)

    def offsets(self) -> list[int]:
        """Return where each PATCH began."""
        return [int(offset or 0) for method, offset in self.requests if method == "PATCH"]

    def has_resumed(self) -> bool:
        """Return whether one upload was created, and resumed where it had stopped."""
        first, *others = self.offsets()
        return self.count("POST") == 1 and first == 0 and bool(others) and min(others) > 0


def begin(visitor: Visitor, network: Network, film: Path) -> None:
    """Choose the file and return when a part of it has left."""
    network.slow_down()
    visitor.choose(str(film))
    visitor.page.wait_for_function(UNDER_WAY, polling=POLLING)


def unfinished(person: Person) -> list[dict[str, Any]]:
    uploads: list[dict[str, Any]] = person.send("GET", "/uploads").json()["uploads"]
    return uploads


def is_there(visitor: Visitor, name: str = NAME) -> bool:
    """Wait until the page reports the file as verified; return whether the server has the same content."""
    expect(visitor.upload_line(NAME)).to_contain_text(text_of("verified"))
    expect(visitor.row(name)).to_be_visible()
    return visitor.person.hashes()[name] == HASH and unfinished(visitor.person) == []


def pause(visitor: Visitor) -> int:
    """Pause the upload in the middle; return how much the server has."""
    visitor.page.get_by_role("button", name=text_of("pause-one", name=NAME)).click()
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "paused")
    kept = wait_until(
        lambda: next((each["offset"] for each in unfinished(visitor.person) if each["offset"]), None),
        what="bytes that the server kept",
        page=visitor.page,
    )
    return int(kept)


def resume(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name=text_of("resume-one", name=NAME)).click()


def leave_before_the_answer(visitor: Visitor, line: Line, film: Path) -> None:
    """Let the whole file arrive, and reload the page before it gets the response."""
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/uploads/*", lambda route: route.abort() if is_head(route) else route.fallback())
    line.plan(LOST_ANSWER)
    visitor.choose(str(film))
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "held")
    assert visitor.person.hashes() == {NAME: HASH}
    page.reload()
    page.unroute_all()


def is_head(route: Route) -> bool:
    return route.request.method == "HEAD"
