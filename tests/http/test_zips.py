"""Archives over HTTP: names, headers and access."""

from __future__ import annotations

import io
import logging
import zipfile
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from urllib3.exceptions import IncompleteRead, ProtocolError

from cabinet.errors import BlobMissing
from cabinet.services.archives import zipping
from cabinet.storage.chunks import CHUNK_SIZE
from cabinet.storage.content_hash import hash_chunks
from tests.conftest import StartProduction
from tests.support.auth import PASSWORD, USERNAME, basic
from tests.support.forms import BOUNDARY, END, part
from tests.support.visitors import Browser, Program, is_problem
from tests.support.waiting import wait_until

LARGE = b"large" * CHUNK_SIZE

FORM = "application/x-www-form-urlencoded"


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_folder_is_downloaded_as_an_archive(alice: Program) -> None:
    alice.put("/files/Отчёты/a.txt", b"a", {"X-Mtime": "1500000000"})
    alice.put("/files/Отчёты/large", LARGE)

    response = alice.get("/download/Отчёты", {"Range": "bytes=0-0", "If-None-Match": "*"})

    assert response.status_code == 200
    assert unzipped(response.data) == {"Отчёты/": b"", "Отчёты/a.txt": b"a", "Отчёты/large": LARGE}
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        moment = datetime.fromtimestamp(1_500_000_000, UTC)
        assert archive.getinfo("Отчёты/a.txt").date_time == moment.astimezone().timetuple()[:6]
    headers = response.headers
    assert headers["Content-Length"] == str(len(response.data))
    assert headers["Content-Type"] == "application/zip"
    assert headers["Content-Disposition"] == (
        "attachment; filename=\"______.zip\"; filename*=UTF-8''%D0%9E%D1%82%D1%87%D1%91%D1%82%D1%8B.zip"
    )
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Accept-Ranges"] == "none"
    assert "ETag" not in headers


