"""The forms of the files page and of its actions: effects and error messages.

Rule: the effect of a form is checked by the user's API client.
"""

from __future__ import annotations

import io
import re
from html import escape, unescape
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from cabinet.errors import EntryExists, IntoItself, NotAFolder, NotFound
from cabinet.extensions import db
from cabinet.models import Space
from cabinet.services.kernel.database import writing
from cabinet.services.tree import names
from tests.support.pages import refused, said, submit, submit_and_id, trashed
from tests.support.visitors import NAVIGATION, Browser, Program
from tests.support.wording import detail_of, text_of


def test_a_folder_is_created_in_the_open_one(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f")

    made = submit(window, "/index/folders", folder="a", name="new")

    assert made.headers["Location"] == "/index?path=a"
    assert "“new”" in said(window, made)
    submit(window, "/index/folders", folder="", name="deep/er")
    assert alice.paths() == ["a", "a/new", "a/f", "deep", "deep/er"]


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("taken", 409, detail_of(EntryExists, path="taken")),
        ("taken/f/x", 409, detail_of(NotAFolder, path="taken/f")),
        ("../x", 422, names.DOTS),
        ('a\\"><b>', 422, names.SEPARATOR),
        ("x" * 256, 422, names.TOO_LONG),
        ("", 422, 'id="folder-name-error"'),
    ],
)
def test_a_refused_folder_form_keeps_the_typed_name(
    window: Browser, alice: Program, name: str, status: int, text: str
) -> None:
    alice.put("/files/taken/f")

    page = refused(submit(window, "/index/folders", folder="", name=name), status)

    assert text in page
    assert re.search(r'<details class="fold[^>]*\s+open>', page)
    assert f'value="{name}"' in page
    assert 'data-name="taken"' in page
    assert alice.paths() == ["taken", "taken/f"]


def test_the_page_of_one_entry_describes_it_and_suggests_folders(window: Browser, alice: Program) -> None:
    for path in ("top/f", "docs/inner/f", "docs/report.pdf"):
        alice.put(f"/files/{path}", b"12345")

    page = window.get("/index/arrange?path=docs/report.pdf").text

    assert re.findall(r'<option value="(\w[\w/]*)"></option>', page) == ["docs", "docs/inner", "top"]
    assert text_of("size.0", count=5, value=5) in page
    assert 'href="/versions/docs/report.pdf?next=/index?path%3Ddocs"' in page
    assert f'href="/download/docs/report.pdf?user={alice.get("/me").get_json()["id"]}"' in page
    assert "/versions/" not in window.get("/index/arrange?path=docs").text


def test_a_renamed_entry_stays_in_its_folder(window: Browser, alice: Program) -> None:
    alice.put("/files/a/old", b"1")
    alice.put("/files/a/folder/f", b"2")

    renamed = submit(window, "/index/rename", path="a/old", name="new")

    assert renamed.headers["Location"] == "/index?path=a"
    assert text_of("renamed", old="old", new="new") in said(window, renamed)
    page = refused(submit(window, "/index/rename", path="a/new", name="folder"), 409)
    assert detail_of(EntryExists, path="a/folder") in page
    assert 'value="folder"' in page
    for hostile in ("..", "x/y", "\u202ex", ""):
        page = refused(submit(window, "/index/rename", path="a/new", name=hostile), 422)
        assert "field-error" in page
        assert f'value="{hostile}"' in page
    assert refused(submit(window, "/index/rename", path="gone", name="x"), 404)
    assert submit(window, "/index/rename", path="a/new", name="new").status_code == 303
    assert alice.paths() == ["a", "a/folder", "a/folder/f", "a/new"]


@pytest.mark.parametrize("to", ["b/new", "/b/new", "b/new/", "/b/new/"])
def test_several_entries_are_moved_into_a_new_folder(window: Browser, alice: Program, to: str) -> None:
    for path in ("a/1", "a/2", "a/3"):
        alice.put(f"/files/{path}")

    moved = submit(window, "/index/move", path=["a/1", "a/3"], to=to, on_conflict="fail")

    assert moved.headers["Location"] == "/index?path=a"
    assert text_of("moved-many", count=2, folder="new") in said(window, moved)
    assert alice.paths() == ["a", "a/2", "b", "b/new", "b/new/1", "b/new/3"]


