"""Large files: uploads resume after any interruption."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cabinet.storage.content_hash import BLOCK_SIZE
from tests.browser.conftest import NewContext
from tests.conftest import StartProduction
from tests.support.chromium import Complaints, Visitor
from tests.support.controls import control
from tests.support.line import Cut, Line, close_abruptly
from tests.support.slow_uploads import (
    CONTENT,
    NAME,
    Network,
    begin,
    is_there,
    pause,
    resume,
    unfinished,
)
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def test_a_large_file_is_sent_by_tus_with_its_time(visitor: Visitor, network: Network, film: Path) -> None:
    visitor.choose(str(film))

    assert is_there(visitor)
    assert network.requests == [("POST", None), ("PATCH", "0")]
    (entry,) = visitor.person.entries()
    assert entry["modified_at"].startswith("2001-09-09T01:46:40")
    assert visitor.page.evaluate("Object.keys(localStorage).length") == 0


def test_the_tus_library_is_loaded_with_the_first_large_file(
    visitor: Visitor, page: Page, film: Path
) -> None:
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


def test_a_file_above_the_part_size_is_sent_in_parts(visitor: Visitor, network: Network, film: Path) -> None:
    with film.open("wb") as content:
        content.truncate(17 * BLOCK_SIZE)

    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text(text_of("verified"))
    assert network.offsets() == [0, 16 * BLOCK_SIZE]


def test_a_paused_upload_resumes(visitor: Visitor, network: Network, film: Path) -> None:
    begin(visitor, network, film)
    pause(visitor)
    assert visitor.page.title() == "Your files – Cabinet"
    network.restore()

    resume(visitor)

    assert is_there(visitor)
    assert network.has_resumed()


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_cancelled_upload_leaves_nothing_on_the_server(
    visitor: Visitor, network: Network, film: Path, is_paused: bool
) -> None:
    begin(visitor, network, film)
    if is_paused:
        pause(visitor)

    with visitor.page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        visitor.page.get_by_role("button", name=text_of("cancel-one", name=NAME)).click()

    assert deleted.value.status == 204
    assert unfinished(visitor.person) == []
    assert visitor.person.hashes() == {}
    visitor.page.wait_for_function("() => Object.keys(localStorage).length === 0")


def test_a_cancelled_upload_can_be_restarted(visitor: Visitor, network: Network, film: Path) -> None:
    begin(visitor, network, film)
    control(visitor.page, "cancel all").click()
    visitor.page.get_by_role("button", name=text_of("cancel-uploads")).click()
    expect(visitor.upload_line(NAME)).to_contain_text(text_of("cancelled"))
    network.restore()

    visitor.page.get_by_role("button", name=text_of("retry-one", name=NAME)).click()

    assert is_there(visitor)
    assert network.count("POST") == 2


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_lost_connection_loses_no_received_bytes(
    far_end: Visitor, line: Line, film: Path, is_offline: bool
) -> None:
    network = Network(far_end.open())
    line.plan(Cut(len(CONTENT) * 3 // 4, close_abruptly))
    begin(far_end, network, film)
    if is_offline:
        network.go_offline()
        expect(far_end.upload_line(NAME)).to_contain_text(text_of("held-offline"))
        # What left but was not confirmed counts for nothing.
        expect(far_end.upload_line(NAME).get_by_role("progressbar")).to_have_js_property("value", 0)

    network.restore()

    assert is_there(far_end)
    assert line.was_cut()
    assert network.has_resumed()


@pytest.mark.long  # to the page a lost connection, which is above; to the server tests/cli/test_interruptions.py
def test_an_upload_resumes_after_a_server_restart(
    start_production: StartProduction, new_context: NewContext, complaints: list[Complaints], film: Path
) -> None:
    server = start_production()
    visitor = Visitor(server, new_context(base_url=server.url), "alice")
    complaints[0].expect("ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET")
    network = Network(visitor.open())
    begin(visitor, network, film)
    wait_until(lambda: network.offsets() == [0], what="the first part", page=visitor.page)

    server.kill()
    expect(visitor.upload_line(NAME)).to_contain_text(text_of("held-unanswered"))
    network.restore()
    server.start()

    assert is_there(visitor)
    # What a killed server had not made durable is sent again; the upload is the same one.
    assert network.count("POST") == 1
    assert len(network.offsets()) == 2
