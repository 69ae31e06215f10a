"""Other sites cannot use a browser session, and programs need no CSRF token.

Rule: each refusal is tested with the session cookie and with Basic credentials.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cabinet.errors import CrossSiteRequest
from cabinet.web.request_guards import SAFE_METHODS
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, AuthActions
from tests.support.visitors import NAVIGATION, Browser, Program, is_refused, status_of

HOSTILE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:8080"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["},
    {"Origin": "nonsense"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "garbage"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


def is_cross_site(response: TestResponse) -> bool:
    return status_of(response) == 403 and is_refused(response, 403, CrossSiteRequest)


@pytest.mark.parametrize("headers", HOSTILE, ids=str)
def test_a_cross_site_request_changes_nothing(
    app: Flask, client: FlaskClient, auth: AuthActions, headers: Mapping[str, str]
) -> None:
    credentials = auth.become()
    client.put("/files/f", data=b"content")
    for shown in ({}, credentials):
        sent = {**shown, **headers}
        for path, fields in (
            ("/register", {"username": "mallory", "password": PASSWORD}),
            ("/login", {"username": "alice", "password": PASSWORD}),
            ("/logout", {}),
            ("/language", {"language": "ru"}),
            ("/account/delete", {"password": PASSWORD}),
            ("/index/delete", {"path": "f"}),
        ):
            assert is_cross_site(client.post(path, data=fields, headers=sent)), path
        assert is_cross_site(client.post("/tokens", json={"name": "x"}, headers=sent))
        assert is_cross_site(client.put("/files/f", data=b"changed", headers=sent))
        assert is_cross_site(client.delete("/files/f", headers=sent))
        upload = {"file": (io.BytesIO(b"x"), "new")}
        assert is_cross_site(client.post("/upload", data=upload, headers=sent))

    assert client.get("/files/f", buffered=True).data == b"content"
    assert client.get("/tokens").get_json() == {"tokens": []}
    assert AuthActions(app.test_client()).login("mallory").status_code == 401


def test_every_unsafe_route_is_protected(app: Flask, client: FlaskClient) -> None:
    guarded = 0
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "x", rule.rule)
        for method in sorted((rule.methods or set()) - SAFE_METHODS):
            response = client.open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"})
            assert is_cross_site(response), (method, path)
            guarded += 1

    assert guarded >= 14


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}],
    ids=str,
)  # fmt: skip
def test_requests_other_than_forms_need_no_csrf_token(alice: Program, headers: dict[str, str]) -> None:
    assert alice.put("/files/f", b"content", headers).status_code == 201
    assert alice.request("POST", "/tokens", headers, json={"name": "x"}).status_code == 201
    assert alice.delete("/files/f", headers).status_code == 204


def test_a_program_posts_forms_without_a_csrf_token(alice: Program) -> None:
    assert alice.upload([("f", b"x")]).status_code == 201
    assert alice.request("POST", "/index/delete", data={"path": "f"}).status_code == 204


FORM_TYPES = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]


@pytest.mark.parametrize("content_type", FORM_TYPES)
@pytest.mark.parametrize("sign", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}], ids=str)
def test_a_browser_form_needs_the_csrf_token_of_its_session(
    app: Flask, content_type: str, sign: dict[str, str]
) -> None:
    Program(app, "alice")
    browser, stranger = Browser(app), Browser(app)
    browser.sign_in("alice")

    for token in ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "made up"}, {"X-CSRFToken": stranger.token()}):
        response = browser.client.post(
            "/logout", data=b"", content_type=content_type, headers={**sign, **token}
        )
        assert is_cross_site(response), token
    token = {"X-CSRFToken": browser.token("/index")}
    assert (
        browser.client.post(
            "/logout", data=b"", content_type=content_type, headers={**sign, **token}
        ).status_code
        == 200
    )


def test_the_csrf_token_may_be_a_field(app: Flask, browser: Browser, alice: Program) -> None:
    fields = {"username": "alice", "password": PASSWORD}

    for wrong in ({}, {"csrf_token": ""}, {"csrf_token": "made up"}, {"csrf_token": Browser(app).token()}):
        response = browser.client.post("/login", data={**fields, **wrong}, headers=NAVIGATION)
        assert response.status_code == 403
    assert browser.sign_in("alice").status_code == 303


def multipart(*fields: tuple[str, str | None, str]) -> bytes:
    """Return a form of (name, filename, content), in this order."""
    parts = []
    for name, filename, content in fields:
        tail = "" if filename is None else f'; filename="{filename}"'
        parts.append(f'--x\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n{content}\r\n')
    return "".join([*parts, "--x--\r\n"]).encode(errors="surrogateescape")


def post_form(browser: Browser, body: bytes, headers: Mapping[str, str] | None = None) -> TestResponse:
    sent = {**NAVIGATION, "Accept": "application/json", **(headers or {})}
    return browser.client.post(
        "/upload", data=body, content_type="multipart/form-data; boundary=x", headers=sent
    )


def test_an_upload_form_sends_its_csrf_token_before_the_files(browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")
    token = browser.token("/index")
    file = ("file", "f.txt", "content")

    assert is_cross_site(post_form(browser, multipart(file)))
    assert is_cross_site(post_form(browser, multipart(file, ("csrf_token", None, token))))
    for wrong in ("made up", "я", "\udcff"):
        assert is_cross_site(post_form(browser, multipart(("csrf_token", None, wrong), file)))
    assert alice.paths() == []
    assert post_form(browser, multipart(("csrf_token", None, token), file)).status_code == 201
    assert post_form(browser, multipart(file), {"X-CSRFToken": token}).status_code == 201
    assert alice.paths() == ["f.txt"]


def test_our_public_address_may_differ_from_the_internal_one(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://files.example.org/cabinet/")
    alice = Program(app, "alice")
    window = Browser(app)
    window.sign_in("alice")

    assert alice.put("/files/f", b"x", {"Origin": "https://files.example.org"}).status_code == 201
    assert is_cross_site(alice.put("/files/f", b"y", {"Origin": "https://example.org"}))
    assert alice.get("/files").get_json()["entries"][0]["url"] == "https://files.example.org/cabinet/files/f"
    assert 'data-public-url="https://files.example.org/cabinet"' in window.get("/index").text


def test_a_cross_site_link_does_not_sign_out_silently(browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")

    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "garbage"},
    ):
        for method in ("GET", "HEAD"):
            asked = browser.client.open("/logout", method=method, headers={**NAVIGATION, **headers})
            assert asked.status_code == 200
        assert browser.get("/index").status_code == 200

    old = {"Accept": NAVIGATION["Accept"]}
    for referrer in ("http://evil.example/", "http://[", ""):
        asked = browser.client.get("/logout", headers={**old, "Referer": referrer})
        assert asked.status_code == 200
    assert browser.get("/index").status_code == 200
    left = browser.client.get("/logout", headers={**old, "Referer": "http://localhost/index"})
    assert left.status_code == 303
    assert browser.get("/index").status_code == 303


def test_signing_out_is_confirmed_by_a_form(browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")

    assert browser.post("/logout", {}, "/index").headers["Location"] == "/"
    assert browser.get("/index").status_code == 303
    assert browser.post("/logout", {}).headers["Location"] == "/"