def test_an_entry_is_moved_to_the_root(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f", b"content")

    moved = submit(window, "/index/move", path="a/f", to="", on_conflict="fail")

    assert text_of("moved", name="f", folder=text_of("your-files")) in said(window, moved)
    assert alice.paths() == ["a", "f"]


def test_copies_keep_their_originals_and_follow_on_conflict(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f.txt", b"new")
    alice.put("/files/b/f.txt", b"old")
    wanted: dict[str, Any] = {"path": ["a/f.txt"], "to": "b"}

    page = refused(submit(window, "/index/copy", **wanted, on_conflict="fail"), 409)
    assert detail_of(EntryExists, path="b/f.txt") in page
    assert re.search(r'name="to"[^>]* value="b"', page)
    assert alice.get("/files/b/f.txt").data == b"old"
    kept = submit(window, "/index/copy", **wanted, on_conflict="rename")
    assert text_of("copied-to", name="f (2).txt", folder="b") in said(window, kept)
    submit(window, "/index/copy", **wanted, on_conflict="replace")
    assert refused(submit(window, "/index/copy", **wanted, on_conflict="made up"), 422)

    assert alice.get("/files/b/f.txt").data == alice.get("/files/b/f (2).txt").data == b"new"
    assert [entry["from"] for entry in trashed(alice)] == ["b/f.txt"]


def test_a_refused_move_changes_nothing_and_is_explained(window: Browser, alice: Program) -> None:
    alice.put("/files/a/inner/f")
    alice.put("/files/file")

    for to, status, text in (
        ("a/inner", 409, detail_of(IntoItself, path="a/inner/a")),
        ("file", 409, detail_of(NotAFolder, path="file")),
        ("x/../y", 422, names.DOTS),
        ("x//y", 422, names.EMPTY),
        ("\x07", 422, names.SEPARATOR),
    ):
        page = refused(submit(window, "/index/move", path="a", to=to, on_conflict="replace"), status)
        assert text in page
        assert re.search(rf'name="to"[^>]* value="{to}"', page)
        assert re.search(r'<option selected value="replace"', page)
    assert alice.paths() == ["a", "a/inner", "a/inner/f", "file"]


def test_missing_entries_are_left_out_of_the_form(window: Browser, alice: Program) -> None:
    alice.put("/files/here")

    page = refused(submit(window, "/index/move", path=["here", "gone"], to="x", on_conflict="fail"), 404)

    assert detail_of(NotFound) in page
    assert set(re.findall(r'name="path" value="(\w+)"', page)) == {"here"}
    assert window.get("/index/arrange?path=gone").status_code == 404
    assert window.get("/index/arrange?path=").status_code == 404


def test_a_copy_above_the_quota_is_refused_with_an_explanation(
    app: Flask, window: Browser, alice: Program
) -> None:
    alice.put("/files/f", b"x" * 600)
    with app.app_context(), writing(db.session()):
        space = db.session.query(Space).one()
        space.quota = 1000

    page = refused(submit(window, "/index/copy", path="f", to="copies", on_conflict="fail"), 507)

    assert "Not enough space: needs 600 bytes, 400 bytes free." in page
    assert 'value="copies"' in page
    assert alice.paths() == ["f"]


def test_several_entries_are_deleted_at_once_or_none(window: Browser, alice: Program) -> None:
    for name in "abc":
        alice.put(f"/files/d/{name}")

    assert refused(submit(window, "/index/delete", path=["d/a", "d/gone"]), 404)
    assert len(alice.paths()) == 4
    deleted = submit(window, "/index/delete", path=["d/a", "d/c", "d/a"])

    assert text_of("deleted-many", count=2) in said(window, deleted)
    assert alice.paths() == ["d", "d/b"]
    assert sorted(entry["from"] for entry in trashed(alice)) == ["d/a", "d/c"]
    assert refused(submit(window, "/index/delete", path=""), 422)


def test_several_entries_are_downloaded_as_one_zip(window: Browser, alice: Program) -> None:
    alice.put("/files/a", b"1")
    alice.put("/files/b/c", b"2")

    answer = submit(window, "/zip", path=["a", "b"])

    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    assert answer.data.startswith(b"PK")
    assert refused(submit(window, "/zip", path=["a", "gone"]), 404)


def test_adding_to_a_folder_returns_to_its_list_in_the_same_order(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f")
    page = window.get("/index?path=a&sort=size&order=desc").text
    sorted_list = "/index?path=a&sort=size&order=desc"

    made = submit(window, "/index/folders", folder="a", name="new", next=sorted_list)
    (action,) = re.findall(r'action="(/upload[^"]*)"', page)
    files = {"csrf_token": window.token(), "file": (io.BytesIO(b"1"), "g")}
    uploaded = window.client.post(unescape(action), data=files, headers=NAVIGATION)

    assert f'name="next" value="{escape(sorted_list)}"' in page
    assert [made.headers["Location"], uploaded.headers["Location"]] == [sorted_list, sorted_list]
    assert alice.paths() == ["a", "a/new", "a/f", "a/g"]
    assert 'action="/upload?folder=a"' in window.get("/index?path=a").text


def test_an_empty_last_page_does_not_call_the_folder_empty(window: Browser, alice: Program) -> None:
    for number in range(3):
        alice.put(f"/files/a/{number}")
    first = window.get("/index?path=a&limit=2").text
    (more,) = re.findall(r'id="more" href="([^"]+)"', first)
    alice.delete("/files/a/2")

    page = window.get(unescape(more)).text

    alice.request("POST", "/folders", json={"path": "b"})
    headings = [re.findall(r"<h2>([^<]+)</h2>", text) for text in (page, window.get("/index?path=b").text)]
    assert 'class="empty"' in page
    assert headings[0] != headings[1]
    assert 'href="/index?path=a' in page


def test_the_versions_page_links_back_to_where_it_was_opened(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f", b"1")
    alice.put("/files/a/f", b"2")
    begun = "/index?path=a&sort=size"
    arrange = window.get(f"/index/arrange?path=a/f&next={quote(begun)}").text
    (versions,) = re.findall(r'href="(/versions/[^"]+)"', arrange)

    page = window.get(unescape(versions)).text
    back = re.findall(r'<p>\s*<a href="([^"]+)">', page)[-1]
    restored = submit(window, "/index/versions/restore", path="a/f", number=1, next=begun)

    assert restored.headers["Location"] == unescape(versions)
    assert f'name="next" value="{escape(begun)}"' in page
    assert f'<a href="{escape(begun)}">' in window.get(unescape(back)).text


def test_the_language_switch_on_a_refused_form_returns_to_its_list(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f")
    begun = "/index?path=a&sort=size"

    folder = submit(window, "/index/folders", folder="a", name="f", next=begun)
    question = submit(window, "/index/trash/purge", id="1", next="/trash?after=x")
    account = submit(window, "/account/password", current_password="", new_password="")

    for page, lead in ((folder, begun), (question, "/trash?after=x"), (account, "/account")):
        assert re.findall(r'name="next" value="([^"]*)"', page.text)[0] == escape(lead)


@pytest.mark.parametrize("action", ["index/arrange", "index/delete", "zip"])
def test_a_form_without_a_selection_says_so_and_does_nothing(
    window: Browser, alice: Program, action: str
) -> None:
    alice.put("/files/a/f")

    answer = submit(window, f"/{action}", next="/index?path=a&sort=size")

    assert answer.headers["Location"] == "/index?path=a&sort=size"
    assert 'class="notice' in said(window, answer)
    assert alice.paths() == ["a", "a/f"]


def test_a_selection_may_be_long(window: Browser, alice: Program) -> None:
    alice.put("/files/папка/файл")
    missing = [f"папка/{number} {'длинное имя' * 3}" for number in range(900)]

    page = submit(window, "/index/arrange", path=["папка/файл", *missing])

    assert page.status_code == 200
    assert "<bdi>файл</bdi>" in page.text
    assert refused(submit(window, "/index/delete", path=[str(number) for number in range(1001)]), 422)


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:1"]
)
def test_a_form_redirects_to_no_other_host(window: Browser, alice: Program, elsewhere: str) -> None:
    for name in "abcd":
        alice.put(f"/files/{name}")
    trash_id = submit_and_id(window, alice, "d", elsewhere)

    led = [
        submit(window, "/index/rename", path="a", name="e", next=elsewhere),
        submit(window, "/index/move", path="b", to="x", on_conflict="fail", next=elsewhere),
        submit(window, "/index/copy", path="c", to="x", on_conflict="fail", next=elsewhere),
        submit(window, "/zip", next=elsewhere),
        submit(window, "/index/trash/restore", id=trash_id, on_conflict="fail", next=elsewhere),
    ]

    assert [answer.headers["Location"] for answer in led] == ["/index"] * 4 + ["/trash"]
    page = window.get(f"/index/arrange?path=c&next={quote(elsewhere)}").text
    assert all(led.startswith("/index") for led in re.findall(r'name="next" value="([^"]*)"', page))
    assert re.findall(r'<p>\s*<a href="([^"]+)">', page)[-1] == "/index"


def test_forms_of_another_account_do_nothing(window: Browser, alice: Program, bob: Program) -> None:
    bob.put("/files/secret/f", b"1")
    bob.put("/files/secret/f", b"2")
    bob.put("/files/gone")
    bob.delete("/files/gone")
    trash_id = trashed(bob)[0]["id"]

    for path, fields in (
        ("/index/arrange", {"path": "secret"}),
        ("/index/rename", {"path": "secret", "name": "x"}),
        ("/index/move", {"path": "secret", "to": "x", "on_conflict": "fail"}),
        ("/index/copy", {"path": "secret", "to": "x", "on_conflict": "fail"}),
        ("/index/delete", {"path": "secret"}),
        ("/zip", {"path": "secret"}),
        ("/index/versions/restore", {"path": "secret/f", "number": 1}),
        ("/index/versions/discard", {"path": "secret/f", "number": 1}),
        ("/index/trash/restore", {"id": trash_id, "on_conflict": "fail"}),
        ("/index/trash/purge", {"id": trash_id, "sure": "y"}),
    ):
        assert refused(submit(window, path, **fields), 404), path
    assert 'class="empty"' in window.get("/search?q=secret").text
    assert 'class="empty"' in window.get("/trash").text
    assert window.get("/versions/secret/f").status_code == 404
    assert bob.paths() == ["secret", "secret/f"]
    assert len(trashed(bob)) == 1


def test_a_form_without_a_csrf_token_does_nothing(window: Browser, alice: Program) -> None:
    alice.put("/files/a")
    alice.delete("/files/a")
    alice.put("/files/a")

    for path in (
        "index/folders", "index/arrange", "index/rename", "index/move", "index/copy", "index/delete", "zip",
        "index/versions/restore", "index/versions/discard",
        "index/trash/restore", "index/trash/purge", "index/trash/empty",
    ):  # fmt: skip
        fields = {"path": "a", "name": "b", "to": "b", "number": "1", "on_conflict": "rename", "sure": "y"}
        fields["id"] = trashed(alice)[0]["id"]
        answer = window.client.post(f"/{path}", data=fields, headers=NAVIGATION)
        assert answer.status_code == 403, path
    assert alice.paths() == ["a"]
    assert len(trashed(alice)) == 1


def test_a_program_gets_a_refusal_as_a_problem_document(alice: Program) -> None:
    alice.put("/files/a")
    alice.put("/files/b")

    answer = alice.request("POST", "/index/rename", data={"path": "a", "name": "b"})

    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")
    assert alice.paths() == ["a", "b"]


def test_a_program_gets_the_new_name(alice: Program) -> None:
    alice.put("/files/folder/a")
    data = {"path": "folder/a", "name": "й"}

    renamed = alice.request("POST", "/index/rename", data=data)

    assert (renamed.status_code, renamed.get_json()["path"]) == (200, "folder/й")
    assert alice.paths() == ["folder", "folder/й"]
