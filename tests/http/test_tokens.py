"""API tokens, and other credentials in an `Authorization` header.

Rule: a secret is in the response that created it, and in no other.
"""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.support.auth import AuthActions, basic, bearer
from tests.support.visitors import NAVIGATION, Browser, Program, is_me


def test_a_token_is_shown_once_and_works(client: FlaskClient, alice: Program) -> None:
    made = alice.request("POST", "/tokens", json={"name": " backup  script "})

    issued = made.get_json()
    assert made.status_code == 201
    assert set(issued) == {
        "id", "name", "created_at", "last_used_at", "expires_at", "scopes", "folder", "folder_trashed", "token"
    }  # fmt: skip
    assert (issued["name"], issued["last_used_at"], issued["expires_at"]) == ("backup script", None, None)
    assert is_me(client, "alice", bearer(issued["token"]))
    listed = alice.get("/tokens")
    assert issued["token"] not in listed.text
    (shown,) = listed.get_json()["tokens"]
    assert shown["last_used_at"] is not None
    assert {**shown, "last_used_at": None, "token": issued["token"]} == issued

    assert alice.delete(f"/tokens/{issued['id']}").status_code == 204
    assert not is_me(client, "alice", bearer(issued["token"]))
    assert alice.delete(f"/tokens/{issued['id']}").status_code == 404


def test_an_expiry_has_a_time_zone(alice: Program) -> None:
    body = {"name": "x", "expires_at": "2126-01-01T00:00:00+03:00"}

    made = alice.request("POST", "/tokens", json=body)

    assert made.get_json()["expires_at"] == "2125-12-31T21:00:00Z"


NO_TOKENS = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b'"name"', 400),
    (b"{}", 400),
    (b'{"name": 7}', 400),
    (b'{"name": "x", "expires_at": "2126-01-01T00:00:00"}', 400),
    (b'{"name": "x", "expires_at": "soon"}', 400),
    (b'{"name": "x", "expires_at": 1e400}', 400),
    (b'{"name": "x", "expires_at": "9999-12-31T23:59:59-14:00"}', 400),
    (b'{"name": "x", "expires_at": "0001-01-01T00:00:00+14:00"}', 400),
    (b'{"name": "\\ud800"}', 400),
    (b'{"name": "x", "expires_at": "2001-01-01T00:00:00Z"}', 422),
    (b'{"name": ""}', 422),
    (b'{"name": "' + b"x" * 101 + b'"}', 422),
    (b"[" * 10_000, 400),
    (b'{"name": "' + b"x" * 100_000 + b'"}', 413),
]


def test_an_invalid_token_request_is_refused(alice: Program) -> None:
    for body, status in NO_TOKENS:
        response = alice.request("POST", "/tokens", data=body, content_type="application/json")
        assert response.status_code == status, (body[:80], response.text)
        assert response.content_type == "application/problem+json"

    assert alice.get("/tokens").get_json() == {"tokens": []}


def test_invalid_credentials_are_refused(client: FlaskClient, auth: AuthActions) -> None:
    auth.become()
    for shown in (
        "Basic", "Basic ", "Basic %%%", "Basic bm9jb2xvbg==", f"Basic {'QUFB' * 2000}", "Basic /////w==", "Basic YTo=",
        "Bearer", "Bearer ", "Bearer x y", "Bearer \xe9", "Digest username=alice", "Negotiate abc", "nonsense", " ",
    ):  # fmt: skip
        response = client.get("/me", headers={"Authorization": shown})
        assert response.status_code == 401, shown
        assert response.get_json()["type"] == "/problems/wrong-credentials"


def test_public_pages_accept_wrong_credentials(client: FlaskClient) -> None:
    assert client.get("/healthz", headers=basic("x", "y")).status_code == 200
    assert client.get("/", headers={**NAVIGATION, **basic("x", "y")}).status_code == 200


def test_a_token_is_created_and_revoked_on_the_account_page(
    browser: Browser, client: FlaskClient, alice: Program
) -> None:
    browser.sign_in("alice")
    for wrong in ({"name": ""}, {"name": "x" * 101}, {"name": "x", "expires_in_days": "-1"},
                  {"name": "x", "expires_in_days": "4000"}, {"name": "x", "expires_in_days": "soon"}):  # fmt: skip
        assert browser.post("/account/tokens", wrong, "/account").status_code == 422

    made = browser.post("/account/tokens", {"name": "backup", "expires_in_days": "30"}, "/account")

    assert made.status_code == 200
    (shown,) = alice.get("/tokens").get_json()["tokens"]
    assert shown["name"] == "backup"
    assert shown["expires_at"]
    revoked = browser.post(f"/account/tokens/{shown['id']}/revoke", {}, "/account")
    assert revoked.status_code == 303
    assert alice.get("/tokens").get_json() == {"tokens": []}
