"""The pages of whoever has a folder that somebody else shared: what they show of it, and what they offer."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from tests.support.mounts import mount
from tests.support.visitors import Browser, Program

PAGE = {"Accept": "text/html"}
RUSSIAN = {**PAGE, "Accept-Language": "ru"}


@pytest.fixture
def guest(app: Flask, alice: Program, bob: Program) -> Program:
    """Return bob, who has alice's folder as `Hers` to edit, and as `Seen` to look at."""
    for path in ("a.txt", "sub/deep.txt"):
        alice.put(f"/files/outer/shared/{path}", path.encode())
    bob.put("/files/own.txt", b"own")
    with app.app_context():
        mount(db.session(), "alice", "outer/shared", "bob", "Hers")
        mount(db.session(), "alice", "outer/shared", "bob", "Seen", ShareRole.VIEWER)
    return bob


@pytest.fixture
def window(browser: Browser, guest: Program) -> Browser:
    """Return a browser in which bob is signed in."""
    browser.sign_in("bob")
    return browser


def page(user: Program, address: str, headers: Mapping[str, str] = PAGE) -> str:
    shown = user.get(address, headers)
    assert shown.status_code == 200, shown.text
    return " ".join(shown.text.split())


def row(text: str, path: str) -> str:
    """Return the row of a path, its attributes first."""
    return text.partition(f'data-path="{path}"')[2].partition('<div class="list-row"')[0]


def test_a_mount_says_whose_it_is_and_what_may_be_done_there(guest: Program) -> None:
    text = page(guest, "/index")

    assert "Shared by alice · can edit" in row(text, "Hers")
    assert 'data-kind="folder"' in row(text, "Hers")
    assert 'data-role="editor" data-mount' in row(text, "Hers")
    assert "Shared by alice · view only" in row(text, "Seen")
    assert "data-role" not in row(text, "own.txt")
    assert "Владелец: alice · можно изменять" in page(guest, "/index", RUSSIAN)


def test_what_lies_behind_a_mount_says_what_may_be_done(guest: Program) -> None:
    text = page(guest, "/index?path=Seen")

    assert "Shared by alice · view only" in text
    assert 'data-role="viewer"' in row(text, "Seen/a.txt")
    assert "data-mount" not in row(text, "Seen/a.txt")
    assert 'class="rail is-read-only"' in text
    assert 'class="rail"' in page(guest, "/index?path=Hers")


def test_a_root_counts_what_it_shows(guest: Program) -> None:
    text = page(guest, "/index")

    totals = text.partition('id="totals"')[2].partition("</p>")[0]
    assert totals.startswith(' data-count="1" data-size="3"')
    assert "3 items" in totals
    assert "5 files" in totals


def test_the_page_behind_the_menu_of_a_mount_offers_to_remove_it_and_not_to_move_it(guest: Program) -> None:
    text = page(guest, "/index/arrange?path=Hers")

    assert "Remove from my files" in text
    assert "stays with its owner" in text
    assert "Delete</button>" not in text
    assert "Move</button>" not in text
    assert "Copy</button>" in text
    assert "Rename</button>" in text
    inside = page(guest, "/index/arrange?path=Hers/a.txt")
    assert all(f"{word}</button>" in inside for word in ("Delete", "Move", "Copy", "Rename"))


def test_the_page_behind_the_menu_of_what_one_may_only_look_at_offers_no_change(guest: Program) -> None:
    text = page(guest, "/index/arrange?path=Seen/a.txt")

    assert not any(f"{word}</button>" in text for word in ("Delete", "Move", "Rename"))
    assert "/versions/" not in text
    assert "Copy</button>" in text
    assert "Remove from my files" in page(guest, "/index/arrange?path=Seen")


