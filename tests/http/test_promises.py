"""What the head of a body says of it: when it was changed last, and what its digest is."""

from __future__ import annotations

import base64
import hashlib

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.conftest import MakeApp
from tests.support.forms import file, post
from tests.support.visitors import Program, is_problem

pytestmark = pytest.mark.any_database

CONTENT = b"content"
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()

# Seconds since 1970, and what that is.
MOMENTS = {
    "0": "1970-01-01T00:00:00Z",
    "1700000000.25": "2023-11-14T22:13:20.250000Z",
    "-86400": "1969-12-31T00:00:00Z",
    "1700000000.123456789": "2023-11-14T22:13:20.123456Z",
}
NO_MOMENTS = ("", "yesterday", "1e9", "nan", "inf", "1,5", "+1", "1" * 13, "999999999999", "--1", "0x10", "١")


def head(name: str, value: str) -> str:
    return f"\r\n{name}: {value}"


@pytest.mark.parametrize("text", MOMENTS)
def test_the_time_of_the_last_change_is_kept(alice: Program, text: str) -> None:
    stored = alice.put("/files/f", CONTENT, headers={"X-Mtime": text}).get_json()

    assert stored["modified_at"] == MOMENTS[text]
    assert alice.get("/files").get_json()["entries"] == [stored]


def test_the_time_is_shown_to_whoever_downloads(alice: Program) -> None:
    alice.put("/files/f", CONTENT, headers={"X-Mtime": "1700000000.9"})

    assert alice.get("/download/f").headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_the_same_content_takes_a_new_time(alice: Program) -> None:
    alice.put("/files/f", CONTENT, headers={"X-Mtime": "0"})

    again = alice.put("/files/f", CONTENT, headers={"X-Mtime": "-86400"})

    assert again.get_json()["modified_at"] == MOMENTS["-86400"]


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_a_time_that_is_none_is_refused(alice: Program, text: str) -> None:
    response = alice.put("/files/f", CONTENT, headers={"X-Mtime": text.encode().decode("latin-1")})

    assert is_problem(response, 422, "invalid-field")
    assert alice.get("/files").get_json()["entries"] == []


def test_every_part_has_a_time_of_its_own(alice: Program) -> None:
    parts = [file(name, CONTENT, head("X-Mtime", text)) for name, text in zip("abcd", MOMENTS, strict=True)]

    entries = post(alice, *parts).get_json()["files"]

    assert [entry["modified_at"] for entry in entries] == list(MOMENTS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Content-Hash", hash_chunks([CONTENT])), ("Content-Digest", f"sha-256=:{SHA256}:")],
)
def test_every_part_has_a_digest_of_its_own(alice: Program, name: str, value: str) -> None:
    right = file("right", CONTENT, head(name, value))

    assert post(alice, right).status_code == 201
    assert is_problem(post(alice, right, file("wrong", b"other", head(name, value))), 422, "digest-mismatch")
    assert [entry["name"] for entry in alice.get("/files").get_json()["entries"]] == ["right"]


def test_a_digest_of_a_part_that_is_none_is_refused(alice: Program) -> None:
    response = post(alice, file("f", CONTENT, head("X-Content-Hash", "abc")))

    assert is_problem(response, 422, "invalid-field")


def test_the_parts_of_a_form_share_a_quota(make_app: MakeApp) -> None:
    """Each of them would fit."""
    alice = Program(make_app(USER_QUOTA=len(CONTENT) + 3), "alice")

    assert is_problem(post(alice, file("a"), file("b")), 507, "quota-exceeded")
    assert post(alice, file("a"), file("b", b"b")).status_code == 201
