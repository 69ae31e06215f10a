"""Names are data everywhere: hostile ones are refused, unusual ones are preserved.

Rule: a canary beside the store must never be served, and a refusal leaves nothing.
"""

from __future__ import annotations

import random
import re
import unicodedata
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from cabinet.services.tree.names import PATH_BYTES
from cabinet.web.pages import LONGEST_ADDRESS
from tests.support.visitors import Browser, Program

CANARY = "a canary that nobody may see"

# As they are in a URL: decoded exactly once.
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
    "a//",
    "a/./b",
    "a/../b",
    "a%00.txt",
    "..%0d%0aX:%20y",
    "a%0d%0aSet-Cookie:%20x=y",
    "x%E2%80%AEtxt.exe",
    "a%1b[31m",
    "%0a",
    "a%0a",
    "a%0ab/c",
    "a/%0a/b",
    "%e2%80%8f",
    quote("я" * 256),
    quote("😀" * 128),
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
    "я" * 255,
    "한" * 255,
    "😀" * 127,
    "\u200fשלום\u200e.pdf",
    "تقرير\u200f 2026.docx",
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


def test_a_path_or_query_in_invalid_utf8_is_refused(alice: Program) -> None:
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


def test_a_refused_name_is_explained_in_json_and_on_a_page(alice: Program, browser: Browser) -> None:
    browser.sign_in("alice")

    told = alice.put("/files/x%E2%80%AEy").get_json()
    page = browser.get("/files/x%E2%80%AEy")

    assert told["type"] == "/problems/invalid-name"
    assert "\u202e" not in told["detail"]
    assert "change the text direction" in told["detail"]
    assert page.status_code == 422
    assert "\u202e" not in re.sub(r'"[^"]*"', "", page.text)


def test_an_unusual_name_is_preserved(alice: Program) -> None:
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


def test_an_unusual_name_is_escaped_on_the_page(alice: Program, browser: Browser) -> None:
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


def test_both_unicode_forms_of_a_name_are_one_file(alice: Program) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Отчёт é й") for form in ("NFC", "NFD"))
    alice.put(f"/files/{quote(decomposed)}", b"first")

    assert alice.put(f"/files/{quote(composed)}", b"second").status_code == 200
    assert alice.get(f"/files/{quote(decomposed)}").data == b"second"
    assert alice.paths() == [composed]