def test_a_form_removes_mounts_and_deletes_the_rest(alice: Program, window: Browser) -> None:
    left = window.post("/index/delete", {"path": ["Hers", "own.txt"]})

    assert left.status_code == 303
    text = window.get("/index").text
    assert "Removed “Hers” from your files." in text
    assert "“own.txt” is in the trash." in text
    assert 'data-path="Hers"' not in text
    assert alice.get("/files/outer/shared/a.txt").status_code == 200


def test_forms_change_what_lies_behind_a_mount(alice: Program, window: Browser) -> None:
    for address, fields in {
        "/index/rename": {"path": "Hers/a.txt", "name": "b.txt"},
        "/index/copy": {"path": "Hers/b.txt", "to": "Hers/sub", "on_conflict": "fail"},
        "/index/move": {"path": "Hers/sub/deep.txt", "to": "Hers", "on_conflict": "fail"},
        "/index/folders": {"folder": "Hers", "name": "made/below"},
    }.items():
        done = window.post(address, fields)
        assert done.status_code == 303, (address, done.text)
        assert done.headers["Location"].startswith("/index?path=Hers"), address

    listed = alice.get("/files?path=outer/shared&recursive=1").get_json()["entries"]
    assert [entry["path"].removeprefix("outer/shared/") for entry in listed] == [
        "made", "made/below", "sub", "sub/b.txt", "b.txt", "deep.txt"
    ]  # fmt: skip


def test_a_mount_gets_another_name_by_its_form(window: Browser) -> None:
    taken = window.post("/index/rename", {"path": "Hers", "name": "own.txt"})
    assert taken.status_code == 409
    assert "“own.txt”" in taken.text
    assert window.post("/index/rename", {"path": "Hers", "name": "Theirs"}).status_code == 303

    assert 'data-path="Theirs"' in window.get("/index").text


def test_a_refused_form_names_what_its_user_has(window: Browser) -> None:
    refused = window.post("/index/rename", {"path": "Hers/a.txt", "name": "sub"})

    assert refused.status_code == 409
    assert "“Hers/sub”" in refused.text


def test_the_page_of_versions_offers_a_guest_to_restore_and_not_to_remove(
    alice: Program, guest: Program, window: Browser
) -> None:
    guest.put("/files/Hers/a.txt", b"second")

    text = page(guest, "/versions/Hers/a.txt")

    assert "/index/versions/restore" in text
    assert "/index/versions/discard" not in text
    assert "/index/versions/discard" in page(alice, "/versions/outer/shared/a.txt")
    restored = window.post("/index/versions/restore", {"path": "Hers/a.txt", "number": "1"})
    assert restored.status_code == 303
    assert alice.get("/files/outer/shared/a.txt").data == b"a.txt"


def test_rows_are_brought_up_to_date_with_their_mounts(app: Flask, alice: Program, guest: Program) -> None:
    def update(tags: list[str]) -> str:
        body = {"tags": tags, "most": 100}
        answer = guest.request("POST", "/index/rows", PAGE, json=body)
        assert answer.status_code == 200
        return answer.text

    def tags() -> list[str]:
        return re.findall(r'data-tag="([^"]+)"', page(guest, "/index"))

    before = tags()
    assert len(before) == 3
    assert 'data-kept="0 3"' in update(before)

    alice.put("/files/outer/shared/a.txt", b"longer than before")
    changed = update(before)
    assert 'data-path="Hers"' in changed
    assert 'data-kept="2 3"' in changed

    before = tags()
    guest.delete("/files/Hers")
    with app.app_context():
        mount(db.session(), "alice", "outer/shared", "bob", "Hers", ShareRole.MANAGER)
    assert "can manage" in update(before)


def test_a_folder_whose_mount_leads_nowhere_by_now_is_not_there(alice: Program, guest: Program) -> None:
    alice.delete("/files/outer")

    assert guest.get("/index?path=Hers", PAGE).status_code == 404
    assert 'data-path="Hers"' not in page(guest, "/index")
    assert (
        guest.request("POST", "/index/rows?path=Hers", PAGE, json={"tags": [], "most": 1}).status_code == 404
    )
