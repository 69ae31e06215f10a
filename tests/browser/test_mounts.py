"""Folders that somebody else shared, on the page: what it says of them, what it offers, and how they are left."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.database import configure
from tests.support.chromium import Visitor
from tests.support.mounts import mount
from tests.support.people import Person
from tests.support.servers import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(server: Server, visitor: Visitor, username: str) -> Person:
    """Return somebody whose folder the visitor has as `Theirs` to edit, and as `Seen` to look at."""
    name_of_owner = f"owner of {username}".replace(" ", "-")
    owner = Person(server, name_of_owner)
    for path in ("outer/shared/a.txt", "outer/shared/sub/b.txt"):
        owner.store(path, b"1")
    visitor.person.store("own.txt", b"1")
    engine = create_engine(server.database_url)
    configure(engine)
    with Session(engine) as session:
        for name, role in (("Theirs", ShareRole.EDITOR), ("Seen", ShareRole.VIEWER)):
            mount(session, name_of_owner, "outer/shared", username, name, role)
    engine.dispose()
    return owner


def offered(page: Page, name: str) -> list[str]:
    """Return what the menu of a row offers, and close it."""
    page.locator(f'#rows [data-name="{name}"] .row-menu').click()
    items = page.locator("#row-menu [role=menuitem] > span")
    expect(items.first).to_be_visible()
    found = items.all_inner_texts()
    page.keyboard.press("Escape")
    return found


def test_menus_offer_what_the_role_allows(visitor: Visitor, owner: Person, username: str) -> None:
    page = visitor.open()

    assert offered(page, "Theirs") == [
        "Open", "Download", "Rename", "Copy", "Copy link", "Details", "Remove from my files"
    ]  # fmt: skip
    visitor.open("/index?path=Theirs")
    assert "Delete" in offered(page, "a.txt")
    assert "Move" in offered(page, "a.txt")
    visitor.open("/index?path=Seen")
    assert offered(page, "a.txt") == ["Preview", "Download", "Copy", "Copy link", "Details"]
    expect(page.locator("#upload")).to_be_hidden()
    expect(page.locator("#files-head")).to_contain_text(f"Shared by owner-of-{username} · view only")


def test_a_shared_folder_is_left_once_that_is_confirmed(visitor: Visitor, owner: Person) -> None:
    page = visitor.open()
    page.locator('#rows [data-name="Theirs"] .name').focus()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name="Remove “Theirs” from your files?")
    dialog.get_by_role("button", name="Cancel").click()
    assert "Theirs" in visitor.names()

    page.locator('#rows [data-name="Theirs"] .name').focus()
    page.keyboard.press("Delete")
    dialog.get_by_role("button", name="Remove from my files").click()

    expect(page.get_by_text("Removed “Theirs” from your files.")).to_be_visible()
    expect(visitor.row("Theirs")).to_have_count(0)
    assert set(owner.hashes()) == {"outer/shared/a.txt", "outer/shared/sub/b.txt"}


def test_what_is_deleted_behind_a_mount_comes_back_by_undo(visitor: Visitor, owner: Person) -> None:
    page = visitor.open("/index?path=Theirs")
    page.locator('#rows [data-name="a.txt"] .name').focus()
    page.keyboard.press("Delete")
    expect(visitor.row("a.txt")).to_have_count(0)
    assert set(owner.hashes()) == {"outer/shared/sub/b.txt"}

    page.get_by_role("button", name="Undo").click()

    expect(visitor.row("a.txt")).to_be_visible()
    assert "outer/shared/a.txt" in owner.hashes()


def test_the_details_of_a_shared_folder_say_whose_it_is(
    visitor: Visitor, owner: Person, username: str
) -> None:
    page = visitor.open()
    page.locator('#rows [data-name="Theirs"] .row-menu').click()
    page.get_by_role("menuitem", name="Details").click()

    expect(page.locator('[data-fact="owner"] dd')).to_have_text(f"owner-of-{username}")
    expect(page.locator('[data-fact="role"] dd')).to_have_text("can edit")
    expect(page.locator('[data-fact="files"] dd')).to_have_text("2")


def test_a_key_does_to_what_is_chosen_what_it_is_for_and_nothing_to_what_has_the_focus(
    visitor: Visitor, owner: Person
) -> None:
    page = visitor.open()
    page.get_by_label("Choose “Theirs”").check()
    page.locator('#rows [data-name="own.txt"] .name').focus()

    page.keyboard.press("Delete")

    expect(page.get_by_role("dialog", name="Remove “Theirs” from your files?")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Delete")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert set(visitor.person.hashes()) >= {"own.txt"}


def test_everything_in_a_root_is_what_is_one_s_own(visitor: Visitor, owner: Person) -> None:
    for name in ("x.txt", "y.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open("/index?limit=3")
    assert visitor.names() == ["Seen", "Theirs", "own.txt"]
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="Select all 3").click()
    expect(page.locator("#selection-count")).to_contain_text("3 chosen")

    page.locator("#selection").get_by_role("button", name="Delete", exact=True).click()

    expect(page.get_by_text("3 items are in the trash.")).to_be_visible()
    expect(visitor.row("own.txt")).to_have_count(0)
    assert visitor.names() == ["Seen", "Theirs"]
    assert set(owner.hashes()) == {"outer/shared/a.txt", "outer/shared/sub/b.txt"}
