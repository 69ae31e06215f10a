"""Name conflicts of uploads: asked once for all, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from cabinet.services.tree.names import BIDI
from tests.support.chromium import Visitor, file
from tests.support.controls import answer
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """Return the page of a user with two files."""
    visitor.person.store("notes.txt", b"old notes")
    visitor.person.store("plan.txt", b"old plan")
    return visitor.open()


def select_three(visitor: Visitor) -> Locator:
    """Choose two files that are there and one that is not, and return the question."""
    visitor.choose(
        file("notes.txt", b"new notes"), file("plan.txt", b"new plan"), file("fresh.txt", b"fresh")
    )
    return visitor.page.get_by_role("dialog", name=text_of("taken", count=2))


def sent_by(page: Page) -> list[str]:
    """Return a list that fills with what the page sends to be stored."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    return sent


def test_nothing_is_sent_before_the_conflict_is_resolved(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)

    question = select_three(visitor)

    expect(question.get_by_role("listitem")).to_have_text(["notes.txt", "plan.txt"])
    expect(answer(question, "replace")).to_be_focused()
    assert sent == []


def test_replacing_keeps_the_old_version(visitor: Visitor, page: Page) -> None:
    answer(select_three(visitor), "replace").click()

    expect(page.get_by_role("heading", name=text_of("done", count=3))).to_be_visible()
    expect(visitor.upload_line("notes.txt")).to_contain_text(text_of("replaced"))
    expect(visitor.row("fresh.txt")).to_be_visible()
    assert visitor.names() == ["fresh.txt", "notes.txt", "plan.txt"]
    assert visitor.person.get("notes.txt") == b"new notes"


def test_keep_both_adds_a_number_to_the_new_name(visitor: Visitor, page: Page) -> None:
    answer(select_three(visitor), "rename").click()

    expect(page.get_by_role("heading", name=text_of("done", count=3))).to_be_visible()
    expect(visitor.upload_line("notes.txt")).to_contain_text(text_of("uploaded-as", name="notes (2).txt"))
    expect(visitor.row("plan (2).txt")).to_be_visible()
    assert visitor.person.get("notes.txt") == b"old notes"
    assert visitor.person.get("notes (2).txt") == b"new notes"
    assert visitor.person.get("fresh.txt") == b"fresh"


def test_skip_sends_only_files_without_conflicts(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)

    answer(select_three(visitor), "skip").click()

    expect(visitor.row("fresh.txt")).to_be_visible()
    expect(page.get_by_role("heading", name=text_of("done", count=1))).to_be_visible()
    expect(page.locator(".upload")).to_have_count(1)
    assert len(sent) == 1
    assert visitor.person.get("notes.txt") == b"old notes"


def test_escape_cancels_the_upload(visitor: Visitor, page: Page) -> None:
    sent = sent_by(page)
    expect(select_three(visitor)).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#uploads")).to_be_hidden()
    assert sent == []


def test_conflicts_of_a_second_upload_are_asked_after_the_first(visitor: Visitor, page: Page) -> None:
    first = select_three(visitor)
    expect(first).to_be_visible()
    visitor.person.store("later.txt", b"old")
    page.locator("#files-input").set_input_files([file("later.txt", b"new")])
    expect(visitor.upload_line("later.txt")).to_be_visible()

    answer(first, "skip").click()
    answer(page.get_by_role("dialog", name=text_of("taken", count=1)), "replace").click()

    expect(visitor.upload_line("later.txt")).to_contain_text("Replaced")
    assert visitor.person.get("later.txt") == b"new"


def test_many_conflicts_are_counted_and_only_some_listed(visitor: Visitor) -> None:
    names = [f"{number}.txt" for number in range(8)]
    for name in names:
        visitor.person.store(name, b"1")
    page = visitor.open()

    visitor.choose(*(file(name, b"2") for name in names))

    question = page.get_by_role("dialog", name=text_of("taken", count=8))
    expect(question.get_by_role("listitem")).to_have_count(5)
    expect(question).to_contain_text(text_of("more", count=3))


def test_an_invalid_name_does_not_affect_other_files(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 422")

    visitor.choose(file("notes.txt", b"new notes"), file("back\u202eward.txt"), file("fresh.txt", b"fresh"))
    answer(page.get_by_role("dialog", name=text_of("taken", count=1)), "replace").click()

    expect(page.locator(".upload[data-state=failed]")).to_contain_text(BIDI)
    expect(page.locator(".upload[data-state=done]")).to_have_count(2)
    assert visitor.person.get("notes.txt") == b"new notes"


def test_the_conflict_dialog_can_be_cancelled(visitor: Visitor) -> None:
    visitor.person.store("same.txt", b"old")
    page = visitor.open()

    visitor.choose(file("same.txt", b"new"), file("other.txt"))
    answer(page.get_by_role("dialog"), "").click()

    expect(page.locator(".upload")).to_have_count(0)
    assert {name: visitor.person.get(name) for name in visitor.person.hashes()} == {"same.txt": b"old"}


def fail_once(visitor: Visitor, name: str) -> None:
    """Select a file that the server refuses the first time, and store another one with its name meanwhile."""
    visitor.page.route("**/files/*", lambda route: route.fulfill(status=413), times=1)
    visitor.choose(file(name, b"mine"))
    expect(visitor.upload_line(name)).to_have_attribute("data-state", "failed")
    visitor.person.store(name, b"of somebody else")


def try_again(visitor: Visitor, name: str) -> None:
    visitor.page.get_by_role("button", name=text_of("retry-one", name=name)).click()


def test_a_retried_upload_asks_about_a_name_taken_meanwhile(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    fail_once(visitor, "fresh.txt")

    try_again(visitor, "fresh.txt")
    answer(page.get_by_role("dialog", name=text_of("taken", count=1)), "rename").click()

    expect(visitor.upload_line("fresh.txt")).to_contain_text("fresh (2).txt")
    assert visitor.person.get("fresh.txt") == b"of somebody else"
    assert visitor.person.get("fresh (2).txt") == b"mine"


def test_a_retried_replacement_is_not_asked_again(
    visitor: Visitor, page: Page, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("status of 413")
    page.route("**/files/*", lambda route: route.fulfill(status=413), times=1)
    visitor.choose(file("notes.txt", b"new notes"))
    answer(page.get_by_role("dialog", name=text_of("taken", count=1)), "replace").click()
    expect(visitor.upload_line("notes.txt")).to_have_attribute("data-state", "failed")

    try_again(visitor, "notes.txt")

    expect(visitor.upload_line("notes.txt")).to_contain_text(text_of("replaced"))
    assert visitor.person.get("notes.txt") == b"new notes"