@pytest.mark.parametrize("measured", [0, 20_000])
def test_head_has_the_headers_of_get(alice: Program, monkeypatch: pytest.MonkeyPatch, measured: int) -> None:
    monkeypatch.setattr(zipping, "MEASURED_ENTRIES", measured)
    alice.put("/files/a/f", b"content")

    for path in ("/download/a", "/zip?path="):
        got, head = alice.get(path), alice.request("HEAD", path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers.get("Content-Length") == (str(len(got.data)) if measured else None)
        for name in ("Content-Type", "Content-Disposition", "Content-Security-Policy", "Cache-Control"):
            assert head.headers[name] == got.headers[name]


def test_a_selection_is_downloaded_as_an_archive(alice: Program) -> None:
    for path in ("a/f", "b/c/g", "b/c/h"):
        alice.put(f"/files/{path}", path.encode())

    assert unzipped(alice.get("/zip?path=a&path=b/c/g").data) == {"a/": b"", "a/f": b"a/f", "g": b"b/c/g"}
    everything = alice.get("/zip?path=")
    assert set(unzipped(everything.data)) == {"a/", "a/f", "b/", "b/c/", "b/c/g", "b/c/h"}
    assert 'filename="cabinet.zip"' in everything.headers["Content-Disposition"]


def test_a_form_selects_more_than_a_url_can_hold(alice: Program) -> None:
    stored = alice.upload([(f"{number:0100}", b"") for number in range(300)])
    assert stored.status_code == 201, stored.text
    paths = [f"{number:0100}" for number in range(300)]

    selected = alice.request("POST", "/zip", data={"path": paths})

    assert selected.status_code == 200, selected.text
    assert sorted(unzipped(selected.data)) == paths
    assert is_problem(alice.request("POST", "/zip", data={"path": ["x" * 100] * 1001}), 422, "invalid-field")
    assert is_problem(alice.request("POST", "/zip", data={"path": ["x" * 5000] * 1000}), 413, "too-large")
    assert is_problem(
        alice.request("POST", "/zip", data="path=a&" * 3000, content_type=FORM), 400, "malformed-request"
    )
    assert is_problem(alice.request("POST", "/zip", data={}), 422, "invalid-field")
    evil = {"Origin": "https://evil.example"}
    assert is_problem(alice.request("POST", "/zip", evil, data={"path": paths}), 403, "cross-site-request")


def test_a_form_selects_a_thousand_long_paths_in_any_script(alice: Program) -> None:
    """Werkzeug would read half a megabyte of it, and a thousand parts with the token among them."""
    path = "/".join(["я" * 150] * 3)
    alice.put(f"/files/{quote(path)}", b"content")
    by_parts = b"".join([part("path", path.encode())] * 1000) + part("csrf_token", b"x") + END
    forms = {FORM: urlencode([("path", path)] * 1000), f"multipart/form-data; boundary={BOUNDARY}": by_parts}

    for kind, body in forms.items():
        selected = alice.request("POST", "/zip", data=body, content_type=kind)

        assert selected.status_code == 200, selected.text
        assert unzipped(selected.data) == {"я" * 150: b"content"}


AWKWARD = ["nul", "a:b?.txt", "trailing. ", "Case", "case", "é", "я" * 100]


def test_exact_names_are_the_full_paths_in_the_requested_order(alice: Program) -> None:
    paths = [f"docs/{name}" for name in AWKWARD]
    for path in paths:
        alice.put(f"/files/{quote(path)}", path.encode())
    alice.put("/files/docs/large", LARGE)
    asked = [paths[3], "docs/large", *paths[4:], *paths[:3]]

    for response in (
        alice.request("POST", "/zip", data={"names": "exact", "path": [*asked, asked[0]]}),
        alice.get("/zip?names=exact&" + urlencode([("path", path) for path in asked])),
    ):
        assert response.status_code == 200, response.text
        assert response.headers["Content-Length"] == str(len(response.data))
        content = unzipped(response.data)
        assert list(content) == asked
        assert content[paths[0]] == paths[0].encode()


def test_a_folder_with_exact_names_is_contained_once(alice: Program) -> None:
    for path in ("a/b/c/nul", "a/b/C", "a/d"):
        alice.put(f"/files/{path}", path.encode())

    chosen = {"names": "exact", "path": ["a/b/c/nul", "a/b", "a/b/C"]}
    assert list(unzipped(alice.request("POST", "/zip", data=chosen).data)) == [
        "a/b/", "a/b/c/", "a/b/c/nul", "a/b/C",
    ]  # fmt: skip
    everything = alice.get("/zip?names=exact&path=&path=a/d")
    assert list(unzipped(everything.data)) == ["a/", "a/b/", "a/b/c/", "a/b/c/nul", "a/b/C", "a/d"]


def test_names_is_either_safe_or_exact(alice: Program) -> None:
    alice.put("/files/nul", b"")

    assert list(unzipped(alice.get("/zip?names=safe&path=nul").data)) == ["_nul"]
    assert is_problem(alice.get("/zip?names=short&path=nul"), 422, "invalid-field")
    assert is_problem(alice.request("POST", "/zip", data={"names": "", "path": "nul"}), 422, "invalid-field")
    assert is_problem(
        alice.request("POST", "/zip", data={"names": "exact", "path": ["nul", "gone"]}), 404, "not-found"
    )


def test_an_empty_too_large_or_missing_selection_is_refused(alice: Program) -> None:
    alice.put("/files/a/f")

    assert is_problem(alice.get("/zip"), 422, "invalid-field")
    assert is_problem(alice.get("/zip?" + "path=a&" * 1001), 422, "invalid-field")
    assert is_problem(alice.get("/zip?path=a&path=../a"), 422, "invalid-name")
    assert is_problem(alice.get("/zip?path=a&path=missing"), 404, "not-found")
    assert is_problem(alice.get("/zip?path=a/f/below"), 404, "not-found")


def test_trashed_entries_and_entries_of_others_are_not_found(alice: Program, bob: Program) -> None:
    alice.put("/files/a/f")

    for path in ("/download/a", "/zip?path=a", "/zip?path=a/f"):
        assert is_problem(bob.get(path), 404, "not-found")
    assert unzipped(bob.get("/zip?path=").data) == {}

    alice.delete("/files/a")

    for path in ("/download/a", "/zip?path=a", "/zip?path=a/f"):
        assert is_problem(alice.get(path), 404, "not-found")


def test_the_page_of_a_folder_links_to_its_archive(browser: Browser, alice: Program) -> None:
    alice.put("/files/a%3Fb/f")
    browser.sign_in()

    whose = f"user={alice.get('/me').get_json()['id']}"
    assert f'href="/zip?path=&amp;{whose}"' in browser.get("/index").text
    assert f'href="/download/a%3Fb?{whose}"' in browser.get("/index?path=a%3Fb").text


def test_the_page_of_an_empty_folder_links_to_its_parent(browser: Browser, alice: Program) -> None:
    alice.put("/files/a/b/f")
    alice.delete("/files/a/b/f")
    browser.sign_in()

    assert 'href="/index?path=a"' in browser.get("/index?path=a/b").text.partition('class="empty"')[2]


def test_lost_content_is_reported_before_the_first_byte(app: Flask, alice: Program) -> None:
    alice.put("/files/a/f", b"lost")
    app.extensions["cabinet"].store.remove(hash_chunks([b"lost"]))

    assert is_problem(alice.get("/download/a"), 410, "content-missing")


def test_content_found_missing_later_aborts_the_download_and_is_logged(
    app: Flask, alice: Program, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipping, "PIECE_SIZE", 1)
    for name in ("a", "b"):
        alice.put(f"/files/folder/{name}", name.encode())
    app.extensions["cabinet"].store.remove(hash_chunks([b"b"]))

    with caplog.at_level(logging.ERROR), pytest.raises(BlobMissing):
        alice.get("/download/folder")

    assert hash_chunks([b"b"]) in caplog.text


def test_a_client_detects_an_aborted_download(start_production: StartProduction) -> None:
    server = start_production()
    form = {"username": USERNAME, "password": PASSWORD}
    server.request("POST", "/register", fields=form, encode_multipart=False)
    for name, content in (("a", LARGE), ("b", b"lost")):
        server.request("PUT", f"/files/folder/{name}", body=content, headers=basic())
    lost = hash_chunks([b"lost"])
    (server.folder / "instance" / "blobs" / lost[:2] / lost).unlink()

    with pytest.raises((IncompleteRead, ProtocolError)):
        server.request("GET", "/download/folder", headers=basic())

    wait_until(lambda: lost in server.log_text(), what="a line about it in the log")
