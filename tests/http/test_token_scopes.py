"""What a token is refused: every route, for tokens of every kind.

Rule: the routes are walked, so that a new one has to say what it asks of a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from cabinet.services.access.rights import ALL, CHANGE, Rights
from tests.http.test_objects import routes_of
from tests.support.route_rights import ANYTHING, LIST, READ, SHARE, Asks, made, send
from tests.support.visitors import Browser, Program, is_problem


@dataclass(frozen=True)
class Kind:
    """What a token is made with, and the rights that it shall have."""

    made: Mapping[str, Any]
    rights: Rights
    folder: bool = False

    def may(self, asks: Asks) -> bool:
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


def test_every_route_says_what_it_asks_of_a_token(app: Flask) -> None:
    assert set(routes_of(app)) == set(ANYTHING)


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_refused_what_it_is_not_for_and_nothing_else(alice: Program, kind: str) -> None:
    for path in ("f", "d/f"):
        alice.put(f"/files/{path}", b"content")
    token = made(alice, **KINDS[kind].made)

    refused = {}
    for (method, rule), asks in ANYTHING.items():
        response = send(alice, method, asks, token)
        assert response.status_code < 500, (method, rule)
        refused[method, rule] = response.status_code == 403

    expected = {route: not KINDS[kind].may(asks) for route, asks in ANYTHING.items()}
    assert {route for route in refused if refused[route]} == {route for route in expected if expected[route]}


def test_a_password_and_a_session_are_refused_nothing(alice: Program, window: Browser) -> None:
    alice.put("/files/f", b"content")
    for (method, rule), asks in ANYTHING.items():
        assert send(alice, method, asks, {}).status_code != 403, (method, rule)
    assert window.get("/account").status_code == 200


def test_a_page_that_is_refused_says_so(alice: Program) -> None:
    token = made(alice, scopes=["read"])

    page = alice.get("/account", {**token, "Accept": "text/html"})

    assert page.status_code == 403
    assert "You don&#39;t have permission" in page.text


def test_deleting_for_good_is_no_part_of_writing(alice: Program) -> None:
    token = made(alice, scopes=["read", "write"])
    alice.put("/files/f", b"content")

    assert is_problem(alice.delete("/files/f?permanent=1", token), 403, "forbidden")
    assert alice.delete("/files/f", token).status_code == 204
    assert alice.delete("/trash", made(alice)).status_code == 204
