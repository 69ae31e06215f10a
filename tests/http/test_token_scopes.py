"""What a token is refused: every route, for tokens of every kind.

Rule: the routes are walked, so that a new one has to say here what it asks of a token.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from cabinet.services.access.rights import ALL, CHANGE, Rights
from tests.http.test_objects import routes_of
from tests.support.auth import bearer
from tests.support.operators import Operator
from tests.support.visitors import Browser, Program, is_problem

NONE, LIST, READ, WRITE, SHARE, PURGE = (
    Rights.NONE,
    Rights.LIST,
    Rights.READ,
    Rights.WRITE,
    Rights.SHARE,
    Rights.PURGE,
)

TUS = {"Tus-Resumable": "1.0.0"}
SHOWN = {"tags": [], "most": 1}


@dataclass(frozen=True)
class Asks:
    """What a request asks of a token: rights, a whole space with them, or all that its user has."""

    rights: Rights
    target: str
    body: Any = None
    form: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    account: bool = False


def account(target: str, body: Any = None, form: Mapping[str, Any] | None = None) -> Asks:
    return Asks(ALL, target, body, form, account=True)


def whole(rights: Rights, target: str, body: Any = None, form: Mapping[str, Any] | None = None) -> Asks:
    return Asks(rights, target, body, form, whole=True)


ID = "0" * 32
ANYTHING: dict[tuple[str, str], Asks] = {
    # Whoever shows any token, or none.
    ("GET", "/"): Asks(NONE, "/"),
    ("GET", "/help"): Asks(NONE, "/help"),
    ("GET", "/help/<name>"): Asks(NONE, "/help/install"),
    ("GET", "/healthz"): Asks(NONE, "/healthz"),
    ("GET", "/readyz"): Asks(NONE, "/readyz"),
    ("GET", "/static/<fingerprint>/<path:name>"): Asks(NONE, "/static/x/x"),
    ("GET", "/register"): Asks(NONE, "/register"),
    ("POST", "/register"): Asks(NONE, "/register", form={}),
    ("GET", "/login"): Asks(NONE, "/login"),
    ("POST", "/login"): Asks(NONE, "/login", form={}),
    ("GET", "/logout"): Asks(NONE, "/logout"),
    ("POST", "/logout"): Asks(NONE, "/logout"),
    ("GET", "/me"): Asks(NONE, "/me"),
    # It shows the address that it was asked with, and nothing else.
    ("GET", "/index/download"): Asks(NONE, "/index/download?of=/download/f"),
    # The account and its keys.
    ("POST", "/language"): account("/language", form={"language": "en"}),
    ("GET", "/account"): account("/account"),
    ("POST", "/account/password"): account("/account/password", form={}),
    ("POST", "/account/delete"): account("/account/delete", form={}),
    ("POST", "/account/sessions/<session_id>/end"): account(f"/account/sessions/{ID}/end"),
    ("POST", "/account/tokens"): account("/account/tokens", form={}),
    ("POST", "/account/tokens/<token_id>/revoke"): account(f"/account/tokens/{ID}/revoke"),
    ("GET", "/tokens"): account("/tokens"),
    ("POST", "/tokens"): account("/tokens", {"name": "x", "scopes": ["write"]}),
    ("DELETE", "/tokens/<token_id>"): account(f"/tokens/{ID}"),
    # Names.
    ("GET", "/files"): Asks(LIST, "/files"),
    ("GET", "/files/"): Asks(LIST, "/files/"),
    ("GET", "/index"): Asks(LIST, "/index"),
    ("POST", "/index/rows"): Asks(LIST, "/index/rows", SHOWN),
    ("POST", "/lookup"): Asks(LIST, "/lookup", {"paths": ["f"]}),
    ("GET", "/search"): Asks(LIST, "/search?q=f"),
    ("POST", "/search/rows"): Asks(LIST, "/search/rows?q=f", SHOWN),
    ("GET", "/index/arrange"): Asks(LIST, "/index/arrange?path=f"),
    ("POST", "/index/arrange"): Asks(LIST, "/index/arrange", form={"path": "f"}),
    # Bytes.
    ("GET", "/files/<path:path>"): Asks(LIST | READ, "/files/f"),
    ("GET", "/download/<path:path>"): Asks(LIST | READ, "/download/f"),
    ("GET", "/thumbnails/<path:path>"): Asks(LIST | READ, "/thumbnails/f"),
    ("GET", "/zip"): Asks(READ, "/zip?path=f"),
    ("POST", "/zip"): Asks(READ, "/zip", {"path": ["f"]}),
    # What comes in.
    ("POST", "/upload"): Asks(WRITE, "/upload"),
    ("PUT", "/files/<path:path>"): Asks(WRITE, "/files/new"),
    ("POST", "/folders"): Asks(WRITE, "/folders", {"path": "made"}),
    ("POST", "/index/folders"): Asks(WRITE, "/index/folders", form={"folder": "", "name": "made by a form"}),
    ("GET", "/uploads"): Asks(WRITE | LIST, "/uploads"),
    ("POST", "/uploads"): Asks(WRITE, "/uploads", headers=TUS | {"Upload-Length": "3"}),
    ("PATCH", "/uploads/<path:upload_id>"): Asks(
        WRITE,
        f"/uploads/{ID}",
        headers=TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    ),
    ("POST", "/uploads/<path:upload_id>"): Asks(
        WRITE, f"/uploads/{ID}", headers=TUS | {"X-HTTP-Method-Override": "DELETE"}
    ),
    ("DELETE", "/uploads/<path:upload_id>"): Asks(WRITE, f"/uploads/{ID}", headers=TUS),
    ("GET", "/uploads/<path:upload_id>"): Asks(WRITE, f"/uploads/{ID}"),
    # What changes things that are there.
    ("DELETE", "/files/<path:path>"): Asks(CHANGE, "/files/none"),
    ("POST", "/moves"): Asks(CHANGE, "/moves", {"from": ["none"], "to": "d/"}),
    ("POST", "/moves/undo"): Asks(CHANGE, "/moves/undo", {"batch": ID}),
    ("POST", "/index/rename"): Asks(CHANGE, "/index/rename", form={"path": "none", "name": "n"}),
    ("POST", "/index/move"): Asks(CHANGE, "/index/move", form={"path": "none", "to": "d", "on_conflict": "fail"}),
    ("POST", "/index/delete"): Asks(CHANGE, "/index/delete", form={"path": "none"}),
    ("POST", "/copies"): Asks(READ | WRITE, "/copies", {"from": ["none"], "to": "d/"}),
    ("POST", "/index/copy"): Asks(READ | WRITE, "/index/copy", form={"path": "none", "to": "d", "on_conflict": "fail"}),
    ("POST", "/trash"): Asks(CHANGE, "/trash", {"paths": ["none"]}),
    ("POST", "/trash/restore"): Asks(CHANGE, "/trash/restore", {"ids": [ID]}),
    ("POST", "/trash/<trash_id>/restore"): Asks(CHANGE, f"/trash/{ID}/restore"),
    ("POST", "/index/trash/restore"): Asks(CHANGE, "/index/trash/restore", form={"id": ID, "on_conflict": "fail"}),
    ("GET", "/versions/<path:path>"): Asks(CHANGE | READ, "/versions/f"),
    ("POST", "/versions/<path:path>/<int:number>/restore"): Asks(CHANGE, "/versions/f/99/restore"),
    ("POST", "/index/versions/restore"): Asks(CHANGE, "/index/versions/restore", form={"path": "f", "number": "99"}),
    # What is for the owner of a space.
    ("GET", "/trash"): whole(LIST, "/trash"),
    ("POST", "/trash/rows"): whole(LIST, "/trash/rows", SHOWN),
    ("GET", "/trash/count"): whole(LIST, "/trash/count"),
    ("DELETE", "/trash/<trash_id>"): whole(PURGE, f"/trash/{ID}"),
    ("POST", "/trash/purge"): whole(PURGE, "/trash/purge", {"ids": [ID]}),
    ("DELETE", "/trash"): whole(PURGE, "/trash"),
    ("GET", "/index/trash/empty"): whole(PURGE, "/index/trash/empty"),
    ("POST", "/index/trash/empty"): whole(PURGE, "/index/trash/empty"),
    ("POST", "/index/trash/purge"): whole(PURGE, "/index/trash/purge", form={"id": ID}),
    ("DELETE", "/versions/<path:path>/<int:number>"): whole(PURGE, "/versions/f/99"),
    ("POST", "/index/versions/discard"): whole(PURGE, "/index/versions/discard", form={"path": "f", "number": "99"}),
}  # fmt: skip


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


def made(user: Program, **wanted: Any) -> Mapping[str, str]:
    """Make a token; return its header."""
    response = user.request("POST", "/tokens", json={"name": "x", **wanted})
    assert response.status_code == 201, response.text
    return bearer(response.get_json()["token"])


def send(user: Program, method: str, asks: Asks, headers: Mapping[str, str]) -> TestResponse:
    options: dict[str, Any] = {"json": asks.body} if asks.body is not None else {}
    if asks.form is not None:
        options["data"] = asks.form
    if asks.target == "/upload":
        options["data"] = {"file": (io.BytesIO(b"x"), "by a form")}
    if method in {"PUT", "PATCH"}:
        options["data"] = b"x"
    return user.request(method, asks.target, {**asks.headers, **headers}, **options)


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


@pytest.fixture
def drop(alice: Program) -> Mapping[str, str]:
    """Return the header of a token that only writes, where something is already."""
    alice.put("/files/taken.txt", b"what was there")
    return made(alice, scopes=["write"])


def test_a_token_that_only_writes_puts_new_files_and_replaces_old_ones(
    alice: Program, drop: Mapping[str, str]
) -> None:
    new, old = (alice.put(f"/files/{name}", b"mine", drop) for name in ("new/a.txt", "taken.txt"))

    assert (new.status_code, old.status_code) == (201, 200)
    assert alice.get("/files/taken.txt").data == b"mine"
    # Nothing is lost by it.
    assert alice.get("/files/taken.txt?version=1").data == b"what was there"
    assert alice.put("/files/taken.txt?on_conflict=rename", b"a", drop).get_json()["path"] == "taken (2).txt"
    assert alice.put("/files/taken.txt?on_conflict=fail", b"a", drop).status_code == 409
    assert alice.upload([("by a form.txt", b"b")], "?folder=new", drop).status_code == 201


def test_a_token_that_only_writes_learns_nothing_of_what_is_there(
    alice: Program, drop: Mapping[str, str]
) -> None:
    alice.put("/files/secret/name.txt", b"x")
    before = alice.request("HEAD", "/files/taken.txt").headers
    for method, target in (
        ("GET", "/files"), ("GET", "/files/taken.txt"), ("HEAD", "/files/taken.txt"), ("HEAD", "/files/none"),
        ("GET", "/download/taken.txt"), ("GET", "/thumbnails/taken.txt"), ("GET", "/files/taken.txt?version=1"),
        ("GET", "/versions/taken.txt"), ("GET", "/trash"), ("GET", "/index"), ("GET", "/zip?path="), ("GET", "/uploads"),
    ):  # fmt: skip
        refused = alice.request(method, target, drop)
        assert refused.status_code == 403, target
        assert not {"ETag", "Last-Modified", "X-Content-Hash", "Repr-Digest"} & set(refused.headers.keys())
        assert "secret" not in refused.text
    # A condition about content would tell which it is.
    for name, held in (("If-Match", 412), ("If-None-Match", 200)):
        for tag in (before["ETag"], '"another"'):
            probe = {**drop, name: tag}
            assert alice.put("/files/taken.txt", b"what was there", probe).status_code == held, (name, tag)
    assert alice.delete("/files/taken.txt", {**drop, "If-Match": before["ETag"]}).status_code == 412
    assert alice.put("/files/taken.txt", b"x", {**drop, "If-None-Match": "*"}).status_code == 412
    everything = {"folder": "secret", "except": [], "count": 9}
    for target, body in (("/trash", everything), ("/moves", {**everything, "to": "d/"})):
        refused = alice.request("POST", target, drop, json=body)
        assert refused.status_code == 403, refused.text
    moved = alice.request("POST", "/moves", drop, json={"from": ["taken.txt"], "to": "moved.txt"})
    (entry,) = moved.get_json()["entries"]
    assert (entry["content_hash"], entry["media_type"]) == (None, None)
    (thrown,) = alice.request("POST", "/trash", drop, json={"paths": ["moved.txt"]}).get_json()["entries"]
    assert thrown["content_hash"] is None
    assert alice.get("/me", drop).get_json()["usage"] is None


def test_a_resumable_upload_by_a_token_that_only_writes_needs_no_look(
    alice: Program, drop: Mapping[str, str]
) -> None:
    name = base64.b64encode(b"big.bin").decode()
    created = alice.request(
        "POST", "/uploads", {**drop, **TUS, "Upload-Length": "4", "Upload-Metadata": f"filename {name}"}
    )
    assert created.status_code == 201, created.text
    part = {**drop, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    where = created.headers["Location"]

    assert alice.request("PATCH", where, part, data=b"abcd").status_code == 204
    assert alice.request("HEAD", where, {**drop, **TUS}).headers["Upload-Offset"] == "4"
    assert alice.request("GET", where, drop).status_code == 403
    assert alice.get("/files/big.bin").data == b"abcd"


def test_an_upload_is_not_finished_by_a_token_without_the_right(alice: Program) -> None:
    begun = {**TUS, "Upload-Length": "4"}
    where = alice.request("POST", "/uploads", {**made(alice, scopes=["write"]), **begun}).headers["Location"]
    part = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}

    refused = alice.request("PATCH", where, {**made(alice, scopes=["read", "share"]), **part}, data=b"abcd")

    assert is_problem(refused, 403, "forbidden")
    assert alice.paths() == []


def test_a_token_of_a_folder_names_nothing_outside_of_it(alice: Program) -> None:
    for path in ("d/e/inside.txt", "outside.txt", "other/inside.txt"):
        alice.put(f"/files/{path}", b"content of it")
    alice.delete("/files/other/inside.txt")
    token = made(alice, folder="d/e")

    assert [entry["path"] for entry in alice.get("/files?recursive=1", token).get_json()["entries"]] == [
        "inside.txt"
    ]
    assert [entry["path"] for entry in alice.get("/search?q=inside", token).get_json()["entries"]] == [
        "inside.txt"
    ]
    for path in ("outside.txt", "d", "d/e", "e", "other"):
        assert is_problem(alice.get(f"/files/{path}", token), 404, "not-found")
    put = alice.put("/files/sub/new.txt", b"1", token)
    assert put.headers["Location"].endswith("/files/sub/new.txt")
    assert alice.get("/files/d/e/sub/new.txt").data == b"1"
    assert (
        alice.request("POST", "/trash", token, json={"paths": ["sub"]}).get_json()["entries"][0]["from"]
        == "sub"
    )
    [trashed] = [each for each in alice.get("/trash").get_json()["entries"] if each["name"] == "sub"]
    assert alice.request("POST", f"/trash/{trashed['id']}/restore", token).get_json()["path"] == "sub"
    # What the whole account has is not told either.
    me = alice.get("/me", token).get_json()
    assert (me["username"], me["usage"], me["quota"]) == ("alice", None, None)
    page = alice.get("/index", {**token, "Accept": "text/html"})
    assert "inside.txt" in page.text
    assert "outside" not in page.text
    assert 'id="usage"' not in page.text


def test_a_full_space_is_no_number_in_a_folder_of_it(app: Flask, alice: Program) -> None:
    alice.put("/files/d/f", b"x" * 100)
    Operator(app).run("users", "set-quota", "alice", "150")

    refused = alice.put("/files/g", b"x" * 100, made(alice, folder="d"))

    assert refused.status_code == 507
    assert "150" not in refused.text
    assert "quota" not in refused.get_json()


def test_a_token_answers_404_while_its_folder_is_in_the_trash_and_401_once_that_is_purged(
    alice: Program,
) -> None:
    alice.put("/files/d/f", b"content")
    token = made(alice, folder="d")
    alice.delete("/files/d")

    for method, target in (
        ("GET", "/files"), ("GET", "/files/f"), ("PUT", "/files/new"), ("GET", "/search?q=f"), ("GET", "/zip?path="),
        ("GET", "/index"), ("DELETE", "/files/f"),
    ):  # fmt: skip
        assert is_problem(alice.request(method, target, token, data=b"x"), 404, "not-found"), target
    (shown,) = alice.get("/tokens").get_json()["tokens"]
    assert (shown["folder"], shown["folder_trashed"]) == ("d", True)
    alice.put("/files/d/another", b"in a folder of that name")
    assert alice.get("/files", token).status_code == 404

    assert alice.delete("/trash").status_code == 204
    for target in ("/files", "/files/another", "/me"):
        assert is_problem(alice.get(target, token), 401, "wrong-credentials")
    assert alice.get("/tokens").get_json() == {"tokens": []}


def test_a_token_tells_what_it_is_for(alice: Program) -> None:
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


def test_what_no_token_can_be_for_makes_none(alice: Program) -> None:
    alice.put("/files/f")
    for wanted, status in WRONG:
        refused = alice.request("POST", "/tokens", json={"name": "x", **wanted})
        assert refused.status_code == status, (wanted, refused.text)
        assert refused.content_type == "application/problem+json"

    assert alice.get("/tokens").get_json() == {"tokens": []}


def test_administration_is_for_administrators_and_ends_with_the_role(app: Flask, alice: Program) -> None:
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


def test_the_account_page_makes_a_token_for_what_is_ticked(alice: Program, window: Browser) -> None:
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
    assert "Only in “Docs”" in window.get("/account").text
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


def test_the_account_page_of_an_administrator_has_a_box_for_that(
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
