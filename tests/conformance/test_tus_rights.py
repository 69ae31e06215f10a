"""tus permissions and quotas: other users, other sites, and invalid ids.

Rule: uploads of other users are not found; a refusal changes nothing.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.support.auth import PASSWORD, basic
from tests.support.contents import content_of
from tests.support.tus import (
    CONTENT_TYPE,
    Headers,
    Tus,
    Upload,
    check_finished,
    check_refused,
    checksum,
    metadata,
    new_account,
    part,
    staged,
    told,
)
from tests.support.waiting import wait_until

CONTENT = content_of(100_000)
LARGE = content_of(6 << 20, seed=1)
UNKNOWN = "/uploads/00000000000000000000000000000000"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET", "POST"])
def test_an_upload_of_another_user_is_not_found(either: Tus, method: str) -> None:
    upload = either.create(len(CONTENT))
    upload.append(0, CONTENT[:100])
    finished = either.create(3, filename="finished")
    finished.append(0, b"abc")
    stranger = new_account(either.server)
    override: Headers = {"X-HTTP-Method-Override": "DELETE"} if method == "POST" else {}
    headers: Headers = {**part(100), **override}
    body = None if method in {"HEAD", "GET"} else b""

    unknown = stranger.send(method, UNKNOWN, headers, body)
    answers = [Upload(stranger, each.target).send(method, headers, body) for each in (upload, finished)]

    assert unknown.status == 404
    for answer, each in zip(answers, (upload, finished), strict=True):
        assert answer.status == 404
        assert told(answer, each.target) == told(unknown, UNKNOWN)
        differing = {"Date", "X-Request-Id", "Content-Length"}
        assert set(answer.headers.keys()) - differing == set(unknown.headers.keys()) - differing
        assert "Upload-Offset" not in answer.headers
    assert stranger.unfinished() == []
    assert upload.offset() == 100
    upload.finish(CONTENT)


HOSTILE_IDS = [
    ".",
    "..",
    "../uploads",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "a/b",
    "%2fetc%2fpasswd",
    "..%5c..%5cx",
    "a%00b",
    "%0d%0aX-Evil:%20y",
    "%D0%96",
    "%EF%BC%90" * 32,
    "0" * 31,
    "0" * 33,
    "0" * 3000,
    "-1",
    "1",
    "*",
    "%25",
    "' OR 1=1 --".replace(" ", "%20"),
    "G" * 32,
]


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
def test_an_invalid_id_is_not_found(tus: Tus, method: str) -> None:
    upload = tus.create(5)
    before = staged(tus.server)
    for hostile in (*HOSTILE_IDS, f"{upload.id}/", f"{upload.id}%00", f"{upload.id}.", f"%2e/{upload.id}"):
        body = b"x" if method == "PATCH" else None
        answer = tus.send(method, f"/uploads/{hostile}", part(0), body)
        assert answer.status == 404, hostile
        assert "Upload-Offset" not in answer.headers
        assert "X-Evil" not in answer.headers
        if method == "HEAD":
            assert answer.body == b""
    assert tus.send(method, "/uploads/%ff%fe", part(0)).status in {404, 422}
    assert upload.offset() == 0
    assert staged(tus.server) <= before


def test_uploading_requires_authentication(either: Tus) -> None:
    upload = either.create(len(CONTENT))
    nobody: Headers = {"Authorization": None}
    requests: list[tuple[str, str, Headers]] = [
        ("POST", "/uploads", {"Upload-Length": 5}),
        ("HEAD", upload.target, {}),
        ("PATCH", upload.target, part(0)),
        ("DELETE", upload.target, {}),
        ("GET", upload.target, {}),
        ("GET", "/uploads", {}),
        ("HEAD", UNKNOWN, {}),
    ]
    for method, target, headers in requests:
        body = b"start" if method in {"POST", "PATCH"} else None
        answer = either.send(method, target, {**headers, **nobody}, body)
        assert answer.status == 401, (method, target)
        assert "WWW-Authenticate" in answer.headers
        if method != "GET":
            assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert upload.offset() == 0


def test_every_authentication_method_can_upload(either: Tus) -> None:
    username = either.person.send("GET", "/me").json()["username"]
    form = urlencode({"username": username, "password": PASSWORD})
    signed_in = either.server.request(
        "POST", "/login", body=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
    ways: list[dict[str, str | None]] = [
        {"Authorization": None, "Cookie": cookie, "Sec-Fetch-Site": "same-origin"},
        {"Authorization": basic(username)["Authorization"]},
        {},
    ]
    for number, way in enumerate(ways):
        created = either.post(
            {"Upload-Length": len(CONTENT), "Upload-Metadata": metadata(filename=f"{number}"), **way}
        )
        assert created.status == 201, created.body
        upload = Upload(either, created.headers["Location"])
        answer = upload.patch(0, CONTENT, way)
        assert answer.status == 204, answer.body
        check_finished(either, answer, CONTENT)


CROSS_SITE: list[Headers] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSS_SITE, ids=str)
def test_a_cross_site_request_changes_nothing(either: Tus, headers: Headers) -> None:
    upload = either.create(len(CONTENT))
    override = "X-HTTP-Method-Override"

    for answer in (
        either.post({"Upload-Length": 5, **headers}),
        upload.patch(0, CONTENT, headers),
        upload.send("DELETE", headers),
        upload.send("POST", {**part(0), override: "PATCH", **headers}, CONTENT),
        upload.send("POST", {override: "DELETE", **headers}, b""),
        upload.send("POST", {override: "GET", **headers}, b""),
        upload.send("POST", {override: "HEAD", **headers}, b""),
    ):
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers

    assert upload.offset() == 0
    assert [each["id"] for each in either.unfinished()] == [upload.id]


def test_a_form_content_type_creates_no_upload(tus: Tus) -> None:
    """What a hostile page can send without asking is a form, and a form is no part."""
    upload = tus.create(5)
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = upload.send("POST", {"Content-Type": content_type}, b"start")
        assert 400 <= answer.status < 500
    assert upload.offset() == 0


def test_a_length_above_the_quota_is_refused(either: Tus) -> None:
    either.set_quota(150_000)
    either.person.store("there", CONTENT)
    before = staged(either.server)

    check_refused(either.post({"Upload-Length": 50_001, "Upload-Metadata": metadata(filename="a")}), 507)
    body: Headers = {"Content-Type": CONTENT_TYPE, "Upload-Length": 50_001}
    check_refused(either.post(body, CONTENT[:50_001]), 507)

    assert either.unfinished() == []
    assert either.usage() == 100_000
    assert staged(either.server) <= before
    upload = either.create(50_000)
    check_finished(either, upload.append(0, CONTENT[:50_000]), CONTENT[:50_000])


@pytest.mark.parametrize("with_checksum", [False, True])
def test_an_upload_stops_at_the_quota(either: Tus, with_checksum: bool) -> None:
    either.set_quota(5 << 20)
    upload = either.create(None)
    headers = checksum(LARGE) if with_checksum else {}

    check_refused(upload.patch(0, LARGE, headers), 507)

    assert upload.offset() <= 5 << 20
    assert either.usage() == upload.offset()
    if with_checksum:
        assert upload.offset() == 0
    either.set_quota(None)
    upload.append(upload.offset(), b"", {"Upload-Length": len(LARGE)})
    upload.finish(LARGE)


def test_a_quota_applies_to_all_uploads_together(either: Tus) -> None:
    either.set_quota(150_000)
    one, two = (either.create(100_000, filename=name) for name in ("one", "two"))
    one.append(0, CONTENT)

    check_refused(two.patch(0, CONTENT), 507)
    for headers in ({}, checksum(CONTENT)):
        offset = two.offset()
        assert offset <= 50_000
        check_refused(two.patch(offset, CONTENT[offset:], {} if headers else headers), 507)
    assert either.usage() == 100_000 + two.offset() <= 150_000

    either.set_quota(200_000)
    two.finish(CONTENT)
    assert either.usage() == 200_000


def test_concurrent_uploads_do_not_exceed_a_quota(tus: Tus) -> None:
    tus.set_quota(250_000)
    uploads = [tus.create(100_000, filename=f"{number}") for number in range(6)]
    together = threading.Barrier(len(uploads))

    def send(upload: Upload) -> int:
        together.wait(60)
        return upload.patch(0, CONTENT).status

    with ThreadPoolExecutor(len(uploads)) as threads:
        statuses = list(threads.map(send, uploads))

    assert set(statuses) <= {204, 507}
    assert len(tus.person.hashes()) == statuses.count(204) <= 2
    usage = tus.usage()
    assert usage <= 250_000
    for upload in uploads:
        upload.send("DELETE")
    assert tus.usage() == statuses.count(204) * 100_000


def test_unfinished_bytes_count_once_and_cancelled_ones_not_at_all(either: Tus) -> None:
    upload = either.create(len(LARGE))
    assert either.usage() == 0
    upload.append(0, LARGE[:1000])
    assert either.usage() == 1000
    upload.patch(0, LARGE[:1000])
    assert either.usage() == 1000
    piece = LARGE[1000 : 5 << 20]
    upload.patch(1000, piece, checksum(b"wrong"))
    assert either.usage() == 1000
    upload.append(1000, piece, checksum(piece))
    assert either.usage() == 5 << 20
    upload.get_status()
    upload.append(5 << 20, LARGE[5 << 20 :])
    assert either.usage() == len(LARGE)
    upload.get_status()
    upload.append(len(LARGE), b"")
    assert either.usage() == len(LARGE)
    assert upload.send("DELETE").status == 204
    assert either.usage() == len(LARGE)


def test_a_final_needs_no_space_beyond_its_partials(either: Tus) -> None:
    either.set_quota(len(LARGE))
    partials = [either.partial(LARGE[: 4 << 20]), either.partial(LARGE[4 << 20 :])]

    check_finished(either, either.join(*partials), LARGE)

    assert either.usage() == len(LARGE)


def test_a_final_with_repeated_partials_needs_space_for_them(either: Tus) -> None:
    either.set_quota(150_000)
    partial = either.partial(CONTENT)

    check_refused(either.join(partial, partial), 507)

    assert either.person.hashes() == {}
    assert either.usage() == 100_000
    check_finished(either, either.join(partial), CONTENT)


def test_usage_never_counts_bytes_twice(tus: Tus) -> None:
    """Neither while parts come, nor while they are joined, nor while a file is made of them."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.append(tus.usage())

    with ThreadPoolExecutor(1) as threads:
        looking = threads.submit(look)
        try:
            wait_until(lambda: seen, what="a look at nothing")
            for number in range(5):
                upload = tus.create(len(LARGE), filename=f"{number}")
                upload.append(0, LARGE[: 5 << 20])
                upload.append(5 << 20, LARGE[5 << 20 :])
                partials = [tus.partial(LARGE[: 4 << 20]), tus.partial(LARGE[4 << 20 :])]
                check_finished(tus, tus.join(*partials, name=f"joined {number}"), LARGE)
        finally:
            over.set()
        looking.result()
    seen.append(tus.usage())

    # What counts twice for a moment would go down again.
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 10 * len(LARGE))
