"""Access control: nothing is public by accident, and objects of other users are not found.

Rule: the tests walk all routes, so that a new one must be listed deliberately.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from cabinet.extensions import db
from cabinet.models import Token, UserSession
from tests.support.auth import AuthActions, basic, bearer
from tests.support.visitors import Browser, Program, is_problem

# Every method and rule that is public.
PUBLIC_ENDPOINTS = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/help"),
    ("GET", "/help/<name>"),
    ("GET", "/readyz"),
    ("GET", "/static/<fingerprint>/<path:name>"),
    ("GET", "/register"),
    ("POST", "/register"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/logout"),
    ("POST", "/logout"),
    ("POST", "/language"),
    ("GET", "/status.php"),
    ("GET", "/index.php/204"),
    ("GET", "/index.php/login/flow"),
    ("POST", "/index.php/login/flow"),
    ("POST", "/index.php/login/v2"),
    ("POST", "/index.php/login/v2/poll"),
    ("GET", "/index.php/login/v2/flow/<page>"),
    ("POST", "/index.php/login/v2/flow/<page>"),
}
# Protocols of programs, which lead nobody to a page.
OF_PROGRAMS = ("/dav", "/ocs/", "/remote.php/", "/index.php/core/", "/index.php/apps/")


def routes_of(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule


def address_of(rule: str) -> str:
    return re.sub(r"<[^>]*>", "x", re.sub(r"<int:[^>]*>", "1", rule))


def test_only_listed_routes_are_public(app: Flask, client: FlaskClient) -> None:
    reached = set()
    for method, rule in routes_of(app):
        # Links are for guests: links/test_access.py is about them.
        if rule.startswith("/s/"):
            continue
        answers = [
            client.open(address_of(rule), method=method, headers=headers)
            for headers in ({}, {"Accept": "text/html"}, bearer("made up"))
        ]
        statuses = [answer.status_code for answer in answers]
        # The files page, which is walked too, is where the listing sends a browser.
        to_login = answers[1].headers.get("Location", "").startswith(("/login", "/index"))
        is_of_programs = rule.startswith(OF_PROGRAMS)
        is_closed = statuses == ([401, 401, 401] if is_of_programs else [401, 303, 401])
        if not is_closed or not (to_login or is_of_programs):
            reached.add((method, rule))

    assert reached == PUBLIC_ENDPOINTS


def test_the_list_of_public_routes_has_no_removed_route(app: Flask) -> None:
    assert set(routes_of(app)) >= PUBLIC_ENDPOINTS


def same_as_missing(theirs: TestResponse, missing: TestResponse, *names: str) -> bool:
    """Compare two responses byte for byte, except for volatile parts and the requested `names`."""

    def seen(response: TestResponse) -> str:
        text = f"{response.status}\n{response.headers}\n{response.text}"
        text = re.sub(r'(csrf-token" content=|csrf_token" value=)"[^"]*"|cabinet=[^;]*', "", text)
        for name in (response.headers["X-Request-Id"], *names):
            text = text.replace(name, "…")
        return text

    assert seen(theirs) == seen(missing)
    return True


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(("theirs", "missing"), [("folder", "wolder"), ("folder/file", "folder/wile")])
def test_objects_of_another_user_are_not_found(
    alice: Program, bob: Program, accept: str, theirs: str, missing: str
) -> None:
    alice.put("/files/folder/file", b"a secret")
    for method, target in (
        ("GET", "/files/{}"),
        ("HEAD", "/files/{}"),
        ("DELETE", "/files/{}"),
        ("GET", "/download/{}"),
        ("HEAD", "/download/{}"),
        ("GET", "/index?path={}"),
        ("GET", "/files?path={}"),
        ("GET", "/files?recursive=1&path={}"),
    ):
        headers = {"Accept": accept, "If-Match": '"x"', "Range": "bytes=0-0"}
        found, unknown = (bob.request(method, target.format(path), headers) for path in (theirs, missing))
        assert found.status_code == 404 or found.headers["Location"].startswith("/index")
        assert same_as_missing(found, unknown, theirs, missing)
    assert alice.get("/files/folder/file").data == b"a secret"
    assert bob.paths() == []


def test_writing_to_a_path_used_by_another_user_affects_only_ones_own(alice: Program, bob: Program) -> None:
    alice.put("/files/folder/file", b"hers")

    assert bob.put("/files/folder", b"his").status_code == 201
    assert bob.put("/files/f", b"his", {"If-None-Match": "*"}).status_code == 201
    assert bob.upload([("file", b"his")], "?on_conflict=fail").status_code == 201

    assert alice.get("/files/folder/file").data == b"hers"
    assert alice.paths() == ["folder", "folder/file"]


def test_responses_never_reveal_identical_content_of_another_user(alice: Program, bob: Program) -> None:
    alice.put("/files/f", b"the same content")

    known, unknown = bob.put("/files/a", b"the same content"), bob.put("/files/b", b"something new at")

    differences = {
        name
        for name, value in known.headers
        if value != unknown.headers[name] and name not in {"X-Request-Id", "ETag", "Location"}
    }
    assert not differences
    assert (known.status_code, len(known.data)) == (unknown.status_code, len(unknown.data))
    assert bob.get("/me").get_json()["usage"] == 32


def test_tokens_and_sessions_of_another_user_are_not_found(
    app: Flask, client: FlaskClient, alice: Program, bob: Program
) -> None:
    issued = alice.request("POST", "/tokens", json={"name": "hers"}).get_json()
    AuthActions(client).login("alice")
    with app.app_context():
        session_id = db.session.scalar(select(UserSession.id))
    unknown = "0" * 32

    for method, path, found in (
        ("DELETE", "/tokens/{}", issued["id"]),
        ("POST", "/account/tokens/{}/revoke", issued["id"]),
        ("POST", "/account/sessions/{}/end", session_id),
    ):
        theirs, missing = (bob.request(method, path.format(wanted)) for wanted in (found, unknown))
        assert theirs.status_code == 404
        assert same_as_missing(theirs, missing)
    assert bob.get("/tokens").get_json() == {"tokens": []}
    assert client.get("/me").status_code == 200
    assert client.get("/me", headers=bearer(issued["token"])).status_code == 200


def test_an_invalid_id_is_not_found(alice: Program) -> None:
    for wanted in ("9" * 3000, "..", "%2e%2e", "a/b", "%00", "%D1%8F", "-1", "0x10", "'"):
        assert alice.delete(f"/tokens/{wanted}").status_code in {404, 405}, wanted
        assert alice.request("POST", f"/account/tokens/{wanted}/revoke").status_code == 404, wanted
        assert alice.request("POST", f"/account/sessions/{wanted}/end").status_code == 404, wanted


def test_public_ids_are_random(app: Flask, alice: Program, browser: Browser) -> None:
    for number in range(3):
        alice.request("POST", "/tokens", json={"name": str(number)})
        browser.sign_in("alice")

    with app.app_context():
        ids = [*db.session.scalars(select(Token.id)), *db.session.scalars(select(UserSession.id))]

    assert all(re.fullmatch(r"[0-9a-f]{32}", found) for found in ids)
    assert len({found[:8] for found in ids}) == len(ids)


def test_no_response_contains_a_row_id(alice: Program) -> None:
    alice.put("/files/f")
    body = alice.get("/files").get_json()["entries"][0] | alice.get("/me").get_json()

    assert not {"owner_id", "node_id", "user_id"} & set(body)
    assert re.fullmatch(r"[0-9a-f]{32}", body["id"])


HUGE = "9" * 30


def cursor_of(values: Any) -> str:
    """Return a cursor in the old format, before they were sealed, which anyone could forge."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


