"""Quotas in requests and pages: refused before the body is read, and displayed."""

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
from tests.support.wording import RUSSIAN

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
def test_a_body_of_known_length_without_space_is_not_read(alice: Program, length: int) -> None:
    assert is_problem(announce(alice, "PUT", "/files/f", length), 507, "quota-exceeded")


def test_a_form_without_space_is_not_read_past_its_first_file_header(alice: Program) -> None:
    form = "multipart/form-data; boundary=cut"
    refused = announce(alice, "POST", "/upload", QUOTA + FRAMING_BYTES + 1, FORM_HEAD, form)

    assert is_problem(refused, 507, "quota-exceeded")


def test_a_refusal_reports_needed_and_free_space(alice: Program) -> None:
    alice.put("/files/a", b"x" * 400)

    known = alice.put("/files/b", b"x" * 700)
    unknown = alice.request("PUT", "/files/b", environ_overrides=chunked(b"x" * 700))

    remedy = "Empty the trash or delete old versions."
    assert known.get_json()["detail"] == f"Not enough space: needs 700 bytes, 600 bytes free. {remedy}"
    assert unknown.get_json()["detail"] == f"Not enough space. {remedy}"


def test_a_token_without_the_list_right_learns_no_usage(alice: Program) -> None:
    alice.put("/files/a", b"x" * 400)
    made = alice.request("POST", "/tokens", json={"name": "drop", "scopes": ["write"]}).get_json()
    drop = {"Authorization": f"Bearer {made['token']}"}

    refused = alice.client.put("/files/b", data=b"x" * 700, headers=drop)

    assert is_problem(refused, 507, "quota-exceeded")
    assert refused.get_json()["detail"] == "Not enough space. Empty the trash or delete old versions."


def test_an_upload_of_known_length_without_space_is_not_created(alice: Program) -> None:
    tus = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename Zg=="}

    assert alice.request("POST", "/uploads", tus | {"Upload-Length": str(QUOTA + 1)}).status_code == 507
    assert alice.request("POST", "/uploads", tus | {"Upload-Length": str(QUOTA)}).status_code == 201


@pytest.mark.database
def test_a_form_may_use_the_quota_to_the_last_byte(alice: Program) -> None:
    assert alice.upload([("a", b"x" * 400), ("b", b"x" * 600)]).status_code == 201
    assert is_problem(alice.upload([("c", b"x")]), 507, "quota-exceeded")
    assert alice.upload([("empty", b"")]).status_code == 201


@pytest.mark.database
def test_old_versions_and_trash_count_until_they_are_deleted(alice: Program) -> None:
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
    """Return a user with a file, a smaller one, and no space for another of them."""
    alice.put("/files/d/f", SAME)
    alice.put("/files/g", b"g" * 390)
    return alice


def assert_as_before(full: Program) -> None:
    assert full.get("/me").get_json()["usage"] == 990
    assert len(full.get("/versions/d/f").get_json()["versions"]) == 1
    assert full.get("/files/d/f").data == SAME


def chunked(body: bytes) -> dict[str, Any]:
    return {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.database
def test_a_put_of_identical_content_is_never_refused(full: Program) -> None:
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


def test_a_form_with_identical_content_is_never_refused_and_needs_no_space(full: Program) -> None:
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


@pytest.mark.database
def test_a_resumable_upload_of_identical_content_is_never_refused(full: Program) -> None:
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


def test_a_resumable_upload_of_other_content_is_refused_at_its_end(
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


def used(page: str) -> list[str]:
    """Return the numbers in what a page says of the space that is used."""
    said = re.search(r'<p id="(?:space-used|usage-text)"[^>]*>([^<]+)</p>', page)
    assert said
    return re.findall(r"\d+", said[1])


@pytest.mark.parametrize("path", ["/index", "/account"])
def test_a_page_shows_used_space_and_quota(app: Flask, alice: Program, path: str) -> None:
    alice.put("/files/f", b"x" * 400)
    browser = Browser(app)
    browser.sign_in()
    shown = browser.get(path).text
    Operator(app).run("users", "set-quota", USERNAME, "300")
    full = browser.get(path).text
    Operator(app).run("users", "set-quota", USERNAME, "none")
    free = browser.get(path).text

    assert used(shown) == ["400", "1"]
    assert 'max="1000"' in shown
    assert 'value="400"' in shown
    assert "quota-note" not in shown
    assert used(full) == ["400", "300"]
    assert 'class="quota-note"' in full
    assert used(free) == ["400"]
    assert "<meter" not in free


@pytest.mark.parametrize(("used", "said"), [(899, None), (900, "90%"), (999, "99%")])
def test_a_nearly_full_space_is_shown_by_icon_and_text(
    app: Flask, alice: Program, used: int, said: str | None
) -> None:
    alice.put("/files/f", b"x" * used)
    browser = Browser(app)
    browser.sign_in()

    shown = browser.get("/index").text

    note = re.search(r'<p class="quota-note">.*?#circle-alert.*?<span>(.*?)</span>', shown, re.DOTALL)
    assert (note and re.findall(r"\d+%", note[1])) == ([said] if said else None)


def test_the_account_page_explains_what_counts(app: Flask, alice: Program) -> None:
    browser = Browser(app)
    browser.sign_in()
    in_english = browser.get("/account").text
    in_russian = browser.get("/account", {"Accept-Language": "ru"}).text

    hints = [
        re.findall(r'id="space-used".*?<p class="hint">([^<]+)</p>', text, re.DOTALL)
        for text in (in_english, in_russian)
    ]
    assert not RUSSIAN.search(hints[0][0])
    assert RUSSIAN.search(hints[1][0])
