"""A session is a row: it starts with a new cookie and ends at once, everywhere.

Rule: "everywhere" is a second application on the same instance folder.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import func, select

from cabinet.extensions import db
from cabinet.models import UserSession
from cabinet.services.kernel.clock import utc_now
from cabinet.web.runtime import Runtime
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, AuthActions, basic
from tests.support.visitors import Browser, Program

ANOTHER = "a horse of another colour"


def cookie_value(client: FlaskClient) -> str:
    cookie = client.get_cookie("cabinet")
    assert cookie is not None
    return cookie.value


def opens(app: Flask, cookie: str) -> bool:
    client = app.test_client()
    client.set_cookie("cabinet", cookie)
    return client.get("/me").status_code == 200


def later(app: Flask, **duration: float) -> None:
    """Let the application believe that so much time has passed."""
    runtime: Runtime = app.extensions["cabinet"]
    moment = runtime.clock() + timedelta(**duration)
    runtime.clock = lambda: moment


@pytest.fixture
def cookie(client: FlaskClient, auth: AuthActions) -> str:
    """Return the cookie of alice's session."""
    auth.become("alice")
    return cookie_value(client)


def test_signing_in_changes_the_session_cookie(browser: Browser, alice: Program) -> None:
    browser.get("/login")
    before = cookie_value(browser.client)
    browser.sign_in("alice")

    assert cookie_value(browser.client) != before


def test_a_cookie_set_by_an_attacker_does_not_become_a_session(
    app: Flask, browser: Browser, alice: Program
) -> None:
    attacker = Browser(app)
    attacker.get("/login")
    planted = cookie_value(attacker.client)
    browser.client.set_cookie("cabinet", planted)
    browser.sign_in("alice")

    assert not opens(app, planted)


def test_signing_in_again_ends_the_previous_session(
    app: Flask, client: FlaskClient, auth: AuthActions, cookie: str
) -> None:
    auth.login("alice")

    assert not opens(app, cookie)
    assert opens(app, cookie_value(client))
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(UserSession)) == 1


def test_a_cookie_is_invalid_after_signing_out(
    app: Flask, make_app: MakeApp, auth: AuthActions, cookie: str
) -> None:
    assert opens(app, cookie)
    other = make_app()
    assert opens(other, cookie)

    auth.logout()

    assert not opens(app, cookie)
    assert not opens(other, cookie)


def test_a_password_change_ends_all_other_sessions_in_every_process(
    app: Flask, make_app: MakeApp, client: FlaskClient, cookie: str
) -> None:
    other = make_app()
    elsewhere = AuthActions(other.test_client())
    elsewhere.login("alice")

    fields = {"current_password": PASSWORD, "new_password": ANOTHER}
    assert client.post("/account/password", data=fields).status_code == 204

    assert elsewhere.client.get("/me").status_code == 401
    assert opens(app, cookie)


def test_a_disabled_account_is_locked_in_every_process(
    app: Flask, make_app: MakeApp, auth: AuthActions, cookie: str
) -> None:
    token = auth.token(username="alice")
    other = make_app()
    assert other.test_client().get("/me", headers=basic("alice")).status_code == 200

    with app.app_context():
        from cabinet.web.services import accounts

        accounts().disable("alice")

    for application in (app, other):
        assert not opens(application, cookie)
        program = application.test_client()
        assert program.get("/me", headers=token).status_code == 401
        assert program.get("/me", headers=basic("alice")).status_code == 401


def test_a_password_changed_in_one_process_is_not_cached_in_another(make_app: MakeApp) -> None:
    one, other = make_app(), make_app()
    alice = Program(one, "alice")
    for app in (one, other):
        assert app.test_client().get("/me", headers=basic("alice")).status_code == 200

    changed = alice.request(
        "POST", "/account/password", data={"current_password": PASSWORD, "new_password": ANOTHER}
    )
    assert changed.status_code == 204

    for app in (one, other):
        assert app.test_client().get("/me", headers=basic("alice")).status_code == 401
        assert app.test_client().get("/me", headers=basic("alice", ANOTHER)).status_code == 200


