"""Registering, signing in and out, and account settings, for programs and browsers.

Rule: what a response says is checked afterwards.
"""

from __future__ import annotations

import re
from html import unescape
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cabinet.errors import WrongCredentials, WrongPassword
from cabinet.services.accounts import login_throttle
from cabinet.services.accounts.login_throttle import Limit
from cabinet.services.accounts.password_strength import MAX_BYTES
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, AuthActions, basic
from tests.support.visitors import Browser, Program, is_me
from tests.support.wording import detail_of

ANOTHER = "a horse of another colour"


def cookie_of(response: TestResponse) -> Any:
    cookies: SimpleCookie = SimpleCookie()
    for header in response.headers.getlist("Set-Cookie"):
        cookies.load(header)
    [cookie] = [cookie for name, cookie in cookies.items() if name.endswith("cabinet")]
    return cookie


def test_a_program_registers_signs_in_and_out(client: FlaskClient, auth: AuthActions) -> None:
    registered = auth.register("Ольга")
    assert (registered.status_code, registered.get_json()) == (201, {"username": "Ольга"})
    assert "Set-Cookie" not in registered.headers

    signed_in = auth.login("Ольга")
    assert (signed_in.status_code, signed_in.get_json()) == (200, {"username": "Ольга"})
    assert is_me(client, "Ольга")

    signed_out = auth.logout()
    assert (signed_out.status_code, signed_out.get_json()) == (200, {"signed_in": False})
    assert client.get("/me").status_code == 401


@pytest.mark.parametrize(
    ("fields", "status", "slug"),
    [
        ({"username": "ALICE", "password": PASSWORD}, 409, "username-taken"),
        ({"username": "\uff41lice", "password": PASSWORD}, 409, "username-taken"),
        ({"username": "..", "password": PASSWORD}, 422, "invalid-username"),
        ({"username": "a/b", "password": PASSWORD}, 422, "invalid-username"),
        ({"username": "admin ", "password": PASSWORD}, 422, "invalid-username"),
        ({"username": "x" * 65, "password": PASSWORD}, 422, "invalid-field"),
        ({"username": "bob", "password": "short"}, 422, "weak-password"),
        ({"username": "bob", "password": "password"}, 422, "weak-password"),
        ({"username": "bob", "password": "x" * (MAX_BYTES + 1)}, 422, "weak-password"),
        ({"username": "bob", "password": "x" * 1_000_000}, 413, "too-large"),
        ({"username": "bob"}, 422, "invalid-field"),
        ({"password": PASSWORD}, 422, "invalid-field"),
        ({}, 422, "invalid-field"),
    ],
    ids=lambda value: str(value)[:44],
)
def test_invalid_account_data_is_refused(
    client: FlaskClient, auth: AuthActions, fields: dict[str, str], status: int, slug: str
) -> None:
    auth.register("alice")

    response = client.post("/register", data=fields)

    assert response.status_code == status, response.text
    assert response.get_json()["type"] == f"/problems/{slug}"
    assert client.get("/me", headers=basic("bob", fields.get("password", ""))).status_code in {401, 431}


def test_registration_can_be_closed(make_app: MakeApp) -> None:
    app = make_app(REGISTRATION="closed")
    client = app.test_client()

    refused = AuthActions(client).register()
    assert refused.status_code == 403
    assert refused.get_json()["type"] == "/problems/registration-closed"
    assert client.get("/", headers={"Accept": "application/json"}).get_json()["registration"] == "closed"
    assert Browser(app).get("/register").status_code == 403
    assert "/register" not in Browser(app).get("/").text


def test_unexpected_fields_change_nothing(client: FlaskClient) -> None:
    extra = {
        "is_admin": "1",
        "role": "admin",
        "quota": "1",
        "id": "77",
        "usage": "-5",
        "disabled_at": "2001-01-01",
    }
    client.post("/register", data={"username": "alice", "password": PASSWORD, **extra})

    me = client.get("/me", headers=basic("alice")).get_json()

    assert (me["usage"], me["quota"], me["role"]) == (0, None, "user")
    assert set(me) == {"id", "username", "role", "scopes", "usage", "quota", "language", "created_at"}
    assert me["id"] != "77"


@pytest.mark.parametrize("path", ["/login", "/me"])
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    app: Flask, client: FlaskClient, auth: AuthActions, path: str
) -> None:
    auth.register("alice")
    answers = []
    for username, password in (("alice", ANOTHER), ("nobody", PASSWORD), ("disabled..", PASSWORD)):
        fresh = app.test_client()
        if path == "/login":
            response = AuthActions(fresh).login(username, password)
        else:
            response = fresh.get(path, headers=basic(username, password))
        body = response.get_json() | {"request_id": ""}
        headers = {**response.headers, "X-Request-Id": ""}
        answers.append((response.status_code, body, headers))

    assert answers[0][0] == 401
    assert answers[0] == answers[1] == answers[2]


