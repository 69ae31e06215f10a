"""Two users in one browser: one tab shows the files of one, the other signs in in a second tab.

Rule: accounts are switched by the link and the form, as users do it; where the first tab gets no broadcasts, so that
it notices nothing of another tab, by the requests that these send.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.auth import PASSWORD
from tests.support.chromium import Visitor
from tests.support.controls import control
from tests.support.images import picture
from tests.support.people import Person
from tests.support.wording import text_of

# The content of the first tab from before the other user signed in.
HERS = {"docs/a.txt": b"hers", "mine.txt": b"hers", "photo.png": picture()}


@pytest.fixture(autouse=True)
def _refusals(expect_complaint: Callable[[str], None]) -> None:
    expect_complaint("status of 403|status of 401")


def with_files(visitor: Visitor) -> Visitor:
    for path, content in HERS.items():
        visitor.person.store(path, content)
    visitor.open()
    return visitor


@pytest.fixture
def anna(visitor: Visitor) -> Visitor:
    """Return the user of the first tab."""
    return with_files(visitor)


@pytest.fixture
def without_broadcasts(visitor: Visitor) -> Visitor:
    """Return the user of a first tab that receives no broadcasts, so that only the server can stop it."""
    visitor.context.add_init_script("BroadcastChannel.prototype.postMessage = () => {}")
    return with_files(visitor)


@pytest.fixture
def boris(visitor: Visitor) -> Person:
    """Return another user, with files of the same names."""
    person = Person(visitor.server, name_of_other(visitor))
    person.store("mine.txt", b"his")
    person.store("photo.png", picture(width=20))
    person.store("docs/his.txt", b"his")
    return person


def name_of_other(anna: Visitor) -> str:
    return f"{anna.username}-b"


def sign_in(page: Page, username: str) -> None:
    page.goto("/login")
    control(page, "username").fill(username)
    control(page, "password").fill(PASSWORD)
    control(page, "sign in").click()
    page.wait_for_url("**/index")


def change_user(visitor: Visitor, username: str) -> Page:
    """Sign out in a second tab, and let `username` sign in there; return that tab."""
    page = visitor.context.new_page()
    page.goto("/index")
    control(page, "sign out").click()
    sign_in(page, username)
    return page


def change_user_unheard(visitor: Visitor, username: str) -> None:
    """Sign out and let `username` sign in, as a tab does whose broadcasts do not arrive."""
    requests = visitor.context.request
    assert requests.get("/logout", headers={"Accept": "application/json"}).ok
    assert requests.post("/login", form={"username": username, "password": PASSWORD}).ok


def notice(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("dialog", name=text_of("other-user", name=name_of_other(visitor)))


def come_back(visitor: Visitor) -> None:
    """Choose to sign in again as the user of the page."""
    control(notice(visitor), "password").fill(PASSWORD)
    notice(visitor).get_by_role("button", name=text_of("sign-in-as", user=visitor.username)).click()
    expect(visitor.page.locator("#signin")).to_be_hidden()


def is_untouched(boris: Person) -> bool:
    paths = sorted(entry["path"] for entry in boris.entries())
    return paths == ["docs", "docs/his.txt", "mine.txt", "photo.png"] and boris.get("mine.txt") == b"his"
