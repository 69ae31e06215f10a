"""`POST /upload`: a form with one or several files, stored all or none.

Rule: bodies are written by hand where a client library would normalize them.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.storage.content_hash import hash_chunks
from cabinet.web.bodies import MAX_FILES
from tests.conftest import MakeApp
from tests.support.forms import BOUNDARY, END, file, part, post
from tests.support.visitors import NAVIGATION, Browser, Program
from tests.support.wording import text_of

CONTENT = b"content"


def is_refused(response: TestResponse, status: int, slug: str) -> bool:
    assert response.status_code == status, response.text
    assert response.get_json()["type"] == f"/problems/{slug}", response.text
    return True


def test_one_file_becomes_an_entry(alice: Program) -> None:
    response = alice.upload([("Отчёт №5.pdf", CONTENT)])

    (entry,) = response.get_json()["files"]
    assert response.status_code == 201
    assert (entry["path"], entry["size"], entry["content_hash"]) == (
        "Отчёт №5.pdf",
        7,
        hash_chunks([CONTENT]),
    )
    assert entry["media_type"] == "application/pdf"
    assert alice.get(entry["url"]).data == CONTENT


def test_many_files_become_entries_in_order(alice: Program) -> None:
    names = ["z", "a", "m"]

    response = alice.upload([(name, name.encode()) for name in names], "?folder=some/where")

    assert [entry["path"] for entry in response.get_json()["files"]] == [
        f"some/where/{name}" for name in names
    ]
    assert alice.get("/files/some/where/m").data == b"m"


def test_a_path_field_before_a_file_sets_its_path(alice: Program) -> None:
    response = post(
        alice,
        part("path", b"photos/2026/one.jpg"), file("one.jpg", b"1"),
        file("two.jpg", b"2"),
        part("path", "фото/три.jpg".encode()), file("ignored.jpg", b"3"),
        part("path", b"empty name"), file("", b"4"),
        query="?folder=in",
    )  # fmt: skip

    paths = [entry["path"] for entry in response.get_json()["files"]]
    assert paths == ["in/photos/2026/one.jpg", "in/two.jpg", "in/фото/три.jpg", "in/empty name"]


def test_other_fields_are_ignored(alice: Program) -> None:
    response = post(
        alice,
        part("comment", b"hello"),
        part("attachment", b"x", "not-asked-for"),
        file("f"),
        part("submit", b""),
    )

    assert [entry["path"] for entry in response.get_json()["files"]] == ["f"]
    assert alice.paths() == ["f"]


def test_a_quoted_filename_is_decoded(alice: Program) -> None:
    names = {
        "a%22b;c'd%.txt": "a\"b;c'd%.txt",
        "100%25": "100%25",
        # As curl before 7.81 and Go write it.
        'back\\"slash': 'back"slash',
        '\\"\\"': '""',
        # Unusual, but seen in practice.
        'a"b': 'a"b',
    }

    for sent, meant in names.items():
        (entry,) = post(alice, file(sent)).get_json()["files"]
        assert entry["name"] == meant
        assert alice.get(entry["url"]).status_code == 200


def test_an_extended_filename_is_decoded_once(alice: Program) -> None:
    kind = "; filename*=UTF-8''%D0%AF%2522.txt"

    (entry,) = post(alice, part("file", CONTENT, None, kind)).get_json()["files"]

    assert entry["name"] == "Я%22.txt"


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ("; filename=plain name.txt", "plain name.txt"),
        ("; filename=a.txt; size=7", "a.txt"),
        ('; FileName="a.txt"', "a.txt"),
        ('; filename="a; filename=b.txt"', "a; filename=b.txt"),
        ("; filename=\"old.txt\"; filename*=utf-8'ru'%D0%AF.txt", "Я.txt"),
        ("; filename*=UTF-8''%D0%AF.txt; filename=\"old.txt\"", "Я.txt"),
        ("; filename*=ISO-8859-1'de'%E4.txt", "ä.txt"),
        ("; filename*=unknown''a.txt", "a.txt"),
        ('; filename="a.txt"; filename="b.txt"', "a.txt"),
        ('; filename="a.txt"\r\nX-Other: ü', "a.txt"),
    ],
)
def test_the_filename_parameter_may_have_various_syntaxes(alice: Program, more: str, name: str) -> None:
    (entry,) = post(alice, part("file", CONTENT, None, more)).get_json()["files"]

    assert entry["name"] == name
    assert alice.get(entry["url"]).data == CONTENT


@pytest.mark.parametrize(
    "sent",
    [
        "a\\b.txt",
        "..\\..\\x",
        "C:\\fakepath\\x.txt",
        "\\\\server\\share",
        "a\\\\b",
        "\\",
        "\\\\",
        "ends in one\\",
        "ends in two\\\\",
        "a;b\\",
        "a; x=y\\",
        'a\\"b\\c',
        "a\\/b",
    ],
    ids=ascii,
)
def test_a_backslash_is_refused_and_not_removed(alice: Program, sent: str) -> None:
    response = post(alice, file("good"), file(sent))

    assert is_refused(response, 422, "invalid-name")
    assert "backslash" in response.get_json()["detail"]
    assert is_refused(post(alice, part("path", sent.encode()), file("f")), 422, "invalid-name")
    assert alice.paths() == []


@pytest.mark.parametrize(
    "more",
    [
        '; filename="\udccf\udcf0\udce8.txt"',
        "; filename=\udcff",
        '; filename="a\udced\udca0\udc80"',
        "; filename*=UTF-8''%ff.txt",
        "; filename*=UTF-8''%ED%A0%80",
        "; filename*=windows-1251''%CF.txt",
        "; filename*=UTF-8''..%2fx",
        "; filename*=UTF-8''a%5Cb",
        "; filename*=UTF-8''a%00b",
    ],
    ids=ascii,
)
def test_an_invalid_filename_is_reported_as_a_name_and_not_as_a_malformed_form(
    alice: Program, more: str
) -> None:
    assert is_refused(post(alice, file("good"), part("file", CONTENT, None, more)), 422, "invalid-name")
    assert alice.paths() == []


def test_a_path_in_invalid_utf8_is_refused(alice: Program) -> None:
    for path in (b"\xff", b"a/\xcf\xf0", b"a\xed\xa0\x80/b"):
        response = post(alice, file("good"), part("path", path), file("f"))
        assert is_refused(response, 422, "invalid-name")
        assert "not valid UTF-8" in response.get_json()["detail"]
    assert post(alice, part("other", b"\xff"), file("f")).status_code == 201


def test_one_invalid_name_refuses_all_and_is_reported(alice: Program) -> None:
    alice.put("/files/kept", b"old")
    for sent in (
        "../../etc/passwd", "..\\..\\x", "/etc/passwd", "a\0.txt", ".", "..", "a/b", "%0D%0AX: y", "x\u202ey", "a" * 256,
    ):  # fmt: skip
        response = post(alice, file("good"), file("kept"), file(sent), file("better"))

        assert is_refused(response, 422, "invalid-name")
        meant = sent.replace("%0D%0A", "\r\n")[:80]
        shown = "".join(char if char.isprintable() else "\ufffd" for char in meant)
        assert shown in response.get_json()["detail"]
    assert alice.paths() == ["kept"]
    assert alice.get("/files/kept").data == b"old"


def test_an_invalid_path_or_folder_refuses_all(alice: Program) -> None:
    for path in (b"../x", b"/x", b"a//b", b"a/", b"a\\b", b"\xff", b"a\0b", b"/".join([b"a"] * 65)):
        response = post(alice, file("good"), part("path", path), file("f"))
        assert is_refused(response, 422, "invalid-name")
    for folder in ("..", "/", "a//b", "%FF", "a%00"):
        assert is_refused(post(alice, file("f"), query=f"?folder={folder}"), 422, "invalid-name")
    assert alice.paths() == []


def test_conflicts_follow_on_conflict(alice: Program) -> None:
    alice.put("/files/f", b"old")
    alice.put("/files/folder/x", b"old")

    assert is_refused(post(alice, file("new"), file("f"), query="?on_conflict=fail"), 409, "entry-exists")
    assert is_refused(post(alice, file("new"), file("folder")), 409, "is-a-folder")
    assert is_refused(post(alice, file("new"), query="?folder=f"), 409, "not-a-folder")
    assert is_refused(post(alice, file("f"), query="?on_conflict=ask"), 422, "invalid-field")
    assert alice.paths() == ["folder", "folder/x", "f"]
    renamed = post(alice, file("f"), file("f"), query="?on_conflict=rename").get_json()["files"]
    assert [entry["path"] for entry in renamed] == ["f (2)", "f (3)"]
    assert post(alice, file("f")).status_code == 201
    assert alice.get("/files/f").data == CONTENT


def test_the_size_limit_applies_to_each_file(make_app: MakeApp) -> None:
    alice = Program(make_app(MAX_UPLOAD_SIZE=10))

    assert post(alice, file("a", b"x" * 10), file("b", b"x" * 10)).status_code == 201
    assert is_refused(post(alice, file("c"), file("d", b"x" * 11)), 413, "too-large")
    assert alice.paths() == ["a", "b"]


def test_an_empty_file_is_stored(alice: Program) -> None:
    assert post(alice, file("empty", b"")).status_code == 201
    assert alice.get("/files/empty").data == b""


def test_a_form_without_a_complete_file_is_refused(alice: Program) -> None:
    head = b"--frontier\r\nContent-Disposition: form-data; name=file; filename=f\r\n"
    for body in (
        b"--frontier--\r\n",
        b"",
        part("comment", b"no file") + END,
        part("file", b"", "") + END,
        part("other", b"x", "name") + END,
        file("f"),
        file("f") + b"--fron",
        file("f") + b"--frontier",
        b"garbage without any boundary",
        b"--frontier\r\n\r\nno disposition\r\n" + END,
        b"--frontier\r\nContent-Disposition: attachment\r\n\r\nx\r\n" + END,
        head.replace(b"\r\n", b"\n") + b"\nx",
        head + END,
    ):
        response = post(alice, body, end=b"")
        assert response.status_code == 400, (body, response.text)
    assert alice.paths() == []


def test_a_form_without_a_boundary_is_refused(alice: Program) -> None:
    for content_type in (
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=é",
        "application/x-www-form-urlencoded", "application/json", "text/plain", "",
        "multipart/mixed; boundary=frontier", f"multipart/form-data; boundary={'x' * 5000}",
    ):  # fmt: skip
        response = alice.request("POST", "/upload", data=file("f") + END, content_type=content_type)
        assert is_refused(response, 400, "malformed-request")
    assert alice.paths() == []


def test_a_compressed_form_is_refused(alice: Program) -> None:
    response = alice.upload([("f", CONTENT)], headers={"Content-Encoding": "gzip"})

    assert is_refused(response, 415, "unsupported-encoding")


def test_the_number_of_files_in_a_form_is_limited(
    app: Flask, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_FILES == 1000
    monkeypatch.setattr("cabinet.web.receiving.MAX_FILES", 20)
    files = [file(f"{number:02}", b"x") for number in range(21)]

    assert is_refused(post(alice, *files), 400, "malformed-request")
    assert alice.paths() == []
    assert list(app.extensions["cabinet"].store.iter_staged()) == []
    assert post(alice, *files[1:]).status_code == 201
    assert len(alice.paths()) == 20


class Watched(io.RawIOBase):
    """A body of a repeated piece that counts how much of it was read."""

    def __init__(self, head: bytes, piece: bytes, times: int) -> None:
        self.length = len(head) + len(piece) * times
        self.read_bytes = 0
        self._head, self._piece = head, piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        start, size = self.read_bytes, min(len(buffer), self.length - self.read_bytes)
        copies = self._piece * (size // len(self._piece) + 2)
        shift = (start - len(self._head)) % len(self._piece)
        content = (
            self._head[start : start + size] if start < len(self._head) else copies[shift : shift + size]
        )
        buffer[: len(content)] = content
        self.read_bytes += len(content)
        return len(content)


def pour(user: Program, body: Watched) -> TestResponse:
    # All of it here: Werkzeug's client would choose another boundary for a form without content.
    environ = {
        "wsgi.input": body,
        "CONTENT_LENGTH": str(body.length),
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
    }
    return user.request("POST", "/upload", environ_overrides=environ)


ENDLESS: dict[str, Callable[[], Watched]] = {
    "100,000 fields": lambda: Watched(b"", part("x", b"y"), 100_000),
    "a filename of 2 MiB": lambda: Watched(
        b"--frontier\r\nContent-Disposition: form-data; name=file; filename=", b"x", 2 << 20
    ),
    "a head of 3 MB": lambda: Watched(b"--frontier\r\n", b"X-Header: value\r\n", 200_000),
    "a path of 20 MB": lambda: Watched(part("path", b"")[:-2], b"x", 20 << 20),
    "20 MB of CR": lambda: Watched(b"", b"\r", 20 << 20),
    "almost marks": lambda: Watched(b"", b"\r\n--frontie", 2 << 20),
}


def test_an_endless_form_is_aborted_early(alice: Program) -> None:
    for name, body in ENDLESS.items():
        sent = body()
        response = pour(alice, sent)
        assert response.status_code in {400, 413}, name
        # A chunk to begin with, and one more until the parser's buffer is full.
        assert sent.read_bytes <= 2 << 20, name
    assert alice.paths() == []


def test_content_that_looks_like_boundaries_is_stored_unchanged(alice: Program) -> None:
    for piece in (b"\r", b"\r\n", b"\r\n--", b"\r\n--frontie", b"--frontie"):
        content = piece * (1_500_000 // len(piece))
        response = post(alice, file("f", content))
        assert response.get_json()["files"][0]["content_hash"] == hash_chunks([content]), piece


def test_a_browser_is_redirected_to_the_folder(browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")

    for names, query, location, told in (
        (["a.txt"], "", "/index", "“a.txt”"),
        (["a", "b"], "?folder=x/y", "/index?path=x/y", text_of("done", count=2)),
    ):
        fields: dict[str, Any] = {
            "csrf_token": browser.token("/index"),
            "file": [(io.BytesIO(b"x"), name) for name in names],
        }
        response = browser.client.post(f"/upload{query}", data=fields, headers=NAVIGATION)
        assert (response.status_code, response.headers["Location"]) == (303, location)
        assert told in browser.get(location).text


def test_a_browser_deletes_by_a_form(browser: Browser, alice: Program) -> None:
    alice.put("/files/x/f")
    browser.sign_in("alice")

    response = browser.post("/index/delete", {"path": "x/f"}, "/index")

    assert (response.status_code, response.headers["Location"]) == (303, "/index?path=x")
    assert text_of("deleted", name="f") in browser.get("/index?path=x").text
    assert alice.paths() == ["x"]
    assert browser.post("/index/delete", {"path": ""}, "/index").status_code == 422
    assert browser.post("/index/delete", {"path": "x/f"}, "/index").status_code == 404