def test_a_program_gets_a_challenge_and_a_browser_the_sign_in_page(
    client: FlaskClient, browser: Browser
) -> None:
    program = client.get("/index")
    assert program.status_code == 401
    assert program.headers.getlist("WWW-Authenticate") == [
        'Basic realm="Cabinet", charset="UTF-8"',
        'Bearer realm="Cabinet"',
    ]
    assert "Location" not in program.headers

    page = browser.get("/index?path=a%20b%2F%D1%8F&sort=size")
    assert page.status_code == 303
    assert page.headers["Location"].startswith("/login?next=")
    assert "WWW-Authenticate" not in page.headers

    script = client.get("/files", headers={"Sec-Fetch-Site": "same-origin", "Accept": "application/json"})
    assert script.status_code == 401
    assert script.headers.getlist("WWW-Authenticate") == ['Bearer realm="Cabinet"']


@pytest.mark.parametrize(
    "wanted", ["/index?path=a%20b/%D1%8F&sort=size", "/files/100%25.txt", "/account", "/index"]
)
def test_after_signing_in_a_browser_gets_the_requested_page(
    browser: Browser, alice: Program, wanted: str
) -> None:
    alice.put("/files/a%20b/%D1%8F/f")
    alice.put("/files/100%25.txt")
    asked = browser.get(wanted)
    form = browser.get(asked.headers["Location"])
    assert form.status_code == 200

    (action,) = re.findall(r'action="(/login[^"]*)"', form.text)

    refused = browser.post(unescape(action), {"username": "alice", "password": ANOTHER})
    # Who changes the language now is led to a page that still knows where they wanted to be.
    language = browser.post("/language", {"language": "ru", "next": field_of(refused.text, "next")})
    (again,) = re.findall(r'action="(/login[^"]*)"', browser.get(language.headers["Location"]).text)
    arrived = browser.post(unescape(again), {"username": "alice", "password": PASSWORD})

    assert arrived.status_code == 303
    assert browser.get(arrived.headers["Location"]).status_code == 200
    assert arrived.headers["Location"] == wanted


def field_of(page: str, name: str) -> str:
    """Return the value of the last hidden field of that name."""
    return unescape(re.findall(rf'name="{name}"\s+value="([^"]*)"', page)[-1])


LEADING_UP = [
    "/download/../logout",
    "/download/a/%2e%2E/../logout",
    "/files/./../logout",
    "/download/.%2e/logout",
]


@pytest.mark.parametrize(
    "wanted", ["/account", "/index", "//evil.example/download/a", "/downloads", "/zip", "", *LEADING_UP]
)
def test_the_download_page_links_only_to_downloads(browser: Browser, alice: Program, wanted: str) -> None:
    browser.sign_in("alice")

    led = browser.get(f"/index/download?{urlencode({'of': wanted})}")

    assert (led.status_code, led.headers["Location"]) == (303, "/index")


def test_redirects_never_lead_to_another_site(browser: Browser, alice: Program) -> None:
    for hostile in (
        "//evil.example/", "/\\evil.example", "\\\\evil.example", "https://evil.example/", "javascript:alert(1)",
        "/\t/evil.example", "/ok\r\nSet-Cookie: a=b", "evil.example", "", " /index",
    ):  # fmt: skip
        response = browser.sign_in("alice", next=hostile)
        assert (response.status_code, response.headers["Location"]) == (303, "/index"), hostile
        language = browser.post("/language", {"language": "en", "next": hostile})
        assert (language.status_code, language.headers["Location"]) == (303, "/"), hostile


def test_a_wrong_password_shows_the_form_again(browser: Browser, alice: Program) -> None:
    response = browser.sign_in("alice", ANOTHER)

    assert response.status_code == 401
    assert detail_of(WrongCredentials) in response.text
    assert ANOTHER not in response.text


def test_registering_signs_a_browser_in(browser: Browser) -> None:
    taken = browser.post("/register", {"username": "..", "password": PASSWORD})
    assert taken.status_code == 422
    assert PASSWORD not in taken.text

    response = browser.post("/register", {"username": "carol", "password": PASSWORD})

    assert (response.status_code, response.headers["Location"]) == (303, "/index")
    assert browser.get("/index").status_code == 200
    assert browser.get("/").headers["Location"] == "/index"


def test_the_cookie_is_httponly_and_samesite(client: FlaskClient, auth: AuthActions) -> None:
    auth.register()

    cookie = cookie_of(auth.login())
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    assert not cookie["domain"]

    secure = client.post(
        "/login", data={"username": "alice", "password": PASSWORD}, base_url="https://localhost"
    )
    assert cookie_of(secure)["secure"]


def test_remember_me_survives_a_browser_restart(app: Flask, alice: Program) -> None:
    fields = {"username": "alice", "password": PASSWORD}

    short = cookie_of(app.test_client().post("/login", data=fields))
    long = cookie_of(app.test_client().post("/login", data=fields | {"remember": "y"}))

    assert not short["expires"]
    assert long["expires"]


def test_me_reveals_no_other_users(alice: Program, bob: Program) -> None:
    alice.put("/files/f", b"1234")

    assert alice.get("/me").get_json()["usage"] == 4
    assert bob.get("/me").get_json()["usage"] == 0


