"""Large files: whatever stops them on the way, they go on from where they stopped.

Rule: the requests tell. An upload is made by one POST, and what a PATCH begins with is what the
server said that it has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession, Dialog, Page, Request, Route, expect

from cabinet.storage.content_hash import BLOCK_SIZE, hash_chunks
from tests.browser.conftest import NewContext
from tests.conftest import StartProduction
from tests.support.auth import PASSWORD
from tests.support.chromium import Complaints, Visitor
from tests.support.line import Cut, Line, end_rudely
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

CONTENT = os.urandom(1 << 20) * 12
HASH = hash_chunks([CONTENT])
NAME = "film.mov"

# Bytes a second: so slow that a test can do something in the middle, so fast that it need not wait.
THROUGHPUT = 3_000_000
LOST_ANSWER = Cut(len(CONTENT) * 9 // 10, end_rudely, at_answer=True)
UNDER_WAY = """() => {
    const bar = document.querySelector(".upload[data-state=sending] progress");
    return bar !== null && bar.value > 0.25;
}"""


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
        """Forbid every new request; what is under way is none of its business."""
        self._emulate(offline=True, throughput=-1)

    def mend(self) -> None:
        self._emulate(offline=False, throughput=-1)

    def count(self, method: str) -> int:
        return [each for each, _ in self.requests].count(method)

    def offsets(self) -> list[int]:
        """Return where each PATCH began."""
        return [int(offset or 0) for method, offset in self.requests if method == "PATCH"]

    def went_on(self) -> bool:
        """Tell whether one upload was made, and gone on with where it had stopped."""
        first, *others = self.offsets()
        return self.count("POST") == 1 and first == 0 and bool(others) and min(others) > 0


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


def begin(visitor: Visitor, network: Network, film: Path) -> None:
    """Choose the file and return when a part of it has left."""
    network.slow_down()
    visitor.choose(str(film))
    visitor.page.wait_for_function(UNDER_WAY)


def unfinished(person: Person) -> list[dict[str, Any]]:
    uploads: list[dict[str, Any]] = person.send("GET", "/uploads").json()["uploads"]
    return uploads


def is_there(visitor: Visitor, name: str = NAME) -> bool:
    """Wait until the page says that the file arrived as it was; tell whether the server says so too."""
    expect(visitor.upload_line(NAME)).to_contain_text("verified")
    expect(visitor.row(name)).to_be_visible()
    return visitor.person.hashes()[name] == HASH and unfinished(visitor.person) == []


def pause(visitor: Visitor) -> int:
    """Pause the upload in the middle; return how much the server has."""
    visitor.page.get_by_role("button", name=f"Pause the upload of “{NAME}”").click()
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "paused")
    kept = wait_until(
        lambda: next((each["offset"] for each in unfinished(visitor.person) if each["offset"]), None),
        what="bytes that the server kept",
    )
    return int(kept)


def resume(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name=f"Resume the upload of “{NAME}”").click()


def test_a_large_file_goes_by_tus_with_its_time(visitor: Visitor, network: Network, film: Path) -> None:
    visitor.choose(str(film))

    assert is_there(visitor)
    assert network.requests == [("POST", None), ("PATCH", "0")]
    (entry,) = visitor.person.entries()
    assert entry["modified_at"].startswith("2001-09-09T01:46:40")
    assert visitor.page.evaluate("Object.keys(localStorage).length") == 0


def test_the_library_is_loaded_only_when_a_large_file_comes(visitor: Visitor, page: Page, film: Path) -> None:
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url) if "tus-js" in request.url else None)
    page.reload()
    small = film.with_name("small.txt")
    small.write_bytes(b"1")
    visitor.choose(str(small))
    expect(visitor.row("small.txt")).to_be_visible()
    assert scripts == []

    visitor.choose(str(film))

    assert is_there(visitor)
    assert len(scripts) == 1


def test_a_file_of_more_than_one_part_is_sent_in_parts(
    visitor: Visitor, network: Network, film: Path
) -> None:
    with film.open("wb") as content:
        content.truncate(17 * BLOCK_SIZE)

    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text("verified", timeout=60_000)
    assert network.offsets() == [0, 16 * BLOCK_SIZE]


def test_a_paused_upload_goes_on_where_it_stopped(visitor: Visitor, network: Network, film: Path) -> None:
    begin(visitor, network, film)
    pause(visitor)
    assert visitor.page.title() == "Your files – Cabinet"
    network.mend()

    resume(visitor)

    assert is_there(visitor)
    assert network.went_on()


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_cancelled_upload_leaves_nothing_on_the_server(
    visitor: Visitor, network: Network, film: Path, is_paused: bool
) -> None:
    begin(visitor, network, film)
    if is_paused:
        pause(visitor)

    with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        visitor.page.get_by_role("button", name=f"Cancel the upload of “{NAME}”").click()

    assert deleted.value.status == 204
    assert unfinished(visitor.person) == []
    assert visitor.person.hashes() == {}
    visitor.page.wait_for_function("Object.keys(localStorage).length === 0")


def test_a_cancelled_upload_can_begin_anew(visitor: Visitor, network: Network, film: Path) -> None:
    begin(visitor, network, film)
    visitor.page.get_by_role("button", name="Cancel all").click()
    expect(visitor.upload_line(NAME)).to_contain_text("Cancelled")
    network.mend()

    visitor.page.get_by_role("button", name=f"Try to upload “{NAME}” again").click()

    assert is_there(visitor)
    assert network.count("POST") == 2


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_line_that_is_cut_in_the_middle_costs_nothing_that_arrived(
    far_end: Visitor, line: Line, film: Path, is_offline: bool
) -> None:
    network = Network(far_end.open())
    line.plan(Cut(len(CONTENT) * 3 // 4, end_rudely))
    begin(far_end, network, film)
    if is_offline:
        network.go_offline()
        expect(far_end.upload_line(NAME)).to_contain_text("No connection. It goes on by itself.")
        # What left but was not confirmed counts for nothing.
        expect(far_end.upload_line(NAME).get_by_role("progressbar")).to_have_js_property("value", 0)

    network.mend()

    assert is_there(far_end)
    assert line.was_cut()
    assert network.went_on()


def test_a_server_that_is_killed_and_started_again_goes_on(
    start_production: StartProduction, new_context: NewContext, complaints: list[Complaints], film: Path
) -> None:
    server = start_production()
    visitor = Visitor(server, new_context(base_url=server.url), "alice")
    complaints[0].expect("ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET")
    network = Network(visitor.open())
    begin(visitor, network, film)
    wait_until(lambda: network.offsets() == [0], what="the first part")

    server.kill()
    expect(visitor.upload_line(NAME)).to_contain_text("The server does not answer. Trying again…")
    network.mend()
    server.start()

    assert is_there(visitor)
    # What a killed server had not made durable is sent again; the upload is the same one.
    assert network.count("POST") == 1
    assert len(network.offsets()) == 2


def test_a_reloaded_page_goes_on_with_the_same_file(visitor: Visitor, network: Network, film: Path) -> None:
    def leave(dialog: Dialog) -> None:
        dialog.accept()

    visitor.page.on("dialog", leave)
    begin(visitor, network, film)
    visitor.page.reload()
    network.mend()

    visitor.choose(str(film))

    assert is_there(visitor)
    assert network.went_on()


def test_a_browser_that_was_closed_goes_on_with_the_same_file(
    server: Server, visitor: Visitor, network: Network, new_context: NewContext, film: Path
) -> None:
    begin(visitor, network, film)
    pause(visitor)
    kept = visitor.context.storage_state()
    visitor.context.close()

    page = new_context(storage_state=kept).new_page()
    later = Network(page)
    page.goto("/index")
    page.locator("#files-input").set_input_files(str(film))

    expect(page.locator(".upload")).to_contain_text("verified")
    assert visitor.person.hashes() == {NAME: HASH}
    assert later.count("POST") == 0
    assert later.offsets()[0] > 0


def test_the_same_file_elsewhere_or_of_somebody_else_is_another_upload(
    visitor: Visitor, network: Network, film: Path
) -> None:
    visitor.person.store("folder/here.txt", b"1")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()

    page = visitor.open("/index?path=folder")
    visitor.choose(str(film))
    expect(visitor.upload_line(NAME)).to_contain_text("verified")
    other = Person(visitor.server, f"{visitor.username}-other")
    visitor.context.clear_cookies()
    signed_in = visitor.context.request.post(
        "/login", form={"username": f"{visitor.username}-other", "password": PASSWORD}
    )
    assert signed_in.ok
    page.goto("/index")
    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text("verified")
    assert network.count("POST") == 3
    assert other.hashes() == {NAME: HASH}
    assert visitor.person.hashes()[f"folder/{NAME}"] == HASH
    assert len(unfinished(visitor.person)) == 1


def test_a_session_that_ends_in_the_middle_does_not_begin_the_upload_anew(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()
    visitor.context.clear_cookies()
    resume(visitor)
    question = visitor.page.get_by_role("dialog", name="Sign in again")

    question.get_by_label("Password", exact=True).fill(PASSWORD)
    question.get_by_role("button", name="Sign in").click()

    assert is_there(visitor)
    assert network.went_on()


def test_a_busy_server_does_not_begin_the_upload_anew(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()
    visitor.page.route("**/uploads/*", lambda route: route.fulfill(status=503), times=1)

    resume(visitor)

    assert is_there(visitor)
    assert network.went_on()


def test_a_retry_after_a_refusal_goes_on_where_it_stopped(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()
    visitor.page.route("**/uploads/*", lambda route: route.fulfill(status=413), times=1)
    resume(visitor)
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "failed")

    visitor.page.get_by_role("button", name=f"Try to upload “{NAME}” again").click()

    assert is_there(visitor)
    assert network.went_on()


def test_an_upload_that_the_server_has_forgotten_begins_anew(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of (404|410)")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()
    (upload,) = unfinished(visitor.person)
    cancelled = visitor.person.send("DELETE", f"/uploads/{upload['id']}", headers={"Tus-Resumable": "1.0.0"})
    assert cancelled.status == 204

    resume(visitor)

    assert is_there(visitor)
    assert network.count("POST") == 2


def test_an_answer_that_is_lost_at_the_very_end_is_asked_for_again(
    far_end: Visitor, line: Line, film: Path
) -> None:
    network = Network(far_end.open())
    line.plan(LOST_ANSWER)

    far_end.choose(str(film))

    assert is_there(far_end)
    assert line.was_cut()
    assert network.offsets() == [0]
    assert network.count("HEAD") == 1


def leave_before_the_answer(visitor: Visitor, line: Line, film: Path) -> None:
    """Let the whole file arrive, and the page be reloaded before it hears of that."""
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/uploads/*", lambda route: route.abort() if is_head(route) else route.fallback())
    line.plan(LOST_ANSWER)
    visitor.choose(str(film))
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "held")
    assert visitor.person.hashes() == {NAME: HASH}
    page.reload()
    page.unroute_all()


def test_what_was_finished_another_day_and_deleted_since_is_sent_again(
    far_end: Visitor, line: Line, film: Path
) -> None:
    network = Network(far_end.open())
    leave_before_the_answer(far_end, line, film)
    far_end.person.delete(NAME)

    far_end.choose(str(film))

    assert is_there(far_end)
    assert network.count("POST") == 2


def test_what_was_finished_another_day_and_is_still_there_is_not_sent_again(
    far_end: Visitor, line: Line, film: Path
) -> None:
    network = Network(far_end.open())
    leave_before_the_answer(far_end, line, film)
    far_end.choose(str(film))

    far_end.page.get_by_role("dialog").get_by_role("button", name="Replace").click()

    assert is_there(far_end)
    assert network.offsets() == [0]


def test_two_tabs_do_not_take_one_upload_from_each_other(
    visitor: Visitor, network: Network, film: Path
) -> None:
    begin(visitor, network, film)
    tab = visitor.context.new_page()
    other = Network(tab)
    tab.goto("/index")

    tab.locator("#files-input").set_input_files(str(film))

    expect(tab.locator(".upload")).to_contain_text("verified")
    network.mend()
    assert is_there(visitor)
    assert network.requests == [("POST", None), ("PATCH", "0")]
    assert other.requests == [("POST", None), ("PATCH", "0")]


def test_plain_http_from_another_machine_resumes_too(
    visitor: Visitor, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy header has been ignored")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    network = Network(visitor.open_far())
    begin(visitor, network, film)
    visitor.page.reload()
    network.mend()

    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text("Uploaded")
    assert network.went_on()
    assert visitor.person.hashes() == {NAME: HASH}


def test_what_is_kept_of_unfinished_uploads_does_not_stay_for_ever(page: Page) -> None:
    page.evaluate(
        """() => {
            const entry = (creationTime) => JSON.stringify({ uploadUrl: "x", creationTime });
            localStorage.setItem("tus::old::1", entry(new Date(Date.now() - 31 * 86_400_000).toString()));
            localStorage.setItem("tus::new::1", entry(new Date().toString()));
            localStorage.setItem("other", "stays");
        }"""
    )

    page.reload()

    page.wait_for_function("localStorage.length === 2")
    assert set(page.evaluate("Object.keys(localStorage)")) == {"tus::new::1", "other"}


def is_head(route: Route) -> bool:
    return route.request.method == "HEAD"


@pytest.mark.parametrize(
    ("answer", "name", "said"),
    [("Replace", NAME, "Replaced"), ("Keep both", "film (2).mov", "Uploaded as “film (2).mov”")],
)
def test_a_large_file_takes_the_place_that_was_chosen(
    visitor: Visitor, film: Path, answer: str, name: str, said: str
) -> None:
    visitor.person.store(NAME, b"old")
    visitor.open()
    visitor.choose(str(film))

    visitor.page.get_by_role("dialog").get_by_role("button", name=answer).click()

    assert is_there(visitor, name)
    expect(visitor.upload_line(NAME)).to_contain_text(said)
    assert len(visitor.person.hashes()) == (1 if name == NAME else 2)


def test_a_file_that_changes_on_the_way_is_named_and_not_sent_for_ever(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_UPLOAD_FILE_CHANGED")
    begin(visitor, network, film)
    pause(visitor)
    film.write_bytes(b"something else")

    resume(visitor)

    expect(visitor.upload_line(NAME)).to_contain_text("The file has changed or is gone. Choose it again.")
