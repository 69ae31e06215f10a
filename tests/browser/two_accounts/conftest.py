"""Two users of one browser: a first tab shows the files of one, in a second one the other signs in.

Rule: accounts change as people change them, by the link and the form.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor
from tests.support.images import picture
from tests.support.people import Person

# What stands in the first tab from before the other signed in.
HERS = {"docs/a.txt": b"hers", "mine.txt": b"hers", "photo.png": picture()}


@pytest.fixture(autouse=True)
def _refusals(expect_complaint: Callable[[str], None]) -> None:
    expect_complaint("status of 403|status of 401")


@pytest.fixture
def anna(visitor: Visitor) -> Visitor:
    """Return somebody whose files a first tab shows."""
    for path, content in HERS.items():
        visitor.person.store(path, content)
    visitor.open()
    return visitor


@pytest.fixture
def boris(anna: Visitor) -> Person:
    """Return somebody else, who has files of the same names."""
    person = Person(anna.server, name_of_other(anna))
    person.store("mine.txt", b"his")
    person.store("photo.png", picture(width=20))
    person.store("docs/his.txt", b"his")
    return person


@pytest.fixture
def deaf(anna: Visitor) -> Visitor:
    """Return Anna with a first tab that hears nothing of others, so that only the server stops it."""
    anna.context.add_init_script("BroadcastChannel.prototype.postMessage = () => {}")
    anna.open()
    return anna


def name_of_other(anna: Visitor) -> str:
    return f"{anna.username}-b"


def sign_in(page: Page, username: str) -> None:
    page.goto("/login")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/index")


def change_user(visitor: Visitor, username: str) -> Page:
    """Sign out in a second tab, and let `username` sign in there; return that tab."""
    page = visitor.context.new_page()
    page.goto("/index")
    page.get_by_role("link", name="Sign out").click()
    sign_in(page, username)
    return page


def notice(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name=f"You are signed in as {name_of_other(visitor)} now")


def come_back(visitor: Visitor) -> None:
    """Take the way on that makes the user of the page the one who is signed in."""
    notice(visitor).get_by_label("Password", exact=True).fill(PASSWORD)
    notice(visitor).get_by_role("button", name=f"Sign in as {visitor.username}").click()
    expect(visitor.page.locator("#signin")).to_be_hidden()


def is_untouched(boris: Person) -> bool:
    paths = sorted(entry["path"] for entry in boris.entries())
    return paths == ["docs", "docs/his.txt", "mine.txt", "photo.png"] and boris.get("mine.txt") == b"his"
