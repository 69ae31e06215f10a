"""Uploads of a page whose browser somebody else has signed in on: they wait for their owner.

Rule: the first tab shows one user's files; in the second somebody else signs in, as people do it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.two_accounts.conftest import change_user, come_back, is_untouched, name_of_other, notice
from tests.support.chromium import Visitor, awaken, file
from tests.support.films import HASH, NAME, Network, begin, is_there, pause, resume, unfinished
from tests.support.people import Person

pytestmark = pytest.mark.browser

WAITING = "Waiting: another account is signed in."


def test_an_upload_waits_for_its_owner(deaf: Visitor, boris: Person) -> None:
    change_user(deaf, name_of_other(deaf))

    deaf.choose(file("late.txt"))

    expect(notice(deaf)).to_be_visible()
    assert is_untouched(boris)
    come_back(deaf)
    expect(deaf.row("late.txt")).to_be_visible()
    assert is_untouched(boris)
    assert "late.txt" in deaf.person.hashes()


@pytest.mark.long
def test_uploads_go_on_in_a_session_that_their_owner_began_elsewhere(deaf: Visitor) -> None:
    change_user(deaf, deaf.username)

    deaf.choose(*(file(f"{number}.txt") for number in range(6)))

    expect(deaf.page.get_by_role("heading", name="6 files uploaded")).to_be_visible()
    expect(deaf.page.locator("dialog[open]")).to_have_count(0)


def went_on(visitor: Visitor, network: Network) -> bool:
    """Let the user of the page come back; tell whether their upload went on where it had stopped."""
    come_back(visitor)
    return is_there(visitor) and network.went_on()


def test_a_large_upload_pauses_and_goes_on_where_it_stopped(anna: Visitor, boris: Person, film: Path) -> None:
    network = Network(anna.page)
    begin(anna, network, film)

    change_user(anna, name_of_other(anna))

    expect(notice(anna)).to_be_visible()
    expect(anna.upload_line(NAME)).to_contain_text(WAITING)
    assert unfinished(boris) == []
    network.mend()
    assert went_on(anna, network)
    assert is_untouched(boris)


def test_a_paused_upload_that_is_resumed_waits_for_its_owner(
    deaf: Visitor, boris: Person, film: Path
) -> None:
    network = Network(deaf.page)
    begin(deaf, network, film)
    kept = pause(deaf)
    change_user(deaf, name_of_other(deaf))
    network.mend()

    # What asks where the upload stands gets no reason with its answer.
    resume(deaf)

    expect(notice(deaf)).to_be_visible()
    expect(deaf.upload_line(NAME)).to_contain_text(WAITING)
    assert [each["offset"] for each in unfinished(deaf.person)] == [kept]
    assert went_on(deaf, network)
    assert is_untouched(boris)


def test_the_page_of_another_goes_on_with_no_upload_that_is_not_its_own(
    anna: Visitor, boris: Person, film: Path
) -> None:
    network = Network(anna.page)
    begin(anna, network, film)
    other = change_user(anna, name_of_other(anna))
    expect(notice(anna)).to_be_visible()
    [hers] = unfinished(anna.person)
    awaken(other)
    asked: list[tuple[str, str]] = []
    other.on("request", lambda request: asked.append((request.method, request.url)))

    other.locator("#files-input").set_input_files(str(film))

    expect(other.locator(".upload").filter(has_text=NAME)).to_contain_text("Uploaded")
    assert not [url for _, url in asked if hers["id"] in url]
    assert boris.hashes()[NAME] == HASH
    assert [each["id"] for each in unfinished(anna.person)] == [hers["id"]]
