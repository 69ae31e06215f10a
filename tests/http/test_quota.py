"""A quota as requests and pages meet it: refused before the body is read, and shown."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.storage.content_hash import hash_chunks
from cabinet.web.receiving import FRAMING_BYTES
from tests.conftest import MakeApp
from tests.support.auth import USERNAME
from tests.support.operators import Operator
from tests.support.visitors import FORM_HEAD, Browser, Program, Unread, is_problem

QUOTA = 1000


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(USER_QUOTA=QUOTA)


@pytest.fixture
def alice(app: Flask) -> Program:
    return Program(app)


def announce(
    alice: Program, method: str, path: str, length: int, beginning: bytes = b"", media_type: str = ""
) -> TestResponse:
    body: dict[str, Any] = {"wsgi.input": Unread(beginning), "CONTENT_LENGTH": str(length)}
    return alice.request(method, path, environ_overrides=body | {"CONTENT_TYPE": media_type})


@pytest.mark.parametrize("length", [QUOTA + 1, 5 << 20, 1 << 39])
def test_a_body_of_known_length_without_room_is_not_read(alice: Program, length: int) -> None:
    assert is_problem(announce(alice, "PUT", "/files/f", length), 507, "quota-exceeded")


def test_a_form_that_cannot_have_room_is_not_read_past_the_head_of_its_first_file(alice: Program) -> None:
    form = "multipart/form-data; boundary=cut"
    refused = announce(alice, "POST", "/upload", QUOTA + FRAMING_BYTES + 1, FORM_HEAD, form)

    assert is_problem(refused, 507, "quota-exceeded")


def test_an_upload_of_known_length_without_room_is_not_begun(alice: Program) -> None:
    tus = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename Zg=="}

    assert alice.request("POST", "/uploads", tus | {"Upload-Length": str(QUOTA + 1)}).status_code == 507
    assert alice.request("POST", "/uploads", tus | {"Upload-Length": str(QUOTA)}).status_code == 201


def test_a_form_may_fill_the_quota_to_the_last_byte(alice: Program) -> None:
    assert alice.upload([("a", b"x" * 400), ("b", b"x" * 600)]).status_code == 201
    assert is_problem(alice.upload([("c", b"x")]), 507, "quota-exceeded")
    assert alice.upload([("empty", b"")]).status_code == 201


def test_old_versions_and_the_trash_count_until_they_are_gone(alice: Program) -> None:
    alice.put("/files/f", b"x" * 400)
    alice.put("/files/f", b"y" * 400)
    alice.delete("/files/f")
    refused = alice.put("/files/g", b"z" * 300)
    alice.delete("/trash")

    assert is_problem(refused, 507, "quota-exceeded")
    assert alice.get("/me").get_json()["usage"] == 0
    assert alice.put("/files/g", b"z" * 300).status_code == 201


SAME = b"s" * 600
OTHER = b"o" * 600


@pytest.fixture
def full(app: Flask, alice: Program) -> Program:
    """Return somebody who has a file, a smaller one, and no room for another of them."""
    alice.put("/files/d/f", SAME)
    alice.put("/files/g", b"g" * 390)
    return alice


def assert_as_before(full: Program) -> None:
    assert full.get("/me").get_json()["usage"] == 990
    assert len(full.get("/versions/d/f").get_json()["versions"]) == 1
    assert full.get("/files/d/f").data == SAME


def chunked(body: bytes) -> dict[str, Any]:
    return {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


def test_the_same_content_is_never_refused_to_a_put(full: Program) -> None:
    for headers in ({}, {"X-Content-Hash": hash_chunks([SAME])}):
        assert full.put("/files/d/f", SAME, headers=headers).status_code == 200
    assert full.request("PUT", "/files/d/f", environ_overrides=chunked(SAME)).status_code == 200

    assert is_problem(full.put("/files/d/f", OTHER), 507, "quota-exceeded")
    assert is_problem(
        full.request("PUT", "/files/d/f", environ_overrides=chunked(OTHER)), 507, "quota-exceeded"
    )
    assert is_problem(full.put("/files/d/new", SAME), 507, "quota-exceeded")
    assert is_problem(full.put("/files/d/f?on_conflict=rename", SAME), 507, "quota-exceeded")
    assert_as_before(full)
    # What cannot be the same is not read.
    for length, headers in ((601, {}), (600, {"HTTP_X_CONTENT_HASH": hash_chunks([OTHER])})):
        body = {"wsgi.input": Unread(b""), "CONTENT_LENGTH": str(length), **headers}
        assert is_problem(full.request("PUT", "/files/d/f", environ_overrides=body), 507, "quota-exceeded")


def test_the_same_content_is_never_refused_in_a_form_and_takes_no_room_from_others(full: Program) -> None:
    same, folder = ("g", b"g" * 390), "?folder=d"

    assert full.upload([("f", SAME)], folder).status_code == 201
    assert full.upload([same, ("new", b"x" * 10)]).status_code == 201
    full.delete("/files/new?permanent=1")
    assert is_problem(full.upload([same, ("new", b"x" * 11)]), 507, "quota-exceeded")
    for other in (OTHER, SAME + b"x", SAME[1:]):
        assert is_problem(full.upload([("f", other)], folder), 507, "quota-exceeded")
    assert_as_before(full)


TUS = {"Tus-Resumable": "1.0.0"}
PATCHED = TUS | {"Content-Type": "application/offset+octet-stream"}
# d/f
PLACE = {"Upload-Metadata": f"folder {b64encode(b'd').decode()},filename {b64encode(b'f').decode()}"}


def create(full: Program, length: int, **more: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return full.request("POST", "/uploads", TUS | PLACE | {"Upload-Length": str(length)} | named)


def send(full: Program, address: str, content: bytes, offset: int = 0) -> TestResponse:
    return full.request("PATCH", address, PATCHED | {"Upload-Offset": str(offset)}, data=content)


def test_the_same_content_is_never_refused_to_a_resumable_upload(full: Program) -> None:
    begun = create(full, 600).headers["Location"]
    assert send(full, begun, SAME[:250]).status_code == 204
    assert send(full, begun, SAME[250:], 250).status_code == 204
    assert_as_before(full)

    pieces = [create(full, length, Upload_Concat="partial").headers["Location"] for length in (200, 400)]
    for piece, length in zip(pieces, (200, 400), strict=True):
        assert send(full, piece, SAME[:length]).status_code == 204
    joined = full.request("POST", "/uploads", TUS | PLACE | {"Upload-Concat": f"final;{' '.join(pieces)}"})
    assert joined.status_code == 201
    assert_as_before(full)


def test_another_content_is_refused_to_a_resumable_upload_in_the_end_and_beyond_it_nothing_is_held(
    full: Program,
) -> None:
    assert create(full, 601).status_code == 507
    begun = create(full, 600).headers["Location"]
    second = create(full, 600).headers["Location"]
    assert send(full, begun, OTHER[:599]).status_code == 204
    # All uploads together may hold so much beyond the quota, and not each of them.
    assert send(full, second, SAME).status_code == 507
    assert send(full, begun, OTHER[599:], 599).status_code == 507
    assert full.get("/me").get_json()["usage"] <= 990 + 600

    for address in (begun, second):
        assert full.request("DELETE", address, TUS).status_code == 204
    assert_as_before(full)


@pytest.mark.parametrize("path", ["/index", "/account"])
def test_a_page_shows_how_much_of_what_is_allowed_is_used(app: Flask, alice: Program, path: str) -> None:
    alice.put("/files/f", b"x" * 400)
    browser = Browser(app)
    browser.sign_in()
    shown = browser.get(path).text
    Operator(app).run("users", "set-quota", USERNAME, "300")
    full = browser.get(path).text
    Operator(app).run("users", "set-quota", USERNAME, "none")
    free = browser.get(path).text

    assert "400 bytes of 1 kB used" in shown
    assert 'max="1000"' in shown
    assert 'value="400"' in shown
    assert "quota-note" not in shown
    assert "400 bytes of 300 bytes used" in full
    assert "No space left. Empty the trash or delete old versions." in full
    assert "400 bytes used" in free
    assert "<meter" not in free


@pytest.mark.parametrize(("used", "said"), [(899, None), (900, "90%"), (999, "99%")])
def test_a_space_that_is_nearly_full_is_told_by_a_sign_and_words(
    app: Flask, alice: Program, used: int, said: str | None
) -> None:
    alice.put("/files/f", b"x" * used)
    browser = Browser(app)
    browser.sign_in()

    shown = browser.get("/index").text

    note = re.search(r'<p class="quota-note">.*?#circle-alert.*?<span>(.*?)</span>', shown, re.DOTALL)
    words = f"Almost full: {said} used. Empty the trash or delete old versions."
    assert (note and note[1]) == (words if said else None)


def test_the_account_page_says_what_counts(app: Flask, alice: Program) -> None:
    browser = Browser(app)
    browser.sign_in()
    in_english = browser.get("/account").text
    in_russian = browser.get("/account", {"Accept-Language": "ru"}).text

    assert "Old versions, the trash and unfinished uploads count, too." in in_english
    assert "Старые версии, корзина и незаконченные загрузки тоже занимают место." in in_russian
