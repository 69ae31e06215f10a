"""Signing in under attack or load: throttling, cookies, and the audit log.

Rule: everything goes through HTTP.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cabinet.errors import Unavailable
from cabinet.services.accounts import passwords
from cabinet.services.accounts.login_throttle import DAILY_FAILURES, LIMITS
from tests.conftest import MakeApp
from tests.support.auth import PASSWORD, AuthActions, basic
from tests.support.visitors import NAVIGATION, Program
from tests.support.wording import detail_of

HOME, ATTACKER = "203.0.113.1", "198.51.100.66"
ANOTHER = "a horse of another colour"
FIELDS = {"username": "alice", "password": PASSWORD}


def coming_from(address: str) -> dict[str, str]:
    return {"REMOTE_ADDR": address}


def whoami(client: FlaskClient, password: str, address: str) -> int:
    response = client.get("/me", headers=basic("alice", password), environ_overrides=coming_from(address))
    return response.status_code


def cookies_of(response: TestResponse) -> SimpleCookie:
    cookies: SimpleCookie = SimpleCookie()
    for header in response.headers.getlist("Set-Cookie"):
        cookies.load(header)
    return cookies


def test_a_guesser_learns_nothing_while_the_owner_uses_basic_authentication(
    app: Flask, auth: AuthActions
) -> None:
    auth.register()
    program = app.test_client(use_cookies=False)
    assert whoami(program, PASSWORD, HOME) == 200

    for _ in range(LIMITS["pair"].free):
        assert whoami(program, "a wrong password", ATTACKER) == 401

    # Cached from the owner's request, and still not used for a throttled client.
    assert whoami(program, PASSWORD, ATTACKER) == 429
    assert whoami(program, PASSWORD, HOME) == 200


def test_after_a_hundred_guesses_only_known_networks_of_the_owner_get_in(
    app: Flask, auth: AuthActions, client: FlaskClient
) -> None:
    auth.register()
    program = app.test_client(use_cookies=False)
    assert whoami(program, PASSWORD, HOME) == 200
    signed_in = client.post("/login", data=FIELDS, environ_overrides=coming_from(HOME))
    token = client.post("/tokens", json={"name": "script"}).get_json()["token"]

    with app.app_context():
        from cabinet.web.services import accounts

        throttle = accounts()._throttle
        for number in range(DAILY_FAILURES):
            throttle.count_failure("alice", f"192.0.2.{number}")
    refused = program.post("/login", data=FIELDS, environ_overrides=coming_from("203.0.113.77"))

    assert signed_in.status_code == 200
    assert (refused.status_code, refused.get_json()["type"]) == (429, "/problems/account-guarded")
    assert 0 < int(refused.headers["Retry-After"]) <= 25 * 3600
    page = program.post(
        "/login", data=FIELDS, headers={"Accept": "text/html"}, environ_overrides=coming_from("203.0.113.77")
    )
    assert refused.get_json()["detail"] in page.text
    assert whoami(program, PASSWORD, HOME) == 200
    assert client.get("/me", environ_overrides=coming_from("203.0.113.77")).status_code == 200
    bearer = {"Authorization": f"Bearer {token}"}
    assert program.get("/me", headers=bearer, environ_overrides=coming_from(ATTACKER)).status_code == 200

    unlocked = app.test_cli_runner().invoke(args=["users", "unlock", "alice"])

    assert unlocked.exit_code == 0
    assert whoami(program, PASSWORD, "203.0.113.77") == 200


def test_a_signed_in_user_can_change_the_password_during_an_attack(
    app: Flask, auth: AuthActions, client: FlaskClient
) -> None:
    auth.become()
    with app.app_context():
        from cabinet.web.services import accounts

        throttle = accounts()._throttle
        for number in range(DAILY_FAILURES):
            throttle.count_failure("alice", f"192.0.2.{number}")

    changed = client.post(
        "/account/password",
        data={"current_password": PASSWORD, "new_password": ANOTHER},
        environ_overrides=coming_from("203.0.113.77"),
    )

    assert changed.status_code == 204


def test_a_password_change_offers_to_revoke_tokens(auth: AuthActions, client: FlaskClient) -> None:
    auth.become()
    token = client.post("/tokens", json={"name": "script"}).get_json()["token"]
    program = client.application.test_client(use_cookies=False)
    bearer = {"Authorization": f"Bearer {token}"}
    assert 'name="revoke_tokens"' in client.get("/account", headers=NAVIGATION).text

    client.post("/account/password", data={"current_password": PASSWORD, "new_password": ANOTHER})
    assert program.get("/me", headers=bearer).status_code == 200
    client.post(
        "/account/password",
        data={"current_password": ANOTHER, "new_password": PASSWORD, "revoke_tokens": "y"},
    )

    assert program.get("/me", headers=bearer).status_code == 401


def test_no_session_of_the_old_password_survives_its_change(app: Flask, auth: AuthActions) -> None:
    headers = auth.become()
    start = threading.Barrier(9)

    def log_in() -> tuple[int, FlaskClient]:
        client = app.test_client()
        start.wait()
        return client.post("/login", data=FIELDS).status_code, client

    def change() -> int:
        start.wait()
        fields = {"current_password": PASSWORD, "new_password": ANOTHER}
        return (
            app.test_client(use_cookies=False)
            .post("/account/password", data=fields, headers=headers)
            .status_code
        )

    with ThreadPoolExecutor(9) as pool:
        changing = pool.submit(change)
        logins = [future.result() for future in [pool.submit(log_in) for _ in range(8)]]

    assert changing.result() == 204
    assert {status for status, _ in logins} <= {200, 401}
    assert [client.get("/me").status_code for _, client in logins] == [401] * len(logins)


def test_on_https_the_cookie_has_the_host_prefix(app: Flask, auth: AuthActions) -> None:
    auth.register()

    plain = cookies_of(app.test_client().post("/login", data=FIELDS))
    host = cookies_of(app.test_client().post("/login", data=FIELDS, base_url="https://localhost"))
    below = cookies_of(app.test_client().post("/login", data=FIELDS, base_url="https://localhost/cabinet"))

    assert [list(cookies) for cookies in (plain, host, below)] == [
        ["cabinet"], ["__Host-cabinet"], ["__Secure-cabinet"]
    ]  # fmt: skip
    told = [(cookie["path"], cookie["secure"], cookie["domain"], cookie["httponly"], cookie["samesite"])
            for cookies in (plain, host, below) for cookie in cookies.values()]  # fmt: skip
    assert told == [
        ("/", "", "", True, "Lax"), ("/", True, "", True, "Lax"), ("/cabinet", True, "", True, "Lax")
    ]  # fmt: skip


def test_a_cookie_set_over_http_is_ignored_on_https(
    app: Flask, auth: AuthActions, client: FlaskClient
) -> None:
    auth.become()
    cookie = client.get_cookie("cabinet")
    assert cookie is not None
    secure = app.test_client()
    secure.set_cookie("cabinet", cookie.value)

    assert secure.get("/me").status_code == 200
    assert secure.get("/me", base_url="https://localhost").status_code == 401


def test_sign_out_clears_only_the_cache(auth: AuthActions, client: FlaskClient) -> None:
    auth.become()

    assert client.get("/logout").headers["Clear-Site-Data"] == '"cache"'
    assert "Clear-Site-Data" not in client.get("/").headers


@pytest.mark.parametrize(("seconds", "base_url", "told"), [
    (0, "https://localhost", None),
    (31_536_000, "https://localhost", "max-age=31536000"),
    (31_536_000, "http://localhost", None),
])  # fmt: skip
def test_hsts_is_sent_if_configured(make_app: MakeApp, seconds: int, base_url: str, told: str | None) -> None:
    client = make_app(HSTS_SECONDS=seconds).test_client()

    assert client.get("/", base_url=base_url).headers.get("Strict-Transport-Security") == told


@pytest.mark.parametrize(
    "host", ["a b", "evil/..", "<script>", "a@b", "a\\b", "-:x", "[::1", "a:99999", "a?b"]
)
def test_an_invalid_trusted_host_is_refused(client: FlaskClient, host: str) -> None:
    for accept in ("*/*", "text/html"):
        response = client.get("/healthz", headers={"Host": host, "Accept": accept})
        assert response.status_code == 400
        assert host not in response.text


def test_registrations_per_network_are_limited(make_app: MakeApp) -> None:
    app = make_app(REGISTRATIONS_PER_MINUTE=2, REGISTRATIONS_PER_DAY=3)
    client = app.test_client(use_cookies=False)

    def register(name: str, address: str) -> TestResponse:
        fields = {"username": name, "password": PASSWORD}
        return client.post("/register", data=fields, environ_overrides=coming_from(address))

    assert [register(f"user{number}", ATTACKER).status_code for number in range(3)] == [201, 201, 429]
    assert register("refused", ATTACKER).headers["Retry-After"]
    assert register("somebody", HOME).status_code == 201
    # What makes no account is not counted.
    assert register("somebody", HOME).status_code == 409


def test_loopback_registrations_are_unlimited_except_behind_a_proxy(make_app: MakeApp) -> None:
    direct = make_app(REGISTRATIONS_PER_MINUTE=0, REGISTRATIONS_PER_DAY=1).test_client(use_cookies=False)
    made = [AuthActions(direct).register(f"user{number}").status_code for number in range(3)]
    proxied = make_app(REGISTRATIONS_PER_MINUTE=0, REGISTRATIONS_PER_DAY=1, PROXY_HOPS=1)
    behind = [AuthActions(proxied.test_client(use_cookies=False)).register(f"more{number}").status_code
              for number in range(2)]  # fmt: skip

    assert made == [201, 201, 201]
    assert behind == [201, 429]


def test_an_overloaded_sign_in_gets_retry_after(
    app: Flask, auth: AuthActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.register()
    monkeypatch.setattr(passwords, "_MAX_WAITING", 0)
    client = app.test_client(use_cookies=False)

    for path in ("/login", "/register"):
        fields = {"username": "alice" if path == "/login" else "bob", "password": PASSWORD}
        busy = client.post(path, data=fields)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
        page = client.post(path, data=fields, headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert f'value="{fields["username"]}"' in page.text
    assert client.get("/me", headers=basic("alice", PASSWORD)).status_code == 503


def test_account_forms_on_a_busy_server_explain_the_reason(
    app: Flask, auth: AuthActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.register()
    auth.login()
    monkeypatch.setattr(passwords, "_MAX_WAITING", 0)
    forms = {
        "/account/password": {"current_password": PASSWORD, "new_password": "nine quiet herons wade"},
        "/account/delete": {"password": PASSWORD},
    }

    for path, fields in forms.items():
        page = auth.client.post(path, data=fields, headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert detail_of(Unavailable, retry_after=5) in page.text
        assert f'action="{path}"' in page.text
        program = auth.client.post(path, data=fields)
        assert (program.status_code, program.headers["Retry-After"]) == (503, "5")


def test_a_throttled_guess_waits_for_no_hash(
    app: Flask, auth: AuthActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.register()
    client = app.test_client(use_cookies=False)
    for _ in range(LIMITS["pair"].free):
        whoami(client, "a wrong password", ATTACKER)
    monkeypatch.setattr(passwords, "_MAX_WAITING", 0)

    assert whoami(client, "another guess", ATTACKER) == 429


def test_the_log_records_successful_and_failed_sign_ins(
    app: Flask, auth: AuthActions, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    auth.become()
    client.post("/login", data=FIELDS | {"password": "a secret that is wrong"})
    client.post("/login", data={"username": "typed my secret here", "password": "x"})
    token = client.post("/tokens", json={"name": "script"}).get_json()
    client.delete(f"/tokens/{token['id']}")
    client.post("/account/password", data={"current_password": PASSWORD, "new_password": ANOTHER})
    foreign = client.post(
        "/login", data=FIELDS, headers={"Origin": "https://evil\x1b[31m.example", "Accept": "text/html"}
    )

    lines = [record.getMessage() for record in caplog.records if record.name == "cabinet.audit"]
    events = [line.partition(" ")[0].removeprefix("event=") for line in lines]
    assert events == [
        "account-made", "password-accepted", "session-begun", "password-refused", "password-refused",
        "token-issued", "token-revoked", "password-accepted", "password-changed", "cross-site-refused",
    ]  # fmt: skip
    assert f"request={foreign.headers['X-Request-Id']}" in lines[-1]
    told = "\n".join(lines)
    assert len(told.splitlines()) == len(lines)
    assert told.isascii()
    assert told.isprintable() or "\x1b" not in told
    for secret in (PASSWORD, ANOTHER, "secret", token["token"]):
        assert secret not in told


def test_the_log_records_refused_accounts_and_credentials(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_app(REGISTRATIONS_PER_MINUTE=1).test_client()
    for name in ("anna", "boris"):
        client.post("/register", data={"username": name, "password": PASSWORD})
    for shown in ("Bearer secret-of-a-token", "Basic secret", "Digest secret"):
        assert client.get("/me", headers={"Authorization": shown}).status_code == 401

    lines = [record.getMessage() for record in caplog.records if record.name == "cabinet.audit"]
    assert [line.partition(" ")[0] for line in lines] == [
        "event=account-made", "event=registration-throttled", *["event=credentials-refused"] * 3,
    ]  # fmt: skip
    assert all("address=127.0.0.1 " in line for line in lines[1:])
    assert "secret" not in "".join(lines)


def test_no_name_forges_a_log_line(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    Program(app, "Ольга")
    hostile = {"Origin": 'https://a" event=session-begun user="root'}

    app.test_client().post("/login", data={"username": "Ольга", "password": "wrong"})
    app.test_client().post("/files%0Aevent=x", headers=hostile)

    lines = [record.getMessage() for record in caplog.records if record.name == "cabinet.audit"]
    assert r'user="\u041e\u043b\u044c\u0433\u0430"' in "".join(lines)
    refused = lines[-1]
    assert refused.startswith("event=cross-site-refused ")
    assert r"\" event=session-begun" in refused
    assert all("\n" not in line for line in lines)
