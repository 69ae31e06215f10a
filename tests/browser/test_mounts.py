"""Shared folders on the page: their labels, their actions, and leaving them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from cabinet.services.access.roles import ShareRole
from cabinet.services.kernel.database import configure
from tests.support.chromium import Visitor
from tests.support.controls import answer, checkbox, control
from tests.support.mounts import mount
from tests.support.people import Person
from tests.support.servers import Server
from tests.support.wording import text_of

pytestmark = pytest.mark.browser


@pytest.fixture
def owner(server: Server, visitor: Visitor, username: str) -> Person:
    """Return the owner of two folders that the visitor has as `Theirs` (editor) and `Seen` (viewer)."""
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


def words(*actions: str) -> list[str]:
    return [text_of(f"act-{action}") for action in actions]


def test_menus_offer_what_the_role_permits(visitor: Visitor, owner: Person, username: str) -> None:
    page = visitor.open()

    assert offered(page, "Theirs") == words("open", "download", "rename", "copy", "link", "details", "leave")
    visitor.open("/index?path=Theirs")
    assert {*words("trash", "move")} < {*offered(page, "a.txt")}
    visitor.open("/index?path=Seen")
    assert offered(page, "a.txt") == words("preview", "download", "copy", "link", "details")
    expect(page.locator("#upload")).to_be_hidden()
    expect(page.locator("#files-head")).to_contain_text(
        re.compile(f"owner-of-{username} · {text_of('role.viewer')}")
    )


def test_leaving_a_shared_folder_asks_for_confirmation(visitor: Visitor, owner: Person) -> None:
    page = visitor.open()
    page.locator('#rows [data-name="Theirs"] .name').focus()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name=text_of("leave-one", name="Theirs"))
    answer(dialog, "").click()
    assert "Theirs" in visitor.names()

    page.locator('#rows [data-name="Theirs"] .name').focus()
    page.keyboard.press("Delete")
    dialog.get_by_role("button", name=text_of("act-leave")).click()

    expect(page.get_by_text(text_of("left", name="Theirs"))).to_be_visible()
    expect(visitor.row("Theirs")).to_have_count(0)
    assert set(owner.hashes()) == {"outer/shared/a.txt", "outer/shared/sub/b.txt"}


def test_a_deletion_in_a_shared_folder_can_be_undone(visitor: Visitor, owner: Person) -> None:
    page = visitor.open("/index?path=Theirs")
    page.locator('#rows [data-name="a.txt"] .name').focus()
    page.keyboard.press("Delete")
    expect(visitor.row("a.txt")).to_have_count(0)
    assert set(owner.hashes()) == {"outer/shared/sub/b.txt"}

    page.get_by_role("button", name=text_of("undo")).click()

    expect(visitor.row("a.txt")).to_be_visible()
    assert "outer/shared/a.txt" in owner.hashes()


def test_details_of_a_shared_folder_show_its_owner(visitor: Visitor, owner: Person, username: str) -> None:
    page = visitor.open()
    page.locator('#rows [data-name="Theirs"] .row-menu').click()
    page.get_by_role("menuitem", name=text_of("act-details")).click()

    expect(page.locator('[data-fact="owner"] dd')).to_have_text(f"owner-of-{username}")
    expect(page.locator('[data-fact="role"] dd')).to_have_text(text_of("role.editor"))
    expect(page.locator('[data-fact="files"] dd')).to_have_text("2")


def test_a_shortcut_acts_on_the_selection_only_and_not_on_the_focused_row(
    visitor: Visitor, owner: Person
) -> None:
    page = visitor.open()
    checkbox(page, "Theirs").check()
    page.locator('#rows [data-name="own.txt"] .name').focus()

    page.keyboard.press("Delete")

    expect(page.get_by_role("dialog", name=text_of("leave-one", name="Theirs"))).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Delete")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert set(visitor.person.hashes()) >= {"own.txt"}


def test_everything_in_the_root_excludes_shared_folders(visitor: Visitor, owner: Person) -> None:
    for name in ("x.txt", "y.txt"):
        visitor.person.store(name, b"1")
    page = visitor.open("/index?limit=3")
    assert visitor.names() == ["Seen", "Theirs", "own.txt"]
    control(page, "select all").check()
    page.get_by_role("button", name=text_of("select-all", count=3)).click()
    expect(page.locator("#selection-count")).to_contain_text(text_of("chosen", count=3))

    page.locator("#selection").get_by_role("button", name=text_of("act-trash"), exact=True).click()

    expect(page.get_by_text(text_of("deleted-many", count=3))).to_be_visible()
    expect(visitor.row("own.txt")).to_have_count(0)
    assert visitor.names() == ["Seen", "Theirs"]
    assert set(owner.hashes()) == {"outer/shared/a.txt", "outer/shared/sub/b.txt"}
