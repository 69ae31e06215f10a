"""Headers of an upload: the modification time and the digest."""

from __future__ import annotations

import base64
import hashlib
import io
import time
import zipfile
from collections.abc import Iterator

import pytest

from cabinet.storage.content_hash import hash_chunks
from tests.conftest import MakeApp
from tests.support.forms import file, post
from tests.support.visitors import Program, is_problem

CONTENT = b"content"
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()

# Seconds since 1970, and what that is.
MOMENTS = {
    "0": "1970-01-01T00:00:00Z",
    "1700000000.25": "2023-11-14T22:13:20.250000Z",
    "-86400": "1969-12-31T00:00:00Z",
    "1700000000.123456789": "2023-11-14T22:13:20.123456Z",
}
EXTREMES = {
    "-62135596800": "0001-01-01T00:00:00Z",
    "-62135596799.999999": "0001-01-01T00:00:00.000001Z",
    "-0.000001": "1969-12-31T23:59:59.999999Z",
    "-0.0000009": "1969-12-31T23:59:59.999999Z",
    "4102444800.000001": "2100-01-01T00:00:00.000001Z",
    "253402300799.999999": "9999-12-31T23:59:59.999999Z",
}
NO_MOMENTS = ("", "yesterday", "1e9", "nan", "inf", "1,5", "+1", "1" * 13, "999999999999", "--1", "0x10", "١")


def head(name: str, value: str) -> str:
    return f"\r\n{name}: {value}"


@pytest.mark.parametrize("text", MOMENTS | EXTREMES)
def test_the_modification_time_is_stored(alice: Program, text: str) -> None:
    stored = alice.put("/files/f", CONTENT, headers={"X-Mtime": text}).get_json()

    assert stored["modified_at"] == (MOMENTS | EXTREMES)[text]
    assert alice.get("/files").get_json()["entries"] == [stored]


def test_downloads_have_a_last_modified_header(alice: Program) -> None:
    alice.put("/files/f", CONTENT, headers={"X-Mtime": "1700000000.9"})

    assert alice.get("/download/f").headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"


def test_the_exact_time_is_sent_beside_the_date(alice: Program) -> None:
    for sent, told, date in (
        ("1700000000.25", "1700000000.250000", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ("-1.5", "-1.500000", "Wed, 31 Dec 1969 23:59:58 GMT"),
        ("-62135596800", "-62135596800.000000", "Mon, 01 Jan 0001 00:00:00 GMT"),
    ):
        alice.put("/files/f", CONTENT, headers={"X-Mtime": sent})
        for response in (alice.get("/files/f"), alice.get("/download/f", {"Range": "bytes=0-0"})):
            assert response.headers["X-Mtime"] == told
            assert response.headers["Last-Modified"] == date


@pytest.fixture(params=["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def far_from_utc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take this machine, and what a database server takes for the zone of its client, to another zone."""
    monkeypatch.setenv("TZ", request.param)
    monkeypatch.setenv("PGTZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_utc")
def test_all_times_are_listed_sorted_and_archived_in_any_time_zone(alice: Program) -> None:
    for name, text in enumerate(EXTREMES):
        alice.put(f"/files/a/{name}", CONTENT, headers={"X-Mtime": text})

    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = alice.get(f"/files?path=a&sort=modified&limit=2&after={after}").get_json()
        after = page["next"]
        found += [entry["modified_at"] for entry in page["entries"]]
    assert found == list(EXTREMES.values())
    assert alice.get("/index?path=a", {"Accept": "text/html"}).status_code == 200
    with zipfile.ZipFile(io.BytesIO(alice.get("/download/a").data)) as archive:
        years = [archive.getinfo(f"a/{name}").date_time[0] for name in range(len(EXTREMES))]
    assert years == [1980, 1980, 1980, 1980, archive.getinfo("a/4").date_time[0], 2107]


def test_identical_content_gets_the_new_time(alice: Program) -> None:
    alice.put("/files/f", CONTENT, headers={"X-Mtime": "0"})

    again = alice.put("/files/f", CONTENT, headers={"X-Mtime": "-86400"})

    assert again.get_json()["modified_at"] == MOMENTS["-86400"]


@pytest.mark.parametrize("text", NO_MOMENTS)
def test_an_invalid_time_is_refused(alice: Program, text: str) -> None:
    response = alice.put("/files/f", CONTENT, headers={"X-Mtime": text.encode().decode("latin-1")})

    assert is_problem(response, 422, "invalid-field")
    assert alice.get("/files").get_json()["entries"] == []


def test_every_part_of_a_form_has_its_own_time(alice: Program) -> None:
    parts = [file(name, CONTENT, head("X-Mtime", text)) for name, text in zip("abcd", MOMENTS, strict=True)]

    entries = post(alice, *parts).get_json()["files"]

    assert [entry["modified_at"] for entry in entries] == list(MOMENTS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Content-Hash", hash_chunks([CONTENT])), ("Content-Digest", f"sha-256=:{SHA256}:")],
)
def test_every_part_of_a_form_has_its_own_digest(alice: Program, name: str, value: str) -> None:
    right = file("right", CONTENT, head(name, value))

    assert post(alice, right).status_code == 201
    assert is_problem(post(alice, right, file("wrong", b"other", head(name, value))), 422, "digest-mismatch")
    assert [entry["name"] for entry in alice.get("/files").get_json()["entries"]] == ["right"]


def test_an_invalid_digest_of_a_part_is_refused(alice: Program) -> None:
    response = post(alice, file("f", CONTENT, head("X-Content-Hash", "abc")))

    assert is_problem(response, 422, "invalid-field")


def test_the_parts_of_a_form_share_the_quota(make_app: MakeApp) -> None:
    """Each of them would fit."""
    alice = Program(make_app(USER_QUOTA=len(CONTENT) + 3), "alice")

    assert is_problem(post(alice, file("a"), file("b")), 507, "quota-exceeded")
    assert post(alice, file("a"), file("b", b"b")).status_code == 201
