"""The pages and forms of the trash, versions and search.

Rule: the effect of a form is checked by the user's API client.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import quote

import pytest
from flask import Flask

from cabinet.errors import CurrentVersion, EntryExists, NotAFolder
from cabinet.extensions import db
from cabinet.models import Node, Space
from cabinet.services.kernel.clock import utc_now
from cabinet.services.kernel.database import writing
from tests.support.pages import refused, said, submit, submit_and_id, trashed
from tests.support.visitors import Browser, Program
from tests.support.wording import detail_of, text_of


def keys(page: str) -> list[str]:
    """Return what the rows of a page are chosen by."""
    return re.findall(r'name="(?:id|path)" +value="([^"]+)" +aria-label', " ".join(page.split()))


def days_left(page: str) -> int:
    """Return how long the first row says that it stays."""
    (days, *_) = re.findall(r'class="days-left[^>]*>\D*(\d+)\D*<', page)
    return int(days)


def test_the_trash_has_one_url_for_browsers_and_programs(window: Browser, alice: Program) -> None:
    empty = unescape(window.get("/trash").text)
    assert 'class="empty"' in empty
    assert re.search(r'<p class="hint">[^<]*\b30\b', empty)
    assert "/index/trash/empty" not in empty
    alice.put("/files/docs/<b>.txt", b"12345")
    alice.delete("/files/docs/<b>.txt")

    page = window.get("/trash").text

    assert "&lt;b&gt;.txt" in page
    assert "<bdi>docs</bdi>" in page
    assert text_of("size.0", count=5, value=5) in page
    assert days_left(page) == 30
    assert keys(page) == [trashed(alice)[0]["id"]]
    assert alice.get("/trash").mimetype == "application/json"


@pytest.mark.parametrize(
    ("gone_for", "days", "is_soon"),
    [
        (timedelta(0), 30, False),
        (timedelta(days=8, hours=12), 22, False),
        (timedelta(days=27), 3, True),
        (timedelta(days=29, hours=1), 1, True),
        # The sweep comes when it comes.
        (timedelta(days=40), 1, True),
    ],
)
def test_a_row_in_the_trash_shows_its_remaining_time(
    app: Flask,
    window: Browser,
    alice: Program,
    gone_for: timedelta,
    days: int,
    is_soon: bool,
) -> None:
    alice.put("/files/f")
    alice.delete("/files/f")
    with app.app_context(), writing(db.session()):
        node = db.session.query(Node).filter(Node.trashed_at.is_not(None)).one()
        node.trashed_at = utc_now() - gone_for

    page = window.get("/trash").text

    assert days_left(page) == days
    assert ("is-soon" in page) is is_soon
    window.client.set_cookie("language", "ru")
    assert days_left(window.get("/trash").text) == days


def test_the_trash_is_paginated(window: Browser, alice: Program) -> None:
    alice.upload([(f"{number:03}", b"x") for number in range(201)])
    submit(window, "/index/delete", path=[f"{number:03}" for number in range(201)])

    first = unescape(window.get("/trash").text)
    (rest,) = re.findall(r'href="(/trash\?after=[^"]+)"', first)

    assert len(keys(first)) == 200
    assert len(keys(window.get(rest).text)) == 1
    assert len(keys(window.get(f"{rest}&limit=1000").text)) == 1
    assert refused(window.get("/trash?limit=1001"), 422)


def test_deleted_entries_are_restored_with_the_selected_conflict_option(
    window: Browser, alice: Program
) -> None:
    alice.put("/files/a/f.txt", b"old")
    alice.put("/files/g.txt", b"old")
    ids = [submit_and_id(window, alice, "a/f.txt", ""), submit_and_id(window, alice, "g.txt", "")]
    alice.put("/files/a/f.txt", b"new")

    page = refused(submit(window, "/index/trash/restore", id=ids, on_conflict="fail"), 409)

    assert detail_of(EntryExists, path="a/f.txt") in page
    assert re.findall(r'<input type="hidden" name="id" value="([^"]+)"', page) == ids
    # The options on this page lead to a valid request.
    assert re.findall(r'name="next"\s+value="([^"]+)"', page)[-1] == "/trash"
    assert 'value="rename"' in page
    assert 'value="replace"' in page
    assert alice.paths() == ["a", "a/f.txt"]
    restored = submit(window, "/index/trash/restore", id=ids, on_conflict="rename")
    assert text_of("restored-many", count=2) in said(window, restored)
    assert alice.get("/files/a/f (2).txt").data == b"old"
    assert refused(submit(window, "/index/trash/restore", id=ids, on_conflict="fail"), 404)
    again = submit_and_id(window, alice, "g.txt", "")
    restored = submit(window, "/index/trash/restore", id=again, on_conflict="fail")
    assert text_of("restored", path="g.txt") in said(window, restored)


def test_forms_of_the_trash_return_to_its_page(window: Browser, alice: Program) -> None:
    alice.put("/files/f", b"old")
    trash_id = submit_and_id(window, alice, "f", "")
    alice.put("/files/f", b"new")
    begun = "/trash?limit=1"

    conflict = refused(
        submit(window, "/index/trash/restore", id=trash_id, on_conflict="fail", next=begun), 409
    )
    question = submit(window, "/index/trash/purge", id=trash_id, next=begun)
    purged = submit(window, "/index/trash/purge", id=trash_id, sure="y", next=begun)

    for page in (conflict, question.text):
        assert f'name="next" value="{begun}"' in page
    assert f'href="{begun}">' in question.text
    assert purged.headers["Location"] == begun


def test_a_file_at_the_path_of_a_deleted_folder_is_a_conflict(window: Browser, alice: Program) -> None:
    alice.put("/files/a/f")
    trash_id = submit_and_id(window, alice, "a/f", "")
    alice.delete("/files/a?permanent=1")
    alice.put("/files/a")

    page = refused(submit(window, "/index/trash/restore", id=trash_id, on_conflict="rename"), 409)

    assert detail_of(NotAFolder, path="a") in page
    assert 'class="panel refused"' not in page


def test_permanent_deletion_asks_for_confirmation(window: Browser, alice: Program) -> None:
    for name in "abc":
        alice.put(f"/files/{name}", b"12345")
        alice.delete(f"/files/{name}")
    ids = [each["id"] for each in trashed(alice)]

    question = unescape(submit(window, "/index/trash/purge", id=ids[:2]).text)
    assert text_of("purge-many", count=2) in question
    assert re.findall(r'name="id" value="([^"]+)"', question) == ids[:2]
    assert len(trashed(alice)) == 3
    assert 'class="notice' in said(window, submit(window, "/index/trash/purge", sure="y"))
    assert refused(submit(window, "/index/trash/purge", id=[*ids, "gone"], sure="y"), 404)
    assert len(trashed(alice)) == 3

    gone = submit(window, "/index/trash/purge", id=ids[:2], sure="y")
    assert text_of("purged") in said(window, gone)
    assert [entry["from"] for entry in trashed(alice)] == ["a"]
    question = window.get("/index/trash/empty").text
    assert 'action="/index/trash/empty"' in question
    assert len(trashed(alice)) == 1
    assert text_of("emptied") in said(window, submit(window, "/index/trash/empty"))
    assert trashed(alice) == []
    assert alice.get("/me").get_json()["usage"] == 0


def test_a_file_shows_its_versions_and_restores_them(window: Browser, alice: Program) -> None:
    for content in (b"one", b"second", b"third one"):
        alice.put("/files/a/f", content)
    hashes = [each["content_hash"] for each in alice.get("/versions/a/f").get_json()["versions"]]

    page = window.get("/versions/a/f").text

    assert re.findall(r'<code title="(\w+)">', page) == hashes
    versions = re.findall(r'href="(/download/a/f[?]version=\d)&amp;user=', page)
    assert versions == [f"/download/a/f?version={n}" for n in (3, 2, 1)]
    assert alice.get("/download/a/f?version=1").data == b"one"
    restored = said(window, submit(window, "/index/versions/restore", path="a/f", number=1))
    assert text_of("version-restored", number=1) in restored
    assert alice.get("/files/a/f").data == b"one"
    discarded = said(window, submit(window, "/index/versions/discard", path="a/f", number=2))
    assert text_of("version-discarded", number=2) in discarded
    assert [each["number"] for each in alice.get("/versions/a/f").get_json()["versions"]] == [4, 3, 1]


def test_deleting_the_current_or_an_unknown_version_is_refused(
    app: Flask, window: Browser, alice: Program
) -> None:
    alice.put("/files/f", b"x" * 600)
    alice.put("/files/f", b"y")
    with app.app_context(), writing(db.session()):
        db.session.query(Space).one().quota = 1000

    page = refused(submit(window, "/index/versions/discard", path="f", number=2), 409)
    assert detail_of(CurrentVersion, path="f") in page
    page = refused(submit(window, "/index/versions/restore", path="f", number=1), 507)
    assert "Not enough space: needs 600 bytes, 399 bytes free." in page
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


def test_search_shows_folders_and_highlights_matches(window: Browser, alice: Program) -> None:
    for path in ("docs/Отчёт <1>.txt", "docs/deep/отчёты/f", "other"):
        alice.put(f"/files/{quote(path)}")

    page = window.get("/search?" + f"q={quote('ОТЧЕТ')}").text

    assert "<mark>Отчёт</mark> &lt;1&gt;.txt" in page
    # The link to the folder shows the entry in it.
    assert f'href="/index?path=docs/deep#show={quote("отчёты")}"' in page
    assert f'href="/index?path=docs#show={quote("Отчёт <1>.txt")}"' in page
    assert 'data-name="other"' not in page
    assert ">2 found<" in " ".join(page.split()).replace("> ", ">").replace(" <", "<")
    assert 'class="scope"' not in page
    nothing = window.get("/search?q=%3Cscript%3Ealert(1)").text
    assert 'class="empty"' in nothing
    assert "<script>alert" not in nothing


def test_a_search_covers_a_folder_or_all_files(window: Browser, alice: Program) -> None:
    for path in ("docs/deep/report", "docs/report", "report"):
        alice.put(f"/files/{path}")

    inside = unescape(window.get("/search?q=report&path=docs/deep").text)
    everywhere = unescape(window.get("/search?q=report&from=docs/deep").text)

    assert keys(inside) == ["docs/deep/report"]
    assert keys(everywhere) == ["report", "docs/report", "docs/deep/report"]
    addresses = ["/search?q=report&path=docs/deep", "/search?q=report&from=docs/deep"]
    for page, current in ((inside, addresses[0]), (everywhere, addresses[1])):
        scopes = re.findall(
            r'class="scope" +href="([^"]+)" +(aria-current="true")?[ >]*<bdi>([^<]+)<', " ".join(page.split())
        )
        assert [href for href, _, _ in scopes] == addresses
        assert "“deep”" in scopes[0][2]
        assert [href for href, is_current, _ in scopes if is_current] == [current]
    assert '<input type="hidden" name="path" value="docs/deep">' in inside
    assert '<input type="hidden" name="from" value="docs/deep">' in everywhere
    # The form in the bar of any folder searches that folder.
    assert '<input type="hidden" name="path" value="docs">' in window.get("/index?path=docs").text
    nothing = window.get("/search?q=zzz&path=docs").text
    assert 'href="/search?q=zzz&amp;from=docs">' in nothing


def test_a_search_continues_after_an_empty_page(
    window: Browser, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing found" not in window.get("/search").text
    alice.upload([(f"report {number:03}", b"x") for number in range(3)])
    # The newest hits, which come first, are all in the trash.
    alice.put("/files/reports/report")
    alice.delete("/files/reports")
    monkeypatch.setattr("cabinet.services.tree.search._MAX_EXAMINED", 1)

    page, seen = unescape(window.get("/search?q=report").text), []
    while more := re.search(r'id="more"\s+href="([^"]+)"', page):
        seen.append(keys(page))
        page = unescape(window.get(more[1]).text)

    assert seen[0] == []
    assert sorted(name for names in seen for name in names) == ["report 001", "report 002"]
    assert keys(page) == ["report 000"]
