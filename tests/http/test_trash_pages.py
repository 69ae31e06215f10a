"""The pages of the trash, of versions and of searches, and their forms.

Rule: what a form did is looked at by the user's program, which knows nothing of pages.
"""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pytest
from flask import Flask

from cabinet.extensions import db
from cabinet.models import User
from tests.support.pages import refused, said, submit, submit_and_id, trashed
from tests.support.visitors import Browser, Program


def test_the_trash_is_one_address_for_people_and_programs(window: Browser, alice: Program) -> None:
    empty = unescape(window.get("/trash").text)
    assert "The trash is empty" in empty
    assert "What you delete stays here for 30 days. Until then it counts in the space that you use." in empty
    alice.put("/files/docs/<b>.txt", b"12345")
    alice.delete("/files/docs/<b>.txt")

    page = window.get("/trash").text

    assert "<bdi>&lt;b&gt;.txt</bdi>" in page
    assert "<bdi>docs</bdi>" in page
    assert "5 bytes" in page
    assert page.count("<time") == 2
    assert alice.get("/trash").mimetype == "application/json"


def test_the_trash_is_shown_a_page_at_a_time(window: Browser, alice: Program) -> None:
    alice.upload([(f"{number:03}", b"x") for number in range(101)])
    submit(window, "/index/delete", path=[f"{number:03}" for number in range(101)])

    first = unescape(window.get("/trash").text)
    (rest,) = re.findall(r'href="(/trash\?after=[^"]+)"', first)

    assert first.count('class="thing-name"') == 100
    assert window.get(rest).text.count('class="thing-name"') == 1


def test_what_was_deleted_comes_back_by_the_rule_that_is_chosen(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f.txt", b"old")
    trash_id = submit_and_id(window, alice, "a/f.txt", "")
    alice.put("/files/a/f.txt", b"new")
    restore = f"/index/trash/{trash_id}/restore"

    page = refused(submit(window, restore, on_conflict="fail"), 409)

    assert "There is already something at “a/f.txt”." in page
    assert page.count(f'action="{restore}"') == 3  # the row, and the two ways round
    assert 'value="rename"' in page
    assert 'value="replace"' in page
    assert "“a/f (2).txt” is back." in said(window, submit(window, restore, on_conflict="rename"))
    assert alice.get("/files/a/f (2).txt").data == b"old"
    assert refused(submit(window, restore, on_conflict="fail"), 404)


def test_a_file_where_the_folder_was_stands_in_the_way(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f")
    trash_id = submit_and_id(window, alice, "a/f", "")
    alice.delete("/files/a?permanent=1")
    alice.put("/files/a")

    page = refused(submit(window, f"/index/trash/{trash_id}/restore", on_conflict="rename"), 409)

    assert "“a” is a file, not a folder." in page
    assert "Put it back all the same?" not in page


def test_one_thing_or_everything_in_the_trash_goes_for_ever(window: Browser, alice: Program) -> None:
    for name in "abc":
        alice.put(f"/files/{name}", b"12345")
        alice.delete(f"/files/{name}")
    trash_id = trashed(alice)[0]["id"]

    assert "That is gone for ever." in said(window, submit(window, f"/index/trash/{trash_id}/purge"))
    assert [entry["from"] for entry in trashed(alice)] == ["b", "a"]
    question = window.get("/index/trash/empty").text
    assert 'action="/index/trash/empty"' in question
    assert len(trashed(alice)) == 2
    assert "The trash is empty." in said(window, submit(window, "/index/trash/empty"))
    assert trashed(alice) == []
    assert alice.get("/me").get_json()["usage"] == 0


def test_a_file_shows_what_it_was_and_becomes_it_again(window: Browser, alice: Program) -> None:
    for content in (b"one", b"second", b"third one"):
        alice.put("/files/a/f", content)
    hashes = [each["content_hash"] for each in alice.get("/versions/a/f").get_json()["versions"]]

    page = window.get("/versions/a/f").text

    assert re.findall(r'<code title="(\w+)">', page) == hashes
    assert re.findall(r'href="(/download/[^"]+)"', page) == [f"/download/a/f?version={n}" for n in (3, 2, 1)]
    assert alice.get("/download/a/f?version=1").data == b"one"
    restored = said(window, submit(window, "/index/versions/restore", path="a/f", number=1))
    assert "The file has the content of version 1 again." in restored
    assert alice.get("/files/a/f").data == b"one"
    discarded = said(window, submit(window, "/index/versions/discard", path="a/f", number=2))
    assert "Version 2 is gone for ever." in discarded
    assert [each["number"] for each in alice.get("/versions/a/f").get_json()["versions"]] == [4, 3, 1]


def test_a_version_that_has_to_stay_or_is_none_is_refused(
    app: Flask, window: Browser, alice: Program
) -> None:
    alice.put("/files/f", b"x" * 600)
    alice.put("/files/f", b"y")
    with app.app_context():
        db.session.query(User).one().quota = 1000
        db.session.commit()

    page = refused(submit(window, "/index/versions/discard", path="f", number=2), 409)
    assert "“f” has that version now." in page
    page = refused(submit(window, "/index/versions/restore", path="f", number=1), 507)
    assert "This would take more than the 1,000 bytes" in page
    for number, status in (
        ("9", 404),
        ("0", 422),
        ("-1", 422),
        ("9" * 30, 404),
        ("9" * 5000, 422),
        ("x", 422),
    ):
        assert refused(submit(window, "/index/versions/restore", path="f", number=number), status)
        assert refused(submit(window, "/index/versions/discard", path="f", number=number), status)
    alice.put("/files/folder/f")
    assert window.get("/versions/folder").status_code == 409
    assert len(alice.get("/versions/f").get_json()["versions"]) == 2


def test_a_search_shows_where_each_hit_lies(window: Browser, alice: Program) -> None:
    for path in ("docs/Отчёт <1>.txt", "docs/deep/отчёты/f", "other"):
        alice.put(f"/files/{quote(path)}")

    page = window.get("/search?" + f"q={quote('ОТЧЕТ')}").text

    assert "<bdi>Отчёт &lt;1&gt;.txt</bdi>" in page
    assert f'href="/index?path={quote("docs/deep/отчёты", safe="/")}"' in page
    assert 'href="/index?path=docs"' in page
    assert "<bdi>other</bdi>" not in page
    inside = window.get("/search?" + f"q={quote('отчет')}&path=docs/deep").text
    assert "&lt;1&gt;" not in inside
    assert '<option value="docs/deep">' in inside
    nothing = window.get("/search?q=%3Cscript%3Ealert(1)").text
    assert "Nothing found" in nothing
    assert "<script>alert" not in nothing


def test_a_search_goes_on_page_by_page_even_from_an_empty_one(
    window: Browser, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing found" not in window.get("/search").text
    alice.upload([(f"report {number:03}", b"x") for number in range(3)])
    # The newest hits, which come first, are all in the trash.
    alice.put("/files/reports/report")
    alice.delete("/files/reports")
    monkeypatch.setattr("cabinet.services.search._LOOKED_AT", 1)

    page, seen = unescape(window.get("/search?q=report").text), []
    while "Show more" in page:
        seen.append(re.findall(r"<bdi>(report [^<]+)</bdi>", page))
        (rest,) = re.findall(r'href="(/search\?[^"]+after=[^"]+)"', page)
        page = unescape(window.get(rest).text)

    assert seen[0] == []
    assert sorted(name for names in seen for name in names) == ["report 000", "report 001", "report 002"][1:]
    assert "report 000" in page
