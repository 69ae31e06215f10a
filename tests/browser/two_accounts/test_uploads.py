"""Uploads of a page after another user has signed in: they wait for their owner.

Rule: the first tab shows one user's files; another user signs in in the second one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.two_accounts.conftest import (
    change_user,
    change_user_unheard,
    come_back,
    is_untouched,
    name_of_other,
    notice,
)
from tests.support.chromium import Visitor, file, load_scripts
from tests.support.people import Person
from tests.support.slow_uploads import HASH, NAME, Network, begin, is_there, pause, resume, unfinished
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

WAITING = text_of("held-other-user")


def test_an_upload_waits_for_its_owner(without_broadcasts: Visitor, boris: Person) -> None:
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))

    without_broadcasts.choose(file("late.txt"))

    expect(notice(without_broadcasts)).to_be_visible()
    assert is_untouched(boris)
    come_back(without_broadcasts)
    expect(without_broadcasts.row("late.txt")).to_be_visible()
    assert is_untouched(boris)
    assert "late.txt" in without_broadcasts.person.hashes()


@pytest.mark.long
def test_uploads_resume_in_a_session_started_in_another_tab(without_broadcasts: Visitor) -> None:
    change_user_unheard(without_broadcasts, without_broadcasts.username)

    without_broadcasts.choose(*(file(f"{number}.txt") for number in range(6)))

    expect(without_broadcasts.page.get_by_role("heading", name=text_of("done", count=6))).to_be_visible()
    expect(without_broadcasts.page.locator("dialog[open]")).to_have_count(0)


def went_on(visitor: Visitor, network: Network) -> bool:
    """Sign in as the user of the page again; return whether the upload resumed where it had stopped."""
    come_back(visitor)
    return is_there(visitor) and network.has_resumed()


def test_a_large_upload_pauses_and_resumes(anna: Visitor, boris: Person, film: Path) -> None:
    network = Network(anna.page)
    begin(anna, network, film)

    change_user(anna, name_of_other(anna))

    expect(notice(anna)).to_be_visible()
    expect(anna.upload_line(NAME)).to_contain_text(WAITING)
    assert unfinished(boris) == []
    network.restore()
    assert went_on(anna, network)
    assert is_untouched(boris)


def test_a_paused_upload_that_is_resumed_waits_for_its_owner(
    without_broadcasts: Visitor, boris: Person, film: Path
) -> None:
    network = Network(without_broadcasts.page)
    begin(without_broadcasts, network, film)
    kept = pause(without_broadcasts)
    change_user_unheard(without_broadcasts, name_of_other(without_broadcasts))
    network.restore()

    # What asks where the upload stands gets no reason with its answer.
    resume(without_broadcasts)

    expect(notice(without_broadcasts)).to_be_visible()
    expect(without_broadcasts.upload_line(NAME)).to_contain_text(WAITING)
    assert [each["offset"] for each in unfinished(without_broadcasts.person)] == [kept]
    assert went_on(without_broadcasts, network)
    assert is_untouched(boris)


def test_the_page_of_another_user_resumes_none_of_the_uploads(
    anna: Visitor, boris: Person, film: Path
) -> None:
    network = Network(anna.page)
    begin(anna, network, film)
    other = change_user(anna, name_of_other(anna))
    expect(notice(anna)).to_be_visible()
    [hers] = unfinished(anna.person)
    load_scripts(other)
    asked: list[tuple[str, str]] = []
    other.on("request", lambda request: asked.append((request.method, request.url)))

    other.locator("#files-input").set_input_files(str(film))

    expect(other.locator(".upload").filter(has_text=NAME)).to_contain_text(text_of("uploaded"))
    assert not [url for _, url in asked if hers["id"] in url]
    assert boris.hashes()[NAME] == HASH
    assert [each["id"] for each in unfinished(anna.person)] == [hers["id"]]
