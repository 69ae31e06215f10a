"""Temporary obstacles of uploads: a lost network, a busy server, an ended session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor, file
from tests.support.controls import control
from tests.support.people import Person
from tests.support.waiting import wait_until
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


def question_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name=text_of("sign-in-again"))


def fill_in(page: Page, password: str) -> None:
    """Type a password where the page asks for it, and send it."""
    control(question_of(page), "password").fill(password)
    control(question_of(page), "sign in").click()


def test_a_lost_connection_is_reported_and_the_upload_resumes(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_INTERNET_DISCONNECTED")
    page = visitor.open()
    visitor.context.set_offline(True)
    visitor.choose(file("patient.txt"))
    expect(visitor.upload_line("patient.txt")).to_contain_text(text_of("held-offline"))
    expect(page.get_by_role("status").filter(has_text=text_of("held-offline"))).to_be_attached()

    visitor.context.set_offline(False)

    expect(visitor.row("patient.txt")).to_be_visible()


def test_the_queue_survives_the_end_of_the_session_and_resumes_after_signing_in(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(*(file(f"{number}.txt") for number in range(6)))
    expect(question_of(page)).to_be_visible()
    expect(control(question_of(page), "username")).to_have_value(visitor.username)

    fill_in(page, "not the password")
    expect(page.get_by_role("alert").filter(has_text=text_of("wrong-password"))).to_be_visible()
    fill_in(page, PASSWORD)

    expect(page.get_by_role("heading", name=text_of("done", count=6))).to_be_visible()
    expect(question_of(page)).to_be_hidden()
    expect(visitor.row("5.txt")).to_be_visible()


def test_forms_of_the_page_work_in_the_new_session(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(file("late.txt"))
    fill_in(page, PASSWORD)
    expect(visitor.row("late.txt")).to_be_visible()

    page.get_by_role("button", name="Русский").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(text_of("your-files", "ru"))


def test_signing_in_can_be_postponed_or_done_in_another_tab(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 401")
    page = visitor.open()
    visitor.context.clear_cookies()
    visitor.choose(file("late.txt"))
    control(question_of(page), "sign in later").click()
    expect(visitor.upload_line("late.txt")).to_contain_text(text_of("held-signed-out"))
    control(page, "sign in").click()
    expect(question_of(page)).to_be_visible()

    other = visitor.context.new_page()
    other.goto("/login")
    control(other, "username").fill(visitor.username)
    control(other, "password").fill(PASSWORD)
    control(other, "sign in").click()
    other.wait_for_url("**/index")
    other.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(visitor.row("late.txt")).to_be_visible()
    expect(question_of(page)).to_be_hidden()


def test_files_are_never_uploaded_to_another_user(
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

    question = page.get_by_role("dialog", name=text_of("other-user", name=f"{visitor.username}-other"))
    expect(question).to_contain_text(text_of("other-user-text", user=visitor.username))
    control(question, "password").fill(PASSWORD)
    question.get_by_role("button", name=text_of("sign-in-as", user=visitor.username)).click()
    expect(visitor.row("mine.txt")).to_be_visible()
    assert other.hashes() == {}
    assert set(visitor.person.hashes()) == {"mine.txt"}


def held_up(page: Page, status: int, seconds: int, times: int = 1) -> list[str]:
    """Refuse uploads a number of times, with a Retry-After in seconds; returns the list of requests."""
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


# All others: tests/frontend/retry.test.js.
@pytest.mark.usefixtures("own_context")
@pytest.mark.parametrize("status", [429, pytest.param(500, marks=pytest.mark.long)])
def test_temporary_errors_are_retried_after_their_delay(
    visitor: Visitor, expect_complaint: Callable[[str], None], status: int
) -> None:
    expect_complaint(f"status of {status}")
    page = visitor.open()
    asked = held_up(page, status, seconds=60)
    visitor.choose(file("again.txt"))
    expect(visitor.upload_line("again.txt")).to_contain_text(text_of("held-unanswered"))
    page.clock.run_for(30_000)
    assert len(asked) == 1

    page.clock.run_for(31_000)

    expect(visitor.row("again.txt")).to_be_visible()


@pytest.mark.usefixtures("own_context")
def test_a_server_without_retry_after_is_retried_soon(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    asked = held_up(page, 503, seconds=0, times=2)

    visitor.choose(file("again.txt"))

    expect(visitor.row("again.txt")).to_be_visible()
    assert len(asked) == 3


@pytest.mark.usefixtures("own_context")
def test_try_again_retries_immediately(visitor: Visitor, expect_complaint: Callable[[str], None]) -> None:
    expect_complaint("status of 503")
    page = visitor.open()
    held_up(page, 503, seconds=3600)
    visitor.choose(file("again.txt"))

    page.get_by_role("button", name=text_of("retry-one", name="again.txt")).click()

    expect(visitor.row("again.txt")).to_be_visible()


@pytest.mark.usefixtures("own_context")
def test_a_stalled_connection_is_aborted_and_retried(visitor: Visitor) -> None:
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


# All others: tests/frontend/retry.test.js.
@pytest.mark.parametrize("status", [pytest.param(409, marks=pytest.mark.long), 507])
def test_a_permanent_refusal_is_not_retried(
    visitor: Visitor, expect_complaint: Callable[[str], None], status: int
) -> None:
    expect_complaint(f"status of {status}")
    page = visitor.open()
    page.route("**/files/**", lambda route: route.fulfill(status=status))

    visitor.choose(file("refused.txt"))

    expect(visitor.upload_line("refused.txt")).to_have_attribute("data-state", "failed")


@pytest.mark.usefixtures("own_context")
def test_a_repeated_server_error_is_given_up(
    visitor: Visitor, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 500")
    page = visitor.open()
    asked = held_up(page, 500, seconds=3600, times=100)
    visitor.choose(file("cursed.txt"))
    line = visitor.upload_line("cursed.txt")
    for tries in range(1, 6):
        expect(line).to_have_attribute("data-state", "held")
        wait_until(lambda: asked[tries - 1 :], what="the next try", page=page)  # noqa: B023 - it is called at once
        page.clock.run_for(3_600_000)

    expect(line).to_have_attribute("data-state", "failed")
    assert len(asked) == 6
