"""tus metadata: the name, the folder and the time of the file.

Rule: a refusal creates no upload and no file, and leaves nothing in staging.
"""

from __future__ import annotations

import pytest

from tests.support.contents import content_of
from tests.support.raw_http import RawResponse
from tests.support.tus import (
    Headers,
    Tus,
    Upload,
    check_finished,
    check_refused,
    metadata,
)

CONTENT = content_of(1_000)
NAMED = metadata(filename="file.bin")


def post(tus: Tus, headers: Headers, body: bytes = b"") -> RawResponse:
    return tus.post({"Upload-Metadata": NAMED, **headers}, body)


def check_nothing(tus: Tus) -> None:
    assert tus.unfinished() == []
    assert tus.person.hashes() == {}
    assert tus.usage() == 0


@pytest.mark.parametrize("value", ["", None])
def test_metadata_may_be_missing(either: Tus, value: str | None) -> None:
    answer = either.post({"Upload-Length": len(CONTENT), "Upload-Metadata": value})

    assert answer.status == 201
    upload = Upload(either, answer.headers["Location"])
    assert upload.get_status().headers.get("Upload-Metadata", "") == ""
    check_finished(either, upload.append(0, CONTENT), CONTENT)


@pytest.mark.parametrize(
    "value",
    [
        "filename ?",
        "filename YQ",
        "filename YQ=",
        "filename Y Q==",
        "filename YQ==,filename Yg==",
        "filename YQ==,,folder Yg==",
        "filename YQ==,",
        "ключ YQ==",
        "filename a_-b",
        "filename YQ==, filename Yg==",
    ],
)
def test_malformed_metadata_is_refused(tus: Tus, value: str) -> None:
    answer = tus.post({"Upload-Length": 5, "Upload-Metadata": value})

    if answer.status == 201:  # a list of HTTP may have empty elements, and a key may be of any alphabet
        assert value in {"filename YQ==,,folder Yg==", "filename YQ==,", "ключ YQ=="}
    else:
        check_refused(answer, 400)
        check_nothing(tus)


HOSTILE_NAMES: list[str | bytes] = [
    "../../etc/passwd",
    "..\\..\\x",
    "/etc/passwd",
    "a/b",
    ".",
    "..",
    "a\0.txt",
    "..\r\nX: y",
    "x\u202etxt.exe",
    "a\x1b[31m",
    "a" * 256,
    "я" * 256,
    b"\xff\xfe",
    b"\xc0\xae\xc0\xae",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_refused(tus: Tus, name: str | bytes) -> None:
    check_refused(tus.post({"Upload-Length": 5, "Upload-Metadata": metadata(filename=name)}), 422)
    check_nothing(tus)


@pytest.mark.parametrize(
    "folder", ["..", "a/../b", "a//b", "a/./b", "a\\b", "a\0", "\u202e", b"\xff", "a/" * 70 + "a"]
)
def test_a_hostile_folder_is_refused(tus: Tus, folder: str | bytes) -> None:
    value = metadata(filename="name", folder=folder)
    check_refused(tus.post({"Upload-Length": 5, "Upload-Metadata": value}), 422)
    check_nothing(tus)


@pytest.mark.parametrize(
    "name",
    [
        "😀.txt",
        "日本語.txt",
        "Отчёт №5.pdf",
        "-rf",
        "$(id)",
        "{{7*7}}",
        "%2e%2e%2f",
        "%s",
        "a\"b;c'd%.txt",
        " x ",
        "я" * 127,
    ],
)
def test_an_unusual_name_is_preserved(either: Tus, name: str) -> None:
    upload = either.create(5, filename=name, folder=name)

    assert check_finished(either, upload.append(0, b"bytes"), b"bytes") == f"{name}/{name}"
    assert upload.get_status().headers["Content-Location"].isascii()


@pytest.mark.parametrize("size", [5_000, 9_000, 100_000])
def test_metadata_of_any_size_is_accepted_or_refused(tus: Tus, size: int) -> None:
    answer = tus.post({"Upload-Length": 5, "Upload-Metadata": metadata(filename="a", other="x" * size)})

    assert answer.status == 201 or 400 <= answer.status < 500


def test_a_line_break_in_a_header_injects_no_header(tus: Tus) -> None:
    given = metadata(filename="a", other="x\r\nX-Evil: y")
    upload = tus.create(5, headers={"Upload-Metadata": given})

    answer = upload.get_status()

    assert answer.headers["Upload-Metadata"] == given
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "value",
    [
        "abc",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "99999999999999999999",
        "1,5",
        "-62135596800.000001",
        "253402300800",
    ],
)
def test_an_invalid_time_is_refused(tus: Tus, value: str) -> None:
    answer = tus.post({"Upload-Length": 5, "Upload-Metadata": metadata(filename="a", mtime=value)})
    check_refused(answer, 400, 422)
    check_nothing(tus)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "1970-01-01T00:00:00"),
        ("1700000000", "2023-11-14T22:13:20"),
        ("1700000000.25", "2023-11-14T22:13:20.25"),
        ("-0.000001", "1969-12-31T23:59:59.999999Z"),
        ("-0.0000015", "1969-12-31T23:59:59.999998Z"),
        ("-62135596800", "0001-01-01T00:00:00Z"),
        ("253402300799.999999", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_file_has_the_time_from_its_metadata(either: Tus, value: str, shown: str) -> None:
    upload = either.create(5, filename="a", mtime=value)
    upload.append(0, b"bytes")

    [entry] = either.person.entries()
    assert entry["modified_at"].startswith(shown)
