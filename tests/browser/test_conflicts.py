"""Files that are there already: asked about before anything is sent, once for all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.chromium import Visitor, file

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """Return the page of a user who has two files."""
    visitor.person.store("notes.txt", b"old notes")
    visitor.person.store("plan.txt", b"old plan")
    return visitor.open()


def choose_three(visitor: Visitor) -> Locator:
    """Choose two files that are there and one that is not, and return the question."""
    visitor.choose(
        file("notes.txt", b"new notes"), file("plan.txt", b"new plan"), file("fresh.txt", b"fresh")
    )
    return visitor.page.get_by_role("dialog", name="2 files are there already")


def sent_by(page: Page) -> list[str]:
    """Return a list that fills with what the page sends to be stored."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    return sent


def test_nothing_is_sent_before_the_answer(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)

    question = choose_three(visitor)

    expect(question.get_by_role("listitem")).to_have_text(["notes.txt", "plan.txt"])
    expect(question.get_by_role("button", name="Replace")).to_be_focused()
    assert sent == []


def test_replace_keeps_a_version(visitor: Visitor, page: Page) -> None:
    choose_three(visitor).get_by_role("button", name="Replace").click()

    expect(page.get_by_role("heading", name="3 files uploaded")).to_be_visible()
    expect(visitor.upload_line("notes.txt")).to_contain_text("Replaced, the earlier version is kept")
    expect(visitor.row("fresh.txt")).to_be_visible()
    assert visitor.names() == ["fresh.txt", "notes.txt", "plan.txt"]
    assert visitor.person.get("notes.txt") == b"new notes"


def test_keep_both_numbers_the_new_one(visitor: Visitor, page: Page) -> None:
    choose_three(visitor).get_by_role("button", name="Keep both").click()

    expect(page.get_by_role("heading", name="3 files uploaded")).to_be_visible()
    expect(visitor.upload_line("notes.txt")).to_contain_text("Uploaded as “notes (2).txt”")
    expect(visitor.row("plan (2).txt")).to_be_visible()
    assert visitor.person.get("notes.txt") == b"old notes"
    assert visitor.person.get("notes (2).txt") == b"new notes"
    assert visitor.person.get("fresh.txt") == b"fresh"


def test_skip_sends_only_the_others(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)

    choose_three(visitor).get_by_role("button", name="Skip").click()

    expect(visitor.row("fresh.txt")).to_be_visible()
    expect(page.get_by_role("heading", name="1 file uploaded")).to_be_visible()
    expect(page.locator(".upload")).to_have_count(1)
    assert len(sent) == 1
    assert visitor.person.get("notes.txt") == b"old notes"


def test_escape_sends_nothing(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)
    expect(choose_three(visitor)).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#uploads")).to_be_hidden()
    assert sent == []


def test_a_second_batch_is_asked_about_after_the_first(visitor: Visitor, page: Page) -> None:
    first = choose_three(visitor)
    expect(first).to_be_visible()
    visitor.person.store("later.txt", b"old")
    page.locator("#files-input").set_input_files([file("later.txt", b"new")])
    expect(visitor.upload_line("later.txt")).to_be_visible()

    first.get_by_role("button", name="Skip").click()
    page.get_by_role("dialog", name="1 file is there already").get_by_role("button", name="Replace").click()

    expect(visitor.upload_line("later.txt")).to_contain_text("Replaced")
    assert visitor.person.get("later.txt") == b"new"


def test_many_names_are_counted_and_not_all_listed(visitor: Visitor) -> None:
    names = [f"{number}.txt" for number in range(8)]
    for name in names:
        visitor.person.store(name, b"1")
    page = visitor.open()

    visitor.choose(*(file(name, b"2") for name in names))

    question = page.get_by_role("dialog", name="8 files are there already")
    expect(question.get_by_role("listitem")).to_have_count(5)
    expect(question).to_contain_text("and 3 more")


def test_a_name_that_cannot_be_one_spoils_nothing_for_the_others(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")

    visitor.choose(file("notes.txt", b"new notes"), file("back\u202eward.txt"), file("fresh.txt", b"fresh"))
    page.get_by_role("dialog", name="1 file is there already").get_by_role("button", name="Replace").click()

    expect(page.locator(".upload[data-state=failed]")).to_contain_text("reverse the direction")
    expect(page.locator(".upload[data-state=done]")).to_have_count(2)
    assert visitor.person.get("notes.txt") == b"new notes"


def test_the_question_can_be_taken_back_by_a_button_and_nothing_is_sent(visitor: Visitor) -> None:
    visitor.person.store("same.txt", b"old")
    page = visitor.open()

    visitor.choose(file("same.txt", b"new"), file("other.txt"))
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()

    expect(page.locator(".upload")).to_have_count(0)
    assert {name: visitor.person.get(name) for name in visitor.person.hashes()} == {"same.txt": b"old"}


def fail_once(visitor: Visitor, name: str) -> None:
    """Choose a file that the server refuses the first time, and have somebody else store one of its name."""
    visitor.page.route("**/files/*", lambda route: route.fulfill(status=413), times=1)
    visitor.choose(file(name, b"mine"))
    expect(visitor.upload_line(name)).to_have_attribute("data-state", "failed")
    visitor.person.store(name, b"of somebody else")


def try_again(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=f"Try to upload “{name}” again").click()


def test_what_came_into_the_place_of_a_failed_upload_is_asked_about_before_it_is_tried_again(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    fail_once(visitor, "fresh.txt")

    try_again(visitor, "fresh.txt")
    page.get_by_role("dialog", name="1 file is there already").get_by_role("button", name="Keep both").click()

    expect(visitor.upload_line("fresh.txt")).to_contain_text("fresh (2).txt")
    assert visitor.person.get("fresh.txt") == b"of somebody else"
    assert visitor.person.get("fresh (2).txt") == b"mine"


def test_what_was_to_be_replaced_is_not_asked_about_again(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    page.route("**/files/*", lambda route: route.fulfill(status=413), times=1)
    visitor.choose(file("notes.txt", b"new notes"))
    page.get_by_role("dialog", name="1 file is there already").get_by_role("button", name="Replace").click()
    expect(visitor.upload_line("notes.txt")).to_have_attribute("data-state", "failed")

    try_again(visitor, "notes.txt")

    expect(visitor.upload_line("notes.txt")).to_contain_text("Replaced, the earlier version is kept")
    assert visitor.person.get("notes.txt") == b"new notes"
