"""Groups in the Share dialog, and blocked users, by mouse, keys and touch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.support.chromium import Visitor
from tests.support.controls import control, menu_button
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.teams import make_group
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True}


def dialog(page: Page) -> Locator:
    return control(page, "share dialog")


@pytest.fixture
def group(server: Server, visitor: Visitor, mate: Person) -> str:
    """Return the name of a group of the visitor's and a mate's."""
    name = f"Group of {visitor.username}"
    make_group(server.database_url, name, [visitor.username, name_of(mate)])
    return name


@pytest.fixture
def mate(server: Server, username: str) -> Person:
    """Return another user."""
    return Person(server, f"mate-{username}")


def name_of(person: Person) -> str:
    name: str = person.send("GET", "/me").json()["username"]
    return name


def files_of(person: Person) -> list[str]:
    return [each["path"] for each in person.send("GET", "/files").json()["entries"]]


def role_of(person: Person) -> str:
    (entry,) = person.send("GET", "/files").json()["entries"]
    role: str = entry["mount"]["role"]
    return role


def test_a_group_gets_access_by_the_mouse(visitor: Visitor, mate: Person, group: str) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open()
    menu_button(page, "docs").click()
    page.get_by_role("menuitem", name=text_of("act-share"), exact=True).click()
    control(dialog(page), "share with").fill(group)
    control(dialog(page), "person or group").select_option("group")
    control(dialog(page), "role").select_option("manager")
    control(dialog(page), "give access").click()

    expect(dialog(page).locator(".share-links bdi")).to_have_text(group)
    assert (files_of(mate), role_of(mate)) == (["docs"], "manager")
    control(dialog(page), "remove access").click()
    control(dialog(page), "sure").click()
    expect(dialog(page).locator(".share-links")).to_have_count(0)
    assert files_of(mate) == []


def test_a_group_gets_access_by_keys(visitor: Visitor, mate: Person, group: str) -> None:
    visitor.person.store("a.txt", b"1")
    page = visitor.open()
    page.get_by_role("link", name="a.txt", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    control(dialog(page), "share with").focus()
    page.keyboard.type(group)
    page.keyboard.press("Tab")
    expect(control(dialog(page), "person or group")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(control(dialog(page), "role")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(dialog(page).locator(".share-links bdi")).to_have_text(group)
    assert (files_of(mate), role_of(mate)) == (["a.txt"], "editor")
    page.keyboard.press("Escape")
    expect(dialog(page)).to_be_hidden()


def test_a_group_gets_access_by_touch(
    server: Server, new_context: NewContext, username: str, mate: Person
) -> None:
    visitor = Visitor(server, new_context(**PHONE), username)
    group = f"Group of {username}"
    make_group(server.database_url, group, [username, name_of(mate)])
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open()
    menu_button(page, "docs").tap()
    page.get_by_role("menuitem", name=text_of("act-share"), exact=True).tap()
    control(dialog(page), "share with").tap()
    control(dialog(page), "share with").fill(group)
    control(dialog(page), "person or group").select_option("group")
    control(dialog(page), "give access").tap()

    expect(dialog(page).locator(".share-links bdi")).to_have_text(group)
    assert (files_of(mate), role_of(mate)) == (["docs"], "viewer")
    box = dialog(page).bounding_box()
    assert box
    assert box["x"] + box["width"] <= 375


def test_who_is_in_no_group_is_not_asked_for_one(visitor: Visitor) -> None:
    visitor.person.store("docs/a.txt", b"1")
    page = visitor.open()
    page.get_by_role("link", name="docs", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    expect(control(dialog(page), "share with")).to_be_visible()
    expect(control(dialog(page), "person or group")).to_have_count(0)


@pytest.mark.parametrize("way", ["mouse", "keys", "touch"])
def test_a_user_who_is_blocked_shares_nothing_until_unblocked(
    server: Server,
    visitor: Visitor,
    new_context: NewContext,
    expect_complaint: Callable[[str], None],
    way: str,
) -> None:
    expect_complaint("status of 422")
    options = PHONE if way == "touch" else {}
    other = Visitor(server, new_context(**options), f"other-{visitor.username}")
    for folder in ("docs", "more"):
        visitor.person.store(f"{folder}/a.txt", b"1")
    give(visitor, "docs", other)
    theirs = other.open("/shared")

    def press(name: str) -> None:
        """Press a control of the page about what is shared."""
        found = control(theirs, name)
        if way == "mouse":
            found.click()
        elif way == "touch":
            found.tap()
        else:
            found.focus()
            theirs.keyboard.press("Enter")

    press("block")
    press("sure")
    expect(control(theirs, "accept")).to_have_count(0)
    assert other.person.send("GET", "/shares/received").json()["shares"] == []

    # The dialog tells the sender no more than of an unknown name.
    page = visitor.open()
    page.get_by_role("link", name="more", exact=True).focus()
    page.keyboard.press("Control+Alt+s")
    told = [refusal_of(page, name) for name in (other.username, "no-such-user")]
    assert told[0] == told[1]

    theirs.locator(".share-fold > summary").press("Enter")
    press("unblock")
    expect(theirs.locator(".share-fold")).to_have_count(0)
    give(visitor, "more", other)
    theirs.reload()
    expect(control(theirs, "accept")).to_have_count(1)


def give(sender: Visitor, path: str, to: Visitor) -> None:
    """Share a folder with another user, who has to accept it."""
    body = {"kind": "grant", "paths": [path], "to": {"user": to.username}, "role": "viewer"}
    assert sender.person.send("POST", "/shares", json=body).status == 201


def refusal_of(page: Page, name: str) -> str:
    """Share the entry of the dialog with a user of this name, and return the refusal."""
    control(dialog(page), "share with").fill(name)
    with page.expect_response("**/share/grants") as answered:
        control(dialog(page), "give access").click()
    assert answered.value.status == 422
    told = dialog(page).locator(".field-error")
    expect(told).to_be_visible()
    expect(control(dialog(page), "share with")).to_have_value(name)
    return told.inner_text()
