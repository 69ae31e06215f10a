"""`GET` and `HEAD` of `/files/<path>` and `/download/<path>`: conditions, ranges, headers.

Rule: a row is a case of RFC 9110; Werkzeug's default behavior is no reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from flask import Flask

from cabinet.storage.content_hash import hash_chunks
from tests.support.visitors import Browser, Program, is_problem

CONTENT = b"0123456789"
ETAG = f'"{hash_chunks([CONTENT])}"'
OTHER = b"something else"


@pytest.mark.parametrize("face", ["files", "download"])
def test_a_file_is_sent_with_its_validators(alice: Program, face: str) -> None:
    stored = alice.put("/files/a/Отчёт.txt", CONTENT).get_json()

    response = alice.get(f"/{face}/a/Отчёт.txt")

    assert (response.status_code, response.data) == (200, CONTENT)
    assert response.headers["ETag"] == ETAG
    modified_at = parsedate_to_datetime(response.headers["Last-Modified"])
    assert modified_at.isoformat() == stored["modified_at"][:19] + "+00:00"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Length"] == "10"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    kind = "attachment" if face == "download" else "inline"
    assert response.headers["Content-Disposition"] == (
        f"{kind}; filename=\"_____.txt\"; filename*=UTF-8''%D0%9E%D1%82%D1%87%D1%91%D1%82.txt"
    )


@pytest.mark.parametrize("face", ["files", "download"])
def test_head_has_the_headers_of_get_and_no_body(alice: Program, face: str) -> None:
    alice.put("/files/f", CONTENT)

    for headers in ({}, {"If-None-Match": ETAG}, {"If-Match": '"x"'}):
        got = alice.get(f"/{face}/f", headers)
        head = alice.request("HEAD", f"/{face}/f", headers)
        assert head.data == b""
        assert head.status_code == got.status_code
        assert {**head.headers, "X-Request-Id": ""} == {**got.headers, "X-Request-Id": ""}


RANGES: dict[str, tuple[int, bytes]] = {
    "bytes=0-0": (206, b"0"),
    "bytes=-3": (206, b"789"),
    "bytes=5-": (206, b"56789"),
    "bytes=9-99": (206, b"9"),
    "bytes=-99": (206, CONTENT),
    "bytes=10-": (416, b""),
    "bytes=-0": (416, b""),
    "abc": (200, CONTENT),
    "bytes=5-2": (200, CONTENT),
    "items=0-1": (200, CONTENT),
    "bytes=0-1,3-4": (200, CONTENT),
    f"bytes={'9' * 3000}-": (416, b""),
}


@pytest.mark.parametrize(("header", "expected"), RANGES.items(), ids=lambda value: str(value)[:20])
def test_a_range_is_sent(alice: Program, header: str, expected: tuple[int, bytes]) -> None:
    alice.put("/files/f", CONTENT)

    response = alice.get("/download/f", {"Range": header})

    status, body = expected
    assert (response.status_code, response.data) == expected
    assert response.headers["Content-Length"] == str(len(body))
    assert response.headers["ETag"] == ETAG
    if status == 206:
        start = CONTENT.index(body)
        assert response.headers["Content-Range"] == f"bytes {start}-{start + len(body) - 1}/10"
    else:
        assert response.headers.get("Content-Range") == ("bytes */10" if status == 416 else None)


@pytest.mark.parametrize("asked", [None, "bytes=0-", "bytes=0-0", "bytes=5-9", "bytes=-3", "bytes=-0", "x"])
def test_an_empty_file_is_sent_whole_for_any_range(alice: Program, asked: str | None) -> None:
    alice.put("/files/empty", b"")

    for path in ("/files/empty", "/download/empty"):
        response = alice.get(path, {"Range": asked} if asked else {})
        assert (response.status_code, response.data) == (200, b"")
        assert response.headers["Content-Length"] == "0"
        assert "Content-Range" not in response.headers


def test_if_range_sends_a_range_only_of_the_same_content(alice: Program) -> None:
    alice.put("/files/f", CONTENT)
    modified = alice.get("/files/f").headers["Last-Modified"]

    for condition, status in ((ETAG, 206), (f"W/{ETAG}", 200), ('"stale"', 200), (modified, 200), ("", 200)):
        response = alice.get("/files/f", {"Range": "bytes=0-0", "If-Range": condition})
        assert response.status_code == status, condition


def test_unchanged_content_is_not_sent_again(alice: Program) -> None:
    alice.put("/files/f", CONTENT)
    modified = alice.get("/files/f").headers["Last-Modified"]
    long_ago = format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)

    for headers, status in (
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'"x", W/{ETAG}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-Modified-Since": modified}, 304),
        ({"If-Modified-Since": long_ago}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": modified, "If-None-Match": '"x"'}, 200),
        ({"If-Match": ETAG}, 200),
        ({"If-Match": '"x"'}, 412),
        ({"If-Unmodified-Since": modified}, 200),
        ({"If-Unmodified-Since": long_ago}, 412),
        ({"If-Match": ETAG, "If-Unmodified-Since": long_ago}, 200),
        ({"If-Match": '"x"', "If-None-Match": ETAG}, 412),
        ({"If-Match": ETAG, "If-None-Match": ETAG}, 304),
    ):
        response = alice.get("/files/f", headers)
        assert response.status_code == status, headers
        assert response.headers["ETag"] == ETAG
        assert response.data == (CONTENT if status == 200 else b""), headers


def test_a_running_download_keeps_its_content_after_a_replacement(alice: Program) -> None:
    content = CONTENT * 300_000
    alice.put("/files/f", content)
    running = alice.request("GET", "/files/f", buffered=False)
    chunks = running.iter_encoded()
    first = next(chunks)

    alice.put("/files/f", OTHER)
    alice.delete("/files/f")

    assert first + b"".join(chunks) == content
    running.close()


def test_lost_content_is_reported_and_other_files_work(app: Flask, alice: Program) -> None:
    alice.put("/files/lost", CONTENT)
    alice.put("/files/kept", OTHER)
    app.extensions["cabinet"].store.remove(hash_chunks([CONTENT]))

    assert is_problem(alice.get("/files/lost"), 410, "content-missing")
    assert is_problem(alice.get("/files/lost", {"Range": "bytes=0-0"}), 410, "content-missing")
    assert alice.get("/files/kept").data == OTHER


@pytest.mark.parametrize("use", ["script", "style", "worker", "serviceworker", "iframe", "object"])
def test_content_is_never_embedded_even_from_a_cache(alice: Program, use: str) -> None:
    alice.put("/files/code.js", CONTENT)

    refused = alice.get("/files/code.js", {"Sec-Fetch-Dest": use, "If-None-Match": ETAG})

    assert (refused.status_code, refused.data) == (403, b"")
    for harmless in ("image", "video", "document", "empty"):
        assert alice.get("/files/code.js", {"Sec-Fetch-Dest": harmless}).data == CONTENT


def test_a_browser_is_redirected_from_a_folder_to_its_page(browser: Browser, alice: Program) -> None:
    alice.put("/files/a/f", CONTENT)
    browser.sign_in()

    assert browser.get("/files").headers["Location"] == "/index"
    assert browser.get("/files?path=a").headers["Location"] == "/index?path=a"
    assert browser.get("/files/a").headers["Location"] == "/index?path=a"
    shown = browser.get("/files/a/f")
    assert (shown.status_code, shown.data) == (200, CONTENT)
