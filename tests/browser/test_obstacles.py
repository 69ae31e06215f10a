"""What stops an upload and passes: a lost network, a busy server, an ended session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file
from tests.support.people import Person
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


def question_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Sign in again")


def fill_in(page: Page, password: str) -> None:
    """Type a password where the page asks for it, and send it."""
    question_of(page).get_by_label("Password", exact=True).fill(password)
    question_of(page).get_by_role("button", name="Sign in").click()


def test_a_lost_connection_is_named_and_the_upload_goes_on_when_it_is_back(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    page = visitor.open()
    visitor.context.set_offline(True)
    visitor.choose(file("patient.txt"))
    expect(visitor.upload_line("patient.txt")).to_contain_text(
        "No connection. The upload resumes automatically."
    )
    expect(page.get_by_role("status").filter(has_text="No connection.")).to_be_attached()

    visitor.context.set_offline(False)

    expect(visitor.row("patient.txt")).to_be_visible()


def test_the_queue_stays_over_a_session_that_ended_and_goes_on_after_signing_in(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(*(file(f"{number}.txt") for number in range(6)))
    expect(question_of(page)).to_be_visible()
    expect(question_of(page).get_by_label("User name")).to_have_value(visitor.username)

    fill_in(page, "not the password")
    expect(page.get_by_role("alert").filter(has_text="The password is wrong.")).to_be_visible()
    fill_in(page, PASSWORD)

    expect(page.get_by_role("heading", name="6 files uploaded")).to_be_visible()
    expect(question_of(page)).to_be_hidden()
    expect(visitor.row("5.txt")).to_be_visible()


def test_forms_of_the_page_work_on_in_the_new_session(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(file("late.txt"))
    fill_in(page, PASSWORD)
    expect(visitor.row("late.txt")).to_be_visible()

    page.get_by_role("button", name="Русский").click()

    expect(page.get_by_role("heading", name="Ваши файлы")).to_be_visible()


def test_signing_in_can_wait_and_may_happen_in_another_tab(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(file("late.txt"))
    question_of(page).get_by_role("button", name="Not now").click()
    expect(visitor.upload_line("late.txt")).to_contain_text("Waiting until you sign in.")
    page.get_by_role("button", name="Sign in").click()
    expect(question_of(page)).to_be_visible()

    other = visitor.context.new_page()
    other.goto("/login")
    other.get_by_label("User name").fill(visitor.username)
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url("**/index")
    other.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(visitor.row("late.txt")).to_be_visible()
    expect(question_of(page)).to_be_hidden()


def test_files_never_go_to_somebody_else_who_signed_in_meanwhile(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 40[13]")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(file("mine.txt"))
    expect(question_of(page)).to_be_visible()
    other = Person(visitor.server, f"{visitor.username}-other")
    signed_in = visitor.context.request.post(
        "/login", form={"username": f"{visitor.username}-other", "password": PASSWORD}
    )
    assert signed_in.ok

    page.evaluate("window.dispatchEvent(new Event('focus'))")

    question = page.get_by_role("dialog", name=f"You are signed in as {visitor.username}-other now")
    expect(question).to_contain_text(f"This page belongs to {visitor.username}.")
    question.get_by_label("Password", exact=True).fill(PASSWORD)
    question.get_by_role("button", name=f"Sign in as {visitor.username}").click()
    expect(visitor.row("mine.txt")).to_be_visible()
    assert other.hashes() == {}
    assert set(visitor.person.hashes()) == {"mine.txt"}


def held_up(page: Page, status: int, seconds: int, times: int = 1) -> list[str]:
    """Refuse what is sent to be stored, so many times, and ask for so many seconds; list what was asked."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > times:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"Retry-After": str(seconds)})

    page.clock.install()
    page.route("**/files/**", answer)
    return asked


@pytest.mark.parametrize("status", [408, 423, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again_and_not_before_its_time(
    visitor: Visitor, expect_complaint: Callable[[str], None], status: int
) -> None:
    expect_complaint(f"status of {status}")
    page = visitor.open()
    asked = held_up(page, status, seconds=60)
    visitor.choose(file("again.txt"))
    expect(visitor.upload_line("again.txt")).to_contain_text("The server does not answer. Trying again…")
    page.clock.run_for(30_000)
    assert len(asked) == 1

    page.clock.run_for(31_000)

    expect(visitor.row("again.txt")).to_be_visible()


def test_a_server_that_names_no_time_is_soon_asked_again(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    asked = held_up(page, 503, seconds=0, times=2)

    visitor.choose(file("again.txt"))

    expect(visitor.row("again.txt")).to_be_visible()
    assert len(asked) == 3


def test_whoever_does_not_want_to_wait_presses_the_button(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    held_up(page, 503, seconds=3600)
    visitor.choose(file("again.txt"))

    page.get_by_role("button", name="Try to upload “again.txt” again").click()

    expect(visitor.row("again.txt")).to_be_visible()


def test_a_line_that_died_without_a_word_is_given_up_and_tried_again(visitor: Visitor) -> None:
    page = visitor.open()
    page.clock.install()
    held: list[Route] = []
    page.route("**/files/**", lambda route: held.append(route), times=1)  # noqa: PLW0108 - it is inspected
    visitor.choose(file("again.txt"))
    line = visitor.upload_line("again.txt")
    expect(line).to_have_attribute("data-state", "sending")
    page.clock.run_for(10_000)
    expect(line).to_have_attribute("data-state", "sending")

    page.clock.run_for(21_000)

    expect(visitor.row("again.txt")).to_be_visible()
    assert len(held) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 413, 422, 507])
def test_what_was_refused_for_good_is_not_sent_again(
    visitor: Visitor, expect_complaint: Callable[[str], None], status: int
) -> None:
    expect_complaint(f"status of {status}")
    page = visitor.open()
    page.route("**/files/**", lambda route: route.fulfill(status=status))

    visitor.choose(file("refused.txt"))

    expect(visitor.upload_line("refused.txt")).to_have_attribute("data-state", "failed")


def test_a_fault_that_comes_every_time_is_given_up_on(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 500")
    page = visitor.open()
    asked = held_up(page, 500, seconds=3600, times=100)
    visitor.choose(file("cursed.txt"))
    line = visitor.upload_line("cursed.txt")
    for tries in range(1, 6):
        expect(line).to_have_attribute("data-state", "held")
        wait_until(lambda: len(asked) == tries, what="the next try")  # noqa: B023 - it is called at once
        page.clock.run_for(3_600_000)

    expect(line).to_have_attribute("data-state", "failed")
    assert len(asked) == 6
