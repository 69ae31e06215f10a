"""The rights that each route asks of a token, with a request for each.

Rule: a test walks the routes, so that a new one has to say here what it asks of a token.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from cabinet.services.access.rights import ALL, CHANGE, Rights
from tests.support.auth import bearer
from tests.support.visitors import Program

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