# The old format, and arbitrary input.
MADE_UP = [
    *map(cursor_of, [
        ["\ud800", 1], [2**62, "a"], [-(2**62), "a"], ["a\0b", 1], [0, "a\0b"], [1, 10**30, "00"], ["a\0b", "c\0d"],
        ["name", 1, 0, "AA"], ["size", 1, 2**63, "AA"], ["modified", 1, 2**62, "AA"], ["file", "x"],
        ["file", "\ud800"], ["2026-01-01T00:00:00+00:00", "a\0b"], {}, None, [[[[[]]]]], "", 1.5, [1e999],
    ]),
    "%00", "x", "%ED%A0%80", "%2B%2F%3D", "A" * 16, "A" * 22, "A" * 38, "A" * 4000, "=" * 50, "%D1%8F" * 30, "a b", "%0A",
]  # fmt: skip
LISTS = [
    "/files?", "/files?sort=size&", "/files?sort=modified&order=desc&", "/files?recursive=1&", "/files/d?", "/search?q=a&",
    "/search?q=abc&", "/trash?", "/index?", "/index?path=d&sort=size&",
]  # fmt: skip

# What no database can hold, wherever a client may put it.
UNHEARD_OF = [
    ("GET", f"/files?limit={HUGE}"),
    ("GET", "/files?path=a%00b"),
    ("GET", "/files/a%00b"),
    ("GET", "/search?q=a%00b"),
    ("GET", f"/search?q=abc&limit={HUGE}"),
    ("GET", f"/trash?limit={HUGE}"),
    ("DELETE", "/trash/a%00b"),
    ("GET", f"/files/f?version={HUGE}"),
    ("GET", f"/download/f?version={HUGE}"),
    ("POST", f"/versions/f/{HUGE}/restore"),
    ("DELETE", f"/versions/f/{HUGE}"),
    ("DELETE", "/tokens/a%00b"),
    ("DELETE", "/uploads/a%00b"),
]


