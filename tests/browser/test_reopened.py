"""Large uploads after the page, the browser or the session has ended, and unusual responses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.conftest import NewContext
from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor
from tests.support.controls import answer, control
from tests.support.line import Line
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.slow_uploads import (
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
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def test_a_reloaded_page_resumes_the_same_file(visitor: Visitor, network: Network, film: Path) -> None:
    def leave(dialog: Dialog) -> None:
        dialog.accept()

    visitor.page.on("dialog", leave)
    begin(visitor, network, film)
    visitor.page.reload()
    network.restore()

    visitor.choose(str(film))

    assert is_there(visitor)
    assert network.has_resumed()


def test_a_restarted_browser_resumes_the_same_file(
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

    expect(page.locator(".upload")).to_contain_text(text_of("verified"))
    assert visitor.person.hashes() == {NAME: HASH}
    assert later.count("POST") == 0
    assert later.offsets()[0] > 0


def test_the_same_file_to_another_path_or_by_another_user_is_a_new_upload(
    visitor: Visitor, network: Network, film: Path
) -> None:
    visitor.person.store("folder/here.txt", b"1")
    begin(visitor, network, film)
    pause(visitor)
    network.restore()

    page = visitor.open("/index?path=folder")
    visitor.choose(str(film))
    expect(visitor.upload_line(NAME)).to_contain_text(text_of("verified"))
    other = Person(visitor.server, f"{visitor.username}-other")
    visitor.context.clear_cookies()
    signed_in = visitor.context.request.post(
        "/login", form={"username": f"{visitor.username}-other", "password": PASSWORD}
    )
    assert signed_in.ok
    page.goto("/index")
    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text(text_of("verified"))
    assert network.count("POST") == 3
    assert other.hashes() == {NAME: HASH}
    assert visitor.person.hashes()[f"folder/{NAME}"] == HASH
    assert len(unfinished(visitor.person)) == 1


def test_the_end_of_the_session_does_not_restart_an_upload(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    begin(visitor, network, film)
    pause(visitor)
    network.restore()
    visitor.context.clear_cookies()
    resume(visitor)
    question = visitor.page.get_by_role("dialog", name=text_of("sign-in-again"))

    control(question, "password").fill(PASSWORD)
    control(question, "sign in").click()

    assert is_there(visitor)
    assert network.has_resumed()


def test_a_busy_server_does_not_restart_an_upload(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    begin(visitor, network, film)
    pause(visitor)
    network.restore()
    visitor.page.route("**/uploads/*", lambda route: route.fulfill(status=503), times=1)

    resume(visitor)

    assert is_there(visitor)
    assert network.has_resumed()


def test_a_retry_after_a_refusal_resumes(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")
    begin(visitor, network, film)
    pause(visitor)
    network.restore()
    visitor.page.route("**/uploads/*", lambda route: route.fulfill(status=422), times=1)
    resume(visitor)
    expect(visitor.upload_line(NAME)).to_have_attribute("data-state", "failed")

    visitor.page.get_by_role("button", name=text_of("retry-one", name=NAME)).click()

    assert is_there(visitor)
    assert network.has_resumed()


def test_an_upload_unknown_to_the_server_restarts(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of (404|410)")
    begin(visitor, network, film)
    pause(visitor)
    network.restore()
    (upload,) = unfinished(visitor.person)
    cancelled = visitor.person.send("DELETE", f"/uploads/{upload['id']}", headers={"Tus-Resumable": "1.0.0"})
    assert cancelled.status == 204

    resume(visitor)

    assert is_there(visitor)
    assert network.count("POST") == 2


def test_a_lost_final_answer_is_requested_again(far_end: Visitor, line: Line, film: Path) -> None:
    network = Network(far_end.open())
    line.plan(LOST_ANSWER)

    far_end.choose(str(film))

    assert is_there(far_end)
    assert line.was_cut()
    assert network.offsets() == [0]
    assert network.count("HEAD") == 1


def test_a_file_uploaded_earlier_and_deleted_since_is_sent_again(
    far_end: Visitor, line: Line, film: Path
) -> None:
    network = Network(far_end.open())
    leave_before_the_answer(far_end, line, film)
    far_end.person.delete(NAME)

    far_end.choose(str(film))

    assert is_there(far_end)
    assert network.count("POST") == 2


def test_a_file_uploaded_earlier_that_still_exists_is_not_sent_again(
    far_end: Visitor, line: Line, film: Path
) -> None:
    network = Network(far_end.open())
    leave_before_the_answer(far_end, line, film)
    far_end.choose(str(film))

    answer(far_end.page.get_by_role("dialog"), "replace").click()

    assert is_there(far_end)
    assert network.offsets() == [0]


def test_two_tabs_do_not_resume_the_same_upload(visitor: Visitor, network: Network, film: Path) -> None:
    begin(visitor, network, film)
    tab = visitor.context.new_page()
    other = Network(tab)
    tab.goto("/index")

    tab.locator("#files-input").set_input_files(str(film))

    expect(tab.locator(".upload")).to_contain_text(text_of("verified"))
    network.restore()
    assert is_there(visitor)
    assert network.requests == [("POST", None), ("PATCH", "0")]
    assert other.requests == [("POST", None), ("PATCH", "0")]


def test_plain_http_from_another_machine_resumes(
    visitor: Visitor, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("Cross-Origin-Opener-Policy header has been ignored")
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    network = Network(visitor.open_far())
    begin(visitor, network, film)
    visitor.page.reload()
    network.restore()

    visitor.choose(str(film))

    expect(visitor.upload_line(NAME)).to_contain_text(text_of("uploaded"))
    assert network.has_resumed()
    assert visitor.person.hashes() == {NAME: HASH}


def test_stored_uploads_expire(page: Page) -> None:
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
    ("value", "name", "said"),
    [
        ("replace", NAME, text_of("replaced")),
        ("rename", "film (2).mov", text_of("uploaded-as", name="film (2).mov")),
    ],
)
def test_a_large_file_follows_the_conflict_resolution(
    visitor: Visitor, film: Path, value: str, name: str, said: str
) -> None:
    visitor.person.store(NAME, b"old")
    visitor.open()
    visitor.choose(str(film))

    answer(visitor.page.get_by_role("dialog"), value).click()

    assert is_there(visitor, name)
    expect(visitor.upload_line(NAME)).to_contain_text(said)
    assert len(visitor.person.hashes()) == (1 if name == NAME else 2)


def test_a_file_changed_during_the_upload_is_reported_and_not_retried_forever(
    visitor: Visitor, network: Network, film: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_UPLOAD_FILE_CHANGED")
    begin(visitor, network, film)
    pause(visitor)
    film.write_bytes(b"something else")

    resume(visitor)

    expect(visitor.upload_line(NAME)).to_contain_text(text_of("file-changed"))
