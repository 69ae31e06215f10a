"""Large files after the page, the browser or the session has ended, and what the server says meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor
from tests.support.films import (
    HASH,
    LOST_ANSWER,
    NAME,
    Network,
    begin,
    is_there,
    leave_before_the_answer,
    pause,
    resume,
    unfinished,
)
from tests.support.line import Line
from tests.support.people import Person
from tests.support.servers import Server

pytestmark = pytest.mark.browser


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
    expect_complaint("status of 422")
    begin(visitor, network, film)
    pause(visitor)
    network.mend()
    visitor.page.route("**/uploads/*", lambda route: route.fulfill(status=422), times=1)
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

    page.wait_for_function("() => localStorage.length === 2")
    assert set(page.evaluate("Object.keys(localStorage)")) == {"tus::new::1", "other"}


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
