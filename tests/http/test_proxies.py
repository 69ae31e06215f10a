"""Behind a proxy, with a path prefix or another host name; and forwarded headers from strangers.

Rule: headers are trusted only as far as the settings say.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, AuthActions
from tests.support.visitors import NAVIGATION, Browser, Program

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "files.example.org",
    "X-Forwarded-Prefix": "/cabinet",
}


@pytest.fixture
def proxied(make_app: MakeApp) -> Flask:
    return make_app(PROXY_HOPS=1)


def sessions_of(browser: Browser, headers: dict[str, str]) -> str:
    return browser.get("/account", headers).text


def test_every_url_contains_the_path_prefix(proxied: Flask) -> None:
    alice = Program(proxied, "alice")

    stored = alice.put("/files/a/f%20g", b"x", FORWARDED)
    assert stored.headers["Location"] == stored.get_json()["url"] == "/cabinet/files/a/f%20g"
    assert alice.get("/files", FORWARDED).get_json()["entries"][0]["url"] == "/cabinet/files/a"

    page = Browser(proxied).get("/login", FORWARDED).text
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert addresses
    assert all(address.startswith("/cabinet/") for address in addresses), addresses


def test_a_browser_works_under_a_path_prefix(proxied: Flask) -> None:
    alice = Program(proxied, "alice")
    alice.put("/files/a%20b/f", b"x")
    browser = Browser(proxied)

    asked = browser.get("/index?path=a%20b", FORWARDED)
    assert asked.headers["Location"].startswith("/cabinet/login?next=/cabinet/index?path%3Da%2520b")
    page = browser.get("/login", FORWARDED).text
    # The proxy takes the prefix away that a browser sends its cookie for.
    cookie = browser.client.get_cookie("__Secure-cabinet", path="/cabinet")
    assert cookie
    browser.client.set_cookie(cookie.key, cookie.value)
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token
    fields = {"username": "alice", "password": PASSWORD, "csrf_token": token[1]}
    fields["next"] = "/cabinet/index?path=a%20b"
    headers = {
        **NAVIGATION,
        **FORWARDED,
        "Origin": "https://files.example.org",
        "Referer": "https://files.example.org/",
    }
    arrived = browser.client.post("/login", data=fields, headers=headers)

    assert (arrived.status_code, arrived.headers["Location"]) == (303, "/cabinet/index?path=a%20b")
    assert "Secure" in arrived.headers["Set-Cookie"]


def test_the_client_address_is_the_one_seen_by_the_proxy(proxied: Flask) -> None:
    Program(proxied, "alice")
    for _ in range(10):
        client = proxied.test_client()
        fields = {"username": "alice", "password": "wrong password"}
        assert (
            client.post(
                "/login", data=fields, headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.9"}
            ).status_code
            == 401
        )

    good = {"username": "alice", "password": PASSWORD}
    same = proxied.test_client().post(
        "/login", data=good, headers={"X-Forwarded-For": "9.9.9.9, 203.0.113.9"}
    )
    other = proxied.test_client().post(
        "/login", data=good, headers={"X-Forwarded-For": "203.0.113.9, 9.9.9.9"}
    )
    assert (same.status_code, other.status_code) == (429, 200)


def test_forwarded_headers_are_ignored_without_a_proxy(app: Flask, alice: Program) -> None:
    stored = alice.put("/files/f", b"x", FORWARDED)
    assert stored.get_json()["url"] == "/files/f"
    signed_in = app.test_client().post(
        "/login", data={"username": "alice", "password": PASSWORD}, headers=FORWARDED
    )
    assert "Secure" not in signed_in.headers["Set-Cookie"]
    cross = alice.put("/files/f", b"x", {**FORWARDED, "Origin": "https://files.example.org"})
    assert cross.status_code == 403

    for number in range(10):
        AuthActions(app.test_client()).client.post(
            "/login",
            data={"username": "alice", "password": "wrong password"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )
    assert AuthActions(app.test_client()).login("alice").status_code == 429


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(
    "host", ["evil.example", "files.example.org.evil.example", "localhost", "files.example.org:x"]
)
def test_an_unknown_host_is_refused(make_app: MakeApp, host: str, accept: str) -> None:
    app = make_app(TRUSTED_HOSTS="files.example.org, .lan")
    client = app.test_client()

    for method, path in (("GET", "/login"), ("GET", "/nothing"), ("POST", "/login"), ("GET", "/healthz")):
        response = client.open(path, method=method, headers={"Host": host, "Accept": accept})
        assert response.status_code == 400, (method, path)
        assert response.content_type == "application/problem+json"
        assert "evil" not in response.text
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    for trusted in ("files.example.org", "files.example.org:8080", "nas.lan"):
        assert client.get("/login", headers={"Host": trusted, "Accept": accept}).status_code == 200


@pytest.mark.parametrize("host", ["", "a b", "<script>", "x\xe9y", "[::1", "a" * 3000, "evil.example/path"])
def test_an_invalid_host_is_no_server_error(app: Flask, host: str) -> None:
    environ: dict[str, Any] = {"HTTP_HOST": host}

    for accept in ("application/json", "text/html"):
        response = app.test_client().get("/login", headers={"Accept": accept}, environ_overrides=environ)
        assert response.status_code in {200, 400}
        assert "<script>" not in response.text


def test_two_proxies_are_trusted_for_two_hops(make_app: MakeApp) -> None:
    app = make_app(PROXY_HOPS=2)
    Program(app, "alice")
    browser = Browser(app)
    browser.sign_in("alice")

    assert app.config["PROXY_HOPS"] == 2
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.0.0.1", "X-Forwarded-Proto": "https, http"}
    client = app.test_client()
    signed_in = client.post("/login", data={"username": "alice", "password": PASSWORD}, headers=headers)
    assert "Secure" in signed_in.headers["Set-Cookie"]
    assert "203.0.113.9" in sessions_of(browser, {})