def test_names_are_case_sensitive(alice: Program) -> None:
    alice.put("/files/a", b"small")
    alice.put("/files/A", b"large")

    assert alice.get("/files/a").data == b"small"
    assert alice.paths() == ["A", "a"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_trailing_slash_changes_nothing(alice: Program, method: str) -> None:
    alice.put("/files/a/b", b"content")

    for path in ("a/", "a/b/", "new/"):
        response = alice.request(method, f"/files/{path}", data=b"x" if method == "PUT" else None)
        assert response.status_code == 422
        assert response.get_json()["type"] == "/problems/invalid-name"

    assert alice.paths() == ["a", "a/b"]


@pytest.mark.parametrize("path", ["%0a", "a%0a", "%0ab", "a%0ab", "a/%0a/b", "a%0d%0ab"])
def test_a_name_with_a_line_feed_is_refused_everywhere(alice: Program, path: str) -> None:
    for method, target in (
        ("GET", "/files/"),
        ("HEAD", "/files/"),
        ("PUT", "/files/"),
        ("DELETE", "/files/"),
        ("GET", "/download/"),
        ("GET", "/thumbnails/"),
        ("GET", "/versions/"),
        ("GET", "/files?path="),
        ("GET", "/zip?path="),
        ("GET", "/search?q=a&path="),
    ):
        response = alice.request(method, target + path, data=b"x" if method == "PUT" else None)
        assert response.status_code == 422, (method, target)
    assert alice.request("POST", f"/versions/{path}/1/restore").status_code == 422


def test_a_path_may_have_64_levels_and_2048_bytes(alice: Program) -> None:
    assert alice.put("/files/" + "/".join("a" * 64)).status_code == 201
    assert alice.put("/files/" + "/".join("a" * 65)).status_code == 422
    for longest in ("/".join(["b" * 255] * 8), "/".join(["я" * 127] * 8) + "/bbbbbbb"):
        assert alice.put(f"/files/{quote(longest)}").status_code == 201
        assert alice.put(f"/files/{quote(longest)}/b").status_code == 422
        told = alice.put(f"/files/{quote(longest)}bb").get_json()["detail"]
        assert "2048 characters" in told or "255 characters" in told


def test_a_name_cannot_forge_a_log_line(
    alice: Program, caplog: pytest.LogCaptureFixture, browser: Browser
) -> None:
    for path in ("a%0aERROR%20forged", "a%1b[31mforged", "a%0dforged"):
        alice.get(f"/files/{path}")
        alice.put(f"/files/{path}")
    alice.upload([("a\nERROR forged", b"")])

    assert "forged" not in caplog.text


# 255 letters of three bytes that no compression makes shorter, and as many bytes as a path can have.
HANGUL = "".join(random.Random(14).choices([chr(code) for code in range(0xAC00, 0xD7A4)], k=255))
LONGEST = "/".join(
    ["".join(random.Random(seed).choices("абвгдежзиклмнопрстуфхцчшщ", k=127)) for seed in range(8)]
)


def test_a_name_of_any_255_characters_is_stored_and_found(alice: Program) -> None:
    """No index of a database may be too short for it, whichever order it serves."""
    names = [HANGUL, HANGUL[::-1], "é" + "я" * 254, "ﷺ" * 255, "9" * 255, "𐀀" * 127]
    for name in names:
        assert alice.put(f"/files/in/{quote(name)}", name.encode()).status_code == 201
        assert alice.put(f"/files/in/{quote(name)}", b"again").status_code == 200
    for order in ("", "&sort=size", "&sort=modified&order=desc", "&recursive=1"):
        assert set(listed(alice, f"/files?path=in&limit=2{order}")) == set(names)
    for query in (HANGUL[100:130], HANGUL[-3:], HANGUL):
        assert set(listed(alice, f"/search?q={quote(query)}&limit=1")) == {HANGUL}
    assert listed(alice, "/search?q=e&limit=1") == ["é" + "я" * 254]

    path = f"in/{HANGUL}"
    copied = {"from": [path], "to": "in/", "on_conflict": "rename"}
    numbered = alice.request("POST", "/copies", json=copied).get_json()["entries"][0]["name"]
    assert numbered == f"{HANGUL[:251]} (2)"
    assert alice.get(f"/zip?path={quote(path)}").status_code == 200
    assert alice.request("POST", f"/versions/{quote(path)}/1/restore").status_code == 200
    assert alice.delete(f"/files/{quote(path)}").status_code == 204
    (trashed,) = alice.get("/trash").get_json()["entries"]
    assert trashed["from"] == path
    assert alice.request("POST", f"/trash/{trashed['id']}/restore").get_json()["path"] == path


def listed(user: Program, target: str) -> list[str]:
    """Return the names on all pages of a list."""
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        page = user.get(f"{target}&after={after}").get_json()
        names += [entry["name"] for entry in page["entries"]]
        after = page["next"]
    return names


def test_the_longest_path_works_in_the_trash_and_in_uploads(alice: Program) -> None:
    path = f"{LONGEST}/{'b' * 8}"
    assert len(path.encode()) == PATH_BYTES
    assert alice.put(f"/files/{quote(path)}").status_code == 201
    assert alice.delete(f"/files/{quote(path)}").status_code == 204
    assert alice.get("/trash").get_json()["entries"][0]["from"] == path

    folder, _, name = path.rpartition("/")
    values = {"filename": name, "folder": folder}
    metadata = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())
    head = {"Tus-Resumable": "1.0.0", "Upload-Length": "7", "Upload-Metadata": metadata}
    made = alice.request("POST", "/uploads", head)
    assert made.status_code == 201, made.text
    part = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert alice.request("PATCH", made.headers["Location"], part, data=b"content").status_code == 204
    assert alice.get(f"/files/{quote(path)}").data == b"content"


@pytest.mark.parametrize("at", [0, 3, 7])
def test_the_longest_path_and_a_cursor_fit_a_request_line(alice: Program, browser: Browser, at: int) -> None:
    """A cursor contains paths below the given folder, with characters of six bytes each."""
    folder = "/".join(LONGEST.split("/")[: at + 1])
    below = "/".join(LONGEST.split("/")[at + 1 :])
    for number in (1, 2):
        assert (
            alice.put(f"/files/{quote('/'.join(filter(None, [folder, below, str(number)])))}").status_code
            == 201
        )
    browser.sign_in("alice")
    deepest = f"path={quote(LONGEST)}"

    for target in (
        f"/files?path={quote(folder)}&recursive=1&limit=1",
        f"/files?{deepest}&sort=modified&order=desc&limit=1",
        f"/files?{deepest}&sort=size&order=desc&limit=1",
        f"/search?q=1&{deepest}&limit=1",
        f"/search?q=%D0%B0%D0%B1&path={quote(folder)}&limit=1",
    ):
        page = alice.get(target).get_json()
        while page["next"]:
            longer = f"{target}&after={page['next']}"
            assert len(longer) < LONGEST_ADDRESS
            page = alice.get(longer).get_json()
    # Neither is an address too long that a page has, with the way back in it.
    for target in (
        f"/index?{deepest}&limit=1&sort=size&order=desc&view=grid",
        f"/search?q=1&{deepest}&limit=1",
    ):
        page = browser.get(target)
        assert page.status_code == 200
        addresses = re.findall(r'(?:href|action|src)="([^"]+)"', page.text)
        assert len([address for address in addresses if "%D0" in address]) > 4
        assert max(map(len, addresses)) < LONGEST_ADDRESS
    menu = f"/index/arrange?path={quote(LONGEST)}/1&next={quote('/index?sort=size')}"
    assert 'href="/versions/' in browser.get(menu).text


def test_signing_in_on_the_way_to_a_long_path_works(browser: Browser) -> None:
    led = browser.get(f"/index?path={quote(LONGEST)}")
    short = browser.get(f"/index?path={quote(LONGEST[:200])}")

    assert (led.status_code, led.headers["Location"]) == (303, "/login")
    assert short.headers["Location"].startswith("/login?next=/index?path%3D%25D")
