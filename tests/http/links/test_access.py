"""What guests may do: every route below a link, for links with every combination of rights.

Rule: the tests walk all routes, so that a new one must declare what guests need for it.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.services.access.rights import Rights
from cabinet.services.tree.link_rights import to_rights
from tests.http.links.conftest import RIGHTS, Share, Visitor
from tests.http.test_objects import address_of, routes_of
from tests.support.auth import basic, bearer
from tests.support.link_routes import BELOW, OUTSIDE, OWN, SHARED, request_for
from tests.support.visitors import Program

pytestmark = pytest.mark.database

WHAT_GUESTS_HAVE = {**{route: asks.rights for route, asks in OWN.items()}, **SHARED}


def below(app: Flask) -> set[tuple[str, str]]:
    return {(method, rule.removeprefix(BELOW)) for method, rule in routes_of(app) if rule.startswith("/s/")}


def send(
    visitor: Visitor, link: str, route: tuple[str, str], headers: dict[str, str] | None = None
) -> TestResponse:
    asks, options = request_for(route), dict[str, Any]()
    if asks.body is not None:
        options["json"] = asks.body
    if asks.form is not None:
        options["data"] = asks.form
    if asks.target == "/upload":
        options["data"] = {"file": (io.BytesIO(b"x"), "by a form")}
    if route[0] in {"PUT", "PATCH"}:
        options["data"] = b"x"
    return visitor.request(route[0], link + asks.target, {**asks.headers, **(headers or {})}, **options)


def test_every_route_below_a_link_declares_what_guests_need(app: Flask) -> None:
    assert below(app) == WHAT_GUESTS_HAVE.keys() | OUTSIDE
    assert not WHAT_GUESTS_HAVE.keys() & OUTSIDE


@pytest.mark.parametrize("name", RIGHTS)
def test_a_guest_is_refused_exactly_what_the_rights_of_the_link_exclude(
    visitor: Visitor, share: Share, name: str
) -> None:
    rights = to_rights(RIGHTS[name]) or Rights.NONE
    refused = {}
    for route in WHAT_GUESTS_HAVE:
        # Each at its own link, because the requests change things.
        response = send(visitor, share(rights=RIGHTS[name]), route)
        assert response.status_code < 500, (route, response.text)
        refused[route] = response.status_code == 403

    assert {route for route in refused if refused[route]} == {
        route for route, needed in WHAT_GUESTS_HAVE.items() if needed not in rights
    }


def test_what_links_do_not_have_does_not_exist_even_for_the_owner(
    visitor: Visitor, share: Share, owner: Program
) -> None:
    link = share(rights=RIGHTS["all"])
    for route in OUTSIDE:
        for headers in ({}, basic("alice")):
            assert send(visitor, link, route, headers).status_code == 404, route


def test_nothing_is_behind_an_address_that_is_no_link(app: Flask) -> None:
    for number, (method, rule) in enumerate(below(app)):
        visitor = Visitor(app, f"192.0.2.{number}")
        for headers in ({}, {"Accept": "text/html"}, bearer("made up"), basic("alice")):
            response = visitor.request(method, address_of(f"/s/x{rule}"), headers)
            assert response.status_code == 404, (method, rule)


@pytest.mark.parametrize("name", RIGHTS)
def test_no_credential_of_an_account_acts_below_a_link(
    app: Flask, share: Share, owner: Program, bob: Program, name: str
) -> None:
    """Everybody gets what an anonymous guest gets: same status, and no account's data."""
    token = owner.request("POST", "/tokens", json={"name": "x"}).get_json()["token"]
    link = share(rights=RIGHTS[name])
    for route in (
        ("GET", ""),
        ("GET", "/files"),
        ("POST", "/lookup"),
        ("GET", "/files/<path:path>"),
        ("GET", "/zip"),
    ):
        answers = [
            send(Visitor(app), link, route, headers)
            for headers in (
                {},
                basic("alice"),
                basic("bob"),
                bearer(token),
                {"Authorization": "Basic !"},
                {"X-Cabinet-User": "0" * 32},
            )
        ]
        assert {answer.status_code for answer in answers} == {answers[0].status_code}
        assert len({answer.data for answer in answers}) == 1 or answers[0].status_code == 403