def test_processes_share_failed_sign_in_counts(make_app: MakeApp) -> None:
    apps = make_app(), make_app(), make_app()
    now = utc_now()
    for app in apps:
        # It stands still, for the first wait is over within a second.
        app.extensions["cabinet"].clock = lambda: now
    Program(apps[0], "alice")

    for number in range(10):
        assert AuthActions(apps[number % 2].test_client()).login("alice", ANOTHER).status_code == 401

    for app in apps:
        assert AuthActions(app.test_client()).login("alice").status_code == 429


@pytest.mark.parametrize(
    ("remember", "idle", "total"), [("", timedelta(days=1), timedelta(days=7)),
                                    ("y", timedelta(days=30), timedelta(days=180))],
    ids=["ordinary", "remembered"],
)  # fmt: skip
def test_a_session_expires_when_idle_and_by_age(
    app: Flask, auth: AuthActions, remember: str, idle: timedelta, total: timedelta
) -> None:
    auth.register("alice")
    fields = {"username": "alice", "password": PASSWORD, "remember": remember}
    app.extensions["cabinet"].clock = utc_now
    unused, used = app.test_client(), app.test_client()
    for client in (unused, used):
        client.post("/login", data=fields)
    elapsed = timedelta()
    while elapsed + idle * 0.9 < total:
        later(app, seconds=idle.total_seconds() * 0.9)
        elapsed += idle * 0.9
        assert used.get("/me").status_code == 200
        if elapsed > idle:
            assert unused.get("/me").status_code == 401
    later(app, seconds=(total - elapsed).total_seconds() + 1)

    assert used.get("/me").status_code == 401


@pytest.mark.parametrize("key", ["dev", "", "0" * 64], ids=["dev", "empty", "guessed"])
def test_a_cookie_signed_with_another_key_is_invalid(
    app: Flask, client: FlaskClient, cookie: str, key: str
) -> None:
    with client.session_transaction() as session:
        content = dict(session)
    forger = Flask("forger")
    forger.secret_key = key or b"\0"
    signer = SecureCookieSessionInterface().get_signing_serializer(forger)
    assert signer is not None

    assert content["_user_id"]
    assert not opens(app, str(signer.dumps(content)))
    # Not its last letter, some bits of which mean nothing.
    assert not opens(app, cookie[:-2] + ("A" if cookie[-2] != "A" else "B") + cookie[-1])
    assert not opens(app, "")
    assert opens(app, cookie)


def test_the_cookie_signature_outlives_every_session(make_app: MakeApp) -> None:
    for remember, ordinary in ((60, 3600), (3600, 60)):
        app = make_app(REMEMBER_SECONDS=remember, SESSION_SECONDS=ordinary)
        assert app.permanent_session_lifetime == timedelta(seconds=3600)


def test_the_account_page_lists_and_ends_sessions(app: Flask, browser: Browser, alice: Program) -> None:
    browser.sign_in("alice")
    other = AuthActions(app.test_client())
    other.login("alice")
    to_end = re.findall(r"/account/sessions/(\w+)/end", browser.get("/account").text)

    ended = [browser.post(f"/account/sessions/{found}/end", {}, "/account").status_code for found in to_end]

    assert ended == [303]
    assert other.client.get("/me").status_code == 401
    assert browser.get("/index").status_code == 200


def test_a_program_ends_a_session(app: Flask, alice: Program, client: FlaskClient) -> None:
    AuthActions(client).login("alice")
    with app.app_context():
        session_id = db.session.scalar(select(UserSession.id))

    assert alice.request("POST", f"/account/sessions/{session_id}/end").status_code == 204
    assert alice.request("POST", f"/account/sessions/{session_id}/end").status_code == 404
    assert client.get("/me").status_code == 401


def test_sent_credentials_override_the_cookie(app: Flask, client: FlaskClient, cookie: str) -> None:
    bob = Program(app, "bob")

    assert client.get("/me", headers=bob.headers).get_json()["username"] == "bob"
    assert client.get("/me", headers=basic("bob", ANOTHER)).status_code == 401
    assert client.get("/me").get_json()["username"] == "alice"


def test_signing_out_twice_is_no_error(auth: AuthActions, cookie: str) -> None:
    assert [auth.logout().status_code for _ in range(2)] == [200, 200]


def test_signing_out_with_credentials_ends_no_session(app: Flask, cookie: str) -> None:
    assert app.test_client().get("/logout", headers=basic("alice")).status_code == 200
    assert opens(app, cookie)
