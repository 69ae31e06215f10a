"""Links that take files into a shown folder, and those whose guests may change what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewContext
from tests.browser.links.conftest import Guest, Share
from tests.support.chromium import Complaints, file, first_page
from tests.support.controls import answer, checkbox, control
from tests.support.people import Person
from tests.support.slow_uploads import CONTENT, NAME
from tests.support.wording import text_of

pytestmark = pytest.mark.browser

WRITE = ["read", "list", "write"]


@pytest.fixture
def files(owner: Person) -> Person:
    """Return the owner of a folder to write to."""
    owner.store("team/notes.txt", b"first")
    owner.store("team/sub/deep.txt", b"deep")
    return owner


def test_uploads_are_verified_and_a_taken_name_gets_a_number(
    guest: Guest, files: Person, share: Share, film: Path
) -> None:
    page = guest.open(share("team", rights=WRITE))
    guest.send(file("notes.txt", b"second"))
    expect(guest.row("notes (2).txt")).to_be_visible()
    expect(page.locator("dialog:modal")).to_have_count(0)
    guest.send(str(film))
    expect(guest.row(NAME)).to_be_visible()

    expect(page.locator(".upload").filter(has_text=NAME)).to_contain_text(text_of("verified"))
    assert files.get(f"team/{NAME}") == CONTENT
    assert (files.get("team/notes.txt"), files.get("team/notes (2).txt")) == (b"first", b"second")


def test_guests_who_only_add_make_folders_and_change_nothing(
    guest: Guest, files: Person, share: Share
) -> None:
    page = guest.open(share("team", rights=WRITE))
    assert guest.offered("notes.txt") == [text_of(f"act-{act}") for act in ("preview", "download", "copy")]
    page.locator("[data-command=new-folder]").click()
    page.locator("#make-folder-name").fill("drafts")
    page.keyboard.press("Enter")
    expect(guest.row("drafts")).to_be_visible()
    page.keyboard.press("Escape")
    guest.row("notes.txt").locator(".name").focus()
    for key in ("Delete", "F2", "Shift+Delete"):
        page.keyboard.press(key)
    expect(page.locator("dialog:modal, .rename")).to_have_count(0)
    assert files.get("team/notes.txt") == b"first"


def test_guests_with_every_right_rename_replace_move_and_delete(
    guest: Guest, files: Person, share: Share
) -> None:
    page = guest.open(share("team", rights=[*WRITE, "delete"]))
    guest.row("notes.txt").locator(".name").focus()
    page.keyboard.press("F2")
    expect(page.locator(".rename input")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("plan.txt")
    page.keyboard.press("Enter")
    expect(guest.row("plan.txt")).to_be_visible()

    guest.send(file("plan.txt", b"better"))
    answer(page.locator("#conflicts"), "replace").click()
    expect(page.locator(".upload").filter(has_text="plan.txt")).to_contain_text(text_of("replaced"))

    checkbox(page, "plan.txt").check()
    page.locator("#selection-actions [data-action=move]").click()
    page.locator('#picker-tree [data-folder="sub"]').click()
    page.locator("#picker-accept").click()
    expect(guest.row("plan.txt")).to_have_count(0)
    assert files.get("team/sub/plan.txt") == b"better"

    guest.row("sub").locator(".name").focus()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog", name=text_of("delete-one", name="sub"))
    dialog.get_by_role("button", name=text_of("act-trash")).click()
    expect(guest.row("sub")).to_have_count(0)
    expect(page.get_by_role("button", name=text_of("undo"))).to_have_count(0)
    assert files.hashes() == {}


def test_a_link_that_is_locked_meanwhile_goes_on_with_its_password(
    guest: Guest, complaints: list[Complaints], files: Person, share: Share
) -> None:
    complaints[0].expect("status of 401")
    page = guest.open(share("team", rights=WRITE))
    (link,) = files.send("GET", "/shares").json()["shares"]
    changed = files.send("PATCH", f"/shares/{link['id']}", json={"password": "s3same"})
    assert changed.status == 200, changed.data

    guest.send(file("late.txt", b"late"))
    expect(page.locator("#signin")).to_be_visible()
    page.locator("#signin-password").fill("s3same")
    page.keyboard.press("Enter")

    expect(guest.row("late.txt")).to_be_visible()
    assert files.get("team/late.txt") == b"late"


def test_without_scripts_guests_add_rename_and_delete(
    new_context: NewContext, files: Person, share: Share
) -> None:
    page = first_page(new_context(java_script_enabled=False))
    page.goto(share("team", rights=[*WRITE, "delete"]))
    page.locator("#files-input").set_input_files([file("plain.txt", b"plain")])
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#rows .name")).to_have_text(["sub", "notes.txt", "plain.txt"])
    page.locator("#new-folder summary").click()
    page.locator("#folder-name").fill("drafts")
    control(page, "create folder").click()
    page.locator('#rows [data-name="plain.txt"] .row-menu').click()
    control(page, "rename to").fill("renamed.txt")
    control(page, "rename").click()
    checkbox(page, "notes.txt").check()
    control(page, "delete selected").click()

    expect(page.locator("#rows .name")).to_have_text(["drafts", "sub", "renamed.txt"])
    assert files.get("team/renamed.txt") == b"plain"
