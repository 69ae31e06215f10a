"""Names are data on every face: the hostile ones are refused, the odd ones come back exactly.

Rule: a canary beside the store must never be served, and whatever is refused leaves nothing.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from tests.support.visitors import Browser, Program

pytestmark = pytest.mark.any_database

CANARY = "a canary that nobody may see"

# As they stand in a URL: decoded once, and never twice.
HOSTILE_PATHS = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/secret",
    "%2e%2e%2fsecret",
    "..%5c..%5cx",
    "..\\..\\x",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "a//b",
    "a/",
    "a/./b",
    "a/../b",
    "a%00.txt",
    "..%0d%0aX:%20y",
    "a%0d%0aSet-Cookie:%20x=y",
    "x%E2%80%AEtxt.exe",
    "a%1b[31m",
    quote("я" * 128),
    "a" * 256,
    ".",
    "..",
    "...//",
]

ODD_NAMES = [
    "😀.txt",
    "日本語.txt",
    "Отчёт №5.pdf",
    "-rf",
    "$(id)",
    "`id`",
    "{{7*7}}",
    "{% raw %}",
    "%s",
    "%2e%2e%2fetc",
    "a\"b;c'd%.txt",
    "<img src=x onerror=alert(1)>",
    "<!-- & -->",
    " space ",
    "...",
    "..a",
    "CON",
    "a?b#c&d=e+f",
    "new (1).txt",
    "x" * 255,
    "я" * 127,
    "😀" * 63,
]


@pytest.fixture(autouse=True)
def canary(app: Flask) -> None:
    instance = Path(app.instance_path)
    for place in (instance.parent, instance, instance / "staging"):
        (place / "secret").write_text(CANARY)


@pytest.mark.parametrize("face", ["files", "download"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_hostile_path_reaches_nothing(alice: Program, method: str, face: str) -> None:
    alice.put("/files/a/b", b"content")

    for path in HOSTILE_PATHS:
        response = alice.request(method, f"/{face}/{path}", data=b"x" if method == "PUT" else None)
        assert response.status_code in {404, 405, 422}, path
        assert CANARY not in response.text
        assert "Set-Cookie" not in response.headers
        assert "X" not in response.headers
        assert "/instance" not in response.text

    assert alice.paths() == ["a", "a/b"]


@pytest.mark.parametrize("target", ["/files?path=", "/files?recursive=1&path=", "/index?path="])
def test_a_hostile_query_reaches_nothing(alice: Program, target: str) -> None:
    for path in HOSTILE_PATHS:
        response = alice.get(f"{target}{path}")
        assert response.status_code in {404, 422}, path
        assert CANARY not in response.text


def test_a_path_or_query_that_is_no_utf8_is_refused(alice: Program) -> None:
    for broken in ("\xff\xfe", "\xc0\xae\xc0\xae/secret", "a\xed\xa0\x80"):
        for method in ("GET", "PUT", "DELETE"):
            # Werkzeug's client would quietly send U+FFFD instead.
            raw = {"PATH_INFO": f"/files/{broken}", "CONTENT_LENGTH": "1"}
            response = alice.request(method, "/files/x", data=b"x", environ_overrides=raw)
            assert response.status_code == 422
            assert response.get_json()["type"] == "/problems/invalid-name"
    assert alice.get("/files?path=%ff").status_code == 422
    assert alice.get("/files?anything=%ff").status_code == 422
    assert alice.paths() == []


def test_a_path_is_decoded_once(alice: Program) -> None:
    alice.put("/files/%252e%252e%252fetc", b"content")

    assert alice.paths() == ["%2e%2e%2fetc"]
    assert alice.get("/files/%2e%2e%2fetc").status_code == 422
    assert alice.get("/files/%252e%252e%252fetc").data == b"content"


def test_a_refused_name_is_told_with_the_reason_in_json_and_on_a_page(
    alice: Program, browser: Browser
) -> None:
    browser.sign_in("alice")

    told = alice.put("/files/x%E2%80%AEy").get_json()
    page = browser.get("/files/x%E2%80%AEy")

    assert told["type"] == "/problems/invalid-name"
    assert "\u202e" not in told["detail"]
    assert "reverse the direction" in told["detail"]
    assert page.status_code == 422
    assert "\u202e" not in re.sub(r'"[^"]*"', "", page.text)


def test_an_odd_name_comes_back_exactly(alice: Program) -> None:
    for name in ODD_NAMES:
        content = name.encode()
        stored = alice.put(f"/files/in/{quote(name, safe='')}", content)
        posted = alice.upload([(name.replace('"', "%22"), content)], "?folder=out")

        assert stored.status_code == posted.status_code == 201, posted.text
        for entry in (stored.get_json(), posted.get_json()["files"][0]):
            assert entry["name"] == name
            downloaded = alice.get(entry["url"].replace("/files/", "/download/", 1))
            assert downloaded.data == content
            assert filename_of(downloaded.headers["Content-Disposition"]) == name
        assert [entry["name"] for entry in alice.get("/files/in").get_json()["entries"]] == [name]
        assert stored.headers["Location"].isascii()
        assert alice.delete(stored.headers["Location"]).status_code == 204

    assert len(alice.paths()) == 2 + len(ODD_NAMES)


def filename_of(disposition: str) -> str:
    """Return the name that a client takes which knows RFC 8187, as all of today do."""
    return unquote(disposition.partition("filename*=UTF-8''")[2])


def test_an_odd_name_is_inert_on_the_page(alice: Program, browser: Browser) -> None:
    for name in ODD_NAMES:
        assert alice.put(f"/files/{quote(name, safe='')}/{quote(name, safe='')}").status_code == 201
    browser.sign_in("alice")

    pages = [browser.get("/index")]
    pages += [browser.get(f"/index?path={quote(name, safe='')}") for name in ODD_NAMES]
    missing = browser.get("/files/missing<img src=x onerror=alert(1)>")

    assert {page.status_code for page in pages} == {200}
    assert missing.status_code == 404
    for page in (*pages, missing):
        assert "<img src=x" not in page.text
        assert "<!-- & -->" not in page.text
        assert ">49<" not in page.text


def test_both_ways_to_write_an_accent_are_one_file(alice: Program) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Отчёт é й") for form in ("NFC", "NFD"))
    alice.put(f"/files/{quote(decomposed)}", b"first")

    assert alice.put(f"/files/{quote(composed)}", b"second").status_code == 200
    assert alice.get(f"/files/{quote(decomposed)}").data == b"second"
    assert alice.paths() == [composed]


def test_upper_and_lower_case_are_two_files(alice: Program) -> None:
    alice.put("/files/a", b"small")
    alice.put("/files/A", b"large")

    assert alice.get("/files/a").data == b"small"
    assert alice.paths() == ["A", "a"]


def test_a_path_may_be_64_deep_and_1024_bytes_long(alice: Program) -> None:
    assert alice.put("/files/" + "/".join("a" * 64)).status_code == 201
    assert alice.put("/files/" + "/".join("a" * 65)).status_code == 422
    longest = "/".join(["b" * 255] * 4)
    assert alice.put(f"/files/{longest}").status_code == 201
    assert alice.put(f"/files/{longest}/b").status_code == 422


def test_a_name_cannot_forge_a_line_of_the_log(
    alice: Program, caplog: pytest.LogCaptureFixture, browser: Browser
) -> None:
    for path in ("a%0aERROR%20forged", "a%1b[31mforged", "a%0dforged"):
        alice.get(f"/files/{path}")
        alice.put(f"/files/{path}")
    alice.upload([("a\nERROR forged", b"")])

    assert "forged" not in caplog.text