@pytest.mark.database
def test_values_the_database_cannot_store_are_no_server_error(alice: Program) -> None:
    alice.put("/files/f")

    for method, target in UNHEARD_OF:
        answer = alice.request(method, target, {"Tus-Resumable": "1.0.0"})
        assert answer.status_code < 500, (method, target)


def test_a_forged_cursor_is_refused(alice: Program) -> None:
    alice.put("/files/d/abc")

    for target, cursor in product(LISTS, MADE_UP):
        refused = alice.get(f"{target}after={cursor}")
        assert refused.status_code == 422, (target, cursor)
        slug = refused.get_json()["type"]
        assert slug in {"/problems/invalid-field", "/problems/invalid-name"}, (target, cursor)
    assert {target: alice.get(f"{target}after=").status_code for target in LISTS} == dict.fromkeys(LISTS, 200)


def test_a_cursor_works_only_for_its_user(alice: Program, bob: Program) -> None:
    for user in (alice, bob):
        for path in ("abc", "abcd", "abcde", "gone", "gone too", "d/abcdef", "d/abcdefg"):
            user.put(f"/files/{path}")
        for path in ("gone", "gone too"):
            user.delete(f"/files/{path}")

    for target in {target.replace("/index?", "/files?") for target in LISTS}:
        theirs = alice.get(f"{target}limit=1").get_json()["next"]

        assert alice.get(f"{target}limit=1&after={theirs}").status_code == 200, target
        assert is_problem(bob.get(f"{target}limit=1&after={theirs}"), 422, "invalid-field"), target


@pytest.mark.parametrize("name", ["ali\0ce", "x" * 5000], ids=["NUL", "long"])
def test_a_user_name_the_database_cannot_store_is_unknown(alice: Program, name: str) -> None:
    answer = alice.request("GET", "/me", basic(name))
    assert answer.status_code in {401, 400, 422}
    assert alice.request("POST", "/tokens", json={"name": name}).status_code == 422
    assert alice.request("POST", "/lookup", json={"paths": [name]}).status_code == 422
