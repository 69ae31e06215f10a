"""The sign-in of Nextcloud's apps, versions 1 and 2, and what their token may do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from cabinet.extensions import db
from cabinet.models import LoginFlow, Token
from cabinet.services.accounts.login_flows import LASTS_FOR, MOST_OF_A_NETWORK
from cabinet.web.runtime import runtime
from tests.support.auth import PASSWORD, basic, bearer
from tests.support.visitors import Browser, Program, is_problem

pytestmark = pytest.mark.database

AGENT = "Mozilla/5.0 (Linux) mirall/3.7.3 (Nextcloud)"


def begin(app: Flask, **options: Any) -> dict[str, Any]:
    """Begin a sign-in as a desktop app does."""
    response = app.test_client(use_cookies=False).post(
        "/index.php/login/v2", headers={"User-Agent": AGENT}, **options
    )
    assert response.status_code == 200, response.text
    begun: dict[str, Any] = response.get_json()
    return begun


def ask(app: Flask, begun: dict[str, Any]) -> Any:
    """Ask for the token as the app does."""
    return app.test_client(use_cookies=False).post(
        "/index.php/login/v2/poll", data={"token": begun["poll"]["token"]}
    )


def page_of(begun: dict[str, Any]) -> str:
    """Return the path of the page to grant a sign-in."""
    return str(begun["login"]).removeprefix("http://localhost")


def allow(browser: Browser, begun: dict[str, Any], **fields: str) -> Any:
    page = page_of(begun)
    return browser.post(page, {"username": "alice", "password": PASSWORD, **fields}, page)


def test_an_app_gets_a_token_once_a_person_has_granted_it(
    app: Flask, alice: Program, browser: Browser
) -> None:
    begun = begin(app)
    assert begun["poll"]["endpoint"] == "http://localhost/index.php/login/v2/poll"
    assert ask(app, begun).status_code == 404

    page = browser.get(page_of(begun))
    assert AGENT in page.text
    assert "127.0.0.1" in page.text
    assert "Only continue if you started this on your device just now." in page.text
    assert "not in the network of this browser" not in page.text
    assert "The app is connected" in allow(browser, begun).text

    told = ask(app, begun).get_json()
    assert told["server"] == "http://localhost"
    assert told["loginName"] == "alice"
    headers = basic("alice", told["appPassword"])
    assert alice.get("/me", headers).get_json()["username"] == "alice"
    assert alice.put("/files/f", b"content", headers).status_code == 201
    assert ask(app, begun).status_code == 404
    assert browser.get(page_of(begun)).status_code == 404


def test_the_token_of_an_app_never_administers_the_server(
    app: Flask, alice: Program, browser: Browser
) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["users", "promote", "alice"]).exit_code == 0
    begun = begin(app)
    allow(browser, begun)

    ask(app, begun)

    with app.app_context():
        (token,) = db.session.scalars(select(Token)).all()
    assert (token.scopes, token.name, token.folder_id) == ("read write share", AGENT, None)


def test_the_password_is_asked_for_even_where_a_session_is_open(
    app: Flask, alice: Program, window: Browser
) -> None:
    begun = begin(app)

    page = window.get(page_of(begun))
    assert 'value="alice"' in page.text
    refused = allow(window, begun, password="wrong password")

    assert refused.status_code == 401
    assert "The user name or the password is wrong." in refused.text
    assert ask(app, begun).status_code == 404


def test_a_page_warns_of_an_app_in_another_network(app: Flask, alice: Program, browser: Browser) -> None:
    begun = begin(app, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})

    page = browser.get(page_of(begun), {"Accept-Language": "en"})

    assert "203.0.113.9" in page.text
    assert "not in the network of this browser" in page.text


def test_a_refused_sign_in_is_over(app: Flask, alice: Program, browser: Browser) -> None:
    begun = begin(app)

    page = browser.post(page_of(begun), {"refuse": "1"}, page_of(begun))

    assert "Access refused" in page.text
    assert browser.get(page_of(begun)).status_code == 404
    assert ask(app, begun).status_code == 404


def test_a_sign_in_ends_after_20_minutes(app: Flask, alice: Program, browser: Browser) -> None:
    before, late = begin(app), begin(app)
    allow(browser, late)
    with app.app_context():
        clock = runtime().clock
        runtime().clock = lambda: clock() + LASTS_FOR + timedelta(seconds=1)

    assert browser.get(page_of(before)).status_code == 404
    assert ask(app, late).status_code == 404
    assert app.test_cli_runner().invoke(args=["storage", "sweep"]).exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(LoginFlow)).all() == []


def test_a_network_has_at_most_ten_sign_ins_under_way(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    for _ in range(MOST_OF_A_NETWORK):
        begin(app)

    refused = client.post("/index.php/login/v2")

    assert is_problem(refused, 429, "too-many-attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= LASTS_FOR.total_seconds() + 1
    begin(app, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})


def test_only_hashes_of_the_secrets_are_stored(app: Flask) -> None:
    begun = begin(app)

    with app.app_context():
        row = db.session.scalars(select(LoginFlow)).one()
        stored = " ".join(str(getattr(row, column.name)) for column in LoginFlow.__table__.columns)
    assert begun["poll"]["token"] not in stored
    assert page_of(begun).rpartition("/")[2] not in stored


def test_a_password_that_changes_before_the_app_asks_ends_the_sign_in(
    app: Flask, alice: Program, browser: Browser
) -> None:
    begun = begin(app)
    allow(browser, begun)
    with app.app_context():
        from cabinet.web.services import accounts

        accounts().set_password("alice", "another long password")

    assert ask(app, begun).status_code == 401
    with app.app_context():
        assert db.session.scalars(select(Token)).all() == []


def test_addresses_have_https_and_the_sub_path_that_the_app_came_by(make_app: Any) -> None:
    app = make_app(PROXY_HOPS=1)
    behind = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.org", "X-Forwarded-Prefix": "/files"}

    begun = app.test_client(use_cookies=False).post("/index.php/login/v2", headers=behind).get_json()

    assert begun["poll"]["endpoint"] == "https://example.org/files/index.php/login/v2/poll"
    assert begun["login"].startswith("https://example.org/files/index.php/login/v2/flow/")


def test_a_phone_is_led_back_to_its_app_with_a_token(app: Flask, alice: Program, browser: Browser) -> None:
    page = browser.get("/index.php/login/flow")
    assert "form-action 'self' nc:;" in page.headers["Content-Security-Policy"]

    answer = browser.post(
        "/index.php/login/flow", {"username": "alice", "password": PASSWORD}, "/index.php/login/flow"
    )

    assert answer.status_code == 303
    found = re.fullmatch(
        r"nc://login/server:http%3A%2F%2Flocalhost&user:alice&password:(.+)", answer.headers["Location"]
    )
    assert found
    assert alice.get("/me", bearer(found[1])).get_json()["username"] == "alice"


def test_a_wrong_password_leads_no_phone_anywhere(app: Flask, alice: Program, browser: Browser) -> None:
    page = "/index.php/login/flow"

    answer = browser.post(page, {"username": "alice", "password": "wrong password"}, page)

    assert answer.status_code == 401
    assert "Location" not in answer.headers


def test_pages_are_in_russian_too(app: Flask, browser: Browser) -> None:
    page = browser.get(page_of(begin(app)), {"Accept-Language": "ru"})

    assert "Продолжайте, только если вы сами только что начали" in page.text


def test_a_token_is_the_password_of_its_own_user_only(alice: Program, bob: Program) -> None:
    secret = alice.request("POST", "/tokens", json={"name": "x", "scopes": ["read"]}).get_json()["token"]

    assert alice.get("/me", basic("ALICE", secret)).get_json()["username"] == "alice"
    assert is_problem(alice.put("/files/f", b"x", basic("alice", secret)), 403, "forbidden")
    assert is_problem(alice.get("/me", basic("bob", secret)), 401, "wrong-credentials")
