"""Creating tokens: their scopes, the account page, and administration."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Flask

from tests.support.auth import bearer
from tests.support.operators import Operator
from tests.support.route_rights import made
from tests.support.visitors import Browser, Program, is_problem


def test_a_token_reports_its_scopes(alice: Program) -> None:
    alice.put("/files/a/b/f")

    body = {"name": "x", "scopes": ["write", "read", "read"], "folder": "a/b"}
    issued = alice.request("POST", "/tokens", json=body).get_json()

    assert (issued["scopes"], issued["folder"], issued["folder_trashed"]) == (["read", "write"], "a/b", False)
    (listed,) = alice.get("/tokens").get_json()["tokens"]
    assert {**listed, "token": issued["token"]} == issued
    assert alice.get("/me", bearer(issued["token"])).get_json()["scopes"] == ["read", "write"]
    assert alice.get("/me").get_json()["scopes"] == ["read", "write", "share"]
    whole = alice.request("POST", "/tokens", json={"name": "y", "scopes": None, "folder": None}).get_json()
    assert (whole["scopes"], whole["folder"]) == (["read", "write", "share"], None)


WRONG: list[tuple[dict[str, Any], int]] = [
    ({"scopes": []}, 422),
    ({"scopes": ["read", "root"]}, 422),
    ({"scopes": "read"}, 400),
    ({"scopes": [1]}, 400),
    ({"scopes": {"read": True}}, 400),
    ({"scopes": ["admin"]}, 403),
    ({"folder": "none"}, 404),
    ({"folder": "f"}, 409),
    ({"folder": "../f"}, 422),
    ({"folder": "a//b"}, 422),
    ({"folder": "x" * 3000}, 422),
    ({"folder": 7}, 400),
    ({"folder": ["a"]}, 400),
]


def test_invalid_token_scopes_are_refused(alice: Program) -> None:
    alice.put("/files/f")
    for wanted, status in WRONG:
        refused = alice.request("POST", "/tokens", json={"name": "x", **wanted})
        assert refused.status_code == status, (wanted, refused.text)
        assert refused.content_type == "application/problem+json"

    assert alice.get("/tokens").get_json() == {"tokens": []}


def test_the_admin_scope_is_for_administrators_and_ends_with_the_role(app: Flask, alice: Program) -> None:
    Operator(app).run("users", "promote", "alice")
    asked = {"name": "x", "scopes": ["read", "admin"]}
    token = bearer(alice.request("POST", "/tokens", json=asked).get_json()["token"])
    usual = made(alice)

    assert alice.get("/me", token).get_json()["scopes"] == ["read", "admin"]
    assert (alice.get("/me").get_json()["role"], alice.get("/me").get_json()["scopes"][-1]) == (
        "admin",
        "admin",
    )
    assert alice.get("/me", usual).get_json()["scopes"] == ["read", "write", "share"]
    assert is_problem(alice.request("POST", "/tokens", usual, json=asked), 403, "forbidden")

    Operator(app).run("users", "demote", "alice")
    assert alice.get("/me", token).get_json()["scopes"] == ["read"]
    assert is_problem(alice.request("POST", "/tokens", json=asked), 403, "forbidden")


def test_the_account_page_creates_a_token_with_the_checked_scopes(alice: Program, window: Browser) -> None:
    alice.put("/files/Docs/f")
    page = window.get("/account").text
    assert page.count('name="scopes"') == 4
    boxes = re.findall(r'<input[^>]*name="scopes"[^>]*type="checkbox"[^>]*>', page)
    assert [("checked" in box, "required" in box) for box in boxes] == [(True, False)] * 3
    assert 'value="admin"' not in page

    fields = {"name": "x", "scopes": ["", "read"], "folder": "/Docs/"}
    assert window.post("/account/tokens", fields, "/account").status_code == 200

    (shown,) = alice.get("/tokens").get_json()["tokens"]
    assert (shown["scopes"], shown["folder"]) == (["read"], "Docs")
    assert "“Docs”" in window.get("/account").text
    wrong: dict[str, Any]
    refusals: list[dict[str, Any]] = [
        {"scopes": [""]},
        {"scopes": ["", "root"]},
        {"scopes": ["admin"]},
        {"folder": "none"},
        {"folder": "Docs/f"},
    ]
    for wrong in refusals:
        refused = window.post("/account/tokens", {"name": "x", **wrong}, "/account")
        assert refused.status_code in {404, 409, 422}, wrong
        assert 'class="field-error"' in refused.text
    assert len(alice.get("/tokens").get_json()["tokens"]) == 1


def test_only_administrators_see_the_admin_scope_checkbox(
    app: Flask, alice: Program, window: Browser
) -> None:
    Operator(app).run("users", "promote", "alice")

    page = window.get("/account").text
    assert 'value="admin"' in page
    assert (
        window.post("/account/tokens", {"name": "x", "scopes": ["", "admin"]}, "/account").status_code == 200
    )

    (shown,) = alice.get("/tokens").get_json()["tokens"]
    assert json.dumps(shown["scopes"]) == '["admin"]'
