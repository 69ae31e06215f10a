"""Pages with shared folders: labels and actions."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.services.access.roles import ShareRole
from tests.support.mounts import mount
from tests.support.visitors import Browser, Program
from tests.support.wording import text_of

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


def offered(text: str) -> set[str]:
    """Return what the page behind a menu offers to do, by what its forms and buttons are for."""
    found = {action for action in ("rename", "copy") if f'action="/index/{action}"' in text}
    if re.search(r'<button type="submit" class="[^"]*">(?:(?!</button>).)*#folder-input', text):
        found.add("move")
    if 'formaction="/index/delete"' in text:
        found.add("leave" if "#log-out" in text.partition('formaction="/index/delete"')[2][:200] else "trash")
    return found


def test_a_mount_reports_owner_and_role(guest: Program) -> None:
    text = page(guest, "/index")

    assert f"alice · {text_of('role.editor')}" in row(text, "Hers")
    assert 'data-kind="folder"' in row(text, "Hers")
    assert 'data-role="editor" data-mount' in row(text, "Hers")
    assert f"alice · {text_of('role.viewer')}" in row(text, "Seen")
    assert "data-role" not in row(text, "own.txt")
    assert f"alice · {text_of('role.editor', 'ru')}" in page(guest, "/index", RUSSIAN)


def test_shared_content_reports_the_role(guest: Program) -> None:
    text = page(guest, "/index?path=Seen")

    assert f"alice · {text_of('role.viewer')}" in text
    assert 'data-role="viewer"' in row(text, "Seen/a.txt")
    assert "data-mount" not in row(text, "Seen/a.txt")
    assert 'class="rail is-read-only"' in text
    assert 'class="rail"' in page(guest, "/index?path=Hers")


def test_a_root_counts_everything_it_shows(guest: Program) -> None:
    text = page(guest, "/index")

    totals = text.partition('id="totals"')[2].partition("</p>")[0]
    assert totals.startswith(' data-count="1" data-size="3"')
    shown = re.findall(r"\d+", re.sub(r"<[^>]*>", " ", totals.partition(">")[2]))
    assert shown[:2] == ["3", "5"]


def test_the_page_of_a_mount_offers_removal_and_no_move(guest: Program) -> None:
    text = page(guest, "/index/arrange?path=Hers")

    assert offered(text) == {"leave", "copy", "rename"}
    assert text_of("leave-text") in text
    inside = page(guest, "/index/arrange?path=Hers/a.txt")
    assert offered(inside) == {"trash", "move", "copy", "rename"}


def test_the_page_of_a_read_only_entry_offers_no_changes(guest: Program) -> None:
    text = page(guest, "/index/arrange?path=Seen/a.txt")

    assert offered(text) == {"copy"}
    assert "/versions/" not in text
    assert "leave" in offered(page(guest, "/index/arrange?path=Seen"))


def test_a_form_removes_mounts_and_deletes_other_items(alice: Program, window: Browser) -> None:
    left = window.post("/index/delete", {"path": ["Hers", "own.txt"]})

    assert left.status_code == 303
    text = window.get("/index").text
    assert text_of("left", name="Hers") in text
    assert text_of("deleted", name="own.txt") in text
    assert 'data-path="Hers"' not in text
    assert alice.get("/files/outer/shared/a.txt").status_code == 200


def test_forms_change_shared_content(alice: Program, window: Browser) -> None:
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


def test_a_mount_is_renamed_by_a_form(window: Browser) -> None:
    taken = window.post("/index/rename", {"path": "Hers", "name": "own.txt"})
    assert taken.status_code == 409
    assert "“own.txt”" in taken.text
    assert window.post("/index/rename", {"path": "Hers", "name": "Theirs"}).status_code == 303

    assert 'data-path="Theirs"' in window.get("/index").text


def test_a_refused_form_names_the_path_of_its_user(window: Browser) -> None:
    refused = window.post("/index/rename", {"path": "Hers/a.txt", "name": "sub"})

    assert refused.status_code == 409
    assert "“Hers/sub”" in refused.text


def test_the_versions_page_lets_a_guest_restore_but_not_delete(
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


def test_rows_are_updated_including_mounts(app: Flask, alice: Program, guest: Program) -> None:
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
    assert text_of("role.manager") in update(before)


def test_a_folder_with_an_invalid_mount_is_not_found(alice: Program, guest: Program) -> None:
    alice.delete("/files/outer")

    assert guest.get("/index?path=Hers", PAGE).status_code == 404
    assert 'data-path="Hers"' not in page(guest, "/index")
    assert (
        guest.request("POST", "/index/rows?path=Hers", PAGE, json={"tags": [], "most": 1}).status_code == 404
    )