def test_passwords_differing_in_the_last_byte_are_different(client: FlaskClient, auth: AuthActions) -> None:
    long = "correct horse battery staple " * 3
    auth.register("alice", long + "1")

    assert auth.login("alice", long + "1").status_code == 200
    assert auth.login("alice", long + "2").status_code == 401


@pytest.mark.parametrize("password", ["  spaced out  ", "пароль с ☃ и 🦄", "a:b:c:d:e", "%41+%42&c=d"])
def test_a_password_is_stored_exactly_as_typed(app: Flask, client: FlaskClient, password: str) -> None:
    AuthActions(client).become("alice", password)

    assert is_me(app.test_client(), "alice", basic("alice", password))
    assert not is_me(app.test_client(), "alice", basic("alice", password.strip() + "x"))


def test_a_password_change_requires_the_current_one(app: Flask, browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")

    def change(current: str, new: str) -> TestResponse:
        fields = {"current_password": current, "new_password": new}
        return browser.post("/account/password", fields, "/account")

    refused = change(ANOTHER, ANOTHER)
    assert refused.status_code == 401
    beside = refused.text.partition('id="password-current-error">')[2].partition("</p>")[0]
    assert detail_of(WrongPassword) in beside
    assert detail_of(WrongCredentials) not in refused.text
    assert change(PASSWORD, "alice").status_code == 422
    assert change(PASSWORD, "").status_code == 422
    assert alice.get("/me").status_code == 200

    changed = change(PASSWORD, ANOTHER)

    assert (changed.status_code, changed.headers["Location"]) == (303, "/account")
    assert 'class="notice"' in browser.get("/account").text
    assert alice.get("/me").status_code == 401
    assert is_me(app.test_client(), "alice", basic("alice", ANOTHER))


def test_a_program_changes_its_password(client: FlaskClient, alice: Program) -> None:
    fields = {"current_password": ANOTHER, "new_password": ANOTHER}
    assert alice.request("POST", "/account/password", data=fields).status_code == 401

    fields["current_password"] = PASSWORD
    assert alice.request("POST", "/account/password", data=fields).status_code == 204
    assert is_me(client, "alice", basic("alice", ANOTHER))


def test_deleting_an_account_deletes_everything(app: Flask, browser: Browser, alice: Program) -> None:
    alice.put("/files/f")
    browser.sign_in("alice")
    refused = browser.post("/account/delete", {"password": ANOTHER}, "/account")
    assert refused.status_code == 401
    assert re.search(
        r'id="delete-password-error">.*?The current password is wrong\.', refused.text, re.DOTALL
    )
    assert browser.get("/index").status_code == 200

    deleted = browser.post("/account/delete", {"password": PASSWORD}, "/account")

    assert (deleted.status_code, deleted.headers["Location"]) == (303, "/")
    assert browser.get("/index").status_code == 303
    assert alice.get("/me").status_code == 401
    assert Program(app, "alice").paths() == []


def test_a_program_deletes_its_account(alice: Program) -> None:
    assert alice.request("POST", "/account/delete", data={"password": ANOTHER}).status_code == 401
    assert alice.request("POST", "/account/delete", data={"password": PASSWORD}).status_code == 204
    assert alice.get("/me").status_code == 401


def test_the_language_is_stored_for_visitors_and_users(browser: Browser, alice: Program) -> None:
    assert 'lang="en"' in browser.get("/login").text
    chosen = browser.post("/language", {"language": "ru", "next": "/login"})
    assert (chosen.status_code, chosen.headers["Location"]) == (303, "/login")
    assert '<html lang="ru"' in browser.get("/login").text
    assert alice.get("/me").get_json()["language"] is None

    browser.sign_in("alice")
    browser.post("/language", {"language": "en"})
    assert alice.get("/me").get_json()["language"] == "en"
    assert browser.post("/language", {"language": "tlh"}).status_code == 422


def test_the_language_switch_returns_to_any_folder(browser: Browser, alice: Program) -> None:
    alice.put("/files/2026 %25/a%26b/x.txt")
    browser.sign_in("alice")

    page = browser.get("/index?path=2026+%25/a%26b&sort=size").text

    assert 'name="next" value="/index?path=2026+%25/a%26b&amp;sort=size"' in page


def test_password_guessing_is_throttled_in_every_form(
    app: Flask, browser: Browser, alice: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        assert AuthActions(app.test_client()).login("alice", ANOTHER).status_code == 401
    # Longer than a busy machine takes for the rest.
    monkeypatch.setitem(login_throttle.LIMITS, "pair", Limit(free=0, longest=900))
    assert AuthActions(app.test_client()).login("alice", ANOTHER).status_code == 401

    form = AuthActions(app.test_client()).login("alice", PASSWORD)
    shown = app.test_client().get("/me", headers=basic("alice", PASSWORD))
    page = browser.sign_in("alice")

    for answer in (form, shown, page):
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
    assert form.get_json()["type"] == "/problems/too-many-attempts"


def test_normal_rates_of_registrations_and_uploads_are_allowed(app: Flask, alice: Program) -> None:
    for number in range(12):
        Program(app, f"friend{number}")
    for number in range(100):
        assert alice.put(f"/files/{number}", b"x").status_code == 201
