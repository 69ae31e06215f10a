"""What a token is refused: every route, for tokens of every scope.

Rule: the tests walk all routes, so that a new one must declare its scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from cabinet.services.access.rights import ALL, CHANGE, Rights
from tests.http.test_objects import routes_of
from tests.support.route_rights import ANYTHING, LIST, READ, SHARE, RequiredRights, made, send
from tests.support.visitors import Browser, Program, is_problem, status_of

pytestmark = pytest.mark.database


@dataclass(frozen=True)
class Kind:
    """The arguments of a token, and the expected rights."""

    made: Mapping[str, Any]
    rights: Rights
    folder: bool = False

    def may(self, asks: RequiredRights) -> bool:
        is_full = self.rights == ALL and not self.folder
        return is_full or not (asks.account or (asks.whole and self.folder) or asks.rights & ~self.rights)


KINDS = {
    "without a word": Kind({}, ALL),
    "read": Kind({"scopes": ["read"]}, LIST | READ),
    "write": Kind({"scopes": ["write"]}, CHANGE),
    "share": Kind({"scopes": ["share"]}, SHARE),
    "read, write": Kind({"scopes": ["read", "write"]}, LIST | READ | CHANGE),
    "a folder": Kind({"folder": "d"}, ALL, folder=True),
    "reading a folder": Kind({"folder": "d", "scopes": ["read"]}, LIST | READ, folder=True),
}


def test_every_route_declares_its_token_scope(app: Flask) -> None:
    # What is below a link has a table of its own: no token acts there.
    assert {route for route in routes_of(app) if not route[1].startswith("/s/")} == set(ANYTHING)


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_refused_exactly_what_its_scopes_exclude(alice: Program, kind: str) -> None:
    for path in ("f", "d/f"):
        alice.put(f"/files/{path}", b"content")
    token = made(alice, **KINDS[kind].made)

    refused = {}
    for (method, rule), asks in ANYTHING.items():
        response = send(alice, method, asks, token)
        assert response.status_code < 500, (method, rule)
        refused[method, rule] = status_of(response) == 403

    expected = {route: not KINDS[kind].may(asks) for route, asks in ANYTHING.items()}
    assert {route for route in refused if refused[route]} == {route for route in expected if expected[route]}


def test_passwords_and_sessions_are_not_limited(alice: Program, window: Browser) -> None:
    alice.put("/files/f", b"content")
    for (method, rule), asks in ANYTHING.items():
        assert status_of(send(alice, method, asks, {})) != 403, (method, rule)
    assert window.get("/account").status_code == 200


def test_a_refused_page_explains_the_scope(alice: Program) -> None:
    token = made(alice, scopes=["read"])

    page = alice.get("/account", {**token, "Accept": "text/html"})

    assert page.status_code == 403
    assert "You don&#39;t have permission" in page.text


def test_writing_does_not_include_permanent_deletion(alice: Program) -> None:
    token = made(alice, scopes=["read", "write"])
    alice.put("/files/f", b"content")

    assert is_problem(alice.delete("/files/f?permanent=1", token), 403, "forbidden")
    assert alice.delete("/files/f", token).status_code == 204
    assert alice.delete("/trash", made(alice)).status_code == 204
